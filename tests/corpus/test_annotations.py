"""Annotations reach the rows they were made for, by key and not by text."""

import pandas as pd
import pytest

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import COLUMNS, annotate, read_annotations, text_key
from moderation.errors import DataError
from moderation.text.ngrams import fold

HEADER = ",".join(COLUMNS)


def rows(*texts):
    frame = pd.DataFrame({"text": texts, "folded": [fold(text) for text in texts], "weight": 0.5, "read": False})
    for category in CATEGORIES:
        frame[category] = pd.array([0 if category == "hate" else None] * len(texts), dtype="Int8")
    return frame


def write(tmp_path, *lines):
    path = tmp_path / "toy.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_keys_see_through_case_spacing_and_disguise():
    assert text_key("Provider GOBLOK") == text_key("provider   g0blok")
    assert text_key("provider goblok") != text_key("provider bagus")
    assert len(text_key("x")) == 16
    assert set(text_key("internet mati")) <= set("0123456789abcdef")


def test_labels_are_put_on_their_rows(tmp_path):
    path = write(tmp_path, f"{text_key('biznet anjing')},1,0,0,1,,A,AH", f"{text_key('tidak ada')},0,0,0,0,0,-,-")
    found = annotate(rows("Biznet ANJING", "biznet mati"), read_annotations(path))
    assert found[list(CATEGORIES)].iloc[0].tolist()[:4] == [1, 0, 0, 1]
    assert pd.isna(found["spam"].iloc[0])
    assert found["hate"].tolist() == [1, 0]
    assert pd.isna(found["abusive"].iloc[1])
    assert found["weight"].tolist() == [1.0, 0.5]
    assert found["read"].tolist() == [True, False]
    assert str(found["hate"].dtype) == "Int8"


@pytest.mark.parametrize(
    "line",
    [
        "xyz,0,0,0,0,0,-,-",
        "0123456789abcdef,2,0,0,0,0,-,-",
        "0123456789abcdef,0,0,0,0,0,B,-",
        "0123456789abcdef,0,0,0,0,0,,-",
        "0123456789abcdef,0,0,0,0,0,-,-\n0123456789abcdef,0,0,0,0,0,-,-",
    ],
)
def test_malformed_files_are_refused(tmp_path, line):
    with pytest.raises(DataError, match=r"toy\.csv"):
        read_annotations(write(tmp_path, line))


def test_other_columns_are_refused(tmp_path):
    path = tmp_path / "toy.csv"
    path.write_text("key,text\n")
    with pytest.raises(DataError, match="columns"):
        read_annotations(path)
