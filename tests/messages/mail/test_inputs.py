"""Mails as inputs: files, folders, Maildirs, archives and streams, gathered into batches."""

from __future__ import annotations

import gzip
import io
import mailbox
import sys
import types
import zipfile
from pathlib import Path

import pytest

from moderation.errors import DataError, NoInputError
from moderation.limits import MAX_MAIL_BYTES
from moderation.messages.batch import ReadProblems
from moderation.messages.mail.rows import SCHEMA
from tests.messages.helpers import read_all, read_rows, read_texts
from tests.messages.mail.helpers import HEADER

FROM = b"From a@b Thu Aug 22 12:36:23 2002\n"


def mail(text: str) -> bytes:
    return HEADER + f"\n{text}\n".encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def paths(rows: list[dict], folder: Path) -> list[str]:
    return [row["path"].removeprefix(f"{folder}/") for row in rows]


def test_a_mail_is_a_row(tmp_path):
    (tmp_path / "a.eml").write_bytes(mail("isi"))
    (batch,) = read_all(tmp_path / "a.eml")
    assert batch.table.schema == SCHEMA
    assert batch.table.to_pylist() == [
        {
            "path": str(tmp_path / "a.eml"),
            "message_id": "1@mail.example",
            "thread_id": "1@mail.example",
            "author": "Budi <budi@mail.example>",
            "time": None,
            "channel": "email",
            "subject": "halo",
            "text": "halo\nisi",
            "quoted": None,
            "signature": None,
            "attachments": [],
            "problems": [],
        }
    ]
    assert batch.texts.to_pylist() == ["halo\nisi"]
    assert read_texts(tmp_path / "a.eml", text_column="subject") == ["halo"]
    with pytest.raises(DataError, match="no column 'isi'"):
        read_all(tmp_path / "a.eml", text_column="isi")


def test_whatever_is_in_an_eml_is_a_row(tmp_path):
    problems = ReadProblems()
    for number, content in enumerate((b"", b"\0\1\2", b"PK\x03\x04", b"%PDF-1.4", b"id,text\n1,a", mail("isi"))):
        (tmp_path / f"{number}.eml").write_bytes(content)
    (batch,) = read_all(*(tmp_path / f"{number}.eml" for number in range(6)), problems=problems)
    assert batch.texts.to_pylist() == [None, None, "PK\x03\x04", "%PDF-1.4", "id,text\n1,a", "halo\nisi"]
    assert batch.unreadable.tolist() == [False, True, False, False, False, False]
    assert batch.table["problems"].to_pylist()[:2] == [[], ["no mail"]]
    assert problems.unreadable_rows == 1


