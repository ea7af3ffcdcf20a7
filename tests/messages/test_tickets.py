"""Ticket exports of three help desks: which messages are taken, from whom, and what broken or ordinary JSON becomes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.messages.batch import ReadOptions, ReadProblems
from moderation.messages.sniffing import format_of
from moderation.messages.tickets.part import moment
from tests.messages.helpers import read_all, read_rows, read_texts

ALL = ReadOptions(include_agents=True)


def comment(number, author, body, public=True, **more):
    """A comment as Zendesk's interface gives it."""
    return {
        "id": number,
        "type": "Comment",
        "author_id": author,
        "body": body,
        "html_body": f"<p>{body}</p>",
        "plain_body": body,
        "public": public,
        "attachments": [],
        "via": {"channel": "email", "source": {"from": {}, "rel": None}},
        "created_at": "2023-12-31T22:15:00Z",
        **more,
    }


ZENDESK = {
    "url": "https://contoh.zendesk.com/api/v2/tickets/35436.json",
    "id": 35436,
    "via": {"channel": "web"},
    "created_at": "2023-12-31T22:14:00Z",
    "subject": "Internet mati",
    "description": "Internet saya mati",
    "requester_id": 20978392,
    "submitter_id": 20978392,
    "assignee_id": 235323,
    "comments": [
        comment(1, 20978392, "Internet saya mati"),
        comment(2, 235323, "Baik, kami cek"),
        comment(3, 777, "pelanggan ini rewel", public=False),
        comment(4, 20978392, "masih mati, CS goblok"),
        comment(5, -1, "Ticket merged"),
        comment(6, 777, "sudah kami perbaiki"),
        comment(7, 888, "saya juga mati"),
    ],
}

INTERCOM = {
    "type": "conversation",
    "id": "147",
    "created_at": 1703974500,
    "title": None,
    "source": {
        "type": "conversation",
        "id": "403918330",
        "delivered_as": "customer_initiated",
        "subject": "<p>Tagihan</p>",
        "body": "<p>tagihan saya <b>salah</b><span style='display:none'>x</span></p>",
        "author": {"type": "user", "id": "5310d8e7", "name": "Budi", "email": "budi@contoh.id"},
    },
    "conversation_parts": {
        "type": "conversation_part.list",
        "total_count": 5,
        "conversation_parts": [
            {"type": "conversation_part", "id": "1", "part_type": "comment", "body": "<p>Saya cek</p>", "created_at": 1703974501,
             "author": {"type": "admin", "id": "9", "name": "Sari"}},
            {"type": "conversation_part", "id": "2", "part_type": "note", "body": "<p>hati-hati</p>", "created_at": 1703974502,
             "author": {"type": "admin", "id": "9", "name": "Sari"}},
            {"type": "conversation_part", "id": "3", "part_type": "assignment", "body": None, "created_at": 1703974503,
             "author": {"type": "bot", "id": "8", "name": "Fin"}},
            {"type": "conversation_part", "id": "4", "part_type": "comment", "body": "<p>awas lo</p><p>gue datang</p>",
             "created_at": 1703974504, "author": {"type": "lead", "id": "7", "name": ""}},
            {"type": "conversation_part", "id": "5", "part_type": "comment", "body": None, "created_at": 1703974505,
             "author": {"type": "user", "id": "5310d8e7", "name": "Budi"}},
        ],
    },
}  # fmt: skip

FRESHDESK = {
    "id": 20,
    "subject": "Modem rusak",
    "description": "<div>lampu <i>merah</i></div>",
    "description_text": "lampu merah",
    "requester_id": 1,
    "responder_id": 2,
    "source": 1,
    "created_at": "2015-08-24T18:59:05+07:00",
    "conversations": [
        {"id": 3, "body": "<p>Kami kirim teknisi</p>", "body_text": "Kami kirim teknisi", "incoming": False, "private": False,
         "user_id": 2, "source": 0, "ticket_id": 20, "created_at": "2015-08-25T00:00:00Z"},
        {"id": 4, "body": "<p>cek dulu</p>", "body_text": "cek dulu", "incoming": False, "private": True, "user_id": 2},
        {"id": 5, "body": "<p>teknisi <b>bangsat</b></p>", "incoming": True, "private": False, "user_id": 1,
         "from_email": "budi@contoh.id"},
    ],
}  # fmt: skip


