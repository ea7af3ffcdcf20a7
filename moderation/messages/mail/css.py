"""Styles, as far as they hide text. What a browser would not understand, or what could be meant otherwise, hides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

_OPAQUE = re.compile(
    r"""/\*.*?(?:\*/|\Z) | url\(\s*+(?!["'])[^)]*+(?:\)|\Z) | "(?:[^"\\\n]|\\.)*+" | '(?:[^'\\\n]|\\.)*+'""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_BRACKETED = re.compile(r"\([^()]*+\)")
_UNSURE = re.compile(r"[\"'\\()\[\]{}]")
_IMPORTANT = re.compile(r"\s*!\s*important\Z")
_ZERO = re.compile(r"[+-]?(?:0+(?:\.0*)?|\.0+)(?:px|r?em|ex|ch|p[tc]|in|[cm]m|q|v[wh]|vmin|vmax|%)?")
_ZERO_SHARE = re.compile(r"[+-]?(?:0+(?:\.0*)?|\.0+)%?")
_OF_PARENT = re.compile(r".*(?:em|ex|ch|%)|inherit|unset|smaller|larger")  # "rem" is not, and nobody writes it in a mail
_HIDING = {"display": ("none",), "overflow": ("hidden",), "visibility": ("hidden", "collapse")}
_EXTENTS = ("height", "max-height", "width", "max-width")

TELLING = frozenset(("display", "visibility", "opacity", "font-size", "overflow", *_EXTENTS))
"""The properties that are looked at."""


def bare(css: str) -> str:
    """Styles without comments, and without what stands in quotes and brackets, which may look like anything."""
    css = _OPAQUE.sub(" ", css)
    for _ in range(4):  # as deep as people nest them
        css, found = _BRACKETED.subn("", css)
        if not found:
            break
    return css


def declarations(style: str) -> tuple[Mapping[str, str], frozenset[str]]:
    """The values in a ``style`` attribute or a rule by property, lower case, and which properties are important.

    The last value of a property counts, unless another is important. There are none where a browser may see others.
    """
    found: dict[str, str] = {}
    important: set[str] = set()
    if not style:
        return found, frozenset()
    style = bare(style).lower()
    if _UNSURE.search(style.replace("\\9", "")):  # "\9" is how Internet Explorer alone is told something
        return {}, frozenset()
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip()
        value, marks = _IMPORTANT.subn("", value.strip())
        if colon and (marks or name not in important):
            found[name] = value
            if marks:
                important.add(name)
    return found, frozenset(important)


def hides(name: str, value: str) -> bool:
    """Whether a value of one of `TELLING` has a part in hiding something."""
    if name in ("display", "overflow", "visibility"):
        return value in _HIDING[name]
    return bool((_ZERO_SHARE if name == "opacity" else _ZERO).fullmatch(value))


def is_gone(style: Mapping[str, str]) -> bool:
    """Whether an element is hidden with all in it."""
    if style.get("display") == "none" or _ZERO_SHARE.fullmatch(style.get("opacity", "")):
        return True
    return style.get("overflow") == "hidden" and any(_ZERO.fullmatch(style.get(name, "")) for name in _EXTENTS)


def is_small(style: Mapping[str, str], around: bool) -> bool:
    """Whether text has no size. Layouts set it to nothing and give it back further in."""
    size = style.get("font-size", "inherit")
    return bool(_ZERO.fullmatch(size)) or (around and bool(_OF_PARENT.fullmatch(size)))


def is_invisible(style: Mapping[str, str], around: bool) -> bool:
    """Whether text takes room but is not shown."""
    value = style.get("visibility", "inherit")
    return value in ("hidden", "collapse") or (around and value not in ("visible", "initial"))
