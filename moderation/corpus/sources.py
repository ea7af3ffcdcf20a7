"""The declaration of all sources, read from ``sources.toml`` and checked.

A mistake in the declaration is a `DataError` that names the source and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderation.categories import CATEGORIES
from moderation.corpus.readers import READERS
from moderation.corpus.repair import REPAIRS
from moderation.errors import DataError

DECLARATION = Path(__file__).with_name("sources.toml")

LICENCE_CLASSES = ("open", "nc", "unstated", "research")
"""From the most to the least permissive."""

CHANNELS = ("social", "sms", "chat", "email", "review", "news", "forum")
LANGUAGES = ("id", "en", "mix", "jv", "su", "bew")

Expression = str | bool
"""A pandas expression over the columns of a source, or the same answer for every row."""


@dataclass(frozen=True)
class LabelRule:
    """When a row says yes or no to one category; where neither holds, nobody looked."""

    yes: Expression = False
    no: Expression = False


@dataclass(frozen=True)
class WeakRows:
    """Rows that count less than the others of their source, and why."""

    where: str
    weight: float
    why: str


@dataclass(frozen=True)
class Cap:
    """At most ``rows`` rows that meet ``where`` for each value that ``pattern`` finds first in the folded text."""

    where: str
    pattern: str
    rows: int


@dataclass(frozen=True)
class Source:
    """One public source: where it lies, how it is read, whose it is, and what its columns mean.

    ``paths`` are patterns below the shared data folder. ``lang`` maps patterns of file names to languages. ``stretch`` is
    a number of rows in file order that must stay in one split, 0 for none.
    """

    name: str
    paths: tuple[str, ...]
    reader: str
    encoding: str
    text: str
    lang: Mapping[str, str]
    channel: str
    origin: str
    licence: str
    licence_class: str
    cautions: str = ""
    quoting: str = "minimal"
    columns: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    labels: Mapping[str, LabelRule] = field(default_factory=dict)
    clean: Expression = False
    weight: float = 1.0
    weak: tuple[WeakRows, ...] = ()
    cap: Cap | None = None
    stretch: int = 0
    benchmark: bool = False


def load_sources(path: Path = DECLARATION) -> tuple[Source, ...]:
    """All declared sources, in the order of the file.

    Raises:
        DataError: The declaration is not TOML, or a source in it does not hold together.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("source", [])
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path.name}: {error}") from error
    sources = tuple(_source(table) for table in tables)
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path.name}: {name} is declared twice")
    return sources


def strictest(classes: list[str]) -> str:
    """The least permissive of some licence classes."""
    return max(classes, key=LICENCE_CLASSES.index)


def _source(table: dict[str, Any]) -> Source:
    name = table.get("name", "?")
    lang = table.get("lang", "")
    values = table | {
        "lang": {"*": lang} if isinstance(lang, str) else lang,
        "labels": {category: _part(name, LabelRule, rule) for category, rule in table.get("labels", {}).items()},
        "weak": tuple(_part(name, WeakRows, rows) for rows in table.get("weak", [])),
        "cap": _part(name, Cap, table["cap"]) if "cap" in table else None,
        "cautions": " ".join(table.get("cautions", "").split()),
    }
    for key in ("paths", "columns", "repairs"):
        values[key] = tuple(table.get(key, ()))
    source: Source = _part(name, Source, values)
    for key, value, allowed in (
        ("reader", source.reader, READERS),
        ("quoting", source.quoting, ("minimal", "none")),
        ("licence_class", source.licence_class, LICENCE_CLASSES),
        ("channel", source.channel, CHANNELS),
        *(("lang", language, LANGUAGES) for language in source.lang.values()),
        *(("repairs", repair, REPAIRS) for repair in source.repairs),
        *(("labels", category, CATEGORIES) for category in source.labels),
    ):
        if value not in allowed:
            raise DataError(f"sources: {name}: {key} may not be {value!r}")
    for weight in (source.weight, *(rows.weight for rows in source.weak)):
        if not 0 < weight <= 1:
            raise DataError(f"sources: {name}: a weight lies above 0 and is at most 1")
    if not source.paths:
        raise DataError(f"sources: {name}: no paths")
    return source


def _part(name: str, kind: type[Any], table: dict[str, Any]) -> Any:  # noqa: ANN401 - the kind that was asked for
    try:
        return kind(**table)
    except TypeError as error:
        raise DataError(f"sources: {name}: {error}") from error