def file(folder, value, name="a.json", **options):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, **options), encoding="utf-8")
    return path


def test_zendesk(tmp_path):
    path = file(tmp_path, ZENDESK)
    rows = read_rows(path)
    assert list(rows[0]) == ["thread_id", "message_id", "author", "role", "kind", "time", "channel", "subject", "text"]
    assert rows[0] == {
        "thread_id": "35436",
        "message_id": "1",
        "author": "20978392",
        "role": "customer",
        "kind": "message",
        "time": "2023-12-31T22:15:00Z",
        "channel": "email",
        "subject": "Internet mati",
        "text": "Internet mati\nInternet saya mati",
    }
    assert [row["text"] for row in rows[1:]] == ["masih mati, CS goblok", "saya juga mati"]
    every = read_rows(path, options=ALL)
    assert [row["message_id"] for row in every] == list("1234567")
    assert [row["role"] for row in every] == ["customer", "agent", "agent", "customer", "system", "agent", "customer"]
    assert [row["kind"] for row in every] == ["message", "message", "note", *["message"] * 4]


def test_zendesk_without_comments(tmp_path):
    ticket = {key: value for key, value in ZENDESK.items() if key != "comments"} | {"requester": {"id": 20978392, "name": "Budi"}}
    (row,) = read_rows(file(tmp_path, {"tickets": [ticket], "next_page": None, "count": 1}))
    assert (row["text"], row["author"], row["channel"]) == ("Internet mati\nInternet saya mati", "Budi", "web")
    assert row["time"] == "2023-12-31T22:14:00Z"


@pytest.mark.parametrize("users_first", [True, False])
def test_zendesk_comments_and_their_users(tmp_path, users_first):
    users = [{"id": 1, "name": "Budi", "role": "end-user"}, {"id": 2, "name": "Sari", "role": "agent"}]
    comments = [comment(1, 1, "halo"), comment(2, 2, "ya?"), comment(3, 3, "saya?")]
    page = {"users": users, "comments": comments} if users_first else {"comments": comments, "count": 3, "users": users}
    path = file(tmp_path, page, "tiket.json")
    assert [(row["author"], row["text"]) for row in read_rows(path)] == [("Budi", "halo"), ("3", "saya?")]
    assert [row["role"] for row in read_rows(path, options=ALL)] == ["customer", "agent", "customer"]
    assert {row["thread_id"] for row in read_rows(path)} == {str(path)}


def test_intercom(tmp_path):
    path = file(tmp_path, {"type": "conversation.list", "pages": {}, "conversations": [INTERCOM]})
    rows = read_rows(path)
    assert [(row["message_id"], row["author"], row["text"]) for row in rows] == [
        ("403918330", "Budi", "Tagihan\ntagihan saya salah"),
        ("4", "7", "awas lo\n\ngue datang"),
        ("5", "Budi", None),
    ]
    assert {(row["thread_id"], row["subject"], row["channel"]) for row in rows} == {("147", "Tagihan", "chat")}
    assert rows[0]["time"] == "2023-12-30T22:15:00Z"
    every = read_rows(path, options=ALL)
    assert [(row["message_id"], row["role"], row["kind"]) for row in every[1:3]] == [
        ("1", "agent", "message"),
        ("2", "agent", "note"),
    ]
    assert len(every) == 5


def test_freshdesk(tmp_path):
    path = file(tmp_path, [FRESHDESK])
    rows = read_rows(path)
    assert [(row["message_id"], row["author"], row["text"]) for row in rows] == [
        (None, "1", "Modem rusak\nlampu merah"),
        ("5", "1", "teknisi bangsat"),
    ]
    assert {(row["thread_id"], row["channel"], row["subject"]) for row in rows} == {("20", "email", "Modem rusak")}
    assert rows[0]["time"] == "2015-08-24T11:59:05Z"
    assert [(row["role"], row["kind"]) for row in read_rows(path, options=ALL)][1:3] == [("agent", "message"), ("agent", "note")]
    assert read_texts(file(tmp_path, FRESHDESK["conversations"])) == ["teknisi bangsat"]
    assert read_rows(file(tmp_path, FRESHDESK | {"source": 10}))[0]["text"] == "teknisi bangsat"


