"""Files that are whole or not there, and hold what was in the table."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import CannotCreateError, DataError, OutputError, UsageError
from moderation.messages import cells, encoders
from moderation.messages.arrays import repeated, scrub, strings
from moderation.messages.columns import VERDICT_COLUMNS
from moderation.messages.writing import open_writer
from tests.messages.helpers import read_all, read_rows, read_texts, with_verdict, write

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text('a,;"\n\r\t\0\\ =+-@1', max_size=8)
TABLE = pa.table({"id": [1, 2, 3], "text": ["a", None, 'c "d"\n']})


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


@given(st.lists(st.tuples(TEXT | st.none(), TEXT), min_size=1, max_size=20), st.integers(0, 5))
@settings(deadline=None)
def test_any_text_comes_back(tmp_path_factory, rows, offset):
    folder = tmp_path_factory.mktemp("out")
    table = with_verdict(pa.table({"text": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows])}))
    table = table.slice(min(offset, len(rows) - 1))
    expected = table.select(["text", "b"]).to_pylist()

    assert [{key: row[key] for key in ("text", "b")} for row in rows_of(write(folder / "a.jsonl", table))] == expected
    back = pq.read_table(write(folder / "a.parquet", table))
    assert back.select(["text", "b"]).to_pylist() == expected

    def cell(text):
        return ("'" + text if text and text[0] in "=+-@\t\r" and not _is_number(text) else text) or ""

    for name in ("a.csv", "a.tsv"):
        got = [{key: row[key] for key in ("text", "b")} for row in read_rows(write(folder / name, table))]
        assert got == [{key: cell(text) for key, text in row.items()} for row in expected]


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return (
        text.isascii() and "_" not in text and text == text.strip() and text[-1] != "." and text.lstrip("+-")[0] in ".0123456789"
    )


@given(st.lists(st.text(st.characters(), max_size=10) | st.none(), max_size=20))
def test_strings(values):
    array = strings(values)
    array.validate(full=True)
    assert array.to_pylist() == [None if value is None else scrub(value) for value in values]


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_verdict_figures_have_six_digits(values):
    got = cells.rounded(pa.array(values, pa.float32())).to_pylist()
    assert [f"{value!r}" for value in got] == [f"{float(f'{np.float32(value):.6g}')!r}" for value in values]


def test_a_verdict_in_each_format(tmp_path):
    table = with_verdict(TABLE)
    (first, second, third) = rows_of(write(tmp_path / "a.jsonl", table))
    assert list(first) == ["id", "text", *VERDICT_COLUMNS]
    assert first["p_abusive"] == 0.123457
    assert (first["flags"], second["flags"], third["flags"]) == ([], ["abusive"], ["abusive", "hate"])
    assert second["text"] is None
    with write(tmp_path / "a.csv", table).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[2]["flags"] == "abusive;hate"
    assert rows[0]["p_abusive"] == "0.123457"
    assert rows[0]["priority"] == "12.5"
    parquet = pq.ParquetFile(write(tmp_path / "a.parquet", table))
    assert parquet.schema_arrow.equals(table.schema)
    assert parquet.metadata.row_group(0).column(0).compression == "ZSTD"
    assert parquet.read().equals(table)


def test_json_values_leave_as_they_came(tmp_path):
    lines = [
        '{"text":"a\\u00e9\\n","n":1.10,"big":12345678901234567890123,"o":{"x": [1,  2]},"none":null}',
        '{"text":"b"}',
        "{}",
        "oops",
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (batch,) = read_all(tmp_path / "in.jsonl")
    out = write(tmp_path / "out.jsonl", batch.table).read_text(encoding="utf-8").splitlines()
    assert out[:3] == lines[:3]
    assert json.loads(out[3]) == {"text": "oops"}
    assert pq.read_table(write(tmp_path / "out.parquet", batch.table)).to_pylist()[:2] == [
        {"text": "aé\n", "n": "1.10", "big": "12345678901234567890123", "o": '{"x": [1,  2]}', "none": None},
        {"text": "b", "n": None, "big": None, "o": None, "none": None},
    ]
    assert read_rows(write(tmp_path / "out.csv", batch.table))[0]["o"] == '{"x": [1,  2]}'


def test_all_kinds_of_columns(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a", None]).dictionary_encode(),
            "f": pa.array([0.1 + 0.2, float("nan")]),
            "b": [True, None],
            "d": [date(2026, 1, 2), None],
            "t": pa.array([datetime(2026, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "dec": [Decimal("1.10"), None],
            "raw": pa.array([b"\xff", None], pa.binary()),
            "l": [["x", None, '"'], None],
            "s": [{"k": [1.0, float("inf")]}, None],
            "z": pa.nulls(2),
            "v": pa.array(["é", None], pa.string_view()),
        }
    )
    first, second = rows_of(write(tmp_path / "a.jsonl", table))
    assert first == {
        "text": "a",
        "f": 0.1 + 0.2,
        "b": True,
        "d": "2026-01-02",
        "t": "2026-01-02T00:00:00+00:00",
        "dec": "1.10",
        "raw": "/w==",
        "l": ["x", None, '"'],
        "s": {"k": [1.0, None]},
        "z": None,
        "v": "é",
    }
    assert second == dict.fromkeys(table.column_names)
    assert read_rows(write(tmp_path / "a.csv", table))[0]["l"] == '["x",null,"\\""]'
    assert pq.read_table(write(tmp_path / "a.parquet", table.drop_columns(["v"]))).num_rows == 2


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "=", "+62 812 1234", "1=1", "-5", "+6281", "-1,5", "'=1", ""],
)
def test_what_a_spreadsheet_would_run(tmp_path, text):
    table = pa.table({"text": [text], "=cmd()": ["x"], "flags": [["=x"]]})
    row = read_rows(write(tmp_path / "a.csv", table))[0]
    assert row["text"] == (
        "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text not in ("-5", "+6281", "-1,5") else text
    )
    assert "'=cmd()" in row
    assert row["input_flags"] == "'=x"


def test_large_and_many_chunks(tmp_path):
    table = pa.concat_tables([pa.table({"text": ["x" * 1_000_000]}), pa.table({"text": ["b", "c"]})])
    assert read_texts(write(tmp_path / "a.csv", table, table)) == ["x" * 1_000_000, "b", "c"] * 2
    assert [len(row["text"]) for row in rows_of(write(tmp_path / "a.jsonl", table, table))] == [1_000_000, 1, 1] * 2


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_columns_that_change(tmp_path, name):
    with pytest.raises(DataError, match="jsonl"):
        write(tmp_path / name, TABLE, TABLE.append_column("x", repeated("x", 3)))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="jsonl"):
        write(tmp_path / name, TABLE, TABLE.set_column(0, "id", [["x", "y", "z"]]))
    write(tmp_path / name, TABLE, TABLE.set_column(0, "id", [pa.array([1, 2, 3], pa.int8())]))
    assert len(rows_of(write(tmp_path / "a.jsonl", TABLE, TABLE.append_column("x", repeated("x", 3))))) == 6


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a"])
def test_without_tables_the_file_is_valid_and_empty(tmp_path, name):
    write(tmp_path / name)
    if name == "a.parquet":
        assert pq.read_table(tmp_path / name).num_rows == 0
    else:
        assert (tmp_path / name).read_bytes() == b""
    write(tmp_path / name, TABLE.slice(0, 0))
    expected = {"a.csv": b'"id","text"\n', "a.tsv": b'"id"\t"text"\n'}
    if name != "a.parquet":
        assert (tmp_path / name).read_bytes() == expected.get(name, b"")


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(CannotCreateError, match="--force"):
        open_writer(str(target))
    write(target, TABLE)
    assert target.read_text() != "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_an_error_in_the_middle_leaves_nothing_behind(tmp_path, name):
    target = tmp_path / name
    target.write_text("old")

    class StopError(Exception):
        pass

    def work():
        with open_writer(str(target), force=True) as writer:
            writer.write(TABLE)
            assert len(list(tmp_path.iterdir())) == 2
            raise StopError

    with pytest.raises(StopError):
        work()
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_text() == "old"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, name):
    # A limit on the size of files stands for the full disk.
    script = """
