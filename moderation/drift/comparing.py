"""Drift told from chance: the population stability index of distributions, and the odds of rates.

The index of two distributions is ``sum((new - old) * log(new / old))`` over bins of shares. From `WATCH` up a change is
worth a look, from `DRIFT` up it is one: the rule of thumb of credit scoring (Siddiqi 2006, "Credit Risk Scorecards"). Two
samples of one population have an index, too: about ``(1 / n + 1 / m)`` times a chi-squared variable with one degree of freedom
less than there are bins (Yurdakul and Naranjo 2020, "Statistical properties of the population stability index"). Its mean
is taken off, and only what chance hardly ever reaches counts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.categories import CATEGORIES
from moderation.drift.profile import Counts, Profile, Tally, word_bins
from moderation.errors import DataError

WATCH, DRIFT = 0.1, 0.25
"""Indices from which a distribution is to be watched, and has drifted."""

WATCH_FACTOR, DRIFT_FACTOR = 1.5, 2.0
"""The same for the odds of a message being flagged, whichever way; our own choice. An index is blind to one in a thousand."""

QUANTILE = 3.29
"""Standard deviations that chance leaves once in a thousand times, both ways."""

BINS = 10
"""Distributions are compared in so many bins that are about equally full in the baseline."""

LEAST_ROWS = 100
"""Fewer messages with a word, on either side, tell nothing."""


class Verdict(IntEnum):
    """How bad it is."""

    stable = 0
    watch = 1
    drift = 2


@dataclass(frozen=True)
class Shift:
    """One thing that may have changed.

    Attributes:
        name: ``scores spam``, ``flagged spam``, ``words``, ``new words``, ``length`` or ``empty``.
        before: The share in the baseline where it is one, else None.
        now: The share now, else None.
        index: Population stability index less what chance gives, from 0 up; of rates the factor of the odds, from 1 up.
        verdict: What that means.
    """

    name: str
    before: float | None
    now: float | None
    index: float
    verdict: Verdict


@dataclass(frozen=True)
class Drift:
    """All shifts, and the worst of their verdicts.

    Attributes:
        rows: Messages now.
        baseline_rows: Messages before.
        shifts: One for each thing that may change.
    """

    rows: int
    baseline_rows: int
    shifts: tuple[Shift, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst."""
        return max(shift.verdict for shift in self.shifts)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data."""
        shifts = [asdict(shift) | {"verdict": shift.verdict.name} for shift in self.shifts]
        return {"verdict": self.verdict.name, "rows": self.rows, "baseline_rows": self.baseline_rows, "shifts": shifts}


def compare(baseline: Profile, tally: Tally) -> Drift:
    """What changed from the baseline to the messages counted.

    Raises:
        DataError: Either has fewer than `LEAST_ROWS` messages with a word.
    """
    before, now = baseline.scores.sum(axis=1), tally.scores.sum(axis=1)
    for what, rows in (("the baseline has", int(before.min())), ("there are", int(now.min()))):
        if rows < LEAST_ROWS:
            raise DataError(f"{what} {rows:,} messages with a word; fewer than {LEAST_ROWS} tell nothing")
    new = int(tally.words[~baseline.known].sum())
    words = int(tally.words.sum())
    old_words = int(baseline.words.sum())
    shifts = [
        _distribution(f"scores {category}", *merged(baseline.scores[place], tally.scores[place]))
        for place, category in enumerate(CATEGORIES)
    ]
    shifts += [
        _rate(f"flagged {category}", *(int(n[place]) for n in (baseline.flagged, before, tally.flagged, now)))
        for place, category in enumerate(CATEGORIES)
    ]
    shifts += [
        _distribution("words", baseline.words, word_bins(tally.words)),
        _share("new words", baseline.new_words * old_words, old_words, new, words),
        _distribution("length", *merged(baseline.lengths, tally.lengths)),
        _share("empty", baseline.empty, baseline.rows, tally.empty, tally.rows),
    ]
    return Drift(tally.rows, baseline.rows, tuple(shifts))


def merged(before: Counts, now: Counts) -> tuple[Counts, Counts]:
    """The same counts in at most `BINS` bins of neighbours that are about equally full, and never empty, in the baseline."""
    middles = np.cumsum(before) - before / 2
    places = np.minimum((BINS * middles / before.sum()).astype(np.int64), BINS - 1)
    filled = np.unique(places[before > 0])
    places = np.minimum(np.searchsorted(filled, places), len(filled) - 1)
    old, new = (np.bincount(places, counts).astype(np.int64) for counts in (before, now))
    return old, new


def stability_index(before: npt.NDArray[np.floating[Any]], now: npt.NDArray[np.floating[Any]]) -> float:
    """Population stability index of counts ``(bins,)``; each bin gets half a message more, so that none is empty."""
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (before, now))
    return float(((q - p) * np.log(q / p)).sum())


def _distribution(name: str, before: Counts, now: Counts) -> Shift:
    return Shift(name, None, None, *_judged(before, now))


def _share(name: str, before: float, rows: int, now: int, rows_now: int) -> Shift:
    judged = _judged(np.array([before, rows - before]), np.array([now, rows_now - now]))
    return Shift(name, before / rows, now / rows_now, *judged)


def _judged(before: npt.NDArray[Any], now: npt.NDArray[Any]) -> tuple[float, Verdict]:
    freedom = len(before) - 1
    unit = 1 / before.sum() + 1 / now.sum()
    raw = stability_index(before, now)
    index = float(max(raw - freedom * unit, 0.0))
    if raw <= unit * _chi_squared(freedom):
        return index, Verdict.stable
    return index, Verdict((index >= WATCH) + (index >= DRIFT))


def _chi_squared(freedom: int) -> float:
    """What a chi-squared variable stays below 999 times in 1,000 and more (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom) if freedom else 0.0
    return float(freedom * (1 - spread + QUANTILE * spread**0.5) ** 3)


def _rate(name: str, before: int, rows: int, now: int, rows_now: int) -> Shift:
    """The odds of being flagged; their logarithm is about normal, with half a message added to each count (Haldane 1956)."""
    cells = np.array([now, rows_now - now, before, rows - before]) + 0.5
    log_odds = abs(float(np.log(cells) @ np.array([1, -1, -1, 1])))
    chance = QUANTILE * float(np.sqrt((1 / cells).sum()))
    factor = float(np.exp(log_odds))
    verdict = Verdict((factor >= WATCH_FACTOR) + (factor >= DRIFT_FACTOR)) if log_odds > chance else Verdict.stable
    return Shift(name, before / rows, now / rows_now, factor, verdict)
