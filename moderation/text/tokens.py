"""Tokens that people read, with their places in the original message: NLTK's tokenizer for casual text."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple


class Token(NamedTuple):
    """A piece of a message: ``text[start:end]`` in characters."""

    text: str
    start: int
    end: int


@cache
def _pattern() -> Any:
    from nltk.tokenize.casual import TweetTokenizer

    return TweetTokenizer().PHONE_WORD_RE


def tokenize(text: str) -> list[Token]:
    """Words, numbers, links, handles, emoticons and punctuation of a message, in order, without blanks."""
    return [Token(match.group(), match.start(), match.end()) for match in _pattern().finditer(text)]
