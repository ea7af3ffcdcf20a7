"""Inputs of all kinds: which format, which column, what is refused."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError, NoInputError, OutputError, UsageError
from moderation.messages import decoding
from moderation.messages.columns import VERDICT_COLUMNS, find_text, free_names
from moderation.messages.reading import read
from moderation.messages.sniffing import format_of
from tests.messages.helpers import read_all, read_one, read_rows, read_texts


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("PAR1...", "parquet"),
        ('{"text": "a"}\n', "jsonl"),
        ('\n\n  {"text": "a"}', "jsonl"),
        ('{"text": "broken\n{"text": "a"}\n', "jsonl"),
        ('{"text": "' + "a" * 70_000, "jsonl"),
        ('[{"text": "a"}]', "json"),
        ('[\n {"text": "a"}\n]', "json"),
        ('{\n "text": "a"\n}', "json"),
        ('["a",\n"b"]', "json"),
        ('[{"text": "' + "a" * 70_000, "json"),
        ("[12:30] halo", "lines"),
        ("[promo]", "lines"),
        ("{halo}", "lines"),
        ("id\ttext\n1\ta\n", "tsv"),
        ("id,Pesan\n", "csv"),
        ('"id";"isi"\n', "csv"),
        ("halo, apa kabar\n", "lines"),
        ("text\n", "lines"),
        ("id,kolom\n", "csv"),
        ("halo", "lines"),
        ("\0\1\2", "lines"),
    ],
)
def test_format_by_the_first_bytes(head, expected):
    for encoding in ("utf-8", "utf-8-sig", "utf-16") if expected != "parquet" else ("utf-8",):
        assert format_of("-", head.encode(encoding)[: 64 * 1024], "utf-8", "kolom") == expected


def test_format_by_extension_comes_first():
    for name, expected in [("A.CSV", "csv"), ("a.tsv", "tsv"), ("a.ndjson", "jsonl"), ("a.pq", "parquet"), ("a.txt", "lines")]:
        assert format_of(name, b"halo", "utf-8", None) == expected


def test_patterns_that_no_shell_has_expanded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "deep/deeper/c.csv", "deep/.hidden/d.csv", "[x].csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"text\n{name}\n")
    assert read_texts("?.csv") == ["a.csv", "b.csv"]
    assert read_texts("**/*.csv") == ["[x].csv", "a.csv", "b.csv", "deep/deeper/c.csv"]
    assert read_texts("deep/**") == ["deep/deeper/c.csv"]
    assert read_texts(tmp_path / "[ab].csv") == ["a.csv", "b.csv"]
    assert read_texts("[x].csv") == ["[x].csv"]  # there is such a file
    assert [list(row) for row in read_rows("*.csv")] == [["text"]] * 3
    for pattern in ("*.tsv", "de*p", "[", "**/nothing"):
        with pytest.raises(NoInputError):
            read([pattern], text_column=None)


@pytest.mark.parametrize(
    ("head", "says"), [(b"\xfd7zXZ\x00", "compressed"), (b"%PDF-1.4", "PDF"), (b"a" * 257 + b"ustar", "tar")]
)
def test_formats_that_are_none_of_messages_are_refused(tmp_path, head, says):
    path = tmp_path / "a.csv"
    path.write_bytes(head)
    with pytest.raises(DataError, match=says):
        read_all(path)


def test_standard_input(monkeypatch):
    for content, expected in [(b"id,text\n1,a\n", ["a"]), (b'{"text": "a"}', ["a"]), (b"a\nb", ["a", "b"]), (b"", [])]:
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(content)))
        assert read_texts("-") == expected


def test_parquet_from_a_pipe(tmp_path, monkeypatch):
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "a.parquet")
    reader, writer = os.pipe()
    os.write(writer, (tmp_path / "a.parquet").read_bytes())
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=pipe))
        assert read_texts("-") == ["a", "b"]


def test_folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "z.txt").write_text("satu\n\ndua")
    (tmp_path / "a.csv").write_text("text,path\nhalo,x\n")
    (tmp_path / "c.jsonl").write_text('{"text": "hai"}')
    (tmp_path / "ignored.py").write_text("text")
    (tmp_path / ".hidden.csv").write_text("text\nx\n")
    rows = read_rows(tmp_path)
    assert [list(row) for row in rows] == [
        ["path", "text", "path_2"],
        ["path", "text"],
        ["path", "text"],
        ["path", "text"],
        ["path", "text"],
    ]
    assert [Path(row["path"]).name for row in rows] == ["a.csv", "z.txt", "z.txt", "z.txt", "c.jsonl"]
    assert read_texts(tmp_path) == ["halo", "satu", "", "dua", "hai"]


def test_inputs_that_are_not_there(tmp_path):
    empty = tmp_path / "folder"
    empty.mkdir()
    for name in (tmp_path / "missing.csv", empty, "a\0b"):
        with pytest.raises(NoInputError):  # before anything is read
            read([str(name)], text_column=None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_input_that_may_not_be_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\na\n")
    path.chmod(0)
    with pytest.raises(NoInputError):
        read_all(path)


def test_a_disk_that_fails(monkeypatch):
    class Failing(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Failing()))
    with pytest.raises(OutputError, match="standard input: Input/output error"):
        read_all("-")


def test_unknown_format_and_encoding():
    for options in ({"input_format": "xml"}, {"encoding": "klingon"}, {"encoding": "base64"}, {"encoding": "idna"}):
        with pytest.raises(UsageError):
            read([], text_column=None, **options)


def test_empty_files(tmp_path):
    for extension in ("csv", "tsv", "jsonl", "json", "parquet", "txt"):
        path = tmp_path / f"a.{extension}"
        path.write_bytes(b"")
        assert read_all(path) == []


def test_which_column_holds_the_messages():
    assert find_text(["Message", "text"], None, "a") == 1
    assert find_text(["id", "TEXT "], None, "a") == 1
    assert find_text(["isi", "Pesan"], None, "a") == 1
    assert find_text(["anything"], None, "a") == 0
    assert find_text(["text", "judul"], "judul", "a") == 1
    assert find_text(["text", "status"], "input_status", "a") == 1
    with pytest.raises(DataError, match=r"^a: no column 'x'; columns: text, judul$"):
        find_text(["text", "judul"], "x", "a")
    with pytest.raises(DataError, match=r"^a: which column holds .* --text; columns: id, judul$"):
        find_text(["id", "judul"], None, "a")
    with pytest.raises(DataError) as caught:
        find_text(["x" * 1_000, "\x1b[31m"] * 100, None, "a")
    assert len(str(caught.value)) < 2_000
    assert "\x1b" not in str(caught.value)


def test_no_column_is_lost():
    assert free_names(["a", "a", "a_2", "a"]) == ["a", "a_2", "a_2_2", "a_3"]
    assert free_names(["status", "input_status", "status", ""]) == ["input_status", "input_status_2", "input_status_3", ""]


def test_columns_named_like_those_of_a_verdict(tmp_path):
    expected = ["text", *(f"input_{name}" for name in VERDICT_COLUMNS)]
    csv_batch, _ = read_one(tmp_path / "a.csv", ",".join(["text", *VERDICT_COLUMNS]) + "\n")
    json_batch, _ = read_one(tmp_path / "a.jsonl", json.dumps(dict.fromkeys(["text", *VERDICT_COLUMNS])))
    assert csv_batch.table.column_names == json_batch.table.column_names == expected


def test_duplicate_columns(tmp_path):
    batch, _ = read_one(tmp_path / "a.csv", "text,text,x\na,b,c\n")
    assert batch.table.to_pylist() == [{"text": "a", "text_2": "b", "x": "c"}]
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array([1])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_rows(tmp_path / "a.parquet") == [{"text": "a", "text_2": 1}]


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(["a", None, "é"]),
        pa.array(["a", None, "é"], pa.large_string()),
        pa.array(["a", None, "é"]).dictionary_encode(),
        pa.array([b"a", None, "é".encode()], pa.binary()),
    ],
)
def test_parquet_keeps_types(tmp_path, texts):
    table = pa.table({"n": pa.array([1, 2, None], pa.int16()), "text": texts, "l": [[1.5], None, []]})
    pq.write_table(table, tmp_path / "a.parquet")
    batches = read_all(tmp_path / "a.parquet", batch_rows=2)
    assert [batch.table.num_rows for batch in batches] == [2, 1]
    assert pa.concat_tables([batch.table for batch in batches]).cast(table.schema).equals(table)
    assert [text for batch in batches for text in batch.texts.to_pylist()] == ["a", None, "é"]
    assert all(batch.texts.type == pa.large_string() for batch in batches)


def test_parquet_with_bad_text(tmp_path):
    raw = pa.array([b"caf\xe9", b"\xef\xbf\xbd", None], pa.binary())
    for column in (raw, pa.StringArray.from_buffers(3, *raw.buffers()[1:], raw.buffers()[0])):
        pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
        batch, problems = read_one(tmp_path / "a.parquet", (tmp_path / "a.parquet").read_bytes())
        assert batch.texts.to_pylist() == ["caf�", "�", None]
        assert problems.replaced_sequences > 0


def test_damaged_parquet_and_a_column_without_text(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [1, 2]}), path)
    with pytest.raises(DataError, match="int64"):
        read_all(path)
    pq.write_table(pa.table({"text": ["halo" * 100] * 1_000}), path)
    whole = path.read_bytes()
    for damaged in (whole[:-10], whole[:100], b"PAR1", b"PAR1" * 3, whole[:4] + b"\xff" * 200 + whole[204:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            read_all(path)
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    assert [batch.table.num_rows for batch in read_all(path)] == [0]


def test_lines(tmp_path):
    batch, _ = read_one(tmp_path / "a.txt", "satu\r\n\r\ndua \u2028 \x0c x\nbroken \xff".encode("latin-1", "replace"))
    assert batch.table.column_names == ["text"]
    assert batch.texts.to_pylist() == ["satu", "", "dua ? \x0c x", "broken �"]
    assert read_rows(tmp_path / "a.txt", text_column="isi")[0] == {"isi": "satu"}


def test_reading_and_writing_import_nothing_heavy(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,halo\n2\n")
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "halo \\n"}\n{')
    # The package is entered by the side door, to see what this room alone brings in.
    script = """
