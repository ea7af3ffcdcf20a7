"""Templates: every value in them is escaped, and a name that nobody gave is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from moderation.evaluation.mistakes import visible

_FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """The templates, with ``visible`` as a filter for whatever came from outside."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["visible"] = visible
    return made
