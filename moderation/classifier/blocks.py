"""Heads for many rows, more than memory holds if need be, and heads that start from those of an older model.

Dual coordinate descent over blocks of a spill (Hsieh et al. 2008; Yu et al. 2010): the problem, and so the heads, are those of
`PartialLabelHeads`, but rows are visited a block at a time, in an order drawn anew each pass, and stay on disk in between.

A head is kept as what each n-gram adds to the score, ``contribution = weight * tells * idf``. It minimises

    sum((1 / (tells * idf) ** 2 + hold) * (contribution - start) ** 2) / 2 + sum(C * cost * max(0, 1 - sign * score) ** 2)

where ``start`` is the older head, or zero, and ``hold`` how firmly it stays there, or zero; see `continuing`.

Measured on the shipped corpus: average precision differs by less than 0.0003 from that of liblinear, in a third of its time;
averaged stochastic gradient descent (`sklearn.linear_model.SGDClassifier`) stays 0.02 to 0.13 below after as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt

from moderation.classifier.continuing import Start
from moderation.classifier.descent import descend, judge, tally, totals_of
from moderation.classifier.length import length_norm
from moderation.classifier.spill import Block, FeatureSpill

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int | None], None]
"""Told of a phase, how much of it is done, and of how much, where that is known."""


def silent(phase: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


MAX_PASSES = 40
TOLERANCE = 0.01
"""A head is done when a pass changes how hard rows pull by less than this share."""
_CHUNKS_A_BLOCK = 40


class BlockRows(NamedTuple):
    """What is learnt from: ``n`` rows of features, of which memory holds only these columns.

    ``labels`` ``(n, heads)`` are 1, 0 and NaN, at least one known a column. ``weights`` ``(n,)`` are above 0, ``folds`` ``(n,)``
    say which fold a row belongs to, ``idf2`` ``(buckets,)`` are squared inverse document frequencies.
    """

    features: FeatureSpill
    labels: npt.NDArray[np.float32]
    weights: Floats
    folds: npt.NDArray[np.uint8]
    idf2: npt.NDArray[np.int16]


class BlockHeads(NamedTuple):
    """What fitting gives: ``(heads, buckets)``, ``(heads,)``, and ``(rows, heads)`` scores by heads that left the row out."""

    contributions: Floats
    intercept: Floats
    out_of_fold: Floats | npt.NDArray[np.float32]


@dataclass
class _Head:
    """One head while it learns.

    Attributes:
        labels: ``(n,)``.
        left_out: The fold it does not see, -1 for none.
        contributions: ``(buckets,)``, moved in place.
        intercept: One number in an array, moved in place.
        reach: ``(buckets,)`` how far a step on a row moves each contribution.
        intercept_reach: The same for the intercept.
        dual: ``(n,)`` how hard each row pulls, moved in place.
        done: Whether it stays as it is.
    """

    labels: npt.NDArray[np.float32]
    left_out: int
    contributions: Floats
    intercept: Floats
    reach: npt.NDArray[np.float32]
    intercept_reach: float
    dual: npt.NDArray[np.float32]
    done: bool = False


def fit_blocks(
    rows: BlockRows, *, C: float, offset: float, seed: int, judged: Iterable[int], start: Start, progress: Progress = silent
) -> BlockHeads:
    """Fit a head a column of labels, and one more for each fold in ``judged`` that gives that fold's scores.

    The result depends neither on the number of threads nor on their luck: a head is one thread's at a time.

    Args:
        rows: What to learn from.
        C: Inverse strength of regularisation.
        offset: See `PartialLabelHeads`.
        seed: Of the order of rows.
        judged: Folds to score out of fold; rows of the others have NaN there.
        start: Where heads start from and how firmly they are held there.
        progress: Told of each pass.
    """
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:
        whole, *apart = (_start_heads(pool, rows, fold, offset, start) for fold in (-1, *judged))
        _learn(pool, rows, [*whole, *chain.from_iterable(apart)], C * rows.weights, seed, progress)
        scores = np.full(rows.labels.shape, np.nan, np.float32)
        for block, norms in _blocks(rows, range(rows.features.chunks)):
            for column, head in chain.from_iterable(map(enumerate, apart)):
                judge(*block, norms, rows.folds, head.left_out, head.contributions, head.intercept, scores[:, column])
    return BlockHeads(np.array([head.contributions for head in whole]), np.array([head.intercept[0] for head in whole]), scores)


def _start_heads(pool: Executor, rows: BlockRows, left_out: int, offset: float, start: Start) -> list[_Head]:
    """Heads that have not moved yet; what features tell is counted in the rows that they learn from."""
    heads = []
    tallies = np.ones((rows.labels.shape[1], 2, len(rows.idf2)))
    for block, _ in _blocks(rows, range(rows.features.chunks)):

        def count(labels: npt.NDArray[np.float32], sides: Floats, block: Block = block) -> None:
            tally(block.ids, block.indptr, block.indices, labels, rows.folds, left_out, rows.weights, *sides)

        list(pool.map(count, rows.labels.T, tallies))
    for column, (no, yes) in enumerate(tallies):
        tells = np.abs(np.log(yes / yes.sum()) - np.log(no / no.sum())) + offset
        held = 1 / (tells**2 * rows.idf2) + start.pull[column] * start.shares
        heads.append(
            _Head(
                rows.labels[:, column],
                left_out,
                start.contributions[column].copy(),
                start.intercept[column : column + 1].copy(),
                (1 / held).astype(np.float32),
                1 / (1 + float(start.pull[column])),
                np.zeros(len(rows.labels), np.float32),
            )
        )
    return heads


def _learn(pool: Executor, rows: BlockRows, heads: list[_Head], costs: Floats, seed: int, progress: Progress) -> None:
    """Move the heads until they hardly move, all of them on a block while it is in memory."""
    random = np.random.default_rng(seed)
    for number in range(1, MAX_PASSES + 1):
        moved = np.zeros(len(heads))
        seen = 0
        for block, norms in _blocks(rows, random.permutation(rows.features.chunks)):
            order = random.permutation(len(block.ids))

            def visit(head: _Head, block: Block = block, norms: Floats = norms, order: Any = order) -> float:  # noqa: ANN401
                if head.done:
                    return 0.0
                fixed = head.labels, rows.folds, head.left_out, costs, head.reach, head.intercept_reach
                state = head.dual, head.contributions, head.intercept
                return float(descend(order, *block, norms, *fixed, *state, TOLERANCE / 10))

            moved += list(pool.map(visit, heads))
            seen += len(block.ids)
            progress(f"learning, pass {number}", seen, len(rows.labels))
        for head, change in zip(heads, moved, strict=True):
            head.done = change <= TOLERANCE * head.dual.sum()
        if all(head.done for head in heads):
            return


def _blocks(rows: BlockRows, chunks: Sequence[int] | npt.NDArray[np.int64]) -> Iterator[tuple[Block, Floats]]:
    """Some chunks at a time, and what the length of each row divides its score by."""
    for first in range(0, len(chunks), _CHUNKS_A_BLOCK):
        block = rows.features.read(np.asarray(chunks[first : first + _CHUNKS_A_BLOCK]))
        yield block, length_norm(totals_of(block.indptr, block.indices, block.counts, rows.idf2))
