"""A declared source -> rows with our labels."""

from __future__ import annotations

import re
import zlib
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple, cast

import pandas as pd

from moderation.categories import CATEGORIES
from moderation.corpus.readers import READERS
from moderation.corpus.repair import REPAIRS
from moderation.corpus.sources import Cap, Expression, Source
from moderation.errors import DataError, NoInputError
from moderation.text.decoding import MAX_CHARACTERS
from moderation.text.ngrams import fold

COLUMNS = ("id", "text", "source", "lang", "channel", *CATEGORIES, "weight", "folded", "stretch", "read")
"""Columns of loaded rows.

Labels are nullable Int8. ``folded`` is what the classifier sees; ``stretch`` names rows that must share a split, empty for
most; ``read`` marks rows that were labelled along our own guide.
"""


class Loaded(NamedTuple):
    """Rows of one source with `COLUMNS`, undecodable places in its files, and rows dropped for want of any word."""

    rows: pd.DataFrame
    damaged: int
    dropped: int


def load_source(source: Source, shared: Path) -> Loaded:
    """Read, repair and label one source below the shared data folder.

    Raises:
        NoInputError: None of its files is there.
        DataError: A file does not have the columns that the declaration speaks of.
    """
    raw, damaged = _read(source, shared)
    if source.text not in raw:
        raise DataError(f"{source.name}: no column {source.text!r}")
    text = raw[source.text].astype(str).map(lambda value: _cleaned(value, source.repairs))
    raw["folded"] = text.map(fold)
    labels = label_rows(raw, source)
    rows = pd.DataFrame(
        {
            "id": [f"{source.name}/{number}" for number in range(len(raw))],
            "text": text,
            "source": source.name,
            "lang": raw["file"].map(lambda name: _language(name, source)),
            "channel": source.channel,
            **{category: labels[category] for category in CATEGORIES},
            "weight": _weights(raw, source),
            "folded": raw["folded"],
            "stretch": [f"{source.name}/{number // source.stretch}" if source.stretch else "" for number in range(len(raw))],
            "read": False,
        }
    )
    full = rows["folded"] != ""
    kept = full & _within_cap(raw, source.cap, source.name) if source.cap else full
    return Loaded(rows[kept].reset_index(drop=True), damaged, int((~full).sum()))


def label_rows(raw: pd.DataFrame, source: Source) -> pd.DataFrame:
    """The five labels of a source's own rows: 1, 0 or missing, by the rules of the declaration.

    Raises:
        DataError: A rule says yes and no to one row, or cannot be evaluated.
    """
    clean = _mask(raw, source.clean, source.name)
    labels = {}
    for category in CATEGORIES:
        values = pd.Series(pd.NA, index=raw.index, dtype="Int8")
        values[clean] = 0
        if category in source.labels:
            yes = _mask(raw, source.labels[category].yes, source.name)
            no = _mask(raw, source.labels[category].no, source.name)
            if (yes & no).any():
                raise DataError(f"{source.name}: {category}: {int((yes & no).sum())} rows are both yes and no")
            values[no] = 0
            values[yes] = 1
        labels[category] = values
    return pd.DataFrame(labels)


def _read(source: Source, shared: Path) -> tuple[pd.DataFrame, int]:
    files = sorted({path for pattern in source.paths for path in shared.glob(pattern)})
    if not files:
        raise NoInputError(f"{source.name}: no files {', '.join(source.paths)}")
    parts, damaged = [], 0
    for path in files:
        rows, scars = READERS[source.reader](path, source)
        if "file" not in rows:
            rows["file"] = Path(*path.relative_to(shared).parts[1:]).as_posix()
        parts.append(rows)
        damaged += scars
    return pd.concat(parts, ignore_index=True), damaged


def _cleaned(text: str, repairs: tuple[str, ...]) -> str:
    for repair in repairs:
        text = REPAIRS[repair](text)
    return text.replace("\ufffd", " ").strip()[:MAX_CHARACTERS]


def _language(file: str, source: Source) -> str:
    for pattern, language in source.lang.items():
        if fnmatch(file, pattern):
            return language
    raise DataError(f"{source.name}: no language declared for {file}")


def _mask(raw: pd.DataFrame, expression: Expression, name: str) -> pd.Series[bool]:
    if isinstance(expression, bool):
        return pd.Series(expression, index=raw.index)
    try:
        return cast("pd.Series[bool]", raw.eval(expression, engine="python")).astype(bool)
    except Exception as error:
        # pandas raises whatever the expression makes it raise.
        raise DataError(f"{name}: cannot evaluate {expression!r}: {type(error).__name__}") from error


def _weights(raw: pd.DataFrame, source: Source) -> pd.Series[float]:
    weights = pd.Series(source.weight, index=raw.index, dtype="float64")
    for weak in source.weak:
        where = _mask(raw, weak.where, source.name)
        weights[where] = weights[where].clip(upper=weak.weight)
    return weights


def _within_cap(raw: pd.DataFrame, cap: Cap, name: str) -> pd.Series[bool]:
    """Which rows stay: a stable choice by hash, so that another row in the file does not change it."""
    capped = raw.loc[_mask(raw, cap.where, name), "folded"]
    pattern = re.compile(cap.pattern)
    found = capped.map(lambda folded: next((next(filter(None, match.groups())) for match in pattern.finditer(folded)), None))
    order = capped.map(lambda folded: zlib.crc32(folded.encode())).sort_values(kind="stable").index
    # A row in which the pattern finds nothing has no place in any queue and stays.
    place = found.loc[order].groupby(found.loc[order]).cumcount()
    return ~raw.index.to_series().isin(place.index[place >= cap.rows])
