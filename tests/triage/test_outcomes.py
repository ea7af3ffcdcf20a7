"""What comes out of the queue: figures, estimates, samples, exports; against plain counting."""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from moderation.categories import CATEGORIES
from moderation.errors import CannotCreateError, DataError, NoInputError
from moderation.labelled import read_labelled
from moderation.triage.cases import Stage
from moderation.triage.errors import ConflictError
from moderation.triage.estimates import estimates, share
from moderation.triage.exporting import decisions, read_labels, unlabelled, write_rows
from moderation.triage.figures import figures
from moderation.triage.intake import content_keys
from moderation.triage.queue import open_queue
from moderation.triage.sampling import sample
from tests.triage.helpers import HOUR, RULES, add, verdict, word


def test_figures_of_an_empty_queue(queue):
    found = figures(queue)
    assert (found.messages, found.waiting, found.decisions, found.decisions_per_hour) == (0, 0, 0, None)
    assert set(found.agreement.values()) == {None}


def test_waiting_times_and_breaches(queue, clock):
    add(
        queue,
        verdict("satu", threatening=0.9, hours_ago=0.5),
        verdict("dua", threatening=0.9, hours_ago=3),
        verdict("tiga", threatening=0.9, hours_ago=5),
        verdict("empat", spam=0.9, hours_ago=100),
        verdict("lima", spam=0.9, hours_ago=1),
    )
    for item in (1, 2, 3):
        queue.decide(item, "rani", ["threatening"])
    found = figures(queue)
    threats, spam = found.categories["threatening"], found.categories["spam"]
    assert (threats.waiting, threats.answered, threats.late, threats.p50_hours) == (0, 3, 2, 3)
    assert (spam.waiting, spam.overdue, spam.answered, spam.p50_hours) == (2, 1, 0, None)
    clock.passes(2 * HOUR)
    queue.decide(4, "rani", [])
    queue.skip(5, "budi", "later")
    found = figures(queue)
    assert (found.decisions, found.decisions_per_hour, found.skipped) == (4, 2, 1)
    queue.undo("rani")
    assert figures(queue).decisions == 3


