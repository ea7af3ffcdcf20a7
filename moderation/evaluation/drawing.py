"""Plots as small SVG, drawn in the colours of the page so that they are readable in light, dark and on paper.

Only numbers and fixed words go in. Colours come from classes of the page's stylesheet.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from markupsafe import Markup

from moderation.evaluation.bootstrap import Floats
from moderation.evaluation.curves import BINS, Curve, Histogram, Reliability

_WIDTH, _HEIGHT = 300, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 288, 12, 200
"""Of the plotting area."""
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_SHARES = (0.01, 0.1, 0.5, 1.0)


def x_of(value: float) -> float:
    """Where a number from 0 to 1 lies across."""
    return round(_LEFT + value * (_RIGHT - _LEFT), 1)


def y_of(value: float) -> float:
    """Where a number from 0 to 1 lies upwards."""
    return round(_BOTTOM - value * (_BOTTOM - _TOP), 1)


def precision_recall_plot(curve: Curve, other: Curve | None, review: tuple[float, float], base_rate: float, label: str) -> Markup:
    """Precision over recall; ``other`` is dashed, ``review`` a dot, ``base_rate`` what flagging at random would give."""
    marks = [
        f'<line class="faint" x1="{_LEFT}" x2="{_RIGHT}" y1="{y_of(base_rate)}" y2="{y_of(base_rate)}"/>',
        _line(other, "other") if other else "",
        _line(curve, "main"),
        f'<circle class="point" cx="{x_of(review[0])}" cy="{y_of(review[1])}" r="4"/>',
        '<circle class="moving" r="6" cx="-20" cy="-20"/>',
    ]
    return _plot([*_grid("recall", "precision"), *marks], label)


def reliability_plot(found: Reliability, label: str) -> Markup:
    """Observed over predicted frequency with 95 % whiskers; the diagonal is perfect. Larger dots stand for more rows."""
    marks = [f'<line class="faint" x1="{_LEFT}" y1="{_BOTTOM}" x2="{_RIGHT}" y2="{_TOP}"/>']
    sizes = 2 + 4 * np.sqrt(found.rows / found.rows.max())
    for p, share, low, high, size in zip(found.predicted, found.observed, found.low, found.high, sizes, strict=True):
        x = x_of(p)
        marks.append(f'<line class="whisker" x1="{x}" x2="{x}" y1="{y_of(low)}" y2="{y_of(high)}"/>')
        marks.append(f'<circle class="point" cx="{x}" cy="{y_of(share)}" r="{size:.1f}"/>')
    return _plot([*_grid("probability given", "share that is so"), *marks], label)


def histogram_plot(found: Histogram, review: float, label: str) -> Markup:
    """Shares of positives upwards and of negatives downwards; heights are square roots, or the small ones would not be seen."""
    middle, half = (_TOP + _BOTTOM) / 2, (_BOTTOM - _TOP) / 2
    marks = [f'<line class="axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{middle}" y2="{middle}"/>']
    for share in _SHARES:
        for y in (middle - half * share**0.5, middle + half * share**0.5):
            marks.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            marks.append(f'<text x="{_LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{share:.0%}</text>')
    width = (_RIGHT - _LEFT) / BINS - 2
    for place in range(BINS):
        x = x_of(place / BINS) + 1
        up, down = (half * kind[place] ** 0.5 for kind in found)
        marks.append(f'<rect class="positive" x="{x}" y="{middle - up:.1f}" width="{width:.1f}" height="{up:.1f}"/>')
        marks.append(f'<rect class="negative" x="{x}" y="{middle:.1f}" width="{width:.1f}" height="{down:.1f}"/>')
    marks.append(f'<line class="cut" x1="{x_of(review)}" x2="{x_of(review)}" y1="{_TOP}" y2="{_BOTTOM}"/>')
    marks += _across(_TICKS, "probability given")
    marks.append(f'<text class="positive" x="{_LEFT + 4}" y="{_TOP + 12}">of the category</text>')
    marks.append(f'<text class="negative" x="{_RIGHT - 4}" y="{_BOTTOM - 6}" text-anchor="end">not of it</text>')
    return _plot(marks, label)


def _grid(across: str, upwards: str) -> Iterable[str]:
    for tick in _TICKS:
        yield f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y_of(tick)}" y2="{y_of(tick)}"/>'
        yield f'<text x="{_LEFT - 5}" y="{y_of(tick) + 3}" text-anchor="end">{tick:g}</text>'
    yield f'<text class="name" transform="translate(10 {(_TOP + _BOTTOM) / 2}) rotate(-90)" text-anchor="middle">{upwards}</text>'
    yield from _across(_TICKS, across)


def _across(ticks: Iterable[float], name: str) -> Iterable[str]:
    for tick in ticks:
        yield f'<text x="{x_of(tick)}" y="{_BOTTOM + 14}" text-anchor="middle">{tick:g}</text>'
    yield f'<text class="name" x="{(_LEFT + _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{name}</text>'


def _line(curve: Curve, kind: str) -> str:
    points = " ".join(f"{x},{y}" for x, y in zip(_across_of(curve.x), _upwards_of(curve.y), strict=True))
    return f'<polyline class="{kind}" points="{points}"/>'


def _across_of(values: Floats) -> list[float]:
    return [x_of(float(value)) for value in values]


def _upwards_of(values: Floats) -> list[float]:
    return [y_of(float(value)) for value in values]


def _plot(marks: Iterable[str], label: str) -> Markup:
    opening = Markup('<svg role="img" viewBox="0 0 {} {}" aria-label="{}">').format(_WIDTH, _HEIGHT, label)
    return opening + Markup("".join(marks)) + Markup("</svg>")  # noqa: S704 - numbers and fixed words
