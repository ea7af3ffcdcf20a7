"""Probabilities and the Code to verdicts: which categories to look at, what to do, how urgent it is."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.errors import DataError, NoInputError

POLICY_FILE = Path(__file__).with_name("policy.toml")


class Action(IntEnum):
    """What to do with a message, in order of weight."""

    none = 0
    review = 1
    escalate = 2


@dataclass(frozen=True)
class CategoryPolicy:
    """What the Code says about one category.

    Attributes:
        name: One of `CATEGORIES`.
        clauses: Names of the clauses it enforces.
        severity: Harm of a message that certainly breaks it, above 0 up to 1.
        review: Action at the model's review threshold.
        act: Action at its act threshold.
        answer_within_hours: How soon a person should have looked.
        title_id: Indonesian title.
        title_en: English title.
    """

    name: str
    clauses: tuple[str, ...]
    severity: float
    review: Action
    act: Action
    answer_within_hours: float
    title_id: str
    title_en: str


@dataclass(frozen=True)
class Clause:
    """One sentence of the Code, or why no category enforces it."""

    name: str
    says: str
    not_in_text: str | None = None


@dataclass(frozen=True)
class Policy:
    """The Code as data: a policy a category, in the order of `CATEGORIES`, and every clause."""

    title: str
    categories: tuple[CategoryPolicy, ...]
    clauses: tuple[Clause, ...]

    def harm(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """``1 - product(1 - severity * p)`` over the categories of each row of ``(n, categories)``; 0 to 1."""
        severity = np.array([c.severity for c in self.categories])
        return np.asarray(1 - np.prod(1 - severity * probabilities, axis=1))

    def actions(self, reviewed: npt.NDArray[np.bool_], acted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
        """The weightiest `Action` of each row, given which categories reached their two thresholds, ``(n, categories)``."""
        at_review = np.array([c.review for c in self.categories], np.int8)
        at_act = np.array([c.act for c in self.categories], np.int8)
        return np.asarray(np.maximum((reviewed * at_review).max(axis=1), (acted * at_act).max(axis=1)))


def load_policy(path: Path = POLICY_FILE) -> Policy:
    """Read and check a policy file.

    Raises:
        NoInputError: There is no such file.
        DataError: It is not TOML, or something in it is missing or unknown.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        raise NoInputError(f"no policy at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is not TOML: {error}") from None
    try:
        _refuse_unknown(content, {"title", "category", "clause"}, "the file")
        _refuse_unknown(content["category"], set(CATEGORIES), "category")
        clauses = tuple(Clause(name, **entry) for name, entry in content["clause"].items())
        categories = tuple(_category(name, content["category"][name]) for name in CATEGORIES)
        policy = Policy(content["title"], categories, clauses)
    except KeyError as error:
        raise DataError(f"{path.name} lacks {error.args[0]}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path.name}: {error}") from None
    _check_clauses(policy, path.name)
    return policy


@cache
def default_policy() -> Policy:
    """The policy that is shipped."""
    return load_policy()


def _category(name: str, entry: dict[str, Any]) -> CategoryPolicy:
    severity = float(entry["severity"])
    if not 0 < severity <= 1:
        raise ValueError(f"severity of {name} must be above 0 and at most 1")
    hours = float(entry["answer_within_hours"])
    if not 0 < hours < np.inf:
        raise ValueError(f"answer_within_hours of {name} must be above 0")
    _refuse_unknown(entry, {field.name for field in fields(CategoryPolicy)} - {"name"}, name)
    for threshold in ("review", "act"):
        if entry[threshold] not in Action.__members__:
            raise ValueError(f"{threshold} of {name} must be one of {', '.join(Action.__members__)}")
    return CategoryPolicy(
        name=name,
        clauses=tuple(entry["clauses"]),
        severity=severity,
        review=Action[entry["review"]],
        act=Action[entry["act"]],
        answer_within_hours=hours,
        title_id=entry["title_id"],
        title_en=entry["title_en"],
    )


def _refuse_unknown(entry: dict[str, Any], known: set[str], place: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]} in {place}")


def _check_clauses(policy: Policy, file: str) -> None:
    known = {clause.name: clause for clause in policy.clauses}
    used: Sequence[str] = [name for category in policy.categories for name in category.clauses]
    for name in used:
        if name not in known:
            raise DataError(f"{file}: clause {name} is not described")
    for clause in policy.clauses:
        if (clause.name in used) == (clause.not_in_text is not None):
            raise DataError(f"{file}: clause {clause.name} needs either a category or a reason in not_in_text")
