"""How many messages are flagged each day, and which days are unlike the others: a control chart.

Limits are those of Shewhart's chart for shares, three standard deviations either way of the mean of all days, widened where
days differ by more than chance anyway (Laney 2002, "Improved Control Charts for Attributes"). Shares are compared as angles,
whose spread does not depend on them (Anscombe 1948), so that rare categories have honest limits, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.messages.times import parse_time

Floats = npt.NDArray[np.float64]

SIGMAS = 3
LEAST_DAYS = 10
"""With fewer days their own spread cannot be told, and limits are those of chance."""

_MEAN_RANGE = 1.128
"""Mean distance of two standard normal numbers."""


@dataclass(frozen=True)
class Days:
    """Of each day that has messages, in order.

    Attributes:
        days: In ISO 8601.
        rows: ``(days,)`` messages.
        flagged: ``(days, categories)`` messages flagged for review.
        low: ``(days, categories)`` smallest share to expect, 0 where even none is not surprising.
        high: ``(days, categories)`` largest share to expect.
        undated: Messages whose time could not be read.
    """

    days: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    flagged: npt.NDArray[np.int64]
    low: Floats
    high: Floats
    undated: int

    @property
    def shares(self) -> Floats:
        """``(days, categories)`` flagged messages by all."""
        return np.asarray(self.flagged / self.rows[:, None])

    @property
    def outside(self) -> npt.NDArray[np.bool_]:
        """``(days, categories)`` where a share passes its limits."""
        return np.asarray((self.shares < self.low) | (self.shares > self.high))

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        told = []
        for place, day in enumerate(self.days):
            categories = {
                category: {
                    "flagged": int(self.flagged[place, column]),
                    "low": float(self.low[place, column]),
                    "high": float(self.high[place, column]),
                    "outside": bool(self.outside[place, column]),
                }
                for column, category in enumerate(CATEGORIES)
            }
            told.append({"day": day, "rows": int(self.rows[place]), "categories": categories})
        return {"undated": self.undated, "days": told}


class DayTally:
    """Counts messages by day, in the time zone of this computer."""

    def __init__(self) -> None:
        self._counts: dict[str, npt.NDArray[np.int64]] = {}
        self._undated = 0

    def add(self, times: Sequence[object], flags: npt.NDArray[np.bool_]) -> None:
        """Count ``n`` messages by when they were sent and their flags ``(n, categories)``."""
        places: dict[str, list[int]] = {}
        for row, cell in enumerate(times):
            at = parse_time(cell)
            if at is None:
                self._undated += 1
            else:
                places.setdefault(datetime.fromtimestamp(at / 1000).date().isoformat(), []).append(row)
        for day, rows in places.items():
            counts = self._counts.setdefault(day, np.zeros(1 + len(CATEGORIES), np.int64))
            counts += [len(rows), *flags[rows].sum(axis=0)]

    def days(self) -> Days | None:
        """The days so far, None without a dated message."""
        if not self._counts:
            return None
        names = sorted(self._counts)
        counts = np.array([self._counts[name] for name in names])
        rows, flagged = counts[:, 0], counts[:, 1:]
        return Days(tuple(names), rows, flagged, *limits(rows, flagged), self._undated)


def limits(rows: npt.NDArray[np.int64], flagged: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Smallest and largest shares ``(days, categories)`` to expect, of messages ``(days,)`` and those flagged."""
    n = rows[:, None].astype(np.float64)
    mean = flagged.sum(axis=0) / rows.sum()
    unit = 1 / (2 * np.sqrt(n + 0.5))
    middle = _angle(mean * n, n)
    scores = (_angle(flagged, n) - middle) / unit
    ranges = np.abs(np.diff(scores, axis=0))
    spread = np.maximum(ranges.mean(axis=0) / _MEAN_RANGE, 1) if len(rows) >= LEAST_DAYS else np.ones(flagged.shape[1])
    low, high = (_share(middle + side * SIGMAS * spread * unit, n) for side in (-1, 1))
    return low, high


def _angle(counts: npt.NDArray[Any], n: Floats) -> Floats:
    return np.asarray(np.arcsin(np.sqrt((counts + 0.375) / (n + 0.75))))


def _share(angles: Floats, n: Floats) -> Floats:
    shares = np.sin(np.clip(angles, 0, np.pi / 2)) ** 2
    return np.asarray(np.clip((shares * (n + 0.75) - 0.375) / n, 0, 1))