import resource, signal, sys
import pyarrow as pa
from moderation.errors import OutputError
from moderation.messages.writing import open_writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
import random
table = pa.table({"text": [random.randbytes(40).hex() for _ in range(5_000)]})
try:
    with open_writer(sys.argv[1]) as writer:
        writer.write(table)
        writer.write(table)
except OutputError as error:
    sys.exit(error.exit_code)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 74, done.stderr
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_targets_that_cannot_be_made(tmp_path):
    for target in (tmp_path, tmp_path / "missing" / "a.csv", "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(CannotCreateError), open_writer(str(target)):
            pass
    with pytest.raises(UsageError):
        open_writer("a", "xml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CannotCreateError), open_writer(str(tmp_path / "a.csv")):
        pass


def test_links_and_devices_stay_what_they_are(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    write(tmp_path / "link.csv", TABLE)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith('"id"')
    write(Path(os.devnull), TABLE, force=False)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_standard_output(monkeypatch):
    for output_format, start in [(None, b'{"id":1'), ("csv", b'"id","text"'), ("parquet", b"PAR1")]:
        buffer = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(buffer=buffer))
        write(Path("-"), TABLE, output_format=output_format)
        monkeypatch.undo()
        assert buffer.getvalue().startswith(start)


@pytest.mark.parametrize("output_format", ["csv", "jsonl", "parquet"])
def test_a_reader_that_goes_away_ends_the_work_quietly(output_format):
    script = """
import sys
import pyarrow as pa
from moderation.messages.writing import open_writer
table = pa.table({"text": [str(n) * 50 for n in range(10_000)]})
with open_writer("-", sys.argv[1]) as writer:
    while True:
        writer.write(table)
"""
    command = [sys.executable, "-c", script, output_format]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) == 0, errors
    assert errors == b""


def test_errors_of_the_system_name_the_target(tmp_path, monkeypatch):
    full = types.SimpleNamespace(write=_full, close=lambda: None)
    monkeypatch.setattr("moderation.messages.writing.encoder", lambda *_: full)
    with pytest.raises(OutputError, match=r"a\.csv: No space"):
        write(tmp_path / "a.csv", TABLE)
    assert list(tmp_path.iterdir()) == []


def _full(_table):
    raise OSError(28, "No space left on device")


MEMBERS = st.dictionaries(st.sampled_from(["text", "id", "x"]), TEXT | st.none() | st.integers(), max_size=3)


@given(st.lists(MEMBERS, min_size=1, max_size=12))
@settings(deadline=None)
def test_missing_keys_stay_missing_and_no_row_is_dropped(tmp_path_factory, objects):
    folder = tmp_path_factory.mktemp("out")
    objects = [{"text": "first"}, *objects]
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, objects)), encoding="utf-8")
    (batch,) = read_all(folder / "in.jsonl")
    assert rows_of(write(folder / "out.jsonl", batch.table)) == objects
    with_figures = rows_of(write(folder / "verdict.jsonl", with_verdict(batch.table)))
    assert [{key: row[key] for key in row if key not in VERDICT_COLUMNS} for row in with_figures] == objects