def test_counts_are_those_of_looking_at_every_message(store_url, clock):
    chance = random.Random(6)
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=0.5), now=clock) as queue:
        rows = [
            verdict(word(k // 2), **{chance.choice(CATEGORIES): chance.random()}, hours_ago=chance.uniform(0, 60), id=str(k))
            for k in range(90)
        ]
        add(queue, *rows)
        for item in range(1, 60):
            with contextlib.suppress(ConflictError):
                queue.decide(item, "rani", chance.choice([["abusive"], []]))
                queue.decide(item, chance.choice(["rani", "budi"]), [])
                queue.appeal(item, "sari")
                queue.decide(item, chance.choice(["rani", "joko"]), ["spam"])
        for item in range(60, 75):
            with contextlib.suppress(ConflictError):
                queue.escalate(item, "rani")
        found = figures(queue)
        messages = [queue.message(item) for item in range(1, 91)]
    waiting = [message for message in messages if message.priority]
    first = [message for message in waiting if message.stage is Stage.first]
    assert {message.stage for message in messages} == set(Stage)
    assert (found.messages, found.waiting) == (90, len(waiting))
    for category, counted in found.categories.items():
        theirs = [message for message in first if message.category == category]
        assert (counted.waiting, counted.overdue) == (len(theirs), sum(message.overdue for message in theirs))
    assert 0 < sum(counted.overdue for counted in found.categories.values()) < len(first)


def test_counting_what_waits_reads_the_index_alone(queue):
    add(queue, *(verdict(word(k), abusive=0.9) for k in range(3)))
    seen = []
    event.listen(queue.engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
    figures(queue)
    grouped = [(sql, given) for sql, given in seen if "GROUP BY state.queue" in sql]
    assert len(grouped) == 1
    if queue.engine.dialect.name == "sqlite":
        with queue.engine.connect() as connection:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {grouped[0][0]}", grouped[0][1]).all())
        assert "COVERING INDEX state_queue" in plan
        assert "TEMP B-TREE" not in plan


def test_second_opinions_and_appeals(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, *(verdict(word(k), abusive=0.9) for k in range(6)))
        for item in range(1, 7):
            queue.decide(item, "rani", ["abusive"] if item < 4 else [])
            queue.decide(item, "budi", ["abusive"] if item < 3 else [])
        queue.decide(3, "sari", [])
        for item, labels in ((1, []), (2, ["abusive"])):
            queue.appeal(item, "joko")
            queue.decide(item, "sari", labels)
        found = figures(queue)
    assert (found.second_opinions, found.differing, found.appeals, found.overturned) == (6, 1, 2, 1)
    # Krippendorff by hand: 12 votes, 5 of them yes; 2 of 12 pairs differ; expected 2 * 5 * 7 / (12 * 11).
    assert found.agreement["abusive"] == pytest.approx(1 - (2 / 12) / (2 * 5 * 7 / (12 * 11)))
    assert found.agreement["spam"] is None


def test_estimates_count_the_decided_stretch_of_random_order(queue):
    names = [word(k) for k in range(12)]
    add(queue, *(verdict(name, abusive=0.9 if k % 2 else 0.1, id=name) for k, name in enumerate(names)))
    in_order = sorted(range(12), key=lambda k: content_keys(names)[k])
    for k in in_order[:8]:
        queue.decide(k + 1, "rani", ["abusive"] if k % 3 == 0 else [])
    queue.decide(in_order[9] + 1, "rani", ["abusive"])
    found = estimates(queue)
    seen = in_order[:8]
    right = sum(k % 2 == 1 and k % 3 == 0 for k in seen)
    assert found.cases == 8
    assert found.precision["abusive"] == share(right, sum(k % 2 for k in seen))
    assert found.recall["abusive"] == share(right, sum(k % 3 == 0 for k in seen))
    assert found.precision["spam"] is None


def test_random_sample_continues_the_stretch(queue):
    names = [word(k) for k in range(12)]
    add(queue, *(verdict(name, abusive=0.9, id=name) for name in names))
    in_order = sorted(range(12), key=lambda k: content_keys(names)[k])
    queue.decide(in_order[0] + 1, "rani", [])
    chosen = sample(queue, random=3, high=0, uncertain=0)
    assert [found.message.id - 1 for found in chosen] == in_order[1:4]
    for found in chosen:
        queue.decide(found.message.id, "rani", [])
    assert estimates(queue).cases == 4


def test_sample_takes_high_and_uncertain_ones_and_near_duplicates_once(queue):
    long = "tolong dong ini internet saya mati terus dari kemarin malam sampai sekarang"
    add(
        queue,
        verdict(f"{long} goblok", abusive=1.0),
        verdict(f"{long} goblok banget", abusive=0.99),
        verdict("gue bakar kantor lu", threatening=0.9, action="escalate"),
        verdict("promo pulsa", spam=0.51),
        verdict("jual akun", spam=0.2),
    )
    chosen = [(found.message.id, found.why) for found in sample(queue, random=0, high=2, uncertain=1)]
    assert chosen == [(3, "high"), (1, "high"), (4, "uncertain")]
    queue.decide(3, "rani", [])
    assert 3 not in [found.message.id for found in sample(queue, random=9, high=9, uncertain=9)]


@given(st.integers(0, 200), st.integers(0, 200))
def test_intervals_hold_the_share(hits, more):
    found = share(hits, hits + more)
    if found is None:
        assert hits + more == 0
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


def decided(queue) -> None:
    add(
        queue,
        verdict("dasar goblok", abusive=0.9, author="cust-1", thread="t-1", channel="app", lang="id"),
        verdict("DASAR GOBLOK", abusive=0.9, id="2"),
        verdict("promo", spam=0.9),
        verdict("belum", spam=0.9),
    )
    queue.decide(1, "rani", ["abusive", "hate"])
    queue.decide(3, "rani", [])


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_export_is_labelled_rows(queue, tmp_path, form):
    decided(queue)
    target = tmp_path / f"labels.{form}"
    assert write_rows(decisions(queue), str(target), None) == 2
    rows = read_labelled([str(target)])
    assert rows.texts.to_pylist() == ["dasar goblok", "promo"]
    assert rows.labels.tolist() == [[1, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert rows.facet("source").tolist() == ["decisions", "decisions"]
    assert rows.facet("channel").tolist()[0] == "app"
    (first, _) = decisions(queue)
    assert (first["author"], first["thread"], first["lang"]) == ("cust-1", "t-1", "id")
    assert dict(read_labels(queue, str(target))) == {1: ("abusive", "hate"), 3: ()}
    with pytest.raises(CannotCreateError, match="force"):
        write_rows([], str(target), None)


def test_disputed_decisions_are_not_exported(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
        queue.decide(1, "rani", ["abusive"])
        assert len(list(decisions(queue))) == 1
        queue.decide(1, "budi", [])
        assert list(decisions(queue)) == []


def test_label_studio_both_ways(queue, tmp_path):
    decided(queue)
    target = tmp_path / "tasks.json"
    assert write_rows(decisions(queue), str(target), "label-studio") == 2
    tasks = json.loads(target.read_text())
    assert tasks[0]["data"]["text"] == "dasar goblok"
    assert tasks[1]["annotations"][0]["result"][0]["value"] == {"choices": ["clean"]}
    assert dict(read_labels(queue, str(target))) == {1: ("abusive", "hate"), 3: ()}
    with pytest.raises(CannotCreateError, match="force"):
        write_rows([], str(target), "label-studio")
    write_rows([unlabelled(queue.message(4), "sample-high")], str(target), "label-studio", force=True)
    assert "annotations" not in json.loads(target.read_text())[0]
    assert list(read_labels(queue, str(target))) == []
    assert list(tmp_path.glob(".*")) == []


def test_labels_that_are_none(queue, tmp_path):
    add(queue, verdict("dasar goblok", abusive=0.9))
    path = tmp_path / "x.json"
    with pytest.raises(NoInputError):
        list(read_labels(queue, str(path)))
    for content, says in (
        ("[{]", "no valid JSON"),
        ('[{"data": {}}]', "task 1"),
        ('[{"data": {"id": 1}}]', "task 1"),
        (tasks([["rude"]]), "task 1 has other labels"),
        (tasks([["clean", "spam"]]), "task 1 has other labels"),
        (tasks([["spam"], ["hate"]]), "task 1 has annotations that differ"),
        (tasks([["clean"]], id="x"), "row 1 is no message of this queue"),
        (tasks([["clean"]], id=2), "row 1 is no message of this queue"),
        (tasks([["clean"]], id=10**30), "row 1 is no message of this queue"),
        (tasks([["clean"]], text="lain sekali"), "row 1 is no message of this queue"),
        ('[{"text": "a", "abusive": 1}]', "no column"),
    ):
        path.write_text(content)
        with pytest.raises(DataError, match=says):
            list(read_labels(queue, str(path)))
    path.write_text(tasks([["spam"], ["spam"], []], text="Dasar  GOBLOK"))
    assert list(read_labels(queue, str(path))) == [(1, ("spam",))]


def tasks(annotations: list[list[str]], **data: object) -> str:
    """An export of Label Studio with one task, annotated so many times."""
    given = [{"result": [{"value": {"choices": choices}}]} for choices in annotations]
    return json.dumps([{"data": {"id": 1, "text": "dasar goblok", **data}, "annotations": given}])


def test_columns_of_labelled_rows():
    from moderation.triage.exporting import LABELLED_SCHEMA

    assert LABELLED_SCHEMA.names == ["id", "text", *CATEGORIES, "author", "thread", "lang", "channel", "source"]
