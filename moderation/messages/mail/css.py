"""Inline styles, as far as they hide text."""

from __future__ import annotations

import re
from collections.abc import Mapping

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s+")
_ZERO = re.compile(r"[+-]?(?:0+\.?0*|\.0+)(?:[a-z]{1,4}|%)?")
_OF_PARENT = re.compile(r".*(?:em|ex|ch|%)|inherit|unset|smaller|larger")  # "rem" is not, and nobody writes it in a mail
_EXTENTS = ("height", "max-height", "width", "max-width")


def declarations(style: str) -> Mapping[str, str]:
    """The values of a ``style`` attribute by property, lower case, without spaces.

    The last one of a property counts, unless another is important.
    """
    found: dict[str, str] = {}
    important: set[str] = set()
    for declaration in _SPACE.sub("", _COMMENT.sub("", style)).lower().split(";"):
        name, colon, value = declaration.partition(":")
        value, mark, _ = value.partition("!important")
        if colon and (mark or name not in important):
            found[name] = value
            if mark:
                important.add(name)
    return found


def is_gone(style: Mapping[str, str]) -> bool:
    """Whether an element is hidden with all in it."""
    if style.get("display") == "none" or _ZERO.fullmatch(style.get("opacity", "")):
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