@given(st.lists(st.integers(0, 17), max_size=8), st.integers(1, 9))
@settings(deadline=None, max_examples=50)
def test_row_groups_do_not_depend_on_how_rows_come(tmp_path_factory, sizes, group):
    folder = tmp_path_factory.mktemp("out")
    total = sum(sizes)
    table = with_verdict(pa.table({"n": range(total), "text": [f"halo {n}" if n % 3 else None for n in range(total)]}))
    with patch.object(encoders, "ROW_GROUP_ROWS", group):
        once = write(folder / "a.parquet", table)
        ends = [0, *accumulate(sizes)]
        write(folder / "b.parquet", *(table.slice(start, end - start) for start, end in pairwise(ends)), table.slice(0, 0))
    assert once.read_bytes() == (folder / "b.parquet").read_bytes()
    metadata = pq.ParquetFile(once).metadata
    groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert groups == [group] * (total // group) + [total % group] * (total % group > 0)
    assert pq.read_table(once).equals(table)


def test_long_messages_are_not_all_held(tmp_path):
    table = pa.table({"text": ["x" * 1_000] * 100})
    with patch.object(encoders, "ROW_GROUP_BYTES", 250_000):
        metadata = pq.ParquetFile(write(tmp_path / "a.parquet", *[table] * 10)).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [300, 300, 300, 100]


def test_a_dictionary_only_where_values_repeat(tmp_path):
    n = 1_000
    columns = {
        "text": [f"halo {n}" for n in range(n)],
        "channel": ["wa", "mail"] * (n // 2),
        "kind": pa.array(["a", "b"] * (n // 2)).dictionary_encode(),
        "id": range(n),
        "day": [n // 100 for n in range(n)],
        "tags": [["x", "y"]] * n,
    }
    group = pq.ParquetFile(write(tmp_path / "a.parquet", pa.table(columns))).metadata.row_group(0)
    found = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    coded = {path for path, column in found.items() if column.has_dictionary_page}
    assert coded == {"channel", "kind", "day", "tags.list.element"}
    assert {path for path, column in found.items() if column.is_stats_set} == {"id", "day"}
