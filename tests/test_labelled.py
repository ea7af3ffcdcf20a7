"""Labelled files: 1, 0 and unknown stay what they are, in every format."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.errors import DataError
from moderation.labelled import Noticed, read_batches, read_labelled

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


def test_lists_of_labels_in_a_csv_as_labels_split_writes_them(tmp_path):
    rows = read_labelled(put(tmp_path / "a.csv", 'text,labels\na,"[""hate"", ""abusive""]"\nb,[]\nc,\n'))
    same(rows.labels, [[1, 0, 0, 1, 0], [0] * 5])


@pytest.mark.parametrize("labels", [["rude"], "spam", 3, {"spam": 1}, [["spam"]], [None], [{"spam": 1}]])
def test_lists_that_are_none_are_refused(tmp_path, labels):
    lines = [{"text": "a", "labels": []}, {"text": "b", "labels": labels}]
    with pytest.raises(DataError, match="row 2 has labels"):
        read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))


@pytest.mark.parametrize("label", ["2", "-1", "yes", "ya", "0.5", "1e0", "inf", "rahasia sekali"])
def test_a_label_that_is_none_names_file_row_and_column_but_no_content(tmp_path, label):
    with pytest.raises(DataError, match=r"a\.csv: row 2 has a label in hoax") as caught:
        read_labelled(put(tmp_path / "a.csv", f"text,hoax\nsatu,1\ndua,{label}\n"))
    assert "rahasia" not in str(caught.value)
    assert "Write 1 for yes, 0 for no" in str(caught.value)
    assert caught.value.exit_code == 65


def test_no_label_column(tmp_path):
    with pytest.raises(DataError, match=r"no label column.*Found: text, kind"):
        read_labelled(put(tmp_path / "a.csv", "text,kind\nsatu,1\n"))


def test_columns_found_are_listed_within_bounds(tmp_path):
    with pytest.raises(DataError, match=r"Found: text, kolom 0.*and 470 more") as caught:
        read_labelled(put(tmp_path / "a.csv", f"text,{','.join(f'kolom {n}' + 'x' * 500 for n in range(499))}\nsatu,1\n"))
    assert len(str(caught.value)) < 2_500
    assert "--label CATEGORY=COLUMN" in str(caught.value)


def test_labels_in_columns_of_other_names(tmp_path):
    path = put(tmp_path / "a.csv", "Tweet,HS,Abusive,spam\nsatu,1,0,\ndua,0,,1\n")
    rows = read_labelled(path, "Tweet", columns={"hate": "HS", "abusive": "Abusive"})
    same(rows.labels, [[0, NAN, NAN, 1, NAN], [NAN, NAN, NAN, 0, 1]])
    with pytest.raises(DataError, match=r"no column hs\. Found: Tweet, HS, Abusive, spam"):
        read_labelled(path, "Tweet", columns={"hate": "hs"})


@pytest.mark.parametrize("header", ["text,spam,spam", "text,spam,spam,spam"])
def test_a_column_that_is_there_twice(tmp_path, header):
    with pytest.raises(DataError, match=r"a\.csv: the column spam is there twice"):
        read_labelled(put(tmp_path / "a.csv", f"{header}\nsatu,1,0,1\n"))
    assert len(read_labelled(put(tmp_path / "b.csv", "text,note,note,spam\nsatu,1,0,1\n"))) == 1


def test_a_row_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.jsonl: row 2 cannot be read.*Mend or delete"):
        read_labelled(put(tmp_path / "a.jsonl", '{"text": "a", "spam": 1}\n{"text": "b", "spam"\n'))


def test_bytes_of_another_encoding_are_noticed_where_they_matter(tmp_path):
    noticed = Noticed()
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,spam,note\nsatu \xef\xbf\xbd,1,\ndua,0,\n")
    list(read_batches([str(path)], noticed=noticed))
    assert noticed == Noticed()  # a replacement character that somebody wrote
    path.write_bytes(b"text,spam,note\nsatu,1,caf\xe9\ndua,0,\n")
    list(read_batches([str(path)], noticed=noticed))
    assert noticed.damaged == 0  # not in a text
    path.write_bytes(b"text,spam,note\nsatu,1,\ncaf\xe9,0,\ntiga \xff,1,\n")
    list(read_batches([str(path)], noticed=noticed))
    assert (noticed.damaged, noticed.first["damaged"]) == (2, f"{path} row 2")
    (rows,) = read_batches([str(path)], encoding="latin-1")
    assert rows.texts.to_pylist() == ["satu", "caf\xe9", "tiga \xff"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no rows at all"),
        ("text,spam\n", "no rows at all"),
        ("text,spam,hate\nsatu,,nan\ndua, ,NULL\n", "every row lacks a text or all labels"),
    ],
)
def test_a_file_without_a_labelled_row_is_named_among_others(tmp_path, content, says):
    good = put(tmp_path / "good.csv", "text,spam\na,1\n")
    with pytest.raises(DataError, match=rf"bad\.csv: no labelled rows: .*{says}"):
        read_labelled([*good, *put(tmp_path / "bad.csv", content)])


def test_a_category_column_without_a_label_is_as_if_not_there(tmp_path):
    rows = read_labelled(put(tmp_path / "a.csv", "text,spam,hate\nsatu,1,\ndua,0,NaN\n"))
    same(rows.labels[:, 3:], [[NAN, 1], [NAN, 0]])


labels = st.sampled_from(["1", "0", "", "1.0", "0.0", "TRUE", "false", "nan", " 1 ", "None"])


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=30))
def test_labels_equal_a_plain_look_at_each_cell(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("cells") / "a.csv"
    lines = "".join(f'x,"{a}","{b}",1\n' for a, b in cells)
    rows = read_labelled(put(path, f"text,abusive,hate,spam\n{lines}"))
    plain = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0}
    same(rows.labels[:, [0, 3]], [[plain.get(cell.strip().lower(), NAN) for cell in pair] for pair in cells])


def test_rows_without_text_or_label_are_dropped(tmp_path):
    lines = [{"text": None, "spam": 1}, {"text": "a", "spam": None}, {"text": "b", "spam": 0}, {"spam": 1}]
    rows = read_labelled(put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))
    assert rows.texts.to_pylist() == ["b"]
    noticed = Noticed()
    list(read_batches([str(tmp_path / "a.jsonl")], noticed=noticed))
    assert noticed == Noticed(2, 1, 0, {"no_text": f"{tmp_path}/a.jsonl row 1", "no_label": f"{tmp_path}/a.jsonl row 2"})
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
