"""The queue at work: handing out, deciding, skipping, escalating, undoing, second opinions, appeals; on both databases."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, update
from sqlalchemy.exc import DatabaseError

from moderation.categories import CATEGORIES
from moderation.errors import NoInputError, UsageError
from moderation.policy import default_policy
from moderation.triage import schema
from moderation.triage.cases import Kind, Stage, needs_second
from moderation.triage.errors import ConflictError
from moderation.triage.intake import content_keys
from moderation.triage.messages import SHOWN, surroundings
from moderation.triage.priority import Group, is_staff_threat, level, total
from moderation.triage.queue import Queue, open_queue
from moderation.triage.ranking import Ranking
from moderation.triage.rebuilding import rebuild
from moderation.triage.store import reading
from tests.triage.helpers import HOUR, RULES, START, Clock, add, derived, emptied, texts, verdict, word

POLICY = default_policy()


def test_most_dangerous_first_with_the_reason_in_parts(queue):
    add(
        queue,
        verdict("promo murah", spam=0.9),
        verdict("gue bakar kantor lu", threatening=0.97, action="escalate"),
        verdict("dasar goblok", abusive=0.9),
        verdict("tidak apa-apa", action="none"),
    )
    assert texts(queue) == ["gue bakar kantor lu", "dasar goblok", "promo murah"]
    found = queue.next("rani")
    assert (found.text, found.category, found.holder) == ("gue bakar kantor lu", "threatening", "rani")
    assert (found.priority.harm, found.priority.repeat) == (97, 0)
    assert found.priority.total == 95 + 5 * 0.97


def test_adding_twice_adds_nothing(queue):
    batch = [verdict(f"pesan {word}", abusive=0.8) for word in ("satu", "dua", "tiga")]
    assert add(queue, *batch).new == 3
    again = add(queue, *batch, verdict("pesan empat", abusive=0.8), verdict("biasa", action="none"))
    assert (again.new, again.known, again.calm) == (1, 3, 1)
    assert add(queue, verdict("biasa", action="none"), everything=True).new == 1
    assert len(texts(queue)) == 5


def test_scoring_again_with_another_model_adds_nothing(queue):
    add(queue, verdict("dasar goblok", abusive=0.9))
    assert add(queue, verdict("dasar goblok", abusive=0.7, model="other 2")).new == 0


def test_no_message_to_two_moderators(queue):
    add(queue, *(verdict(f"dasar goblok {word}", abusive=0.9) for word in ("satu", "dua", "tiga")))
    given_out = [queue.next(name).id for name in ("rani", "budi", "sari")]
    assert sorted(given_out) == [1, 2, 3]
    assert queue.next("joko") is None
    assert queue.next("rani").id == given_out[0]


def test_a_lease_ends(queue, clock):
    add(queue, verdict("dasar goblok", abusive=0.9))
    item = queue.next("rani").id
    with pytest.raises(ConflictError, match="with rani"):
        queue.decide(item, "budi", [])
    clock.passes(RULES.lease_minutes * 60_000 - 1)
    assert queue.next("budi") is None
    clock.passes(1)
    assert queue.next("budi").id == item
    with pytest.raises(ConflictError, match="with budi"):
        queue.decide(item, "rani", [])


def test_taking_a_certain_message(queue, clock):
    add(queue, verdict("dasar goblok", abusive=0.9), verdict("promo", spam=0.9))
    assert queue.take(2, "rani").holder == "rani"
    with pytest.raises(ConflictError, match="with rani"):
        queue.take(2, "budi")
    clock.passes(10 * 60_000)
    queue.take(2, "rani")
    clock.passes(10 * 60_000)
    assert queue.message(2).holder == "rani"


def test_deciding_once(queue):
    add(queue, verdict("dasar goblok", abusive=0.9))
    item = queue.next("rani").id
    assert queue.decide(item, "rani", ["abusive"]).stage is Stage.done
    assert queue.message(item).labels == ("abusive",)
    assert queue.next("rani") is None
    with pytest.raises(ConflictError, match="decided by rani"):
        queue.decide(item, "budi", [])


def test_duplicates_are_decided_once(queue):
    add(
        queue,
        verdict("Dasar GOBLOK", abusive=0.9, author="a", id="1"),
        verdict("dasar  g0bl0k", abusive=0.9, author="b", id="2"),
        verdict("dasar goblok sekali", abusive=0.9, author="c", id="3"),
    )
    mine = queue.next("rani")
    assert queue.next("budi").text == "dasar goblok sekali"
    assert queue.next("sari") is None
    queue.decide(mine.id, "rani", ["abusive"])
    assert {queue.message(item).labels for item in (1, 2)} == {("abusive",)}
    assert texts(queue) == ["dasar goblok sekali"]
    add(queue, verdict("dasar goblok", abusive=0.9, author="d", id="4"))
    assert queue.message(4).labels == ("abusive",)
    assert queue.next("sari") is None


def test_skipping_leaves_it_to_others(queue):
    add(queue, verdict("dasar goblok", abusive=0.9))
    queue.skip(queue.next("rani").id, "rani", "bahasa Jawa")
    assert queue.next("rani") is None
    assert queue.next("budi").id == 1
    with pytest.raises(UsageError, match="reason"):
        queue.skip(1, "budi", "  ")


@pytest.mark.parametrize("leave", ["skip", "escalate"])
def test_what_everybody_left_to_others_comes_back(queue, clock, leave):
    answer_within = {category.name: category.answer_within_hours * HOUR for category in POLICY.categories}
    add(queue, verdict("gue bakar", threatening=0.9), verdict("promo", spam=0.9))
    for name in ("rani", "budi"):
        for _ in range(2):
            getattr(queue, leave)(queue.next(name).id, name, "in Javanese")
        assert queue.next(name) is None
    clock.passes(answer_within["threatening"] - 1)
    assert queue.next("rani") is None
    clock.passes(1)
    assert queue.next("rani").id == 1
    assert queue.next("budi") is None
    queue.skip(1, "rani", "still in Javanese")
    assert queue.next("rani") is None
    assert queue.next("budi").id == 1
    queue.decide(1, "budi", ["threatening"])
    clock.passes(answer_within["spam"])
    assert [queue.next(name) and queue.next(name).id for name in ("rani", "budi")] == [2, None]


def test_what_a_moderator_decided_never_comes_back(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("gue bakar", threatening=0.9))
        queue.skip(1, "rani", "later")
        queue.decide(1, "rani", [])
        clock.passes(1_000 * HOUR)
        assert queue.next("rani") is None
        assert queue.next("budi").stage is Stage.second


def test_what_was_undone_keeps_nothing_from_a_moderator(queue, clock):
    answer_within = {category.name: category.answer_within_hours * HOUR for category in POLICY.categories}
    add(queue, verdict("promo", spam=0.9))
    queue.skip(1, "rani", "in Javanese")
    clock.passes(answer_within["spam"])
    for act in (lambda: queue.skip(1, "rani", "in Javanese"), lambda: queue.decide(1, "rani", ["spam"])):
        act()
        assert queue.next("rani") is None
        queue.undo("rani")
        clock.passes(RULES.lease_minutes * 60_000)
        assert queue.next("rani").id == 1


def test_escalating_lifts_it_for_others(queue):
    add(queue, verdict("gue bakar", threatening=0.9, action="escalate"), verdict("hmm", abusive=0.001))
    queue.escalate(2, "rani", "names a technician")
    assert queue.message(2).priority.total >= RULES.staff_threat_floor
    assert queue.message(2).escalated
    queue.decide(1, "rani", [])
    assert queue.next("rani") is None
    assert queue.next("budi").id == 2
    queue.decide(2, "budi", ["threatening"])
    assert not queue.message(2).escalated


def test_undo_gives_it_back(queue):
    add(queue, verdict("dasar goblok", abusive=0.9), verdict("promo", spam=0.9))
    before = derived(queue)["state"]
    queue.decide(1, "rani", ["hate"])
    queue.skip(2, "rani", "later")
    assert queue.undo("rani") == 2
    assert queue.next("rani").id == 2
    assert queue.undo("rani") == 1
    assert derived(queue)["state"] == before
    with pytest.raises(ConflictError, match="nothing"):
        queue.undo("rani")
    assert [event.kind for event in queue.history(1)] == [Kind.decided, Kind.undone, Kind.given]


def test_what_was_taken_back_comes_before_what_was_reserved_meanwhile(queue, clock):
    add(queue, *(verdict(word(k), abusive=0.9) for k in range(12)))
    for _ in range(6):
        first = queue.next("rani").id
        queue.decide(first, "rani", [])
        clock.passes(1_000)
        second = queue.next("rani").id
        clock.passes(1_000)
        assert queue.undo("rani") == first
        assert queue.next("rani").id == first
        for item in (first, second):
            queue.decide(item, "rani", [])


def test_undo_only_while_nobody_went_on(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
        queue.decide(1, "rani", ["abusive"])
        queue.next("budi")
        with pytest.raises(ConflictError, match="with budi"):
            queue.undo("rani")
        queue.decide(1, "budi", ["abusive"])
        with pytest.raises(ConflictError, match="moved on"):
            queue.undo("rani")


def test_second_opinion_is_somebody_elses_and_a_third_settles(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
        assert queue.decide(queue.next("rani").id, "rani", ["abusive"]).stage is Stage.second
        assert queue.next("rani") is None
        with pytest.raises(ConflictError, match="other than rani"):
            queue.decide(1, "rani", [])
        assert queue.decide(queue.next("budi").id, "budi", []).stage is Stage.settle
        assert queue.message(1).labels == ("abusive",)
        assert queue.next("budi") is None
        assert queue.decide(queue.next("sari").id, "sari", []).stage is Stage.done
        assert queue.message(1).labels == ()


def test_second_opinion_that_agrees_ends_it(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("dasar goblok", abusive=0.9))
        queue.decide(1, "rani", ["abusive"])
        assert queue.decide(1, "budi", ["abusive"]).stage is Stage.done


def test_the_sample_for_second_opinions_is_a_share_of_all_and_the_same_everywhere():
    keys = content_keys(list(map(word, range(600))))
    assert len(set(keys)) == 600
    chosen = [key for key in keys if needs_second(key, 0.2)]
    assert 80 <= len(chosen) <= 160
    assert chosen == [key for key in keys if needs_second(key, 0.2)]
    assert set(chosen) <= {key for key in keys if needs_second(key, 0.3)}
    assert not any(needs_second(key, 0.0) for key in keys)
    assert all(needs_second(key, 1.0) for key in keys)


def test_appeal_is_decided_by_somebody_else(queue):
    add(queue, verdict("dasar goblok", abusive=0.9))
    with pytest.raises(ConflictError, match="waits"):
        queue.appeal(1, "sari")
    queue.decide(1, "rani", ["abusive"])
    queue.appeal(1, "sari", "a quote")
    assert queue.message(1).labels == ("abusive",)
    with pytest.raises(ConflictError, match="other than rani"):
        queue.decide(1, "rani", [])
    assert queue.next("rani") is None
    assert queue.next("budi").stage is Stage.appeal
    queue.decide(1, "budi", [])
    assert queue.message(1).labels == ()


def test_confirmed_violations_raise_the_authors_other_messages(queue):
    add(
        queue,
        verdict("dasar goblok", abusive=1.0, author="a", hours_ago=24),
        verdict("babi lu", abusive=0.6, author="a", hours_ago=2, id="2"),
        verdict("monyet lu", abusive=0.6, author="b", hours_ago=3, id="3"),
    )
    assert texts(queue)[1:] == ["monyet lu", "babi lu"]
    queue.decide(1, "rani", ["abusive"])
    assert texts(queue) == ["babi lu", "monyet lu"]
    assert queue.message(2).priority.repeat > 0
    assert queue.message(3).priority.repeat == 0
    add(queue, verdict("anjing lu", abusive=0.6, author="a", hours_ago=2, id="4"))
    assert queue.message(4).priority.repeat == queue.message(2).priority.repeat
    queue.undo("rani")
    assert queue.message(2).priority.repeat == queue.message(4).priority.repeat == 0


def test_a_clean_decision_is_no_violation(queue):
    add(queue, verdict("satu", abusive=0.9, author="a"), verdict("dua", abusive=0.6, author="a"))
    queue.decide(1, "rani", [])
    assert queue.message(2).priority.repeat == 0


def test_expired_violations_count_no_more(queue):
    expired = 24 * (RULES.repeat_expiry_days + 2)
    add(
        queue,
        verdict("satu", abusive=0.9, author="a", hours_ago=expired),
        verdict("dua", abusive=0.9, author="a", hours_ago=1),
    )
    queue.decide(1, "rani", ["abusive"])
    assert queue.message(2).priority.repeat == 0
    assert surroundings(queue, queue.message(2)).violations == 0


def test_surroundings(queue):
    add(
        queue,
        verdict("halo", abusive=0.6, author="a", thread="t", hours_ago=3),
        verdict("kok lama", abusive=0.6, author="b", thread="t", hours_ago=2),
        verdict("dasar goblok", abusive=0.9, author="a", thread="t", hours_ago=1),
        verdict("DASAR GOBLOK", abusive=0.9, author="c", hours_ago=1),
        verdict("lain", abusive=0.9, author="a", hours_ago=30),
        *(verdict(f"hina {word}", abusive=0.9, author="a", hours_ago=40) for word in ("x", "y")),
    )
    for item in (6, 7):
        queue.decide(item, "rani", ["abusive"])
    found = surroundings(queue, queue.message(3))
    assert [message.text for message in found.conversation] == ["halo", "kok lama", "dasar goblok"]
    assert [message.text for message in found.earlier] == ["halo", "lain", "hina y", "hina x"]
    assert (found.duplicates, found.violations) == (1, 2)
    assert [suggestion.clause for suggestion in found.suggestions] == ["consequences.repeated"]


def test_in_a_long_conversation_it_is_what_is_around_the_message(queue):
    add(queue, *(verdict(word(k), abusive=0.6, thread="t", hours_ago=(500 - k) / 10, id=str(k)) for k in range(500)))
    for item in (1, 300, 500):
        numbers = [message.id for message in surroundings(queue, queue.message(item)).conversation]
        assert item in numbers
        assert numbers == list(range(max(1, item - SHOWN // 2 + 1), min(500, item + SHOWN // 2) + 1))


def test_nothing_tells_the_first_opinion_before_the_second(store_url, clock):
    with open_queue(store_url, create=True, rules=replace(RULES, second_opinion_share=1.0), now=clock) as queue:
        add(queue, verdict("gue bakar", threatening=0.6, author="a"), verdict("GUE BAKAR", threatening=0.6, author="a", id="2"))
        queue.decide(1, "rani", ["threatening"])
        for found in (queue.next("budi"), *queue.ranked()):
            assert found.stage is Stage.second
            assert found.to_dict()["labels"] is None
            around = surroundings(queue, found)
            assert {message.labels_shown for message in around.earlier} == {None}
            assert around.suggestions == ()
        queue.decide(1, "budi", ["threatening"])
        found = queue.message(2)
        assert found.to_dict()["labels"] == ("threatening",)
        assert [suggestion.when for suggestion in surroundings(queue, found).suggestions] == ["staff_threat", "staff_threat"]


def test_refusals_by_name(queue):
    add(queue, verdict("dasar goblok", abusive=0.9))
    with pytest.raises(NoInputError, match="no message 9"):
        queue.decide(9, "rani", [])
    for number in (9, 0, -1, 2**63, 10**30):
        with pytest.raises(NoInputError, match=f"no message {number} "):
            queue.message(number)
    with pytest.raises(UsageError, match="labels"):
        queue.decide(1, "rani", ["rude"])
    for name in ("", " ", "a\nb", "x" * 65):
        with pytest.raises(UsageError, match="pseudonym"):
            queue.next(name)
    with pytest.raises(UsageError, match="category"):
        queue.next("rani", "rude")
    with pytest.raises(UsageError, match="note"):
        queue.decide(1, "rani", [], "x" * 2_001)


def test_only_one_category(queue):
    add(queue, verdict("a", abusive=0.9), verdict("b", spam=0.9), verdict("c", threatening=0.9, action="escalate"))
    assert [message.text for message in queue.ranked("spam")] == ["b"]
    assert queue.next("rani", "abusive").text == "a"
    assert queue.next("budi", "hate") is None


@pytest.mark.parametrize("table", [schema.items, schema.events])
def test_what_happened_never_changes(queue, table):
    add(queue, verdict("dasar goblok", abusive=0.9))
    queue.next("rani")
    for statement in (update(table).values(id=99), delete(table)):
        with pytest.raises(DatabaseError, match="only grow"), queue.engine.begin() as connection:
            connection.execute(statement)
    with queue.engine.connect() as connection:
        assert connection.execute(select(table.c.id)).scalars().all() != [99]


def test_messages_of_any_kind(queue):
    odd = ["😭" * 10, "'; DROP TABLE items; --", "", "\u202e reversed", "x" * 60_000]
    add(queue, *(verdict(body, abusive=0.9, id=str(k), author=body[:10]) for k, body in enumerate(odd)))
    assert sorted(texts(queue)) == sorted(odd)


# Ordering: `next` and `list` against sorting everything by its priority at that moment.

# Of these no product is half-way between two levels, where the last bit of a float says which it is.
SURE = (0.0, 0.21, 0.53, 0.77, 1.0)
made = st.builds(
    dict,
    **{category: st.sampled_from(SURE) for category in CATEGORIES},
    hours_ago=st.sampled_from([0, 0.5, 1, 3, 9, 30, 100, 1_000]),
    action=st.sampled_from(["review", "escalate"]),
    author=st.sampled_from(["a", "b", None]),
)


def slow_order(queue: Queue, rows: list[dict]) -> list[int]:
    """Sort by the formula, from nothing but what was put in."""
    keyed = []
    for item, row in enumerate(rows, 1):
        p = [row[category] for category in CATEGORIES]
        spared = 1.0
        for category, value in zip(POLICY.categories, p, strict=True):
            spared *= 1 - category.severity * value
        flags = [category for category in POLICY.categories if row[category.name] >= 0.5]
        if flags:
            lead = min(flags, key=lambda category: category.answer_within_hours)
        else:
            lead = max(POLICY.categories, key=lambda category: category.severity * row[category.name])
        threat = is_staff_threat([category.name for category in flags], row["action"])
        group = Group(CATEGORIES.index(lead.name), threat, level(1 - spared, 0))
        sent = START - round(row["hours_ago"] * HOUR)
        keyed.append((-total(group, queue.now() - sent, POLICY, queue.rules), sent, item))
    return [item for _, _, item in sorted(keyed)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(made, min_size=1, max_size=40),
    st.sampled_from([0, 0.3, 2, 20, 200]),
    st.sampled_from([RULES, replace(RULES, waiting_most=0.0, staff_threat_floor=100.0)]),  # the second one makes many equals
)
def test_order_is_that_of_sorting_by_priority(tmp_path_factory, rows, later, rules):
    clock = Clock()
    with emptied(f"sqlite:///{tmp_path_factory.getbasetemp()}/order.db", rules, clock) as queue:
        names = list(map(word, range(len(rows))))
        add(queue, *(verdict(name, id=name, **row) for name, row in zip(names, rows, strict=True)))
        clock.passes(later * HOUR)
        expected = slow_order(queue, rows)
        assert [message.id for message in queue.ranked()] == expected
        category = {message.id: message.category for message in queue.ranked()}
        for name in CATEGORIES:
            assert [message.id for message in queue.ranked(name)] == [item for item in expected if category[item] == name]
        totals = [message.priority.total for message in queue.ranked()]
        assert totals == sorted(totals, reverse=True)
        assert [queue.next(f"r{k}").id for k in range(len(rows))] == expected


# Everything that moderators can do, in any order: the derived tables are what a rebuild makes.

steps = st.lists(
    st.tuples(
        st.sampled_from(["next", "decide", "clean", "skip", "escalate", "appeal", "undo", "add", "wait", "wait long"]),
        st.sampled_from(["rani", "budi", "sari"]),
        st.integers(1, 8),
    ),
    max_size=25,
)


def do(queue: Queue, clock: Clock, step: tuple[str, str, int], added: int) -> None:
    what, who, item = step
    if what == "next":
        queue.next(who)
    elif what in ("decide", "clean"):
        queue.decide(item, who, ["abusive"] if what == "decide" else [])
    elif what == "skip":
        queue.skip(item, who, "why not")
    elif what == "escalate":
        queue.escalate(item, who)
    elif what == "appeal":
        queue.appeal(item, who)
    elif what == "undo":
        queue.undo(who)
    elif what == "add":
        add(queue, verdict(word(item % 3), abusive=0.7, author="xyz"[item % 3], id=f"n{added}", hours_ago=item))
    else:
        clock.passes(item * (5 * 60_000 if what == "wait" else 5 * HOUR))


def check_random_walk(url: str, walk: list[tuple[str, str, int]]) -> None:
    clock = Clock()
    with emptied(url, replace(RULES, second_opinion_share=0.5), clock) as queue:
        for k in range(6):
            add(queue, verdict(word(k % 4), abusive=0.5 + k / 12, author="xyz"[k % 3], id=str(k), hours_ago=5 * k))
        for added, step in enumerate(walk):
            try:
                do(queue, clock, step, added)
            except (ConflictError, NoInputError):
                continue
        check_who_is_given_what(queue)
        before = derived(queue)
        rebuild(queue)
        assert derived(queue) == before


def check_who_is_given_what(queue: Queue) -> None:
    """What can be given to whom, now and later, follows from the history of the messages that wait."""
    answer_within = {category.name: category.answer_within_hours * HOUR for category in POLICY.categories}
    waiting = [(message, queue.history(message.id)) for message in queue.ranked()]
    for who, later in product(["rani", "budi", "sari"], [0, 2, 20, 200]):
        now = queue.now() + later * HOUR
        expected = set()
        for message, history in waiting:
            undone = {event.detail["event"] for event in history if event.kind is Kind.undone}
            mine = [event for event in history if event.reviewer == who and event.id not in undone]
            decided = any(event.kind is Kind.decided for event in mine)
            left = [event.at for event in mine if event.kind in (Kind.skipped, Kind.escalated)]
            recently = any(at > now - answer_within[message.category] for at in left)
            with_other = later == 0 and message.holder not in (None, who)
            if not (decided or recently or with_other):
                expected.add(message.id)
        with reading(queue.engine) as connection:
            assert {ranked.item for ranked in Ranking(connection, POLICY, queue.rules, now, who)} == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_derived_tables_can_be_rebuilt(tmp_path_factory, walk):
    check_random_walk(f"sqlite:///{tmp_path_factory.getbasetemp()}/walk.db", walk)


def test_derived_tables_can_be_rebuilt_on_both(store_url):
    walk = [
        ("next", "rani", 1), ("decide", "rani", 1), ("decide", "budi", 2), ("clean", "sari", 1), ("add", "rani", 1),
        ("skip", "rani", 3), ("escalate", "budi", 4), ("undo", "rani", 1), ("appeal", "sari", 2), ("decide", "sari", 3),
        ("next", "budi", 1), ("wait", "budi", 8), ("next", "sari", 1), ("add", "sari", 2), ("decide", "rani", 5),
    ]  # fmt: skip
    check_random_walk(store_url, walk)


def test_a_rebuild_follows_new_rules(store_url, clock):
    with open_queue(store_url, create=True, rules=RULES, now=clock) as queue:
        add(queue, verdict("a", abusive=0.9, author="x"), verdict("b", abusive=0.6, author="x", id="2"))
        queue.decide(1, "rani", ["abusive"])
        assert queue.message(2).priority.repeat > 0
    with open_queue(store_url, rules=replace(RULES, repeat_weight=0.0), now=clock) as queue:
        rebuild(queue)
        assert queue.message(2).priority.repeat == 0


@pytest.mark.parametrize("doing", ["next", "surroundings"])
def test_an_index_leads_to_what_is_wanted(queue, doing):
    """No plan may sort or walk a table."""
    add(queue, *(verdict(f"hina {word}", abusive=0.9, author="a", thread="t", id=word) for word in "abcdef"))
    message = queue.message(3)
    seen = []
    event.listen(queue.engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
    if doing == "next":
        queue.next("rani")
    else:
        surroundings(queue, message)
    queries = [(sql, given) for sql, given in seen if sql.lstrip().startswith(("SELECT", "WITH"))]
    assert len(queries) > 2
    if queue.engine.dialect.name == "sqlite":
        with queue.engine.connect() as connection:
            for sql, given in queries:
                plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all())
                assert "SCAN state" not in plan
                assert "SCAN items" not in plan
                assert "TEMP B-TREE" not in plan
