"""``moderation score``: whatever comes in, a verdict a row, every input column in its place, and no traceback."""

from __future__ import annotations

import codecs
import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moderation.text.decoding import MAX_CHARACTERS
from tests.authored import TEXTS
from tests.cli.helpers import VERDICT, fails, inputs, run, shell

ROWS = [
    {"id": "7", "text": "internet saya mati", "channel": "chat"},
    {"id": "8", "text": 'dasar "anjing", kalian\nbangsat 😡', "channel": "mail"},
    {"id": "9", "text": "مرحبا الانترنت لا يعمل", "channel": ""},
    {"id": "10", "text": "😡😡🔥", "channel": "x"},
]


def delimited(rows, delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def jsonl(rows):
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


FORMATS = {
    "csv": delimited(ROWS),
    "tsv": delimited(ROWS, "\t"),
    "jsonl": jsonl(ROWS),
    "json": json.dumps(ROWS, indent=2).encode(),
    "parquet": parquet(ROWS),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_keeps_rows_columns_and_order(tmp_path, model, form):
    path = tmp_path / f"in.{form}"
    path.write_bytes(FORMATS[form])
    done = run("score", path, "--model", model)
    assert (done.code, done.stderr) == (0, "")
    assert [inputs(row) for row in done.rows] == ROWS
    assert list(done.rows[0]) == ["id", "text", "channel", *VERDICT]
    assert [row["status"] for row in done.rows] == ["ok"] * 4


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_from_standard_input(model, form):
    done = run("score", "-", "--model", model, stdin=FORMATS[form])
    assert (done.code, done.stderr) == (0, "")
    assert [inputs(row) for row in done.rows] == ROWS


def test_all_formats_get_the_same_verdicts(tmp_path, model):
    verdicts = []
    for form, content in FORMATS.items():
        (tmp_path / f"in.{form}").write_bytes(content)
        verdicts.append([[row[name] for name in VERDICT] for row in run("score", tmp_path / f"in.{form}", "--model", model).rows])
    assert all(verdict == verdicts[0] for verdict in verdicts)


def test_lines_and_a_process_of_its_own(model):
    done = shell("score", "-", "--model", model, stdin="internet saya mati\n\nkalian goblok 😡\r\nakhir".encode())
    assert (done.code, done.stderr) == (0, "")
    assert [inputs(row) for row in done.rows] == [{"text": t} for t in ("internet saya mati", "", "kalian goblok 😡", "akhir")]
    assert [row["status"] for row in done.rows] == ["ok", "empty", "ok", "ok"]


def test_several_inputs_follow_each_other(tmp_path, model):
    for form in FORMATS:
        (tmp_path / f"in.{form}").write_bytes(FORMATS[form])
    done = run("score", tmp_path / "in.csv", "-", tmp_path / "in.parquet", "--model", model, stdin=b"satu\n")
    assert [row.get("id") for row in done.rows] == ["7", "8", "9", "10", None, "7", "8", "9", "10"]


def test_folders_tell_which_file_a_row_is_from(tmp_path, model):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "b.csv").write_bytes(FORMATS["csv"])
    (tmp_path / "in" / "deep" / "a.txt").write_text("satu\ndua\n")
    (tmp_path / "in" / "picture.png").write_bytes(b"\x89PNG")
    rows = run("score", tmp_path / "in", "--model", model).rows
    assert list(rows[0])[:4] == ["path", "id", "text", "channel"]
    assert [row["path"].rpartition("/")[2] for row in rows] == ["b.csv"] * 4 + ["a.txt"] * 2


@pytest.mark.parametrize(
    ("mark", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")]
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_byte_order_marks(tmp_path, model, form, mark, encoding):
    (tmp_path / f"in.{form}").write_bytes(mark + FORMATS[form].decode().encode(encoding))
    done = run("score", tmp_path / f"in.{form}", "--model", model)
    assert (done.code, done.stderr) == (0, "")
    assert [inputs(row) for row in done.rows] == ROWS


def test_a_wrong_encoding_is_replaced_counted_and_can_be_named(tmp_path, model):
    path = tmp_path / "in.csv"
    path.write_bytes("id,text\n1,señor está café\n2,halo\n".encode("latin-1"))
    done = run("score", path, "--model", model)
    assert done.code == 0
    assert [row["text"] for row in done.rows] == ["se\ufffdor est\ufffd caf\ufffd", "halo"]
    assert done.stderr == "byte sequences that are no text, replaced: 3; --encoding names another encoding\n"
    done = run("score", path, "--model", model, "--encoding", "latin-1")
    assert (done.rows[0]["text"], done.stderr) == ("señor está café", "")
    fails(2, "score", path, "--model", model, "--encoding", "klingon", says="klingon")


@pytest.mark.parametrize("form", ["csv", "jsonl", "txt", "parquet"])
def test_nul_and_control_characters(tmp_path, model, form):
    text = "nul\x00 esc\x1b[31m bel\x07"
    content = {
        "csv": f"text\n{text}\n".encode(),
        "jsonl": jsonl([{"text": text}]),
        "txt": text.encode(),
        "parquet": parquet([{"text": text}]),
    }
    (tmp_path / f"in.{form}").write_bytes(content[form])
    done = run("score", tmp_path / f"in.{form}", "--model", model)
    assert (done.code, done.stderr) == (0, "")
    assert [row["text"] for row in done.rows] == [text]


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "json", "txt"])
def test_empty_files_and_headers_alone(tmp_path, model, form):
    (tmp_path / f"in.{form}").write_bytes(b"")
    done = run("score", tmp_path / f"in.{form}", "--model", model)
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    assert run("score", "-", "--model", model).code == 0


def test_an_empty_parquet_file_is_no_parquet(tmp_path, model):
    (tmp_path / "in.parquet").write_bytes(b"")
    assert run("score", tmp_path / "in.parquet", "--model", model).code in {0, 65}
    (tmp_path / "in.parquet").write_bytes(FORMATS["parquet"][:-9])
    fails(65, "score", tmp_path / "in.parquet", "--model", model, says="damaged Parquet")


def test_a_header_alone_gives_its_columns(tmp_path, model):
    (tmp_path / "in.csv").write_text("id,text\n")
    assert run("score", tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--model", model).code == 0
    assert (tmp_path / "out.csv").read_text().replace('"', "").strip().split(",") == ["id", "text", *VERDICT]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_missing_text_column_names_those_there_are(tmp_path, model, form):
    rows = [{"nomor": "1", "kanal": "chat", "ucapan": "RAHASIA"}]
    (tmp_path / f"in.{form}").write_bytes({"csv": delimited, "jsonl": jsonl, "parquet": parquet}[form](rows))
    done = fails(65, "score", tmp_path / f"in.{form}", "--model", model, says="columns: nomor, kanal, ucapan")
    assert "--text" in done.stderr
    fails(65, "score", tmp_path / f"in.{form}", "--model", model, "--text", "pesan", says="no column 'pesan'")
    assert "RAHASIA" not in done.stderr
    done = run("score", tmp_path / f"in.{form}", "--model", model, "--text", "ucapan")
    assert [inputs(row) for row in done.rows] == rows


def test_duplicate_columns_and_those_of_a_verdict_are_kept(tmp_path, model):
    (tmp_path / "in.csv").write_text("text,id,text,status,p_hate\nsatu,1,dua,lama,0.5\n")
    (row,) = run("score", tmp_path / "in.csv", "--model", model).rows
    assert inputs(row) == {"text": "satu", "id": "1", "text_2": "dua", "input_status": "lama", "input_p_hate": "0.5"}
    assert row["status"] == "ok"
    again = run("score", "-", "--model", model, stdin=run("score", tmp_path / "in.csv", "--model", model).stdout)
    assert again.code == 0
    assert {"input_status", "input_status_2", "input_p_hate", "input_model"} <= set(again.rows[0])


def test_no_text_at_all(tmp_path, model):
    (tmp_path / "in.jsonl").write_text('{"text":null,"n":1}\n{"n":2}\n{"text":"","n":3}\n{"text":"halo","n":4}\n')
    rows = run("score", tmp_path / "in.jsonl", "--model", model).rows
    assert [row["status"] for row in rows] == ["empty", "empty", "empty", "ok"]
    assert [inputs(row) for row in rows] == [{"text": None, "n": 1}, {"n": 2}, {"text": "", "n": 3}, {"text": "halo", "n": 4}]
    (tmp_path / "in.parquet").write_bytes(parquet([{"text": None, "n": 1}, {"text": "halo", "n": 2}]))
    assert [row["status"] for row in run("score", tmp_path / "in.parquet", "--model", model).rows] == ["empty", "ok"]
    (tmp_path / "in.csv").write_text("n,text\n1\n2,halo\n3,halo,lagi\n")
    done = run("score", tmp_path / "in.csv", "--model", model)
    assert [(row["text"], row["status"]) for row in done.rows] == [(None, "empty"), ("halo", "ok"), ("halo,lagi", "ok")]
    assert done.stderr == "rows with more or fewer cells than the header: 2\n"


@pytest.mark.parametrize("form", ["csv", "jsonl", "txt"])
def test_a_megabyte_is_cut_for_scoring_and_kept(tmp_path, model, form):
    text = "anjing lo " * 100_000
    assert len(text) > MAX_CHARACTERS
    content = {"csv": f"text\n{text}\n", "jsonl": json.dumps({"text": text}), "txt": text}
    (tmp_path / f"in.{form}").write_text(content[form])
    (row,) = run("score", tmp_path / f"in.{form}", "--model", model).rows
    assert (row["status"], row["text"]) == ("truncated", text)
    done = run("score", tmp_path / f"in.{form}", "--model", model, "--top", "1")
    assert done.code == 0
    assert len(done.text) < 3000


def test_lone_surrogates(tmp_path, model):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text":"setengah \\ud83d"}\n{"text":"\\ude21"}\n{"\\ud83d":"x","text":"utuh \\ud83d\\ude21"}\n')
    done = run("score", path, "--model", model)
    assert done.code == 0
    assert len(done.rows) == 3
    for form in ("csv", "parquet"):
        assert run("score", path, "--model", model, "-o", tmp_path / f"out.{form}").code == 0
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 4
    (tmp_path / "bad.txt").write_bytes(b"halo \xed\xa0\xbd dunia\n")
    assert "halo" in run("score", tmp_path / "bad.txt", "--model", model).rows[0]["text"]


def test_broken_rows_are_marked_and_the_others_scored(tmp_path, model):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text":"satu"}\n{"text":"RAHASIA"\n[1]\n{"text":"dua"}\nNaN\n')
    done = run("score", path, "--model", model)
    assert done.code == 1
    assert [row["status"] for row in done.rows] == ["ok", "unreadable", "unreadable", "ok", "unreadable"]
    assert done.rows[1]["text"] == '{"text":"RAHASIA"'
    assert done.stderr == "rows that could not be read, marked unreadable: 3\n"
    path = tmp_path / "in.csv"
    path.write_text('id,text\n1,satu\n2,"RAHASIA\n3,tiga\n')
    done = run("score", path, "--model", model)
    assert (done.code, [row["status"] for row in done.rows]) == (1, ["ok", "unreadable", "ok"])
    assert "RAHASIA" not in done.stderr


@pytest.mark.parametrize("content", [b'[{"text":"RAHASIA"},', b'{"text":"RAHASIA"', b"[" * 5000, b"[NaN]", b"nul"])
def test_a_broken_document_is_refused_without_its_text(tmp_path, model, content):
    (tmp_path / "in.json").write_bytes(content)
    done = fails(65, "score", tmp_path / "in.json", "--model", model, says="in.json")
    assert "RAHASIA" not in done.stderr


def test_inputs_that_are_not_there(tmp_path, model):
    fails(66, "score", tmp_path / "none.csv", "--model", model, says="none.csv")
    fails(66, "score", tmp_path, "--model", model, says="no file that ends in")
    fails(66, "score", "\ud800", "--model", model, says="moderation")
    (tmp_path / "in.csv").write_bytes(FORMATS["csv"])
    assert fails(66, "score", tmp_path / "in.csv", tmp_path / "no\n\x1b[31m\u202ene", "--model", model, says="no").stdout == b""
    fails(66, "score", tmp_path / "in.csv", "--model", "nobody", says="no model named nobody")
    (tmp_path / "in.xlsx").write_bytes(b"PK\x03\x04x")
    fails(65, "score", tmp_path / "in.xlsx", "--model", model, says="spreadsheet")


def test_wrong_options_are_usage_errors(tmp_path, model):
    (tmp_path / "in.csv").write_bytes(FORMATS["csv"])
    for args in (["score"], ["score", "-", "--jobs", "-1"], ["score", "-", "--top", "0"], ["score", "-", "--nosuch"], ["nosuch"]):
        done = run(*args, "--model", model) if args != ["nosuch"] else run(*args)
        assert done.code == 2
        assert "Usage" in done.stderr
    fails(2, "score", tmp_path / "in.csv", "--model", model, "--to", "xls", says="unknown output format")
    for extra in (["-o", str(tmp_path / "out.csv")], ["--to", "csv"], ["-o", "-"]):
        fails(2, "score", tmp_path / "in.csv", "--model", model, "--top", "3", *extra, says="--top")
    assert not (tmp_path / "out.csv").exists()


def test_every_known_message_is_scored_in_order(model):
    done = run("score", "-", "--model", model, stdin="\n".join(TEXTS).encode())
    assert [row["text"] for row in done.rows] == TEXTS


def test_chats_and_tickets(tmp_path, model):
    chat = tmp_path / "chat.txt"
    chat.write_text("05/06/24 10.00 - Budi: internet saya mati\n05/06/24 10.01 - Sari: <Media omitted>\n")
    fails(65, "score", chat, "--model", model, says="--dates")
    rows = run("score", chat, "--model", model, "--dates", "dmy").rows
    assert [(row["time"], row["author"], row["status"]) for row in rows] == [
        ("2024-06-05T10:00:00", "Budi", "ok"),
        ("2024-06-05T10:01:00", "Sari", "empty"),
    ]
    fails(2, "score", chat, "--model", model, "--dates", "yes", says="dmy, mdy, ymd")
    said = [{"id": 1, "body_text": "baik", "incoming": False, "private": False}, {"body_text": "goblok", "incoming": True}]
    ticket = tmp_path / "ticket.json"
    ticket.write_text(json.dumps({"id": 7, "description_text": "mati", "requester_id": 1, "conversations": said}))
    assert [row["text"] for row in run("score", ticket, "--model", model).rows] == ["mati", "goblok"]
    rows = run("score", ticket, "--model", model, "--include-agents").rows
    assert [(row["role"], row["text"]) for row in rows] == [("customer", "mati"), ("agent", "baik"), ("customer", "goblok")]
    assert run("score", ticket, chat, "--dates", "dmy", "--top", "2", "--model", model).code == 0
