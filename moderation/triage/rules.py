"""How the queue ranks and shares out work, as data: `triage.toml` read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from moderation.errors import DataError, NoInputError

RULES_FILE = Path(__file__).with_name("triage.toml")
_SECTIONS = {
    "repeat": ("weight", "most", "expiry_days", "repeated_from"),
    "waiting": ("weight", "most"),
    "staff_threat": ("floor",),
    "work": ("lease_minutes", "second_opinion_share"),
}
_WHEN = ("repeated", "staff_threat")


@dataclass(frozen=True)
class Suggestion:
    """A consequence that the Code allows.

    Attributes:
        when: ``repeated`` or ``staff_threat``.
        clause: Name of the clause in the policy.
        title_id: Indonesian title.
        title_en: English title.
    """

    when: str
    clause: str
    title_id: str
    title_en: str


@dataclass(frozen=True)
class Rules:
    """What `triage.toml` says; see there.

    Attributes:
        repeat_weight: Added to the exponent by a fresh confirmed violation of severity 1.
        repeat_most: The most that violations add.
        repeat_expiry_days: When a violation is forgotten.
        repeated_from: How many remembered violations make an author a repeated violator.
        waiting_weight: Added to the exponent by each time to answer that has passed.
        waiting_most: The most that waiting adds.
        staff_threat_floor: Least priority of a credible threat, 0 to 100.
        lease_minutes: How long a message is reserved for the moderator it was given to.
        second_opinion_share: Share of decided messages that get a second, blind decision, 0 to 1.
        suggestions: Consequences, in the order they are shown.
    """

    repeat_weight: float
    repeat_most: float
    repeat_expiry_days: float
    repeated_from: int
    waiting_weight: float
    waiting_most: float
    staff_threat_floor: float
    lease_minutes: float
    second_opinion_share: float
    suggestions: tuple[Suggestion, ...]


def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read and check a rules file.

    Raises:
        NoInputError: There is no such file.
        DataError: It is not TOML, or something in it is missing, unknown or out of range.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoInputError(f"no rules at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is not TOML: {error}") from None
    try:
        return _checked(content)
    except KeyError as error:
        raise DataError(f"{path.name} lacks {error.args[0]}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path.name}: {error}") from None


@cache
def default_rules() -> Rules:
    """The rules that are shipped."""
    return load_rules()


def _checked(content: dict[str, Any]) -> Rules:
    _refuse_unknown(content, {*_SECTIONS, "suggestion"}, "the file")
    for section, keys in _SECTIONS.items():
        _refuse_unknown(content[section], set(keys), section)
    repeat, waiting, work = content["repeat"], content["waiting"], content["work"]
    suggestions = tuple(Suggestion(**entry) for entry in content.get("suggestion", ()))
    for suggestion in suggestions:
        if suggestion.when not in _WHEN:
            raise ValueError(f"when of a suggestion must be one of {', '.join(_WHEN)}")
    return Rules(
        repeat_weight=_within("repeat.weight", repeat["weight"], 0, 10),
        repeat_most=_within("repeat.most", repeat["most"], 0, 10),
        repeat_expiry_days=_within("repeat.expiry_days", repeat["expiry_days"], 1, 36_500),
        repeated_from=int(_within("repeat.repeated_from", repeat["repeated_from"], 1, 1_000)),
        waiting_weight=_within("waiting.weight", waiting["weight"], 0, 10),
        waiting_most=_within("waiting.most", waiting["most"], 0, 10),
        staff_threat_floor=_within("staff_threat.floor", content["staff_threat"]["floor"], 0, 100),
        lease_minutes=_within("work.lease_minutes", work["lease_minutes"], 0.01, 1_440),
        second_opinion_share=_within("work.second_opinion_share", work["second_opinion_share"], 0, 1),
        suggestions=suggestions,
    )


def _within(name: str, value: float, least: float, most: float) -> float:
    number = float(value)
    if not least <= number <= most:
        raise ValueError(f"{name} must be {least} to {most}")
    return number


def _refuse_unknown(entry: dict[str, Any], known: set[str], place: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]} in {place}")
