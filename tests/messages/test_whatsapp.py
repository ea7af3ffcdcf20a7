"""Exported chats: every phone's way of writing them, dates that prove their order, notices that are not judged."""

from __future__ import annotations

import io
import sys
import time
import types
from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moderation.errors import DataError, UsageError
from moderation.messages.batch import ReadOptions
from moderation.messages.reading import read
from moderation.messages.sniffing import format_of
from moderation.messages.whatsapp.dates import date_of
from moderation.messages.whatsapp.headers import header_of
from tests.messages.helpers import read_all, read_one, read_rows

LRM, NBSP, NNBSP = "\u200e", "\u00a0", "\u202f"

SHAPES = {
    "iPhone, Indonesian": (f"{LRM}[%d/%m/%y %H.%M.%S] ", "dmy"),
    "iPhone, Indonesian, comma": ("[%d/%m/%Y, %H.%M.%S] ", "dmy"),
    "iPhone, American": (f"[%m/%d/%y, %I:%M:%S{NNBSP}%p] ", "mdy"),
    "iPhone, German": ("[%d.%m.%y, %H:%M:%S] ", "dmy"),
    "iPhone, Swedish": ("[%Y-%m-%d, %H:%M:%S] ", "ymd"),
    "iPhone, Japanese": ("[%Y/%m/%d %H:%M:%S] ", "ymd"),
    "Android, Indonesian": ("%d/%m/%y %H.%M - ", "dmy"),
    "Android, Indonesian, word": ("%d/%m/%Y pukul %H.%M - ", "dmy"),
    "Android, British": ("%d/%m/%Y, %H:%M - ", "dmy"),
    "Android, American": (f"%m/%d/%y, %I:%M{NNBSP}%p - ", "mdy"),
    "Android, Indian": (f"%d/%m/%y, %I:%M{NBSP}%p - ", "dmy"),
    "Android, Dutch": ("%d-%m-%Y %H:%M - ", "dmy"),
    "Android, Korean": ("%Y. %m. %d. %H:%M - ", "ymd"),
}

NAMES = st.text(st.characters(exclude_characters=':\n\r"“', exclude_categories=["Cs", "Cf", "Z", "Cc"]), min_size=1, max_size=20)
MOMENTS = st.datetimes(datetime(2009, 2, 1), datetime.combine(date.today(), datetime.min.time()))
TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "satu\ndua",
        "\n",
        "a: b",
        "Budi: halo",
        "https://a.b",
        "31/12",
        "[31/12/23]",
        " halo ",
        "\r\nx",
        "1/1/1 - x",
        "> dikutip",
    ]
)


def write(messages, shape, end="\n") -> str:
    """Write a chat as a phone with a shape does: the slow and plain way."""
    return "".join(f"{when.strftime(shape)}{name}: {text}{end}" for when, name, text in messages)