def test_batches_span_files_and_keep_the_order(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.eml").write_bytes(mail(str(number)))
    (tmp_path / "tengah.csv").write_text("text\ncsv\n")
    files = [tmp_path / f"{number}.eml" for number in range(5)]
    assert [batch.table.num_rows for batch in read_all(*files, batch_rows=2)] == [2, 2, 1]
    batches = read_all(*files[:2], tmp_path / "tengah.csv", *files[2:])
    assert [batch.texts.to_pylist() for batch in batches] == [["halo\n0", "halo\n1"], ["csv"], ["halo\n2", "halo\n3", "halo\n4"]]


def test_mails_before_an_error_are_not_lost(tmp_path):
    (tmp_path / "a.eml").write_bytes(mail("isi"))
    (tmp_path / "b.json").write_text("{")
    from moderation.messages.reading import read

    batches = read([str(tmp_path / "a.eml"), str(tmp_path / "b.json")], text_column=None)
    assert next(batches).texts.to_pylist() == ["halo\nisi"]
    with pytest.raises(DataError):
        next(batches)


def test_a_folder_of_mails(tmp_path):
    (tmp_path / "dalam").mkdir()
    for name in ("00001.7848dde101aa", "00002.9c4069e25e1e", "a.txt", "dalam/x"):
        (tmp_path / name).write_bytes(mail(name))
    (tmp_path / "tanpa-kepala.txt").write_text("hanya isi")
    (tmp_path / "b.mbox").write_bytes((FROM + mail("satu")) * 2)
    (tmp_path / "c").write_bytes(FROM + mail("c"))
    (tmp_path / "cmds").write_text("mv 00001 00002")
    (tmp_path / "SOURCE.json").write_text('{"a": 1}')
    (tmp_path / ".hidden").write_bytes(mail("x"))
    (tmp_path / "dalam" / "foto.png").write_bytes(b"x")
    (tmp_path / "chat.txt").write_text("[31/12/23, 10:15:22 PM] Budi: siang\n[31/12/23, 10:16:22 PM] CS: ya\n")
    problems = ReadProblems()
    rows = read_rows(tmp_path, problems=problems)
    assert paths(rows, tmp_path) == [
        *("00001.7848dde101aa", "00002.9c4069e25e1e", "SOURCE.json", "a.txt", "b.mbox#1", "b.mbox#2", "c"),
        *("chat.txt", "chat.txt", "cmds", "dalam/x", "tanpa-kepala.txt"),
    ]
    assert rows[-1]["text"] == "hanya isi"
    assert problems == ReadProblems(left_out_files=1)


def test_a_folder_with_some_mails(tmp_path):
    (tmp_path / "a.csv").write_text("text\nsatu\n")
    (tmp_path / "b.eml").write_bytes(mail("dua"))
    (tmp_path / "c.txt").write_bytes(mail("tiga"))
    (tmp_path / "d.txt").write_text("empat\n")
    (tmp_path / "e").write_bytes(b"no mail")
    (tmp_path / "f.csv").write_text("text\nlima\n")
    assert read_texts(tmp_path) == ["satu", "halo\ndua", "halo\ntiga", "empat", "lima"]
    (tmp_path / "lain").mkdir()
    (tmp_path / "lain" / "x").write_bytes(b"no mail")
    with pytest.raises(NoInputError):
        read_all(tmp_path / "lain")


def test_broken_mails_among_mails(tmp_path):
    for number in range(3):
        (tmp_path / f"0000{number}.7848dde1").write_bytes(mail(str(number)))
    (tmp_path / "00003.9c4069e2").write_bytes(b"garbage\nSubject: x\n\nisi")
    (tmp_path / "00004").write_bytes(b"\0\1\2")
    (tmp_path / "00005.gz").write_bytes(gzip.compress(mail("5")))
    (tmp_path / "a.csv").write_text("id,text\n1,csv\n")
    (tmp_path / "b.zip").write_bytes(zipped({"_chat.txt": b"[31/12/23, 10:15:22 PM] Budi: chat\n"}))
    (tmp_path / "c.py").write_text("x")
    problems = ReadProblems()
    batches = read_all(tmp_path, problems=problems)
    texts = [text for batch in batches for text in batch.texts.to_pylist()]
    assert texts == ["halo\n0", "halo\n1", "halo\n2", "garbage\nSubject: x\n\nisi", None, "halo\n5", "csv", "chat"]
    assert all(row["path"].startswith(str(tmp_path)) for batch in batches for row in batch.table.to_pylist())
    assert problems == ReadProblems(unreadable_rows=1, left_out_files=1)


def test_a_file_that_is_refused_costs_a_row(tmp_path):
    (tmp_path / "a.json").write_text('[{"text": "satu"}, oops')
    (tmp_path / "b.eml").write_bytes(mail("dua"))
    (tmp_path / "c.csv").write_text("text\ntiga\n")
    (tmp_path / "hilang.csv").symlink_to("hilang.csv")  # is no file, and not there
    problems = ReadProblems()
    batches = read_all(tmp_path, problems=problems, mark_refused=True)
    assert [text for batch in batches for text in batch.texts.to_pylist()] == ["satu", None, "halo\ndua", "tiga"]
    assert [row for batch in batches for row in batch.unreadable] == [False, True, False, False]
    assert problems == ReadProblems(unreadable_rows=1, refused=[f"{tmp_path}/a.json: no valid JSON, after 1 rows"])
    with pytest.raises(DataError, match="after 1 rows"):
        read_all(tmp_path)
    with pytest.raises(DataError, match="after 1 rows"):
        read_all(tmp_path / "a.json", mark_refused=True)


def test_a_maildir(tmp_path):
    box = mailbox.Maildir(tmp_path / "Maildir")
    for number in range(3):
        box.add(mail(str(number)))
    (tmp_path / "Maildir" / "new" / "rusak").write_bytes(b"")
    (tmp_path / "Maildir" / "cur" / "1:2,S").write_bytes(b"tanpa kepala")
    (tmp_path / "Maildir" / "tmp" / "half").write_bytes(mail("x"))
    (tmp_path / "Maildir" / "dovecot-uidlist").write_text("3 V1")
    (batch,) = read_all(tmp_path / "Maildir")
    assert sorted(map(str, batch.texts.to_pylist())) == ["None", "halo\n0", "halo\n1", "halo\n2", "tanpa kepala"]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (mail("isi"), ["halo\nisi"]),
        (FROM + mail("isi"), ["halo\nisi"]),
        ((FROM + mail("isi")) * 2, ["halo\nisi"] * 2),
        (gzip.compress(mail("isi")), ["halo\nisi"]),
        (zipped({"a": mail("isi"), "b": mail("isi")}), ["halo\nisi"] * 2),
    ],
    ids=["mail", "mbox", "mbox of two", "gzip", "zip"],
)
def test_standard_input(monkeypatch, content, texts):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Pipe(content)))
    rows = read_rows("-")
    assert [row["text"] for row in rows] == texts
    assert {row["path"][0] for row in rows} == {"-"}


