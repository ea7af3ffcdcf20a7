"""Which rows are learnt from, tuned on and tested on; the same answer on every machine and every day.

Near-duplicates share a split, and so do rows of one stretch of a source that was collected in stretches. Authored rows go
by voice: a model is tested on writers it never saw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import pandas as pd

from moderation.corpus.duplicates import Clusters, names_of

SPLITS = ("train", "dev", "test")


def share(key: str) -> int:
    """A number from 0 to 99 that depends on the key alone, evenly spread."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100


def group_split(group: str) -> str:
    """80 % train, 10 % dev, 10 % test."""
    place = share(group)
    return "train" if place < 80 else "dev" if place < 90 else "test"


def voice_split(voice: str) -> str:
    """70 % train, 12 % dev, 18 % test of the voices that authors write in."""
    place = share(voice)
    return "train" if place < 70 else "dev" if place < 82 else "test"


def split_rows(rows: pd.DataFrame, held_out: Collection[str] = ()) -> list[str]:
    """Split of each row, from ``group``, ``stretch`` (may be empty), ``source`` and ``voice`` (missing where not authored).

    Every row of a held-out source is for testing, with whatever is near to it. An authored row goes where its voice goes,
    and takes the public rows that are near to it along.
    """
    units = _units(rows)
    voices = [voice if isinstance(voice, str) else "" for voice in rows["voice"]]
    leaders = {unit: voice_split(voice) for unit, voice in zip(reversed(units), reversed(voices), strict=True) if voice}
    tested = {unit for unit, source in zip(units, rows["source"], strict=True) if source in held_out}
    return [
        "test" if unit in tested else voice_split(voice) if voice else leaders.get(unit) or group_split(unit)
        for unit, voice in zip(units, voices, strict=True)
    ]


def _units(rows: pd.DataFrame) -> list[str]:
    """A name for each row; rows of one group share it, and so do rows of groups that one stretch joins."""
    groups = rows["group"].tolist()
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    clusters = Clusters(len(places))
    first: dict[str, int] = {}
    for stretch, group in zip(rows["stretch"], groups, strict=True):
        if stretch:
            clusters.join(first.setdefault(stretch, places[group]), places[group])
    names = dict(zip(places, names_of(clusters, list(places)), strict=True))
    return [names[group] for group in groups]