@pytest.mark.parametrize("shape", SHAPES)
@given(
    st.lists(st.tuples(MOMENTS, NAMES, TEXTS), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([3, 100]),
)
@example([(datetime(2023, 5, 5), "Budi", "halo")], "\n", 100)
def test_what_is_written_is_read(tmp_path_factory, shape, messages, end, batch_rows):
    pattern, order = SHAPES[shape]
    messages = [(when, name, text.encode(errors="replace").decode()) for when, name, text in messages if not text.endswith("\r")]
    if any(header_of(line) for _, _, text in messages for line in text.split("\n")):
        return
    path = tmp_path_factory.mktemp("chat") / "a.txt"
    path.write_bytes(write(messages, pattern, end).encode())
    options = ReadOptions(dates=order)
    rows = read_rows(path, options=options, input_format="whatsapp", batch_rows=batch_rows)
    exact = "%S" in pattern
    times = [when.replace(microsecond=0, second=when.second if exact else 0).isoformat() for when, _, _ in messages]
    for row, (_, name, text) in zip(rows, messages, strict=True):
        kept = row["text"] if row["raw"] is None else row["raw"]
        assert (row["author"], kept) == ((None, f"{name}: {text}") if row["kind"] == "system" else (name, text))
    assert [row["time"] for row in rows] == times
    if rows:
        assert format_of("-", path.read_bytes(), "utf-8", None) == "whatsapp"


@given(st.lists(MOMENTS, min_size=1, max_size=6), st.sampled_from(["%d/%m/%y", "%m/%d/%y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d"]))
def test_an_order_is_proven_or_asked_for(tmp_path_factory, moments, shape):
    moments.sort()
    fields = [tuple(when.strftime(shape).replace("-", "/").split("/")) for when in moments]
    truth = {"%d": "d", "%m": "m", "%y": "y", "%Y": "y"}
    order = "".join(truth[part] for part in shape.replace("-", "/").split("/"))
    path = tmp_path_factory.mktemp("chat") / "a.txt"
    path.write_text(write([(when, "Budi", "halo") for when in moments], f"{shape}, %H:%M - "), encoding="utf-8")
    try:
        rows = read_rows(path)
    except DataError:
        assert all(int(day) <= 12 and int(month) <= 12 for day, month, _ in fields)
        rows = read_rows(path, options=ReadOptions(dates=order))
    assert [row["time"][:10] for row in rows] == [when.date().isoformat() for when in moments]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["13/01/24", "02/01/24"], "2024-01-13"),  # a month has no 13
        (["01/13/24", "01/02/24"], "2024-01-13"),
        (["05/03/24", "06/03/24", "01/04/24"], "2024-03-05"),  # as months first, it would go back
        (["03/05/24", "03/06/24", "04/01/24"], "2024-03-05"),
        (["05/05/24"], "2024-05-05"),  # one reading
        (["2024/05/06"], "2024-05-06"),
        (["05/06/24"], None),
        (["05/06/24", "06/06/24"], None),
        (["05/06/24", "04/07/24", "01/02/24"], None),  # goes back either way
    ],
)
def test_dates_are_never_guessed(tmp_path, dates, expected):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{day} 10.00 - Budi: halo\n" for day in dates), encoding="utf-8")
    if expected:
        assert read_rows(path)[0]["time"] == f"{expected}T10:00:00"
        return
    with pytest.raises(DataError, match=r"a.txt: which .* --dates dmy, mdy or ymd"):
        read_all(path)
    assert read_rows(path, options=ReadOptions(dates="dmy"))[0]["time"] == "2024-06-05T10:00:00"
    assert read_rows(path, options=ReadOptions(dates="mdy"))[0]["time"] == "2024-05-06T10:00:00"
    with pytest.raises(UsageError, match="dym"):
        read([str(path)], text_column=None, options=ReadOptions(dates="dym"))


def test_a_date_of_tomorrow_proves_the_order(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("23. 12. 31. 10:00 - Budi: halo\n", encoding="utf-8")  # not in 2031
    assert read_rows(path)[0]["time"] == "2023-12-31T10:00:00"


@given(st.dates(date(2009, 1, 1)), st.permutations("dmy"), st.booleans())
def test_dates(day, letters, short):
    order = "".join(letters)
    year = f"{day.year % 100:02}" if short else f"{day.year:04}"
    fields = tuple({"d": str(day.day), "m": str(day.month), "y": year}[letter] for letter in order)
    assert date_of(fields, order) == (
        day.replace(year=2000 + day.year % 100) if short and day.day < 29 else date_of(fields, order)
    )
    assert date_of(("30", "2", "2024"), "dmy") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"[31/12/23, 10.15.22{NNBSP}PM] B: x", "22:15:22"),
        ("[31/12/23, 12:00:00 AM] B: x", "00:00:00"),
        ("31/12/23, 12:30 p.m. - B: x", "12:30:00"),
        (f"31/12/23, 1:30 p.{NBSP}m. - B: x", "13:30:00"),
        ("2023/12/31 午後1:30 - B: x", "13:30:00"),
        ("2023. 12. 31. 오전 9:30 - B: x", "09:30:00"),
        ("31/12/2023 10:15 PTG - B: x", "22:15:00"),
        ("31/12/2023 10:15 PG - B: x", "10:15:00"),
        ("31.12.23 klo 9.05 - B: x", "09:05:00"),
        (f"\ufeff{LRM}31/12/23 9.05 – B: x", "09:05:00"),
        ("٣١/١٢/٢٠٢٣، ٩:٠٥ م - B: x", "21:05:00"),
        ("31/12/23 24.15 - B: x", None),
        ("31/12/23, 13:15 PM - B: x", None),
        ("31/12-23 10.15 - B: x", None),
        ("31/12/23 10.15: B: x", None),
        (" 31/12/23 10.15 - B: x", None),
        ("[31/12/23 10.15 B: x", None),
        ("halo", None),
    ],
)
def test_headers(line, expected):
    header = header_of(line)
    assert (header and header.time.isoformat()) == expected
    if header:
        assert line[header.end :] == "B: x"


