"""The compiled steps of `moderation.classifier.blocks`: a block of rows in CSR form and the state of one head.

``ids`` are the places of the block's rows in ``labels``, ``folds``, ``costs`` and ``dual``, which are those of all rows. A row
says something about a head when its label is known and its fold is not ``left_out``.
"""

# ruff: noqa: ANN001, ANN201 - numba compiles for the types that come

from __future__ import annotations

import numpy as np

from moderation.text.compiled import compiled


@compiled
def totals_of(indptr, indices, counts, idf2):  # type: ignore[no-untyped-def]
    """Squared values of each row added up, of which `length_norm` makes what its score is divided by."""
    totals = np.zeros(indptr.size - 1)
    for row in range(totals.size):
        total = 0.0
        for place in range(indptr[row], indptr[row + 1]):
            total += counts[place] * np.float64(idf2[indices[place]])
        totals[row] = total
    return totals


@compiled
def tally(ids, indptr, indices, labels, folds, left_out, weights, no, yes):  # type: ignore[no-untyped-def]
    """Add the weights of the rows that have a feature to ``no`` or ``yes``."""
    for row in range(ids.size):
        label = labels[ids[row]]
        if folds[ids[row]] != left_out and not np.isnan(label):
            side = yes if label > 0.5 else no
            for place in range(indptr[row], indptr[row + 1]):
                side[indices[place]] += weights[ids[row]]


@compiled
def descend(  # type: ignore[no-untyped-def]
    order,
    ids,
    indptr,
    indices,
    counts,
    norms,
    labels,
    folds,
    left_out,
    costs,
    reach,
    intercept_reach,
    dual,
    contributions,
    intercept,
    least,
):
    """Visit the rows once in this order, each moving the head as far as it wants; by how much ``dual`` changed in all.

    ``pull`` is the derivative of the dual by the row's variable. A row at 0 that would go below it is beyond the margin and
    stays.
    """
    moved = 0.0
    for row in order:
        label = labels[ids[row]]
        if folds[ids[row]] == left_out or np.isnan(label):
            continue
        sign = 1.0 if label > 0.5 else -1.0
        first, last = indptr[row], indptr[row + 1]
        score = 0.0
        for place in range(first, last):
            score += contributions[indices[place]] * counts[place]
        before = np.float64(dual[ids[row]])
        slack = 0.5 / costs[ids[row]]
        pull = sign * (score / norms[row] + intercept[0]) - 1 + slack * before
        if before == 0 and pull > 0:
            continue
        if abs(pull) < least:
            continue
        length = 0.0
        for place in range(first, last):
            length += reach[indices[place]] * np.float64(counts[place]) ** 2
        after = np.float64(np.float32(max(before - pull / (length / norms[row] ** 2 + intercept_reach + slack), 0.0)))
        dual[ids[row]] = after
        moved += abs(after - before)
        step = sign * (after - before)
        intercept[0] += intercept_reach * step
        for place in range(first, last):
            contributions[indices[place]] += step / norms[row] * reach[indices[place]] * counts[place]
    return moved


@compiled
def judge(ids, indptr, indices, counts, norms, folds, fold, contributions, intercept, scores):  # type: ignore[no-untyped-def]
    """Score the rows of a fold."""
    for row in range(ids.size):
        if folds[ids[row]] == fold:
            score = 0.0
            for place in range(indptr[row], indptr[row + 1]):
                score += contributions[indices[place]] * counts[place]
            scores[ids[row]] = score / norms[row] + intercept[0]
