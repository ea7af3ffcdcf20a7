"""How much figures would move had other messages been labelled: the bootstrap over groups of rows that belong together.

Each resample draws as many groups as there are, with replacement, and weighs every row by how often its group was drawn.
Rows are sorted by probability once; a compiled pass over them then gives all figures of all units for one resample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from moderation.classifier.model import Thresholds
from moderation.evaluation.figures import RATES
from moderation.labelled import LabelledRows
from moderation.text.compiled import compiled

LEAST_GROUPS = 20
"""Groups with a positive and groups with a negative that a unit needs for intervals; with fewer they would be too narrow."""

_LEVEL = 0.95
_BINS = 15
_ECE = list(RATES).index("calibration_error")

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Progress: TypeAlias = Callable[[int, int], None]


def groups_of(rows: LabelledRows) -> npt.NDArray[np.int64]:
    """Number from 0 of the group of each row ``(n,)``: its voice, else its near-duplicate group, else the row alone."""
    voices, groups = rows.facet("voice"), rows.facet("group")
    alone = np.array([f"row {n}" for n in range(len(rows))], object)
    kind = np.where(voices != "", "voice ", np.where(groups != "", "group ", "")).astype(object)
    names = kind + np.where(voices != "", voices, np.where(groups != "", groups, alone))
    numbers: npt.NDArray[np.int64] = np.unique(names.astype(str), return_inverse=True)[1]
    return numbers


class Unit(NamedTuple):
    """What one row of figures is about: rows with known labels, all arrays ``(n,)``.

    Attributes:
        groups: Number of each row's group.
        target: Whether it is labelled 1.
        probabilities: What the model gave it.
        thresholds: The model's.
    """

    groups: npt.NDArray[np.int64]
    target: Mask
    probabilities: Floats
    thresholds: Thresholds

    def has_enough(self) -> bool:
        """Whether there are enough groups of either kind for intervals."""
        kinds = (self.groups[self.target], self.groups[~self.target])
        return min(len(np.unique(groups)) for groups in kinds) >= LEAST_GROUPS


class Sorted(NamedTuple):
    """Units one after the other, each by descending probability, ready for `weigh`.

    Attributes:
        starts: ``(units + 1,)`` where each unit begins.
        groups: ``(entries,)``.
        target: ``(entries,)``.
        probabilities: ``(entries,)``.
        reviewed: ``(units,)`` the place after the last entry at or above the review threshold.
        acted: ``(units,)`` the same for the act threshold.
    """

    starts: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    target: Mask
    probabilities: Floats
    reviewed: npt.NDArray[np.int64]
    acted: npt.NDArray[np.int64]


def sort_units(units: Iterable[Unit]) -> Sorted:
    """Lay out at least one unit for `weigh`."""
    starts, groups, targets, probabilities, reviewed, acted = [0], [], [], [], [], []
    for unit in units:
        order = np.argsort(-unit.probabilities, kind="stable")
        groups.append(unit.groups[order])
        targets.append(unit.target[order])
        probabilities.append(unit.probabilities[order])
        reviewed.append(starts[-1] + int((unit.probabilities >= unit.thresholds.review).sum()))
        acted.append(starts[-1] + int((unit.probabilities >= unit.thresholds.act).sum()))
        starts.append(starts[-1] + len(order))
    return Sorted(
        np.array(starts),
        np.concatenate(groups),
        np.concatenate(targets),
        np.concatenate(probabilities),
        np.array(reviewed),
        np.array(acted),
    )


@compiled
def weigh(starts, groups, target, probabilities, reviewed, acted, counts, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write the figures of each unit, in the order of `RATES`, to ``out`` ``(units, figures)``; NaN where there is none.

    A row counts as often as its group, ``counts`` ``(groups,)``. Definitions are those of `measure`.
    """
    for unit in range(len(starts) - 1):
        tp = fp = cut_tp = cut_fp = review_tp = review_fp = act_tp = act_fp = 0
        precisions = area = gaps = gap = 0.0
        bin_before = -1
        for entry in range(starts[unit], starts[unit + 1]):
            weight, p = counts[groups[entry]], probabilities[entry]
            bin_here = min(int(p * _BINS), _BINS - 1)
            if bin_here != bin_before:
                gaps += abs(gap)
                gap, bin_before = 0.0, bin_here
            if target[entry]:
                tp += weight
                gap += weight * (p - 1)
            else:
                fp += weight
                gap += weight * p
            # Only the last of equal probabilities is a point one can cut at.
            if entry + 1 == starts[unit + 1] or probabilities[entry + 1] != p:
                if tp > cut_tp:
                    precisions += (tp - cut_tp) * tp / (tp + fp)
                area += (fp - cut_fp) * (tp + cut_tp) / 2
                cut_tp, cut_fp = tp, fp
            if entry + 1 == reviewed[unit]:
                review_tp, review_fp = tp, fp
            if entry + 1 == acted[unit]:
                act_tp, act_fp = tp, fp
        both = tp > 0 and fp > 0
        out[unit, 0] = precisions / tp if both else np.nan
        out[unit, 1] = area / (tp * fp) if both else np.nan
        out[unit, 2] = review_tp / (review_tp + review_fp) if review_tp + review_fp else np.nan
        out[unit, 3] = review_tp / tp if tp else np.nan
        out[unit, 4] = 2 * review_tp / (review_tp + review_fp + tp) if tp else np.nan
        out[unit, 5] = review_fp / fp if fp else np.nan
        out[unit, 6] = act_tp / (act_tp + act_fp) if act_tp + act_fp else np.nan
        out[unit, 7] = act_tp / tp if tp else np.nan
        out[unit, 8] = (gaps + abs(gap)) / (tp + fp) if tp + fp else np.nan