CHAT = f"""\
[31/12/23 22.15.07] Keluhan RT 5: {LRM}Pesan dan panggilan terenkripsi secara end-to-end. Ketuk untuk info selengkapnya.
[31/12/23 22.15.08] Budi: {LRM}Budi menambahkan Siti
[31/12/23 22.16.00] \u202a+62 812-3456\u202c: internet mati
sejak pagi

tolong
{LRM}[31/12/23 22.17.00] Siti: {LRM}gambar tidak disertakan
{LRM}[31/12/23 22.18.00] Siti: rusak begini {LRM}<terlampir: 00000012-PHOTO-2023-12-31-22-18-00.jpg>
[31/12/23 22.19.00] Siti: {LRM}Pesan ini telah dihapus.
[31/12/23 22.20.00] Siti: sudah nyala {LRM}<Pesan ini diedit>
[31/12/23 22.21.00] Siti: {LRM}<terlampir: 00000013-Undangan Nikah.apk>
[31/12/23 22.22.00] Siti: {LRM}gue bunuh lo semua. Pesan dan panggilan terenkripsi secara end-to-end.
[31/12/23 22.23.00] Budi: semua teknisi bangsat keluar
"""


def test_what_is_said_and_what_is_not(tmp_path):
    batch, _ = read_one(tmp_path / "_chat.txt", CHAT.replace("\n", "\r\n"))
    assert batch.table.column_names == ["thread_id", "time", "author", "channel", "kind", "text", "raw"]
    rows = batch.table.to_pylist()
    assert [(row["author"], row["kind"], row["text"]) for row in rows] == [
        (None, "system", None),
        (None, "system", None),
        ("+62 812-3456", "message", "internet mati\r\nsejak pagi\r\n\r\ntolong"),
        ("Siti", "media", None),
        ("Siti", "media", "rusak begini"),
        ("Siti", "deleted", None),
        ("Siti", "message", "sudah nyala"),
        ("Siti", "message", f"{LRM}<terlampir: 00000013-Undangan Nikah.apk>"),
        ("Siti", "message", f"{LRM}gue bunuh lo semua. Pesan dan panggilan terenkripsi secara end-to-end."),
        ("Budi", "message", "semua teknisi bangsat keluar"),
    ]
    assert batch.texts.to_pylist() == [row["text"] for row in rows]
    raw = [row["raw"] for row in rows]
    assert raw[1] == f"Budi: {LRM}Budi menambahkan Siti"
    assert raw[3] == f"{LRM}gambar tidak disertakan"
    assert raw[4].endswith("22-18-00.jpg>")
    assert [raw[2], raw[7]] == [None, None]
    assert {row["thread_id"] for row in rows} == {str(tmp_path / "_chat.txt")}
    assert {row["channel"] for row in rows} == {"chat"}


@pytest.mark.parametrize(
    ("line", "author", "kind", "text"),
    [
        ("Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them. Learn more",
         None, "system", None),
        ("Budi joined using this group's invite link", None, "system", None),
        ("Anda membuat grup \"Keluhan: RT 5\"", None, "system", 'Anda membuat grup "Keluhan: RT 5"'),
        ("Budi mengubah nama grup menjadi \"CS: anjing\"", None, "system", 'Budi mengubah nama grup menjadi "CS: anjing"'),
        ("kalian semua akan mati", None, "system", "kalian semua akan mati"),
        ("Budi: <Media tidak disertakan>", "Budi", "media", None),
        ("Budi: null", "Budi", "media", None),
        ("Budi: IMG-20231231-WA0004.jpg (file terlampir)\nlihat ini", "Budi", "media", "lihat ini"),
        ("Budi: Undangan.apk (file terlampir)", "Budi", "message", "Undangan.apk (file terlampir)"),
        ("Budi: This message was deleted", "Budi", "deleted", None),
        ("Budi: Panggilan suara tak terjawab", None, "system", None),
        ("Budi:", "Budi", "message", ""),
        ("https://contoh.id/a", None, "system", "https://contoh.id/a"),
    ],
)  # fmt: skip
def test_lines_of_android(tmp_path, line, author, kind, text):
    (row,) = read_one(tmp_path / "a.txt", f"31/12/23 22.15 - Siti: x\n31/12/23 22.15 - {line}\n")[0].table.to_pylist()[1:]
    assert (row["author"], row["kind"], row["text"]) == (author, kind, text)


