"""Labelled files: 1, 0 and unknown stay what they are, in every format."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.labelled import read_labelled

NAN = float("nan")


def put(path, content):
    path.write_text(content, encoding="utf-8")
    return [str(path)]


def same(found, wanted):
    np.testing.assert_array_equal(found, np.array(wanted, float))


def test_csv(tmp_path):
    rows = read_labelled(
        put(tmp_path / "a.csv", "text,spam,abusive,source\nsatu,1,0,x\ndua,,1,\ntiga,0.0,,y\nempat,false,TRUE,y\n")
    )
    same(rows.labels, [[0, NAN, NAN, NAN, 1], [1, NAN, NAN, NAN, NAN], [NAN, NAN, NAN, NAN, 0], [1, NAN, NAN, NAN, 0]])
    assert rows.texts.to_pylist() == ["satu", "dua", "tiga", "empat"]
    assert rows.texts.type == pa.large_string()
    assert rows.facet("source").tolist() == ["x", "", "y", "y"]
    assert rows.facet("lang").tolist() == [""] * 4
    assert rows.weights.tolist() == [1] * 4
    assert len(rows) == 4


def test_jsonl(tmp_path):
    lines = [
        {"text": "satu", "hate": 1},
        {"text": "dua", "hate": 0, "hoax": True},
        {"text": "tiga", "hoax": None, "hate": "1"},
        {"text": "x"},
    ]
    rows = read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))
    same(rows.labels[:, 2:4], [[NAN, 1], [1, 0], [NAN, 1]])
    assert rows.texts.to_pylist() == ["satu", "dua", "tiga"]
    assert np.isnan(rows.labels[:, [0, 1, 4]]).all()


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.float32(), pa.bool_(), pa.string()])
def test_parquet(tmp_path, kind):
    values = {pa.bool_(): [True, False, None], pa.string(): ["1", "0", ""]}.get(kind, [1, 0, None])
    table = pa.table({"text": ["a", "b", "c"], "spam": pa.array(values, kind), "abusive": pa.array([0, 0, 1])})
    pq.write_table(table, tmp_path / "a.parquet")
    same(read_labelled([str(tmp_path / "a.parquet")]).labels[:, [0, 4]], [[0, 1], [0, 0], [1, NAN]])


def test_lists_of_labels_say_all(tmp_path):
    lines = [
        {"text": "a", "labels": []},
        {"text": "b", "labels": ["hate", "abusive"]},
        {"text": "c", "labels": None},
        {"text": "d"},
    ]
    rows = read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))
    same(rows.labels, [[0] * 5, [1, 0, 0, 1, 0]])
    pq.write_table(pa.table({"text": ["a", "b"], "labels": [[], ["spam"]]}), tmp_path / "a.parquet")
    same(read_labelled([str(tmp_path / "a.parquet")]).labels, [[0] * 5, [0, 0, 0, 0, 1]])


@pytest.mark.parametrize("labels", [["rude"], "spam", 3, {"spam": 1}, [["spam"]], [None], [{"spam": 1}]])
def test_lists_that_are_none_are_refused(tmp_path, labels):
    lines = [{"text": "a", "labels": []}, {"text": "b", "labels": labels}]
    with pytest.raises(DataError, match="row 2 has labels"):
        read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))


@pytest.mark.parametrize("label", ["2", "-1", "yes", "0.5", "rahasia sekali"])
def test_a_label_that_is_none_names_file_row_and_column_but_no_content(tmp_path, label):
    with pytest.raises(DataError, match=r"a\.csv: row 2 has a label in hoax") as caught:
        read_labelled(put(tmp_path / "a.csv", f"text,hoax\nsatu,1\ndua,{label}\n"))
    assert "rahasia" not in str(caught.value)
    assert caught.value.exit_code == 65


def test_no_label_column(tmp_path):
    with pytest.raises(DataError, match=r"no label column.*Found: text, kind"):
        read_labelled(put(tmp_path / "a.csv", "text,kind\nsatu,1\n"))


def test_rows_without_text_or_label_are_dropped(tmp_path):
    lines = [{"text": None, "spam": 1}, {"text": "a", "spam": None}, {"text": "b", "spam": 0}, {"spam": 1}]
    rows = read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))
    assert rows.texts.to_pylist() == ["b"]
    with pytest.raises(DataError, match="no labelled rows"):
        read_labelled(put(tmp_path / "b.csv", "text,spam\nsatu,\n"))


@pytest.mark.parametrize("weight", ["-1", "nan", "inf", "berat"])
def test_weights(tmp_path, weight):
    assert read_labelled(put(tmp_path / "a.csv", "text,spam,weight\na,1,0.25\nb,0,\nc,1,0\n")).weights.tolist() == [0.25, 1, 0]
    with pytest.raises(DataError, match="row 1 has a weight"):
        read_labelled(put(tmp_path / "b.csv", f"text,spam,weight\na,1,{weight}\n"))


def test_long_numbers_of_groups_stay_apart(tmp_path):
    pq.write_table(pa.table({"text": ["a", "b"], "spam": [1, 0], "group": [12_345_678, 12_345_679]}), tmp_path / "a.parquet")
    assert read_labelled([str(tmp_path / "a.parquet")]).facet("group").tolist() == ["12345678", "12345679"]


def test_files_of_all_kinds_together(tmp_path):
    one = put(tmp_path / "a.csv", "text,spam,lang\na,1,id\n")
    two = put(tmp_path / "b.jsonl", '{"text": "b", "labels": ["hate"], "group": "g"}\n')
    rows = read_labelled([*one, *two])
    same(rows.labels, [[NAN] * 4 + [1], [0, 0, 0, 1, 0]])
    assert rows.facet("lang").tolist() == ["id", ""]
    assert rows.facet("group").tolist() == ["", "g"]
    chosen = rows.select(np.array([False, True]))
    assert (chosen.texts.to_pylist(), chosen.facet("group").tolist()) == (["b"], ["g"])
    same(chosen.labels[0], [0, 0, 0, 1, 0])


def test_text_column_by_name_and_row_numbers_past_a_batch(tmp_path):
    content = "isi,catatan,spam\n" + "".join(f"pesan {n},x,{n % 2}\n" for n in range(70_000)) + "akhir,x,9\n"
    with pytest.raises(DataError, match="row 70001 "):
        read_labelled(put(tmp_path / "a.csv", content), text_column="isi")


def test_every_category_may_be_a_column(tmp_path):
    rows = read_labelled(put(tmp_path / "a.csv", f"text,{','.join(CATEGORIES)}\nx,1,0,,1,0\n"))
    same(rows.labels, [[1, 0, NAN, 1, 0]])