import sys, types
package = types.ModuleType("moderation"); package.__path__ = [sys.argv[1]]; sys.modules["moderation"] = package
from moderation.messages.reading import read
from moderation.messages.writing import open_writer
assert not {"pyarrow.parquet", "pyarrow.csv", "pyarrow.compute"} & set(sys.modules)
for name in ("a.csv", "a.jsonl"):
    for form in ("csv", "jsonl", "parquet"):
        with open_writer(f"{name}.{form}") as writer:
            for batch in read([name], text_column=None):
                writer.write(batch.table)
        list(read([f"{name}.{form}"], text_column=None))
assert not {"pandas", "sklearn", "nltk", "numba", "scipy"} & set(sys.modules), "heavy"
"""
    import moderation

    package = str(Path(moderation.__file__).parent)
    done = subprocess.run([sys.executable, "-c", script, package], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "start"), [("a.jsonl", b'{"text": "'), ("a.csv", b"text\n"), ("a.txt", b"")])
def test_a_long_line_is_read_in_one_go(tmp_path, name, start):
    (tmp_path / name).write_bytes(start + b"x" * 50_000_000)  # found by fuzzing: it was put together anew for each megabyte
    before = time.process_time()
    (batch,) = read_all(tmp_path / name)
    assert time.process_time() - before < 1.5
    assert batch.table.num_rows == 1


@given(st.lists(st.sampled_from(["a", "\r", "\n", "\r\n", "é"]), max_size=30), st.integers(1, 5))
def test_lines_do_not_depend_on_blocks(tmp_path_factory, pieces, block):
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    text = "".join(pieces)
    path.write_bytes(text.encode())
    with patch.object(decoding, "BLOCK_BYTES", block):
        assert read_texts(path, input_format="lines") == [line.rstrip("\r\n") for line in io.StringIO(text, "")]
