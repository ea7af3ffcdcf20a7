"""Templates: every value in them is escaped, and a name that nobody gave is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from moderation.evaluation.mistakes import visible
from moderation.policy import Policy
from moderation.triage.page.languages import Language

_FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """The templates, with ``visible`` as a filter for whatever came from outside."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["visible"] = visible
    made.globals["worded"] = worded
    return made


def worded(values: Mapping[str, Any], t: Language, policy: Policy) -> dict[str, Any]:
    """Values for a sentence, with ``labels`` as titles of categories; none of them is clean."""
    chosen = [category for category in policy.categories if category.name in values.get("labels", ())]
    titles = [category.title_id if t.code == "id" else category.title_en for category in chosen]
    return {**values, "labels": ", ".join(titles) or t("page.clean")}
