"""Drift as one picture: score distributions, flag rates, lengths, and how far each is from the baseline."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from moderation.categories import CATEGORIES
from moderation.drift.comparing import DRIFT, WATCH, Drift, Verdict
from moderation.drift.profile import LENGTH_BINS, Counts, Profile, Tally, score_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from moderation.drift.days import Days

FORMATS = ("png", "svg")
_BEFORE, _NOW = "#b8bcc4", "#1f5fa8"
_COLOURS = {Verdict.stable: "#2f8f5b", Verdict.watch: "#d08700", Verdict.drift: "#c0392b"}
_TICKS = (0.00001, 0.001, 0.05, 0.5, 0.95, 0.999)


def draw(drift: Drift, baseline: Profile, tally: Tally, days: Days | None, form: str) -> bytes:
    """The picture in one of `FORMATS`; the same input gives the same bytes. Nothing of any message is in it."""
    with matplotlib.rc_context({"svg.hashsalt": "drift", "font.size": 8, "axes.titlesize": 9, "axes.spines.top": False}):
        figure = Figure(figsize=(15, 8.5), layout="constrained")
        bands: Any = figure.subfigures(3, 1)
        top, middle, bottom = bands
        scores, rates = top.subplots(1, len(CATEGORIES)), middle.subplots(1, len(CATEGORIES))
        lengths, indices = bottom.subplots(1, 2, width_ratios=[2, 3])
        shifts = {shift.name: shift for shift in drift.shifts}
        for place, category in enumerate(CATEGORIES):
            axes, below = scores[place], rates[place]
            _scores(axes, baseline.scores[place], tally.scores[place])
            _title(axes, category, shifts[f"scores {category}"].verdict)
            rate = shifts[f"flagged {category}"]
            if days is None or len(days.days) < 2:
                _rates(below, rate.before or 0, rate.now or 0)
            else:
                _chart(below, days, place, rate.before or 0)
            _title(below, f"{category}, flagged", rate.verdict)
            if not place:
                axes.set_ylabel("share of messages")
                axes.legend(frameon=False, loc="upper right")
                below.set_ylabel("share flagged")
        _lengths(lengths, baseline.lengths, tally.lengths, shifts["length"].verdict)
        _indices(indices, drift)
        figure.suptitle(
            f"{drift.rows:,} messages against {drift.baseline_rows:,} before: {drift.verdict.name}",
            fontsize=12,
            color=_COLOURS[drift.verdict],
        )
        out = io.BytesIO()
        figure.savefig(out, format=form, dpi=110, metadata={"Date": None} if form == "svg" else None)
        return out.getvalue()


def _title(axes: Axes, name: str, verdict: Verdict) -> None:
    axes.set_title(f"{name}: {verdict.name}", loc="left", color=_COLOURS[verdict])
    axes.spines["right"].set_visible(False)


def _scores(axes: Axes, before: Counts, now: Counts) -> None:
    """Shares by probability, four bins in one so that few messages still make a line."""
    edges = score_edges()
    logits = np.log(edges / (1 - edges))[::4]
    old, new = (_coarse(_inner(counts), 4) / counts.sum() for counts in (before, now))
    _histogram(axes, logits, old, new)
    filled = np.flatnonzero(old + new)
    axes.set_xlim(logits[filled[0]], logits[filled[-1] + 1])
    ticks = [tick for tick in _TICKS if logits[filled[0]] < np.log(tick / (1 - tick)) < logits[filled[-1] + 1]]
    axes.set_xticks([float(np.log(tick / (1 - tick))) for tick in ticks], [f"{tick:.5f}".rstrip("0") for tick in ticks])
    axes.set_xlabel("probability")


def _lengths(axes: Axes, before: Counts, now: Counts, verdict: Verdict) -> None:
    edges = 2.0 ** (np.arange(0, LENGTH_BINS + 1, 2) / 4)
    _histogram(axes, edges, *(_coarse(counts, 2) / max(counts.sum(), 1) for counts in (before, now)))
    axes.set_xscale("log")
    axes.set_xlim(1, 5000)
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    axes.set_xlabel("characters")
    axes.set_ylabel("share of messages")
    _title(axes, "length", verdict)


def _histogram(axes: Axes, edges: Any, before: Any, now: Any) -> None:  # noqa: ANN401 - numpy arrays
    axes.stairs(before, edges, fill=True, color=_BEFORE, label="before")
    axes.stairs(now, edges, color=_NOW, linewidth=1.6, label="now")
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _inner(counts: Counts) -> Counts:
    """Without the first and last bins, which have no width; what they hold goes to their neighbours."""
    inner = counts[1:-1].copy()
    inner[[0, -1]] += counts[[0, -1]]
    return inner


def _coarse(counts: Counts, by: int) -> Counts:
    return np.asarray(counts.reshape(-1, by).sum(axis=1))


def _rates(axes: Axes, before: float, now: float) -> None:
    bars = axes.bar(["before", "now"], [before, now], color=[_BEFORE, _NOW], width=0.6)
    axes.bar_label(bars, [f"{share:.2%}" for share in (before, now)], padding=2)
    axes.set_ylim(0, max(before, now, 0.001) * 1.25)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _chart(axes: Axes, days: Days, place: int, before: float) -> None:
    """Shares by day, the band of their limits, and rings around those outside."""
    at = np.array(days.days, "datetime64[D]")
    shares, outside = days.shares[:, place], days.outside[:, place]
    axes.fill_between(at, days.low[:, place], days.high[:, place], color=_NOW, alpha=0.12, linewidth=0, step="mid")
    axes.plot(at, shares, color=_NOW, linewidth=1, marker="o", markersize=2.5)
    axes.plot(at[outside], shares[outside], "o", color=_COLOURS[Verdict.drift], markersize=6, fillstyle="none")
    axes.axhline(before, color=_BEFORE, linestyle="--", linewidth=1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    locator = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _indices(axes: Axes, drift: Drift) -> None:
    shifts = [shift for shift in drift.shifts if not shift.name.startswith("flagged")][::-1]
    bars = axes.barh(
        [shift.name for shift in shifts], [shift.index for shift in shifts], color=[_COLOURS[shift.verdict] for shift in shifts]
    )
    axes.bar_label(bars, [f"{shift.index:.3f}" for shift in shifts], padding=3)
    for border, name in ((WATCH, "watch"), (DRIFT, "drift")):
        axes.axvline(border, color=_COLOURS[Verdict[name]], linestyle="--", linewidth=1)
    axes.set_xlim(0, max(1.15 * max(shift.index for shift in shifts), 1.3 * DRIFT))
    axes.set_title("population stability index, less chance", loc="left")
    axes.spines["right"].set_visible(False)