def test_what_is_no_chat(tmp_path):
    for content in (
        "halo\n31/12/23 22.15 - Budi: x\n",
        "31/12/23 22.15 - mati lampu\n31/12/23 22.16 - nyala lagi\n",  # a log: nobody speaks
        "[31/12/23] Budi: x\n",
        "31/12/23 22.15 Budi: x\n",
    ):
        assert format_of("a.txt", content.encode(), "utf-8", None) == "lines"
    assert format_of("a.csv", b"31/12/23 22.15 - Budi: x\n", "utf-8", None) == "csv"
    assert format_of("-", b"31/12/23, 22.15 - Budi: halo, text\n", "utf-8", None) == "whatsapp"


def test_lines_that_begin_no_message_stay_with_the_one_before(tmp_path):
    content = "31/12/23 22.15 - Budi: a\n31/13/23 22.15 - Budi: b\n99/99/99 22.15 - Siti: c\n"
    assert [row["text"] for row in read_rows(_file(tmp_path, content))] == [
        "a\n31/13/23 22.15 - Budi: b\n99/99/99 22.15 - Siti: c"
    ]


def test_a_chat_without_a_date_that_exists(tmp_path):
    with pytest.raises(DataError, match="--dates"):
        read_all(_file(tmp_path, "99/99/99 22.15 - Siti: c\n"))


def test_lines_before_the_first_message_are_kept(tmp_path):
    rows = read_rows(_file(tmp_path, "\nsisa pesan\n31/12/23 22.15 - Budi: a\n"), input_format="whatsapp")
    assert [(row["time"], row["text"]) for row in rows] == [(None, "sisa pesan"), ("2023-12-31T22:15:00", "a")]


def test_bad_bytes_are_counted_once(tmp_path):
    content = b"01/02/23 22.15 - Budi: caf\xe9\n28/02/23 22.15 - Budi: a\n"
    batch, problems = read_one(tmp_path / "a.txt", content)
    assert batch.texts.to_pylist() == ["caf\ufffd", "a"]
    assert problems.replaced_sequences == 1


def test_a_chat_from_a_pipe(monkeypatch):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    content = "".join(f"15/0{month}/24 22.15 - Budi: {'halo ' * 20_000}\n" for month in (1, 2, 3)).encode()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=Pipe(content)))
    assert [row["time"][:10] for row in read_rows("-")] == ["2024-01-15", "2024-02-15", "2024-03-15"]


def test_a_message_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("moderation.messages.whatsapp.reader.MAX_CHAT_CHARACTERS", 100)
    rows = read_rows(_file(tmp_path, "31/12/23 22.15 - B: " + "halo\n" * 1_000 + "31/12/23 22.16 - B: x\n"), batch_rows=10)
    assert [len(row["text"]) for row in rows] == [97, 1]


@pytest.mark.parametrize("line", ["1" * 1_000_000, f"{LRM * 1_000_000}x", "31/12/23 22.15 - " + "a" * 1_000_000, "a " * 500_000])
def test_nothing_takes_long(tmp_path, line):
    path = _file(tmp_path, f"31/12/23 22.15 - Budi: x\n{line}\n31/12/23 22.15 - Budi: {line}\n")
    begun = time.perf_counter()
    read_all(path)
    assert time.perf_counter() - begun < 2


def test_a_long_chat_is_read_in_batches(tmp_path):
    day = datetime(2023, 1, 1)
    messages = [(day + timedelta(minutes=n), "Budi", f"pesan {n}\nbaris dua") for n in range(1_000)]
    path = _file(tmp_path, write(messages, "%d/%m/%y %H.%M - "))
    batches = read_all(path, batch_rows=64)
    assert {batch.table.num_rows for batch in batches} == {64, 1_000 % 64}
    assert [text for batch in batches for text in batch.texts.to_pylist()] == [text for _, _, text in messages]


def _file(folder, content):
    path = folder / "a.txt"
    path.write_text(content, encoding="utf-8", newline="")
    return path
