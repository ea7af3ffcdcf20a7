"""The page: one file, nothing from outside, messages as text and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from moderation.categories import CATEGORIES
from moderation.classifier.model import Thresholds
from moderation.errors import CannotCreateError
from moderation.evaluation import compare, evaluate
from moderation.evaluation import report as report_module
from moderation.evaluation.mistakes import FALSE_ALARM, MISS, MOST_CHARACTERS, visible, worst_mistakes
from moderation.evaluation.report import check_page_target, render, write_page
from moderation.labelled import LabelledRows
from tests.authored import LABELS, TEXTS
from tests.evaluation.rows import repeated, with_facets


@pytest.fixture(scope="module")
def mistaken(tiny_rows) -> LabelledRows:
    """The sixty messages four times, every seventh labelled all wrong, with facets."""
    labels = LABELS.copy()
    labels[::7] = 1 - labels[::7]
    facets = {"lang": ["id", "en"] * 31, "channel": ["chat"] * 62, "source": ["authored"] * 62, "tag": ["", "complaint"] * 31}
    return repeated(with_facets(replace(tiny_rows, labels=labels), **facets), 4)


@pytest.fixture(scope="module")
def page(tiny_model, mistaken) -> str:
    other = replace(tiny_model, name="other", version="1")
    found = compare(tiny_model, other, mistaken, resamples=50)
    return render(tiny_model, mistaken, found.model, other, found, made=date(2026, 1, 2))


def test_the_same_rows_give_the_same_page(tiny_model, mistaken):
    evaluation = evaluate(tiny_model, mistaken, resamples=20)
    assert render(tiny_model, mistaken, evaluation) == render(tiny_model, mistaken, evaluation)


def test_nothing_comes_from_outside_and_only_our_script_runs(page):
    tree = LexborHTMLParser(page)
    policy = tree.css_first("meta[http-equiv=Content-Security-Policy]").attributes["content"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    scripts = [node for node in tree.css("script") if node.attributes.get("type") != "application/json"]
    assert (len(scripts), len(tree.css("style"))) == (1, 1)
    for node in (*scripts, *tree.css("style")):
        content = re.search(rf"<{node.tag}>(.*?)</{node.tag}>", page, re.DOTALL).group(1)
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy
    for node in tree.css("*"):
        for name, value in node.attributes.items():
            assert name not in {"src", "srcset", "style", "action"}
            assert not name.startswith("on")
            assert name != "href" or value.startswith("#")
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search(r"https?://", page)
    assert len(page.encode()) < 300_000


def test_everything_asked_for_is_there(page):
    tree = LexborHTMLParser(page)
    anchors = {node.attributes["href"][1:] for node in tree.css("nav a")}
    sections = {node.attributes["id"] for node in tree.css("section")}
    assert anchors == sections == {"figures", "comparison", *CATEGORIES, "crossings", "slices"}
    for category in CATEGORIES:
        labels = [svg.attributes["aria-label"] for svg in tree.css(f"#{category} svg[role=img]")]
        assert [label.split()[0] for label in labels] == ["Precision", "Calibration", "Scores"]
        assert all(category in label for label in labels)
        (slider,) = tree.css(f"#{category} input[type=range]")
        grid = json.loads(tree.css_first("#grids").text())[category]
        assert len(grid["thresholds"]) == int(slider.attributes["max"]) + 1 < 200
        assert grid["thresholds"][int(slider.attributes["value"])] == grid["thresholds"][grid["review"]]
    assert all(th.attributes.get("scope") in {"col", "row"} for th in tree.css("th"))
    assert all(th.text().strip() for th in tree.css("th"))
    assert {row.attributes["data-facet"] for row in tree.css("#slices tbody tr")} == {"lang", "channel", "source"}
    assert len(tree.css("#slices tbody tr")) == 4 * 5
    assert "no difference shown" in tree.css_first("#comparison").text()
    assert tree.css_first("time").text() == "2026-01-02"


def test_messages_are_hidden_until_clicked(page):
    tree = LexborHTMLParser(page)
    details = tree.css("details")
    assert len(details) > 20
    assert not any("open" in node.attributes for node in details)
    for node in tree.css(".message, .reasons, mark"):
        while node.tag != "details":
            node = node.parent  # noqa: PLW2901
    shown = {node.text() for node in tree.css(".message")}
    assert shown
    assert shown <= set(TEXTS)
    for node in details:
        node.decompose()
    assert not any(text in tree.body.text() for text in TEXTS)


def test_without_texts_no_word_of_a_message_is_in_the_page(tiny_model, mistaken):
    secret = pa.array([f"rahasia{n} {text} xyzzy" for n, text in enumerate(mistaken.texts.to_pylist())], pa.large_string())
    rows = replace(mistaken, texts=secret)
    evaluation = evaluate(tiny_model, rows)
    assert "rahasia" in render(tiny_model, rows, evaluation)
    page = render(tiny_model, rows, evaluation, texts=False)
    assert not any(word in page for word in ("rahasia", "xyzzy", *(text for text in TEXTS)))
    tree = LexborHTMLParser(page)
    assert not tree.css(".message, .reasons, mark")
    assert len(tree.css(".mistakes li")) > 20
    assert "Holds no message" in page


def shown_messages(model, texts: list[str], monkeypatch) -> tuple[list[str], LexborHTMLParser]:
    """What a browser shows of messages that are all missed."""
    n = len(texts)
    labels = np.full((n, 5), np.nan)
    labels[:, 4] = 1
    blind = replace(model, name="<script>alert(1)</script>", thresholds=(Thresholds(1.0, 1.0),) * 5)
    facets = {"source": np.array(texts, object), "lang": np.array(["<b>x</b>"] * n, object)}
    rows = LabelledRows(pa.array(texts, pa.large_string()), labels, np.ones(n), facets)
    monkeypatch.setattr(report_module, "worst_mistakes", partial(worst_mistakes, limit=n))
    tree = LexborHTMLParser(render(blind, rows, evaluate(blind, rows, least=1)))
    return [node.text() for node in tree.css(".message")], tree


def test_naughty_strings_are_only_text(tiny_model, shared, monkeypatch):
    texts = json.loads((shared / "suites/blns/blns.json").read_text(encoding="utf-8"))
    shown, tree = shown_messages(tiny_model, texts, monkeypatch)
    assert Counter(shown) == Counter(visible(text) for text in texts)
    plain, expected = shown_messages(tiny_model, ["halo"] * len(texts), monkeypatch)
    assert plain == ["halo"] * len(texts)
    # The same elements as a page of harmless messages has, but for what we mark ourselves.
    ours = {"mark", "span", "bdi", "p"}
    tags, harmless = (Counter(node.tag for node in t.css("*") if node.tag not in ours) for t in (tree, expected))
    assert tags["script"] == harmless["script"] == 2
    assert set(tags) == set(harmless)
    assert tags["details"] == harmless["details"]
    assert tree.css_first("h1").text() == "<script>alert(1)</script> " + tiny_model.version


def test_long_messages_are_cut(tiny_model, monkeypatch):
    (shown,), _ = shown_messages(tiny_model, ["anjing " * 10_000], monkeypatch)
    assert shown.startswith("anjing anjing")
    assert shown.endswith(f"… {70_000 - MOST_CHARACTERS:,} more characters")
    assert len(shown) < MOST_CHARACTERS + 50


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only_has_no_curves(tiny_model, tiny_rows, label):
    rows = replace(tiny_rows, labels=np.full_like(tiny_rows.labels, label))
    tree = LexborHTMLParser(render(tiny_model, rows, evaluate(tiny_model, rows, resamples=10)))
    assert not tree.css("svg, .explorer, #slices")
    assert "all of one kind" in tree.css_first("#spam").text()
    assert tree.css_first("#figures tbody").text().count("–") >= 5


@given(st.text(max_size=40))
def test_visible_hides_nothing_and_survives_a_parser(text):
    seen = visible(text)
    assert seen == visible(seen)
    assert len(seen) >= len(text.replace("\r\n", "\n"))
    escaped = seen.replace("&", "&amp;").replace("<", "&lt;")
    assert LexborHTMLParser(f"<p>{escaped}</p>").css_first("p").text() == seen


def test_visible_signs():
    assert visible("a\x00b\x1bc\r\nd\re\tf") == "a␀b␛c\nd␍e\tf"
    assert visible("\u202eabc\u2066") == "[U+202E]abc[U+2066]"
    assert visible("\x9b\ufffe") == "\ufffd\ufffd"
    assert visible("👩\u200d👩 ف\u200cا") == "👩\u200d👩 ف\u200cا"


def test_the_worst_mistakes_come_first(tiny_model, mistaken):
    probabilities = tiny_model.score(mistaken.texts).probabilities.astype(float)
    for place, category in enumerate(CATEGORIES):
        found = worst_mistakes(tiny_model, mistaken, probabilities, category, 5)
        alarms, misses = ([m for m in found if m.kind == kind] for kind in (FALSE_ALARM, MISS))
        scores, labels = probabilities[:, place], mistaken.labels[:, place]
        flagged = scores >= tiny_model.thresholds[place].review
        assert [m.probability for m in alarms] == sorted(scores[flagged & (labels == 0)], reverse=True)[:5]
        assert [m.probability for m in misses] == sorted(scores[~flagged & (labels == 1)])[:5]
        for m in found:
            assert "".join(piece.text for piece in m.pieces) in TEXTS
            marked = [piece for piece in m.pieces if piece.push]
            assert sorted(marked, key=lambda piece: -abs(piece.push)) == list(m.reasons)
            assert m.origin[-1] in {"chat", "complaint"}


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b"
    assert write_page("eins", folder) == folder / "index.html"
    with pytest.raises(CannotCreateError, match="--force"):
        write_page("zwei", folder)
    with pytest.raises(CannotCreateError, match="--force"):
        check_page_target(folder, force=False)
    check_page_target(folder, force=True)
    write_page("zwei", folder, force=True)

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(CannotCreateError, match="No space"):
        write_page("drei", folder, force=True)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("index.html", "zwei")]
    for target in (folder / "index.html", folder / "index.html" / "c"):
        with pytest.raises(CannotCreateError):
            write_page("vier", target, force=True)