def test_freshdesk_as_accounts_are_exported(tmp_path):
    ticket = {"display_id": 7, "subject": "Modem", "description": "mati", "requester_name": "Budi",
              "notes": [{"id": 1, "body": "masih", "body_html": "<p>masih</p>", "incoming": True, "private": False}]}  # fmt: skip
    rows = read_rows(file(tmp_path, [{"helpdesk_ticket": ticket}]))
    assert [(row["thread_id"], row["author"], row["text"]) for row in rows] == [
        ("7", "Budi", "Modem\nmati"),
        ("7", None, "masih"),
    ]


@pytest.mark.parametrize("ticket", [ZENDESK, INTERCOM, FRESHDESK])
def test_all_ways_to_pack_tickets_give_the_same(tmp_path, ticket):
    lines = f"{json.dumps(ticket)}\n{json.dumps(ticket)}\n"
    key = "conversations" if ticket is INTERCOM else "tickets"
    expected = read_rows(file(tmp_path, [ticket, ticket]))
    assert len(expected) >= 4
    for content, name in [
        ([ticket, ticket], "b.json"),
        (lines, "a.jsonl"),
        (lines, "a.json"),
        (lines, "a"),
        (f"\n{lines}\n", "b.jsonl"),
        ({key: [ticket, ticket]}, "c.json"),
        (f"{json.dumps({key: [ticket]})}\n" * 2, "c.jsonl"),
        (f"{json.dumps({'ticket': ticket})}\n" * 2, "d.jsonl"),
    ]:
        for indent in (None, 2) if isinstance(content, dict | list) else (None,):
            path = file(tmp_path, content, name, indent=indent)
            assert read_rows(path) == expected, name
            assert list(read_rows(path, batch_rows=1)) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"id": 1, "text": "a"},
        {"id": 1, "body": "a", "author_id": 2},
        {"message": "a", "source": "web"},
        {"text": "a", "requester_id": 1, "via": {"channel": "web"}, "subject": "x"},  # tickets, but flat already
        {"tickets": "a"},
        {"subject": "a", "body": "b", "comments": []},
        {"comments": [{"text": "a"}], "message": "b"},
        {"conversations": [["a", "b"]], "text": "c"},
    ],
)
def test_ordinary_json_stays_what_it_is(value):
    assert format_of("a.jsonl", json.dumps(value).encode(), "utf-8", None) == "jsonl"
    assert format_of("a.json", json.dumps([value]).encode(), "utf-8", None) == "json"


def test_a_named_column_is_read_from_tickets_as_from_any_json(tmp_path):
    path = file(tmp_path, [FRESHDESK])
    assert read_texts(path, text_column="description_text") == ["lampu merah"]
    assert len(read_texts(path, text_column="nosuch")) == 2


def test_broken_tickets_are_marked_and_the_others_read(tmp_path):
    good = json.dumps(FRESHDESK)
    lines = [good, "{broken", '{"id": 1}', "[1]", "NaN", "[" * 100_000, '"x"', '{"tickets": [3]}', good[:-1], good]
    path = file(tmp_path, "\n".join(lines), "a.jsonl")
    problems = ReadProblems()
    (batch,) = read_all(path, problems=problems)
    assert batch.unreadable.tolist() == [False, False, *[True] * 8, False, False]
    assert problems.unreadable_rows == 8
    assert batch.texts.to_pylist()[2:-2] == [None] * 8
    assert batch.table["text"].to_pylist()[2:4] == ["{broken", '{"id": 1}']
    assert max(map(len, batch.table["text"].to_pylist())) == 50_000
    (batch,) = read_all(file(tmp_path, [FRESHDESK, 3, {"id": 1}, None]))
    assert batch.unreadable.tolist() == [False, False, True, True, True]


