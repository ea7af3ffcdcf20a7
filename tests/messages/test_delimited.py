"""CSV and TSV, sound and broken."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.messages import delimited
from tests.messages.helpers import read_all, read_one, read_rows, read_texts

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text('ab,;"\n\r\t\0 ', max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=30), batch_rows=st.integers(1, 7))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows, batch_rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["text", "other"])
        writer.writerows(rows)
    batches = read_all(path, batch_rows=batch_rows)
    assert all(batch.table.num_rows <= batch_rows for batch in batches)
    assert not any(batch.unreadable.any() for batch in batches)
    assert [row for batch in batches for row in zip(*batch.table.to_pydict().values(), strict=True)] == rows
    assert [text for batch in batches for text in batch.texts.to_pylist()] == [text for text, _ in rows]


@given(st.text('ab,"\n', max_size=60), st.integers(1, 5))
def test_any_lines_give_rows_and_no_line_is_lost(tmp_path_factory, body, batch_rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text("text,other\n" + body, encoding="utf-8")
    rows = read_rows(path, batch_rows=batch_rows)
    letters = "".join(value or "" for row in rows for value in row.values())
    assert [c for c in letters if c in "ab"] == [c for c in body if c in "ab"]


def test_csv_spectrum(shared):
    for path in sorted((shared / "suites/csv-spectrum/csvs").glob("*.csv")):
        expected = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        first = next(iter(expected[0]))
        got = read_rows(path, text_column=first)
        assert [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in got] == [
            {k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected
        ], path.name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_that_of_the_header(tmp_path, delimiter):
    batch, _ = read_one(tmp_path / "a.csv", delimiter.join(["id", "pesan", "x"]) + "\n" + delimiter.join(["1", "halo", "y"]))
    assert batch.table.to_pylist() == [{"id": "1", "pesan": "halo", "x": "y"}]


def test_delimiter_inside_header_quotes_does_not_count():
    assert delimited.delimiter_of('"a;b;c;d",text', ",") == ","
    assert delimited.delimiter_of("text", "\t") == "\t"


def test_missing_cells_are_null_and_surplus_ones_join_the_last(tmp_path):
    batch, problems = read_one(tmp_path / "a.csv", "id,text\n1\n2,halo, apa kabar, kak\n3,ok\n")
    assert batch.table.column("text").to_pylist() == [None, "halo, apa kabar, kak", "ok"]
    assert problems.ragged_rows == 2
    assert not batch.unreadable.any()


def test_unclosed_quote_costs_its_own_line_only(tmp_path):
    batch, problems = read_one(
        tmp_path / "a.csv", 'id,text\n1,satu\n2,"dua\n' + "".join(f"{n},baris {n}\n" for n in range(3, 5_000))
    )
    assert batch.table.num_rows == 4_999
    assert batch.unreadable.nonzero()[0].tolist() == [1]
    assert batch.table.slice(1, 1).to_pylist() == [{"id": "2", "text": "dua"}]
    assert batch.texts[1].as_py() is None
    assert problems.unreadable_rows == 1


def test_unclosed_quote_before_a_quoted_cell_and_at_the_end(tmp_path):
    batch, _ = read_one(tmp_path / "a.csv", 'id,text\n1,"satu\n2,"dua, tiga"\n3,"empat')
    assert batch.table.column("text").to_pylist() == ["satu", "dua, tiga", "empat"]
    assert batch.unreadable.tolist() == [True, False, True]


@pytest.mark.parametrize("batch_rows", [1, 3, 700, 100_000])
def test_long_quoted_cells_over_batch_borders(tmp_path, batch_rows):
    message = "baris\n" * 500
    path = tmp_path / "a.csv"
    path.write_text("id,text\n" + "".join(f'{n},"{message}"\n' for n in range(9)), encoding="utf-8")
    assert read_texts(path, batch_rows=batch_rows) == [message] * 9


def test_a_quoted_cell_over_too_many_lines_or_characters_is_not_believed(tmp_path, monkeypatch):
    for lines in ("baris\n" * 1_001, ("x" * 1_000 + "\n") * 999):
        batch, _ = read_one(tmp_path / "a.csv", f'id,text\n1,"{lines}"\n2,dua\n')
        assert batch.unreadable[0]
        assert batch.table.num_rows > 900
        assert batch.texts[len(batch.texts) - 1].as_py() == "dua"
        monkeypatch.setattr(delimited, "MAX_QUOTED_CHARACTERS", 100_000)


def test_many_unclosed_quotes_stay_linear(tmp_path):
    batch, _ = read_one(tmp_path / "a.csv", "id,text\n" + 'a","b\n' * 20_000, batch_rows=50_000)
    assert batch.table.num_rows == 20_000


def test_a_megabyte_on_one_line(tmp_path):
    message = "kata, " * 200_000
    batch, problems = read_one(tmp_path / "a.csv", f'id,text\n1,"{message}"\n2,ok\n')
    assert batch.texts.to_pylist() == [message, "ok"]
    assert problems.unreadable_rows == 0


def test_stray_quotes_on_one_line_are_read_as_the_csv_module_does(tmp_path):
    line = '1,"halo" dunia "x" y\n'
    batch, _ = read_one(tmp_path / "a.csv", "id,text\n" + line)
    assert batch.table.to_pylist()[0]["text"] == next(csv.reader(io.StringIO(line)))[1]
    assert not batch.unreadable.any()


def test_nul_blank_lines_and_other_line_ends(tmp_path):
    batch, _ = read_one(tmp_path / "a.csv", "id,text\r\n1,a\0b\r\n\r\n2,c\r3,d\n\n")
    assert batch.texts.to_pylist() == ["a\0b", "c", "d"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(tmp_path, encoding):
    batch, problems = read_one(tmp_path / "a.csv", "text,id\nhalo 🙏 é,1\n".encode(encoding))
    assert batch.table.to_pylist() == [{"text": "halo 🙏 é", "id": "1"}]
    assert problems.replaced_sequences == 0


def test_wrong_encoding_is_replaced_and_counted(tmp_path):
    content = "text,id\ncafé � über,1\n".encode().replace("é".encode(), b"\xe9").replace("ü".encode(), b"\xfc")
    batch, problems = read_one(tmp_path / "a.csv", content)
    assert batch.texts.to_pylist() == ["caf� � �ber"]
    assert problems.replaced_sequences == 2
    batch, problems = read_one(tmp_path / "b.csv", "text,id\ncafé,1\n".encode("latin-1"), encoding="latin-1")
    assert batch.texts.to_pylist() == ["café"]
    assert problems.replaced_sequences == 0


def test_characters_and_line_ends_cut_by_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr("moderation.messages.decoding.BLOCK_BYTES", 1)
    monkeypatch.setattr("moderation.messages.reading.PEEK_BYTES", 4)
    batch, problems = read_one(tmp_path / "a.csv", "text,id\r\n🙏é,1\r\nx,2\r\n")
    assert batch.texts.to_pylist() == ["🙏é", "x"]
    assert problems.replaced_sequences == 0


def test_a_header_alone_gives_a_batch_without_rows(tmp_path):
    (batch,) = read_all(_file(tmp_path, "id,text\n\n"), batch_rows=1)
    assert batch.table.num_rows == 0
    assert batch.table.column_names == ["id", "text"]
    assert read_all(_file(tmp_path, "")) == []
    assert read_all(_file(tmp_path, "\n\n")) == []


def test_too_long_a_line_and_too_wide_a_header_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="header"):
        read_all(_file(tmp_path, "," * 100_000))
    monkeypatch.setattr("moderation.messages.decoding.MAX_LINE_CHARACTERS", 100)
    with pytest.raises(DataError, match="line"):
        read_all(_file(tmp_path, "text\n" + "a" * 1_000))


def _file(folder, content):
    path = folder / "a.csv"
    path.write_text(content, encoding="utf-8")
    return path
