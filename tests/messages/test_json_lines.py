"""JSONL and JSON, sound and broken; values are kept as they were."""

from __future__ import annotations

import json
from contextlib import suppress
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.limits import MAX_BATCH_CELLS, MAX_COLUMNS
from moderation.messages import reading
from moderation.messages.arrays import scrub
from moderation.messages.batch import DEFAULTS, ReadProblems
from moderation.messages.reading import columns_of, read
from moderation.messages.unifying import Columns, unified
from tests.messages.helpers import read_all, read_one, read_rows, read_texts

ANY_TEXT = st.text(st.characters(), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["id", "a b", "é", 'q"', ""]), VALUES, max_size=4)


def refuse(name):
    raise ValueError(name)


@given(st.lists(st.tuples(OBJECTS, ANY_TEXT), min_size=1, max_size=12), st.booleans(), st.sampled_from([None, 1]))
def test_objects_are_read_as_json_reads_them(tmp_path_factory, rows, ascii_only, indent):
    objects = [{**members, "text": text} for members, text in rows]
    folder = tmp_path_factory.mktemp("json")
    encoded = [json.dumps(item, ensure_ascii=ascii_only).encode("utf-8", "replace") for item in objects]
    objects = [json.loads(line) for line in encoded]
    (folder / "a.jsonl").write_bytes(b"\n".join(encoded))
    (folder / "a.json").write_text(json.dumps(objects, indent=indent), encoding="utf-8")
    for name in ("a.jsonl", "a.json"):
        (batch,) = read_all(folder / name)
        assert not batch.unreadable.any()
        assert batch.texts.to_pylist() == [scrub(item["text"]) for item in objects]
        got = [{key: json.loads(cell) for key, cell in row.items() if cell is not None} for row in batch.table.to_pylist()]
        assert got == objects
        assert all("\n" not in cell for row in batch.table.to_pylist() for cell in row.values() if cell)


@given(st.lists(st.text('{}[]",:\\0-1.eE truefalsn\t', max_size=20), max_size=20))
def test_lines_are_readable_when_json_says_so(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("\n".join(['{"text": ""}', *lines]), encoding="utf-8")
    kept = [line for line in lines if line.strip()]
    (batch,) = read_all(path)
    assert batch.unreadable.tolist()[1:] == [not _is_message(line) for line in kept]
    for row, line in enumerate(kept, start=1):
        if batch.unreadable[row]:
            assert batch.texts[row].as_py() is None
            assert json.loads(batch.table["text"][row].as_py()) == line.strip()


def _is_message(line):
    try:
        return isinstance(json.loads(line, parse_constant=refuse), dict | str)
    except ValueError:
        return False


def test_the_json_suite_line_by_line(shared, tmp_path):
    for path in sorted((shared / "suites/json-test-suite/test_parsing").glob("*.json")):
        content = path.read_bytes()
        target = tmp_path / f"{path.stem}.jsonl"
        target.write_bytes(b'{"text": "a"}\n' + content)
        text = content.decode("utf-8", "replace")
        lines = [line for line in text.split("\n") if line.strip(" \t\r")]
        problems = ReadProblems()
        (batch,) = read_all(target, problems=problems)
        assert batch.table.num_rows == 1 + len(lines), path.name
        if len(lines) == 1 and len(content) < 50_000:
            assert batch.unreadable[1] != _is_message(text), path.name
        assert problems.unreadable_rows == batch.unreadable.sum()


def test_the_json_suite_as_documents(shared):
    paths = [*(shared / "suites/json-test-suite").rglob("*.json"), *(shared / "suites/blns").glob("*.json")]
    assert len(paths) > 300
    for path in paths:
        try:
            rows = sum(batch.table.num_rows for batch in read_all(path, input_format="json", text_column=None))
        except DataError:
            assert not path.name.startswith("y_") or _has_no_text_column(path), path.name
            continue
        if not path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip():
            assert rows == 0  # an empty file is no error
            continue
        assert not path.name.startswith("n_"), path.name
        value = json.loads(path.read_bytes().decode(json.detect_encoding(path.read_bytes()), "replace"))
        assert rows == (len(value) if isinstance(value, list) else 1), path.name


def _has_no_text_column(path):
    value = json.loads(path.read_bytes())
    return isinstance(value, dict) or any(isinstance(item, dict) for item in value)


def test_naughty_strings(shared, tmp_path):
    strings = json.loads((shared / "suites/blns/blns.json").read_text(encoding="utf-8"))
    assert read_texts(shared / "suites/blns/blns.json") == strings
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in strings), encoding="utf-8")
    assert read_texts(path) == strings
    path = shared / "suites/blns/blns.txt"
    assert read_texts(path) == path.read_text(encoding="utf-8").split("\n")[:-1]