def resample(
    models: Sequence[Sorted], groups: int, resamples: int, seed: int, progress: Progress = lambda done, total: None
) -> list[Floats]:
    """The figures of every model's units on the same resamples, one array ``(resamples, units, figures)`` a model.

    Args:
        models: The same units for each model.
        groups: How many groups of rows there are.
        resamples: How often to draw.
        seed: Of the draws.
        progress: Told how many of how many resamples are done.
    """
    random = np.random.default_rng(seed)
    found = [np.empty((resamples, len(model.starts) - 1, len(RATES))) for model in models]
    for done in range(resamples):
        counts = np.bincount(random.integers(groups, size=groups), minlength=groups)
        for model, out in zip(models, found, strict=True):
            weigh(*model, counts, out[done])
        progress(done + 1, resamples)
    for model, out in zip(models, found, strict=True):
        _remove_bias(model, groups, out[:, :, _ECE])
    return found


def _remove_bias(model: Sorted, groups: int, errors: Floats) -> None:
    """Move resampled calibration errors ``(resamples, units)`` so that their mean is the error of the rows.

    Resampling adds noise, and noise alone raises the error: the percentiles of a small one would not even hold it.
    """
    figures = np.empty((len(model.starts) - 1, len(RATES)))
    weigh(*model, np.ones(groups, np.int64), figures)
    defined = np.isfinite(errors)
    means = np.where(defined, errors, 0).sum(axis=0) / np.maximum(defined.sum(axis=0), 1)
    errors += figures[:, _ECE] - means


def interval(samples: Floats) -> tuple[float, float] | None:
    """The 95 % percentile interval of resamples ``(n,)`` of a figure; None where over 5 % of them do not allow the figure."""
    defined = _defined(samples)
    if defined is None:
        return None
    low, high = np.quantile(defined, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def p_value(samples: Floats) -> float | None:
    """Two-sided: how often resamples ``(n,)`` of a difference fall on the other side of 0, or on it; None as in `interval`."""
    defined = _defined(samples)
    if defined is None:
        return None
    beyond = min((defined <= 0).sum(), (defined >= 0).sum())
    return float(min(1, 2 * (beyond + 1) / (len(defined) + 1)))


def _defined(samples: Floats) -> Floats | None:
    defined = samples[np.isfinite(samples)]
    return defined if len(defined) >= max(1, _LEVEL * len(samples)) else None
