"""Tokens that people read, with their places in the original message: NLTK's tokenizer for casual text."""

from __future__ import annotations

from functools import cache
from re import Pattern
from typing import NamedTuple

WINDOW = 500
"""So many characters are matched at a time, cut at a blank where there is one: NLTK's pattern takes quadratic time on runs such
as ``a.a.a.``, and gives up after five seconds."""


class Token(NamedTuple):
    """A piece of a message: ``text[start:end]`` in characters."""

    text: str
    start: int
    end: int


@cache
def _pattern() -> Pattern[str]:
    from nltk.tokenize.casual import TweetTokenizer

    pattern: Pattern[str] = TweetTokenizer().PHONE_WORD_RE
    return pattern


def tokenize(text: str) -> list[Token]:
    """Words, numbers, links, handles, emoticons and punctuation of a message, in order, without blanks."""
    tokens = []
    start = 0
    while start < len(text):
        end = start + WINDOW
        if end < len(text):
            blank = text.rfind(" ", start, end)
            end = blank if blank > start else end
        tokens += [Token(match.group(), match.start(), match.end()) for match in _pattern().finditer(text, start, end)]
        start = end
    return tokens
