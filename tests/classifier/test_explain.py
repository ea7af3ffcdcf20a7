"""Reasons add up to the score exactly and point at the characters that a person sees."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.classifier.explain import explain
from moderation.text.decoding import MAX_CHARACTERS
from moderation.text.ngrams import fold, word_features
from tests.authored import TEXTS
from tests.text.test_kernel import messages


def spans(explanation) -> list[tuple[int, int]]:
    """The distinct spans in order."""
    return sorted({(r.start, r.end) for r in explanation.reasons})


def check(model, text):
    explained = explain(model, text)
    scores, features, _ = model.decide(pa.array([text], pa.large_string()))
    probabilities = model.calibrate(scores)[0]
    slopes, intercepts = np.array(model.calibration).T
    for place, category in enumerate(CATEGORIES):
        reasons = [r for r in explained.reasons if r.category == category]
        pushed = explained.base[category] + sum(r.push for r in reasons)
        assert pushed == pytest.approx(explained.log_odds[category], abs=1e-6)
        assert explained.log_odds[category] == pytest.approx(scores[0, place] * slopes[place] + intercepts[place], abs=1e-6)
        if abs(explained.log_odds[category]) < 10:
            p = probabilities[place]
            assert explained.log_odds[category] == pytest.approx(np.log(p / (1 - p)), abs=1e-6)
        pushes = [r.push for r in reasons]
        assert pushes == sorted(pushes, reverse=True)
        assert sorted((r.start, r.end) for r in reasons) == spans(explained)
        assert explained.of(category, 2) == [r for r in reasons if r.push > 0][:2]
    for reason in explained.reasons:
        assert 0 <= reason.start < reason.end <= len(text)
        assert reason.text == text[reason.start : reason.end]
    assert all(before[1] <= after[0] for before, after in pairwise(spans(explained)))
    assert bool(spans(explained)) == bool(features[0])
    assert explained.folded == fold(text)
    return explained


@given(messages | st.lists(messages, max_size=4).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_explained_exactly(tiny_model, text):
    check(tiny_model, text)


@pytest.mark.parametrize("text", TEXTS)
def test_messages_are_explained_exactly(tiny_model, text):
    check(tiny_model, text)


@given(st.lists(messages, max_size=3).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_word_features_are_those_of_the_matrix(text):
    found = word_features(text, 12)
    content = text.encode()
    assert len(found.words) == len(found.spans) == len(found.firsts) - 1
    assert found.firsts[-1] == len(found.features)
    assert (np.diff(found.firsts) > 0).all()
    assert " ".join(found.words) == fold(text)
    assert all(0 <= start < end <= len(content) for start, end in found.spans)


# What is pointed at


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kamu goblok", ["kamu", "goblok"]),
        ("dasar g0bl0k lu", ["dasar", "g0bl0k", "lu"]),
        ("kamu g o b l o k ya", ["kamu", "g o b l o k", "ya"]),
        ("kamu g.o.b.l.o.k ya", ["kamu", "g.o.b.l.o.k", "ya"]),
        ("😀 goblok 😀", ["😀", "goblok", "😀"]),
        ("👍🏽goblok", ["👍🏽", "goblok"]),
        ("ＧＯＢＬＯＫ lu", ["ＧＯＢＬＯＫ", "lu"]),
        ("𝓰𝓸𝓫𝓵𝓸𝓴 lu", ["𝓰𝓸𝓫𝓵𝓸𝓴", "lu"]),
        ("gоblоk lu", ["gоblоk", "lu"]),  # Cyrillic о
        ("cek www.situs.com/a?b=1 ya", ["cek", "www.situs.com/a?b=1", "ya"]),
        ("kak @biznet_cs halo", ["kak", "@biznet_cs", "halo"]),
        ("kirim ke nama@contoh.co.id dong", ["kirim", "ke", "nama@contoh.co.id", "dong"]),
        ("goblok, kamu!", ["goblok", "kamu", "!"]),
    ],
)
def test_spans_are_what_a_person_would_point_at(tiny_model, text, wanted):
    explained = check(tiny_model, text)
    assert [text[start:end] for start, end in spans(explained)] == wanted


@pytest.mark.parametrize(
    "disguised",
    [
        *("goblok", "g0bl0k", "G O B L O K", "g-o-b-l-o-k", "gooobloook", "ＧＯＢＬＯＫ", "𝓰𝓸𝓫𝓵𝓸𝓴", "góblök", "gоblоk", "g@bl@k"),
        *("go\u200bbl\u200dok", "g\u00adoblok", "go&#98;lok", "\\u0067oblok", "g\\x6fblok", "&#x67;oblok"),
    ],
)
def test_the_reason_of_a_disguised_insult_covers_it(tiny_model, disguised):
    text = f"é 😀 kak {disguised} sekali"
    explained = check(tiny_model, text)
    at = text.index(disguised)
    covering = [(start, end) for start, end in spans(explained) if start < at + len(disguised) and end > at]
    assert covering[0][0] <= at
    assert covering[-1][1] >= at + len(disguised)
    if "@" not in disguised:
        assert "goblok" in explained.folded.split()
        assert any(r.start < at + len(disguised) and r.end > at for r in explained.of("abusive", 1))


def test_the_insult_is_the_first_reason(tiny_model):
    text = "tolong kak, internet mati, dasar goblok"
    assert explain(tiny_model, text).of("abusive")[0].text == "goblok"


# Odd texts


@pytest.mark.parametrize("text", ["", " ", "\u200b", "..."])
def test_nothing_to_explain(tiny_model, text):
    explained = explain(tiny_model, text)
    assert explained.reasons == ()
    assert explained.folded == ""
    assert explained.log_odds == explained.base


def test_lone_surrogates_are_replaced(tiny_model):
    explained = explain(tiny_model, "goblok \ud83d kamu")
    assert [r.text for r in explained.reasons if r.category == "abusive" and "\ud83d" in r.text] == []
    assert {(r.start, r.end) for r in explained.reasons} >= {(0, 6), (9, 13)}


def test_what_was_cut_off_is_no_reason(tiny_model):
    text = "goblok " * (MAX_CHARACTERS // 7) + "anjing bangsat " * 10
    explained = check(tiny_model, text)
    assert spans(explained)[-1][1] <= MAX_CHARACTERS + 10
    assert len(word_features("a" * 10 * MAX_CHARACTERS, 12).spans) == 1
    assert word_features("a" * 10 * MAX_CHARACTERS, 12).spans.tolist() == [[0, MAX_CHARACTERS]]


@pytest.mark.parametrize("unit", ["a", "a.", "<", "@a.", "http://a(", "ha ", "😀"])
def test_long_texts_are_explained_in_time(tiny_model, unit):
    """The pattern of the tokenizer takes quadratic time, and raises after five seconds, when it is given all at once."""
    begun = time.perf_counter()
    explain(tiny_model, unit * (200_000 // len(unit)))
    assert time.perf_counter() - begun < 5
