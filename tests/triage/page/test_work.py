"""What a moderator does on the page, form by form, as it works without JavaScript."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moderation.categories import CATEGORIES
from moderation.triage.cases import Kind
from moderation.triage.queue import MAX_NOTE
from tests.triage.helpers import HOUR, RULES, add, verdict, word


def filled(queue, count: int = 6) -> None:
    add(queue, *(verdict(f"anjing {word(k)}", abusive=0.99 - k / 100, author="cust-1", thread="t-1") for k in range(count)))


def kinds(queue, item: int) -> list[tuple[str, str]]:
    return [(event.kind.value, event.reviewer) for event in queue.history(item)]


def test_the_most_urgent_message_comes_first_and_stays(queue, enter):
    filled(queue)
    rani = enter("rani")
    assert rani.text == f"anjing {word(0)}"
    rani.get("/")
    assert rani.text == f"anjing {word(0)}"
    assert kinds(queue, rani.item) == [("given", "rani")]


def test_buttons(queue, enter):
    filled(queue)
    rani = enter("rani")
    first = rani.item
    rani.act("decide", labels=["spam", "abusive"], note="promo")
    assert rani.notices == [f"Message {first}: Abusive, Spam."]
    assert queue.message(first).labels == ("abusive", "spam")
    second = rani.item
    assert second != first
    rani.act("clean")
    assert queue.message(second).labels == ()
    third = rani.item
    rani.act("skip-language")
    fourth = rani.item
    rani.act("skip", note="in Javanese, I think")
    fifth = rani.item
    rani.act("escalate", note="names a technician")
    assert [queue.history(item)[-1].detail["note"] for item in (third, fourth, fifth)] == [
        "language",
        "in Javanese, I think",
        "names a technician",
    ]
    assert len({first, second, third, fourth, fifth, rani.item}) == 6
    sari = enter("sari")
    assert sari.item == fifth
    assert "names a technician" in sari.page


def test_nothing_happens_without_a_category_or_a_reason(queue, enter):
    filled(queue, 1)
    rani = enter("rani")
    for do in ("decide", "skip"):
        rani.act(do)
        assert len(rani.notices) == 1
        rani.get("/")
        assert rani.notices == []
    for do in ("skip-because", "", "explode"):
        assert rani.act(do, item=1).status_code == 400
        rani.get("/")
    assert rani.act("decide", labels=["rude"]).status_code == 400
    rani.get("/")
    assert rani.act("clean", note="x" * (MAX_NOTE + 1)).status_code == 400
    assert kinds(queue, 1) == [("given", "rani")]


def test_undo_brings_the_message_back(queue, enter):
    filled(queue)
    rani = enter("rani")
    first = rani.item
    rani.post("/undo")
    assert "nothing to take back" in rani.notices[0]
    rani.act("decide", labels="abusive")
    rani.post("/undo")
    assert rani.item == first
    assert queue.message(first).labels is None
    rani.act("clean")
    assert queue.message(first).labels == ()


def test_two_moderators_never_have_the_same_message(queue, enter):
    filled(queue)
    rani, budi = enter("rani"), enter("budi")
    seen = []
    for _ in range(3):
        assert rani.item != budi.item
        seen += [rani.item, budi.item]
        rani.act("clean")
        budi.act("clean")
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]
    assert "Nothing waits for you" in rani.page


def test_a_decision_by_somebody_else_is_told_kindly_and_not_how_they_decided(queue, enter, clock):
    filled(queue)
    rani = enter("rani")
    mine = rani.item
    clock.passes(HOUR)
    budi = enter("budi")
    assert budi.item == mine
    rani.act("clean", item=mine)
    assert "with somebody else by now" in rani.notices[0]
    budi.act("decide", labels="abusive")
    rani.act("clean", item=mine)
    assert rani.notices[0].startswith("Somebody else has decided")
    assert queue.message(mine).labels == ("abusive",)


def test_who_works_on_a_message_keeps_it(queue, enter, clock):
    filled(queue)
    rani, budi = enter("rani"), enter("budi")
    mine, lease = rani.item, RULES.lease_minutes * 60_000
    for _ in range(3):
        clock.passes(lease * 0.6)
        assert rani.post(f"/messages/{mine}/renew").status_code == 204
        assert queue.message(mine).holder == "rani"
    clock.passes(lease * 1.1)
    budi.get("/")
    assert budi.item == mine
    assert rani.post(f"/messages/{mine}/renew").status_code == 409


def test_a_message_that_somebody_else_has_can_be_seen_but_not_decided(queue, enter):
    filled(queue)
    rani, budi = enter("rani"), enter("budi")
    budi.get(f"/messages/{rani.item}")
    assert "This message is with rani." in budi.page
    assert budi.tree.css_first("#decide button") is None
    budi.get("/messages/5")
    budi.act("take")
    assert (budi.item, queue.message(5).holder) == (5, "budi")


def test_a_decided_message_can_be_opened_again_for_somebody_else(queue, enter):
    filled(queue, 1)
    rani, sari = enter("rani"), enter("sari")
    rani.act("decide", item=1, labels="abusive")
    sari.get("/messages/1")
    assert "rani: Abusive" in sari.page
    sari.act("appeal", item=1, note="a quote")
    sari.get("/")
    assert sari.item == 1
    assert "An appeal" in sari.page
    rani.get("/")
    assert "Nothing waits for you" in rani.page


def test_the_second_opinion_does_not_see_the_first(queue, tiny_model):
    from moderation.triage.page.views import view

    both = replace(queue, rules=replace(RULES, second_opinion_share=1.0))
    add(both, *(verdict("anjing kamu", abusive=0.9, author="a", thread="t", id=k) for k in range(3)))
    both.decide(1, "rani", ["hate"], "told")
    found = view(both, tiny_model, both.next("budi"), "budi")
    assert found.history == ()
    assert {other.labels for other in (*found.conversation, *found.earlier)} == {None}
    both.decide(1, "budi", ["abusive"])
    found = view(both, tiny_model, both.next("sari"), "sari")
    assert found.history == ()
    assert {other.labels for other in (*found.conversation, *found.earlier)} == {None}


def test_what_is_beside_a_message(queue, enter):
    add(
        queue,
        *(verdict(f"pesan {word(k)}", author="cust-1", thread="t-1", hours_ago=9 - k, id=k) for k in range(9)),
        verdict("gue bakar kantor lu", threatening=0.99, action="escalate", author="cust-1", thread="t-1", hours_ago=4.5),
        everything=True,
    )
    rani = enter("rani")
    assert rani.text == "gue bakar kantor lu"
    lists = [[entry.css("p")[-1].text() for entry in found.css("li")] for found in rani.tree.css("aside .beside")]
    conversation, earlier = lists[0], lists[1]
    place = conversation.index("Text hidden")
    assert conversation[:place] == [f"pesan {word(k)}" for k in range(5)]
    assert conversation[place + 1 :] == [f"pesan {word(k)}" for k in range(5, 9)]
    assert earlier == [f"pesan {word(k)}" for k in range(8, 2, -1)]
    assert rani.tree.css_first(".veiled #reveal") is not None
    assert "Report to the authorities" in rani.page
    total = float(rani.tree.css_first(".total").text())
    parts = [float(found.text()) for found in rani.tree.css("dl.parts dd")]
    assert total == pytest.approx(sum(parts), abs=0.21)
    assert total > 95


def test_categories_have_bars_with_thresholds(queue, enter, tiny_model):
    filled(queue, 1)
    rani = enter("rani")
    bars = rani.tree.css("#decide .category")
    assert [bar.css_first("input").attributes["value"] for bar in bars] == list(CATEGORIES)
    assert float(bars[0].css_first(".fill").attributes["width"]) == pytest.approx(99)
    for bar, thresholds in zip(bars, tiny_model.thresholds, strict=True):
        review, act = f"{100 * thresholds.review:.2f}", f"{100 * thresholds.act:.2f}"
        assert bar.css_first("path").attributes["d"] == f"M{review} 0V10M{act} 0V10"


def test_long_texts_are_cut_and_only_their_beginning_is_marked(queue, enter):
    text = "anjing lu " * 6_000
    add(queue, verdict(text, abusive=0.9))
    rani = enter("rani")
    assert rani.text == text[:50_000]
    assert "10,000 more characters" in rani.page
    assert rani.tree.css_first("mark") is not None


def test_who_saw_what_is_in_the_log(queue, enter):
    from sqlalchemy import select

    from moderation.triage import schema
    from moderation.triage.store import reading

    filled(queue, 4)
    rani = enter("rani")
    rani.get("/queue")
    with reading(queue.engine) as connection:
        chosen = select(schema.events.c["kind", "item", "reviewer", "detail"])
        rows = [tuple(row) for row in connection.execute(chosen.where(schema.events.c.kind.in_(["seen", "signed_in"])))]
    assert rows == [
        (Kind.signed_in, None, "rani", '{"address": "127.0.0.1"}'),
        (Kind.seen, 1, "rani", '{"others": [2, 3, 4]}'),
        (Kind.seen, None, "rani", '{"others": [1, 2, 3, 4]}'),
    ]


def test_queue_and_figures(queue, enter):
    filled(queue)
    rani = enter("rani")
    rani.act("decide", labels="abusive")
    for category, count in (("", 5), ("abusive", 5), ("spam", 0)):
        rani.get(f"/queue?category={category}")
        assert len(rani.tree.css("tbody tr")) == count
    assert rani.get("/queue?category=rude").status_code == 400
    rani.get("/figures")
    cards = {card.css_first("dt").text(): card.css("dd")[0].text() for card in rani.tree.css(".cards div")}
    assert cards == {
        "Waiting": "5",
        "Overdue": "0",
        "Decisions": "1",
        "Decisions an hour": "1",
        "Overturned": "–",
        "Second opinions that differ": "–",
    }
    for number in (77, 0, -1, 10**30):
        assert rani.get(f"/messages/{number}").status_code == 404
    assert rani.get("/messages/x").status_code == 400
    assert rani.get("/nowhere").status_code == 404
