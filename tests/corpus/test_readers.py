"""Files of every kind of source, and damaged ones."""

import time
import zipfile

import pandas as pd
import pytest

from moderation.corpus.readers import READERS, decode, mail_text
from moderation.corpus.sources import Source
from moderation.errors import DataError


def source(reader="csv", **changes):
    fields = {"text": "text", "encoding": "utf-8", "lang": {"*": "en"}, "channel": "chat", "licence_class": "open"}
    return Source(**{"name": "s", "paths": ("s/*",), "reader": reader, "origin": "o", "licence": "l"} | fields | changes)


def read(path, content, reader, **changes):
    path.write_bytes(content)
    return READERS[reader](path, source(reader, **changes))


def test_broken_bytes_become_blanks_and_are_counted():
    assert decode("kopi é".encode(), "utf-8") == ("kopi é", 0)
    assert decode(b"a\xf0?b\xe2c", "utf-8") == ("a ?b c", 2)


def test_csv_keeps_null_words_and_quotes(tmp_path):
    rows, damaged = read(tmp_path / "a.csv", b'text,label\n"one, ""two""",1\nnull,0\nNA,0\n', "csv")
    assert rows["text"].tolist() == ['one, "two"', "null", "NA"]
    assert rows["label"].tolist() == [1, 0, 0]
    assert damaged == 0


def test_tsv_without_quoting_or_header(tmp_path):
    content = b'"open\tneg\nclose"\tpos\n'
    rows, _ = read(tmp_path / "a.tsv", content, "tsv", quoting="none", columns=("text", "label"))
    assert rows["text"].tolist() == ['"open', 'close"']
    assert rows["label"].tolist() == ["neg", "pos"]


def test_jsonl_lines_and_clinc150(tmp_path):
    assert read(tmp_path / "a", b'{"text": "a"}\n\n{"text": "b"}\n', "jsonl").rows["text"].tolist() == ["a", "b"]
    assert read(tmp_path / "b", b"a\r\nb\n", "lines").rows["text"].tolist() == ["a", "b"]
    rows, _ = read(tmp_path / "c", b'{"train": [["hi", "greet"]], "oos_val": [["x", "oos"]]}', "clinc150")
    assert rows.to_dict("list") == {"text": ["hi", "x"], "intent": ["greet", "oos"]}


def test_paired_files_must_fit(tmp_path):
    (tmp_path / "a_labels.txt").write_text("0\n1\n")
    rows, _ = read(tmp_path / "a_text.txt", "satu\u2028dua\ntiga\n".encode(), "paired")
    assert rows["label"].tolist() == [0, 1]
    (tmp_path / "a_labels.txt").write_text("0\n")
    with pytest.raises(DataError):
        read(tmp_path / "a_text.txt", b"satu\ndua\n", "paired")


def test_plain_part_goes_before_html():
    mail = (
        b"Subject: =?utf-8?q?Tagihan_b=C3=BClan?=\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n"
        b"--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nplain \xe9\r\n--x--\r\n"
    )
    assert mail_text(mail, "utf-8") == ("Tagihan bülan\nplain é", 0)


def test_html_mail_becomes_text_and_odd_charsets_fall_back():
    mail = b"Subject: a\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<b>one</b><br>two \xff"
    text, damaged = mail_text(mail, "utf-8")
    assert text.split() == ["a", "one", "two"]
    assert damaged == 1


def test_mail_without_text_is_its_subject():
    assert mail_text(b"Subject: only\r\nContent-Type: image/png\r\n\r\nxxxx", "utf-8") == ("only", 0)
    assert mail_text(b"", "utf-8") == ("\n", 0)


def test_hostile_mail_is_quick_and_harmless():
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(3000))
    header = b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\r\n\r\nbody"
    start = time.perf_counter()
    mail_text(nested, "utf-8")
    assert mail_text(header, "utf-8")[0].endswith("body")
    assert time.perf_counter() - start < 5


def test_a_zip_of_mails(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("spam-1/2.eml", "Subject: buy\n\nnow")
        archive.writestr("easy-ham-1/1.eml", "Subject: hi\n\nthere")
        archive.writestr("readme.txt", "x")
    rows, _ = READERS["mail"](tmp_path / "m.zip", source("mail"))
    expected = pd.DataFrame({"file": ["easy-ham-1/1.eml", "spam-1/2.eml"], "text": ["hi\nthere", "buy\nnow"]})
    pd.testing.assert_frame_equal(rows, expected)
