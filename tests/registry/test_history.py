"""The history: what is added can be read, what a crash tore is not believed, what is in effect follows from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.registry.history import (
    PROMOTED,
    ROLLED_BACK,
    TRAINED,
    Event,
    append_event,
    in_effect,
    person,
    read_history,
    standing,
)

EVENT = Event(TRAINED, "m 1", "m-1", None, "d1", {"rows": 3, "sources": {"": 3}}, "ayu", "")


def event(kind=TRAINED, version=None, previous=None, why="") -> Event:
    return replace(EVENT, event=kind, version=version, previous=previous, why=why)


@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=5))
@settings(max_examples=30, deadline=None)
def test_what_is_added_is_read(tmp_path_factory, reasons):
    registry = tmp_path_factory.mktemp("models")
    events = [event(why=reason) for reason in reasons]
    for one in events:
        append_event(registry, one)
    assert read_history(registry) == events
    assert len((registry / "history.jsonl").read_bytes().splitlines()) == len(events) if events else True


def test_a_torn_end_never_happened_and_is_mended(tmp_path):
    for why in "ab":
        append_event(tmp_path, event(why=why))
    path = tmp_path / "history.jsonl"
    content = path.read_bytes()
    second = content.index(b"\n") + 1
    for end in {0, 1, second - 1, second, second + 1, len(content) - 2, len(content) - 1, *range(2, len(content), 37)}:
        path.write_bytes(content[:end])
        kept = ["a"] if end >= second else []
        assert [e.why for e in read_history(tmp_path)] == kept
        append_event(tmp_path, event(why="c"))
        assert [e.why for e in read_history(tmp_path)] == [*kept, "c"]


@pytest.mark.parametrize("line", [b"", b"\xff", b"[]", b"3", b'{"event": "trained"}', b"[" * 100_000])
def test_another_damaged_line_is_named(tmp_path, line):
    append_event(tmp_path, EVENT)
    with (tmp_path / "history.jsonl").open("ab") as file:
        file.write(line + b"\n")
    append_event(tmp_path, EVENT)
    with pytest.raises(DataError, match=r"history\.jsonl: line 2 is no event"):
        read_history(tmp_path)


def test_keys_of_a_later_release_are_passed_over(tmp_path):
    append_event(tmp_path, EVENT)
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": 1}) + "\n")
    assert read_history(tmp_path) == [EVENT]


def test_no_history(tmp_path):
    assert read_history(tmp_path) == []
    (tmp_path / "file").touch()
    assert read_history(tmp_path / "file") == []


def test_a_history_that_is_a_link_is_not_written(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "history.jsonl").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="links"):
        append_event(tmp_path, EVENT)
    assert (tmp_path / "precious").read_text() == "precious"


moves = st.lists(st.tuples(st.sampled_from(["a", "b", "c", TRAINED, ROLLED_BACK]), st.booleans()), max_size=25)


@given(moves)
def test_what_is_in_effect_is_what_happened(moves):
    """Against a plain record of what was done, each move perhaps killed between history and pointer."""
    written, happened, stack = [], [], []
    pointer = None
    for what, killed in moves:
        if what == TRAINED:
            written.append(event())
            happened.append(written[-1])
            continue
        if what == (pointer or ROLLED_BACK):  # in use already, or nothing to roll back
            continue
        target = stack[-1].previous if what == ROLLED_BACK else what
        written.append(event(ROLLED_BACK if what == ROLLED_BACK else PROMOTED, target, pointer))
        if killed:
            continue
        happened.append(written[-1])
        pointer = target
        if what == ROLLED_BACK:
            stack.pop()
        else:
            stack.append(written[-1])
    assert in_effect(written, pointer) == happened
    assert standing(written, pointer) == stack


def test_who_did_it(monkeypatch):
    monkeypatch.setenv("LOGNAME", "login")
    monkeypatch.delenv("MODERATION_USER", raising=False)
    assert person(None) == person("") == "login"
    monkeypatch.setenv("MODERATION_USER", "scheduler")
    assert (person(None), person("ayu")) == ("scheduler", "ayu")
    monkeypatch.delenv("MODERATION_USER")
    monkeypatch.setattr("getpass.getuser", lambda: {}["nobody"])
    assert person(None) == "unknown"