def test_what_cannot_be_read_stays_in_the_text_column(tmp_path):
    lines = ['{"pesan": "a", "n": 1.10}', "[1, 2]", "{broken", '{"pesan": NaN}', '"halo"', "[" * 100_000, '{"pesan": "b"} x']
    batch, problems = read_one(tmp_path / "a.jsonl", "\n".join(lines))
    assert batch.table.column_names == ["pesan", "n"]
    assert batch.table["n"].to_pylist() == ["1.10", *[None] * 6]
    assert batch.texts.to_pylist() == ["a", None, None, None, "halo", None, None]
    assert batch.unreadable.tolist() == [False, True, True, True, False, True, True]
    assert problems.unreadable_rows == 5
    assert [len(json.loads(cell)) for cell in batch.table["pesan"].to_pylist()][5] == 50_000


def test_texts_that_are_no_strings(tmp_path):
    batch, _ = read_one(
        tmp_path / "a.jsonl", '{"text": 12}\n{"text": null}\n{"text": {"a": "b"}}\n{"text": "\\ud83d x"}\n{"id": 1}\n{}'
    )
    assert batch.texts.to_pylist() == ["12", None, '{"a": "b"}', "� x", None, None]
    assert batch.table["text"].to_pylist()[3] == '"\\ud83d x"'


def test_a_key_spelt_in_two_ways_and_a_repeated_key(tmp_path):
    batch, _ = read_one(tmp_path / "a.jsonl", '{"text": "a", "text": "b"}\n{"\\u0074ext": "c"}')
    assert batch.texts.to_pylist() == ["b", "c"]
    assert batch.table.column_names == ["text"]


def test_columns_stay_when_a_later_batch_lacks_them(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('"x"\n{"text": "a", "n": 1}\n{"text": "b"}\n{"text": "c", "m": 2}', encoding="utf-8")
    assert [batch.table.column_names for batch in read_all(path, batch_rows=1)] == [
        ["text"],
        ["text", "n"],
        ["text", "n"],
        ["text", "n", "m"],
    ]


def test_data_used_as_keys(tmp_path):
    lines = ['{"text": "a"}', json.dumps({str(n): n for n in range(5_000)}), '{"text": "b"}']
    batch, _ = read_one(tmp_path / "a.jsonl", "\n".join(lines))
    assert batch.unreadable.tolist() == [False, True, False]
    assert batch.table.num_columns == 1


def test_documents(tmp_path):
    path = tmp_path / "a.json"
    for content, rows in [
        ('[{"text": "a"}, "b", 3]', [{"text": '"a"'}, {"text": '"b"'}, {"text": '"3"'}]),
        ('{\n "text": "a",\n "x": [1,\n2]\n}', [{"text": '"a"', "x": "[1, 2]"}]),
        ('{"text": "a"}\n{"text": "b"}\n', [{"text": '"a"'}, {"text": '"b"'}]),
        (" [ ] ", []),
        ("  \n", []),
        ("", []),
    ]:
        path.write_text(content, encoding="utf-8")
        assert read_rows(path) == rows
    for content in ("[1,]", '[{"text": "a"}', '{"text": 1}}', "[1] 2", "[" * 100_000, '[{"text": "a"},\n{]'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError):
            read_all(path)


def test_too_long_a_document_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("moderation.messages.decoding.MAX_JSON_CHARACTERS", 100)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(["a"] * 100), encoding="utf-8")
    with pytest.raises(DataError, match="JSONL"):
        read_all(path)


def test_a_megabyte(tmp_path):
    message = 'a "kata" \n' * 100_000
    batch, _ = read_one(tmp_path / "a.jsonl", json.dumps({"text": message}))
    assert batch.texts.to_pylist() == [message]


def test_many_rare_keys_make_small_batches(tmp_path):
    rows = [{"text": "halo", f"k{n % 1_900}": n} for n in range(9_000)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    for name in ("a.jsonl", "a.json"):
        batches = read_all(tmp_path / name)
        assert len(batches) > 3
        assert max(batch.table.num_rows * batch.table.num_columns for batch in batches) <= MAX_BATCH_CELLS + MAX_COLUMNS
        assert sum(batch.table.num_rows for batch in batches) == 9_000


def test_what_could_be_read_of_a_broken_document_comes_out(tmp_path):
    (tmp_path / "a.json").write_text('[{"text": "satu"}, "dua", oops')
    batches = read([str(tmp_path / "a.json")], text_column=None)
    assert next(batches).texts.to_pylist() == ["satu", "dua"]
    with pytest.raises(DataError, match="after 2 rows"):
        next(batches)


@given(st.lists(st.tuples(OBJECTS, st.sampled_from(["", "oops", "5", '"b"', "{"])), min_size=1, max_size=9), st.integers(1, 4))
def test_columns_told_first_are_those_that_come(tmp_path_factory, rows, size):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("".join(f"{json.dumps(members)}\n{line}\n" for members, line in rows), encoding="utf-8")
    with patch.object(reading, "BATCH_ROWS", size):
        told = columns_of([str(path)], text_column="x", encoding="utf-8", options=DEFAULTS)
    columns = Columns()
    with suppress(DataError):  # no column of this name
        for batch in read([str(path)], text_column="x", batch_rows=size):
            columns.add(batch.table.schema)
            assert unified(batch, told).table.column_names == told.names
    assert columns.schema.names == told.names
