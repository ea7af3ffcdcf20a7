"""A moderator's work in a real browser, by keyboard."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page

from moderation.triage.cases import Stage
from tests.browser.conftest import MESSAGES

AXE = Path(__file__).with_name("axe.min.js")
ROOT = Path(__file__).parents[2]
NOON = 1_763_442_000_000  # of the day of the sample, in Jakarta


def item(page: Page) -> int:
    return int(page.get_attribute("#work", "data-item"))


def press(page: Page, *keys: str) -> None:
    """Press keys, the last of which brings the next message."""
    before = item(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_selector(f"#work:not([data-item='{before}'])")


def test_twenty_messages_by_keyboard(site, queue, enter):
    page = enter(site)
    done = []
    ways = [("c",), ("1", "Enter"), ("t",), ("3", "5", "Enter"), ("s",)]
    for k in range(20):
        done.append(item(page))
        press(page, *ways[k % len(ways)])
    assert len(set(done)) == 20
    decided = [queue.message(number) for number in done]
    assert {message.stage for message in decided} == {Stage.done}
    assert Counter(message.labels for message in decided) == {
        (): 4,
        ("abusive",): 4,
        ("threatening",): 4,
        ("hoax", "spam"): 4,
        ("spam",): 4,
    }


def test_skip_escalate_and_undo_by_keyboard(site, queue, enter):
    page = enter(site)
    first = item(page)
    press(page, "k", "2")
    assert queue.history(first)[-1].detail == {"note": "context"}
    press(page, "u")
    assert item(page) == first
    page.keyboard.press("k")
    page.keyboard.press("4")
    page.keyboard.type("in Javanese")
    press(page, "Enter")
    assert queue.history(first)[-1].detail == {"note": "in Javanese"}
    second = item(page)
    page.keyboard.press("n")
    page.keyboard.type("crisis 1")
    page.keyboard.press("Escape")
    press(page, "e")
    assert queue.history(second)[-1].detail == {"note": "crisis 1"}
    third = item(page)
    press(page, "c")
    press(page, "u")
    assert item(page) == third
    assert queue.message(third).labels is None


def test_enter_without_a_category_says_so(site, queue, enter):
    page = enter(site)
    before = item(page)
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice")
    assert item(page) == before
    assert "Choose a category" in page.inner_text(".notice")


def test_two_moderators_at_once_never_have_the_same_message(site, queue, enter):
    pages = [enter(site, name) for name in ("rani", "budi")]
    seen: list[list[int]] = [[], []]
    for _ in range(8):
        numbers = [item(page) for page in pages]
        assert numbers[0] != numbers[1]
        for page, number, mine in zip(pages, numbers, seen, strict=True):
            mine.append(number)
            page.keyboard.press("c")
        for page, number in zip(pages, numbers, strict=True):
            page.wait_for_selector(f"#work:not([data-item='{number}'])")
    assert not set(seen[0]) & set(seen[1])


def test_grave_texts_are_veiled_until_asked_for(site, enter):
    page = enter(site)
    blur = "getComputedStyle(document.querySelector('#text')).filter"
    assert page.evaluate(blur).startswith("blur")
    page.keyboard.press("r")
    page.wait_for_timeout(200)
    assert page.evaluate(blur) in ("none", "blur(0px)")
    press(page, "c")
    assert page.evaluate(blur).startswith("blur")
    press(page, "c")
    assert page.query_selector("#reveal") is None


def test_language_and_colours_are_switched_and_kept(site, enter):
    page = enter(site, color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    assert page.inner_text("legend") == "Which categories hold?"
    page.click("button[value=id]")
    page.wait_for_selector("html[lang=id]")
    assert page.inner_text("legend") == "Kategori mana yang berlaku?"
    page.click("button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    assert page.evaluate(paper) != light
    page.goto(f"{site}/figures")
    assert page.inner_text("h1") == "Angka"
    assert page.evaluate(paper) != light


def test_dark_follows_the_system(site, enter):
    paper = "getComputedStyle(document.body).backgroundColor"
    assert len({enter(site, scheme, color_scheme=scheme).evaluate(paper) for scheme in ("light", "dark")}) == 2


def test_the_keys_are_explained(site, enter):
    page = enter(site)
    before = item(page)
    page.keyboard.press("?")
    assert page.is_visible("dialog#keys")
    page.keyboard.press("c")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog#keys")
    assert item(page) == before


def test_focus_is_seen_and_the_next_message_is_where_reading_goes_on(site, enter):
    page = enter(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    press(page, "c")
    assert page.evaluate("document.activeElement.id") == "work"


@pytest.mark.parametrize("path", ["/", "/queue", "/figures", "/messages/2"])
def test_a_phone_needs_no_sideways_scrolling(site, enter, path):
    page = enter(site, width=360, height=740)
    page.goto(site + path)
    if path == "/":
        page.click("#skip summary")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_axe(site, enter, scheme):
    page = enter(site, color_scheme=scheme, bypass_csp=True)
    found = []
    for path in ("/", "/messages/20", "/queue", "/figures", "/login"):
        page.goto(site + path)
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            (path, rule["id"], node["target"], node["failureSummary"])
            for rule in result["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]
    assert found == []


def test_without_javascript_the_form_decides(site, queue, enter):
    page = enter(site, java_script_enabled=False)
    first = int(page.get_attribute("#work", "data-item"))
    page.check("input[value=hate]")
    page.click("button[value=decide]")
    assert queue.message(first).labels == ("hate",)
    page.click(".notice button")
    assert queue.message(first).labels is None
    page.click("#skip summary")
    page.click("button[value=skip-language]")
    assert queue.history(first)[-1].detail == {"note": "language"}


def test_the_end_of_the_queue(site, queue, enter):
    for _ in range(MESSAGES - 1):
        queue.decide(queue.next("budi").id, "budi", ())
    page = enter(site)
    page.keyboard.press("c")
    page.wait_for_selector("h1:has-text('Nothing waits for you')")
    page.keyboard.press("u")
    page.wait_for_selector("#decide")


@pytest.mark.skipif("MODERATION_SCREENSHOT" not in os.environ, reason="scripts/screenshot asks for it")
def test_screenshot(serving, enter, tmp_path, complaints):
    """The sample with the shipped model, at noon of its day: the first message whose text is in the open and whose author
    has written before.
    """
    from moderation.cli.score import score_files
    from moderation.cli.triage import add_files
    from moderation.registry import load_named_model
    from moderation.triage.queue import open_queue
    from moderation.triage.verdicts import Columns

    verdicts, store = str(tmp_path / "verdicts.jsonl"), f"sqlite:///{tmp_path}/sample.db"
    score_files([str(ROOT / "data/samples" / name) for name in ("chats.csv", "social.jsonl")], verdicts)
    add_files([verdicts], store, Columns(), everything=True)
    with open_queue(store, now=lambda: NOON) as queue:
        page = enter(serving(queue, load_named_model()), "rani")
        while page.query_selector("#reveal") or not page.query_selector("aside .beside"):
            message = queue.message(item(page))
            queue.decide(message.id, "rani", message.flags)
            page.reload()
        page.check(f"input[value={queue.message(item(page)).flags[0]}]")
        page.screenshot(path=os.environ["MODERATION_SCREENSHOT"])
        complaints.clear()  # taking the picture puts a style into the page, which it refuses
