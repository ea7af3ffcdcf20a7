"""Tokens say where they stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.text.tokens import WINDOW, Token, tokenize
from tests.text.test_kernel import messages


@given(messages | st.lists(messages, max_size=40).map(" ".join) | st.text(max_size=3 * WINDOW))
@settings(max_examples=300, deadline=None)
def test_spans_reproduce_the_text(text):
    tokens = tokenize(text)
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert all(0 <= t.start < t.end <= len(text) for t in tokens)
    assert all(before.end <= after.start for before, after in pairwise(tokens))
    between = [0, *(place for t in tokens for place in (t.start, t.end)), len(text)]
    assert not any(text[start:end].strip() for start, end in zip(between[::2], between[1::2], strict=True))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("halo kak, apa kabar?", ["halo", "kak", ",", "apa", "kabar", "?"]),
        ("cek https://a.com/b :) @cs #promo", ["cek", "https://a.com/b", ":)", "@cs", "#promo"]),
        ("CS-nya jum'at", ["CS-nya", "jum'at"]),
        ("👍🏽 ok", ["👍🏽", "ok"]),
    ],
)
def test_tokens_are_what_people_read(text, wanted):
    assert [token.text for token in tokenize(text)] == wanted


def test_windows_end_at_blanks():
    words = ["kata" * (n % 7 + 1) for n in range(500)]
    assert [token.text for token in tokenize(" ".join(words))] == words
    assert tokenize("a" * (2 * WINDOW)) == [Token("a" * WINDOW, 0, WINDOW), Token("a" * WINDOW, WINDOW, 2 * WINDOW)]
