"""Undo what a source did to its texts, so that the classifier does not learn the source by its masks and markup.

Literal escapes and HTML entities are left alone: the text kernel undoes them, in training and in serving alike.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

import ftfy

_MASKS = (
    (re.compile(r"@?(?:\[USER(?:NAME)?\]|<USER>|(?<![\w@])USER(?!\w))|@USER\b"), "@user"),
    (re.compile(r"\[URL\]|<URL>|&lt;URL&gt;|(?<!\w)URL(?!\w)"), "http://link.example"),
    (re.compile(r"<PHONE>|\[SENSITIVE-NO\]"), "081234567890"),
    (re.compile(r"&lt;EMAIL&gt;|<EMAIL>"), "name@mail.example"),
    (re.compile(r"&lt;TIME&gt;"), "10:30"),
    (re.compile(r"<NUM>|&lt;(?:#|DECIMAL)&gt;"), "123"),
)
_INNERMOST_QUOTE = re.compile(r"\[quote(?:=[^\]]*)?\](?:(?!\[quote)[\s\S])*?\[/quote\]", re.IGNORECASE)
_EMBEDDED = re.compile(r"\[(img|youtube)\][\s\S]*?\[/\1\]", re.IGNORECASE)
_LINK = re.compile(r"\[url(?:=[^\]]*)?\]", re.IGNORECASE)
_FORUM_TAG = re.compile(r"\[/?(?:quote|url|img|youtube|color|size|font|center|spoiler|list|[biu*])(?:=[^\]]*)?\]", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b[\s\S]*?</\1\s*>|<!--[\s\S]*?-->", re.IGNORECASE)
_HTML_LINK = re.compile(r"<a\b[^>]*\bhref=[\"']?https?:[^>]*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"</?[a-z][^<>]*>|<![a-z][^<>]*>", re.IGNORECASE)
_NAME = re.compile(r"\bnama1\b", re.IGNORECASE)
_MAC_QUOTES = str.maketrans({"Ò": "“", "Ó": "”", "Ô": "‘", "Õ": "’", "Ñ": "—", "É": "…", "Ê": " "})


def unmask(text: str) -> str:
    """Masks of users, links, numbers and addresses become what they stand for."""
    for mask, meaning in _MASKS:
        text = mask.sub(meaning, text)
    return text


def strip_forum(text: str) -> str:
    """Drop quoted posts, pictures and videos of a forum with their content, and all other tags without it."""
    found = 1
    while found:
        text, found = _INNERMOST_QUOTE.subn(" ", text)
    text = _EMBEDDED.sub(" ", text)
    return _FORUM_TAG.sub("", _LINK.sub(" ", text))


def strip_html(text: str) -> str:
    """The text a person would see, crudely: tags out, a link's target as a link, entities undone."""
    text = _UNSEEN.sub(" ", text)
    text = _HTML_LINK.sub(" http://link.example ", text)
    return html.unescape(_HTML_TAG.sub(" ", text))


def drop_names(text: str) -> str:
    """Take out the mask ``nama1``, which would betray a private message."""
    return _NAME.sub("", text)


def mend_quotes(text: str) -> str:
    """Quotation marks and dashes of Mac Roman that were read as Latin-1."""
    return text.translate(_MAC_QUOTES)


def mend_encoding(text: str) -> str:
    """UTF-8 that was read as something else, and written down so."""
    return ftfy.fix_encoding(text)


REPAIRS: Mapping[str, Callable[[str], str]] = {
    "masks": unmask,
    "forum": strip_forum,
    "html": strip_html,
    "names": drop_names,
    "mac-quotes": mend_quotes,
    "mojibake": mend_encoding,
}
"""Repairs by the name they have in the declaration."""