def test_a_compressed_mbox(tmp_path):
    (tmp_path / "a.mbox.gz").write_bytes(gzip.compress((FROM + mail("isi")) * 2))
    assert paths(read_rows(tmp_path / "a.mbox.gz"), tmp_path) == ["a.mbox.gz#1", "a.mbox.gz#2"]


def test_a_zip_of_mails(tmp_path):
    inner = zipped({"x.eml": mail("dalam")})
    members = {"dir/": b"", "dir/a.eml": mail("satu"), "00001.7848": mail("dua"), "b.mbox": (FROM + mail("tiga")) * 2}
    members |= {"in.zip": inner, "foto.png": b"\x89PNG", "kosong.eml": b"", "__MACOSX/x.eml": mail("x"), "é.txt": mail("empat")}
    (tmp_path / "a.zip").write_bytes(zipped(members))
    problems = ReadProblems()
    (batch,) = read_all(tmp_path / "a.zip", problems=problems)
    assert paths(batch.table.to_pylist(), tmp_path) == [
        *("a.zip!dir/a.eml", "a.zip!00001.7848", "a.zip!b.mbox#1", "a.zip!b.mbox#2", "a.zip!kosong.eml", "a.zip!é.txt")
    ]
    assert batch.texts.to_pylist() == ["halo\nsatu", "halo\ndua", "halo\ntiga", "halo\ntiga", None, "halo\nempat"]
    assert problems == ReadProblems(left_out_files=2)


def test_bad_members_cost_only_their_rows(tmp_path):
    path = tmp_path / "a.zip"
    content = bytearray(zipped({"a.eml": mail("satu" * 999), "b.eml": mail("bom") + b" " * 9_000_000, "c.eml": mail("tiga")}))
    content[content.index(b"a.eml") + 60] ^= 0xFF
    path.write_bytes(content)
    (batch,) = read_all(path)
    assert [row[:1] for row in batch.table["problems"].to_pylist()] == [
        ["damaged archive member"],
        ["unpacks to far too much"],
        [],
    ]
    assert (batch.unreadable.tolist(), batch.texts.to_pylist()) == ([True, True, False], [None, None, "halo\ntiga"])
    assert batch.table["path"].to_pylist()[0] == f"{path}!a.eml"


def test_a_member_without_a_name(tmp_path):
    content = zipped({"a.eml": mail("satu"), "bbbbb": mail("dua")}).replace(b"bbbbb", b"\0bbbb")
    (tmp_path / "a.zip").write_bytes(content)  # found by fuzzing
    assert read_texts(tmp_path / "a.zip") == ["halo\nsatu", "halo\ndua"]


def test_encrypted_members_are_marked(tmp_path):
    content = bytearray(zipped({"a.eml": mail("satu")}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + flags] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    (batch,) = read_all(tmp_path / "a.zip")
    assert batch.table["problems"].to_pylist() == [["encrypted"]]
    assert batch.unreadable.all()


def test_archives_that_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    whole = zipped({"a.eml": mail("isi")})
    overlapping = bytearray(whole)
    place = overlapping.index(b"PK\x01\x02") + 20
    overlapping[place : place + 4] = (10_000_000).to_bytes(4, "little")
    huge = bytearray(whole)
    place = huge.rindex(b"PK\x05\x06") + 12
    huge[place : place + 4] = b"\xfe\xff\xff\xff"
    outside = bytearray(whole)
    outside[place : place + 4] = (1_000_000).to_bytes(4, "little")
    for content, reason in [
        (zipped({}), "without mails"),
        (zipped({"a.csv": b"text\na"}), "without mails"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "spreadsheet"),
        (whole[:-30], "damaged"),
        (b"PK\x03\x04", "damaged"),
        (bytes(outside), "damaged"),
        (bytes(overlapping), "overlap"),
        (bytes(huge), "too many"),
    ]:
        path.write_bytes(content)
        with pytest.raises(DataError, match=reason):
            read_all(path)


def test_the_chat_that_whatsapp_exports_as_an_archive(tmp_path):
    chat = "[31/12/23, 10:15:22 PM] Budi: halo\n[31/12/23, 10:16:22 PM] CS: ya\n"
    (tmp_path / "a.zip").write_bytes(zipped({"foto.jpg": b"x", "_chat.txt": chat.encode()}))
    assert read_texts(tmp_path / "a.zip") == ["halo", "ya"]
    content = bytearray(zipped({"_chat.txt": (chat * 99).encode()}))
    content[content.index(b"_chat.txt") + 30] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_all(tmp_path / "a.zip")


def test_a_long_mail_is_cut_and_the_next_one_read(tmp_path):
    with (tmp_path / "a.eml").open("wb") as file:
        file.write(mail("isi"))
        file.truncate(4 * MAX_MAIL_BYTES)
    (tmp_path / "b.eml").write_bytes(mail("isi"))
    rows = read_rows(tmp_path / "a.eml", tmp_path / "b.eml")
    assert [row["problems"] for row in rows] == [["cut: too long"], []]
    assert rows[0]["text"].startswith("halo\nisi\n\0")