@pytest.mark.parametrize("end", ["", "]", "],", '{"tickets": 1}', ',"tickets": [NaN]}', "]}}", ',{"a": ' + "[" * 100_000])
def test_broken_documents_are_refused(tmp_path, end):
    for start in (f"[{json.dumps(FRESHDESK)}", '{"tickets": [' + json.dumps(FRESHDESK)):
        if json_is_sound(start + end):
            continue
        with pytest.raises(DataError, match=r"a.json: (no valid JSON|nested too deeply), after \d rows"):
            read_all(file(tmp_path, start + end))


def json_is_sound(text):
    try:
        return json.loads(text) is not None
    except (ValueError, RecursionError):
        return False


KEYS = sorted({
    *ZENDESK, *comment(1, 1, ""), *INTERCOM, *INTERCOM["source"], *FRESHDESK, *FRESHDESK["conversations"][0],
    "tickets", "ticket", "users", "results", "part_type", "notes", "role", "name", "channel",
})  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@given(
    st.sampled_from([ZENDESK, INTERCOM, FRESHDESK]),
    st.lists(st.tuples(st.sampled_from(KEYS), ANYTHING), max_size=4),
    st.booleans(),
)
def test_nothing_in_a_ticket_is_an_error(tmp_path_factory, ticket, changes, wrapped):
    value = {**ticket, **dict(changes)}
    path = file(tmp_path_factory.mktemp("tickets"), {"tickets": [value]} if wrapped else [value])
    try:
        batches = read_all(path, options=ALL, input_format="tickets")
    except DataError:
        assert "NaN" in path.read_text() or "Infinity" in path.read_text()
        return
    for batch in batches:
        assert batch.table.num_rows == len(batch.texts) == len(batch.unreadable)


@given(st.lists(st.tuples(st.text(max_size=20), st.booleans(), st.booleans()), max_size=8), st.sampled_from(["jsonl", "json"]))
def test_every_customer_message_is_a_row_and_no_other(tmp_path_factory, messages, form):
    conversations = [{"id": n, "body_text": text, "incoming": incoming, "private": private, "user_id": 1}
                     for n, (text, incoming, private) in enumerate(messages)]  # fmt: skip
    path = file(tmp_path_factory.mktemp("tickets"), FRESHDESK | {"conversations": conversations}, f"a.{form}")
    expected = [text for text, incoming, private in messages if incoming and not private]
    assert [text or "" for text in read_texts(path)[1:]] == [text if text.strip() else "" for text in expected]
    assert len(read_texts(path, options=ALL)) == 1 + len(messages)


def test_a_document_is_not_held_more_than_once(tmp_path, monkeypatch):
    monkeypatch.setattr("moderation.messages.decoding.MAX_JSON_CHARACTERS", 1_000)
    with pytest.raises(DataError, match="JSONL"):
        read_all(file(tmp_path, [FRESHDESK] * 5))


def test_a_head_full_of_brackets_is_no_export(tmp_path):
    for head in ("[" * 65_536, '{"tickets":' * 6_000, '[{"' + "a" * 65_000, '{"id":"\\' * 8_000):
        assert format_of("a.json", head.encode(), "utf-8", None) == "json"


def test_an_export_that_is_longer_than_a_look(tmp_path):
    for ticket in (ZENDESK | {"comments": [comment(1, 20978392, "x" * 100_000)]}, [ZENDESK] * 100):
        assert max(map(len, read_texts(file(tmp_path, ticket, indent=1)))) in (100_000 + len("Internet mati\n"), 32)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2023-12-31T22:15:00+07:00", "2023-12-31T15:15:00Z"),
        ("2023-12-31T22:15:00.5Z", "2023-12-31T22:15:00.500000Z"),
        ("2023-12-31T22:15:00", "2023-12-31T22:15:00"),
        ("0", "1970-01-01T00:00:00Z"),
        ("9" * 30, "9" * 30),
        ("9" * 5_000, "9" * 5_000),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("kemarin", "kemarin"),
    ],
)
def test_times(value, expected):
    assert moment(value) == expected
