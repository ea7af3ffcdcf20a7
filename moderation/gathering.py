"""Labelled batches in, what training needs of them out: counts in a file, a few compact columns in memory, and no text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.classifier.blocks import Progress
from moderation.classifier.model import Model
from moderation.classifier.spill import FeatureSpill
from moderation.config import TrainingConfig
from moderation.drift import Tally
from moderation.errors import DataError
from moderation.labelled import LabelledRows
from moderation.messages.arrays import strings
from moderation.text.ngrams import as_buffers, count_features

COUNTED_BYTES = 4 * 1024 * 1024
"""How much text is counted at a time; its features take up to 50 times as much memory."""


@dataclass(frozen=True)
class Gathered:
    """``n`` rows that count: of no test split, with a weight above 0.

    Attributes:
        features: What the heads learn from.
        labels: ``(n, categories)`` of 1, 0 and NaN.
        weights: ``(n,)``, the sources' share in them.
        groups: ``n`` names of near-duplicate groups, a name of its own for a row that has none.
        customers: ``(n,)`` which rows look like customers' messages.
        worded: ``(n,)`` which rows have anything to score; a model abstains on the others.
        tally: Of customers' messages, as the model scores them that is continued from.
        sources: How many rows each source has.
        licences: Licence class of each source.
        digest: Of texts, labels, weights, sources and groups, in order.
    """

    features: FeatureSpill
    labels: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float64]
    groups: pa.Array
    customers: npt.NDArray[np.bool_]
    worded: npt.NDArray[np.bool_]
    tally: Tally
    sources: dict[str, int]
    licences: dict[str, str]
    digest: str


@contextmanager
def gather(
    batches: Iterable[LabelledRows], config: TrainingConfig, progress: Progress, start: Model | None = None
) -> Iterator[Gathered]:
    """Go over the rows once; the counts are gone after the ``with`` block.

    Features are those of ``config``, whatever ``start`` has.

    Raises:
        DataError: No row is left to learn from.
    """
    labels, weights, customers, groups, worded = [], [], [], [], []
    tally = Tally([thresholds.review for thresholds in start.thresholds] if start else [1.0] * len(CATEGORIES))
    wanted = frozenset(config.customer_sources)
    sources: Counter[str] = Counter()
    licences: dict[str, str] = {}
    digest = hashlib.sha256()
    with FeatureSpill(config.bits) as features:
        for batch in batches:
            rows = _that_count(batch, config)
            source, group = rows.facet("source").tolist(), rows.facet("group").tolist()
            for row in zip(rows.texts.to_pylist(), source, group, strict=True):
                digest.update(repr(row).encode())
            labels.append(rows.labels.astype(np.float32))
            weights.append(rows.weights)
            customers.append(np.array([name in wanted for name in source], np.bool_) | (not wanted))
            groups.append(strings([name or f"row {n}" for n, name in enumerate(group, features.rows)]))
            sources.update(source)
            licences |= zip(source, rows.facet("licence_class").tolist(), strict=True)
            theirs = rows.texts.filter(pa.array(customers[-1]))
            tally.add(theirs, start.score(theirs).probabilities if start else np.zeros((len(theirs), len(CATEGORIES))))
            for part in _parts(rows.texts):
                found = count_features(part, config.bits, concepts=config.concepts)
                worded.append(np.diff(found.indptr) > 0)
                features.append(found)
            progress("reading", features.rows, None)
        if not features.rows:
            raise DataError("no rows to train on: all of them belong to the test split, or weigh nothing")
        for column in (labels, weights):
            column[:] = [np.concatenate(column)]
            digest.update(column[0].tobytes())
        yield Gathered(
            features,
            labels[0],
            weights[0],
            pa.concat_arrays(groups),
            np.concatenate(customers),
            np.concatenate(worded),
            tally,
            dict(sorted(sources.items())),
            dict(sorted(licences.items())),
            digest.hexdigest(),
        )


def _that_count(rows: LabelledRows, config: TrainingConfig) -> LabelledRows:
    """Without the test split and rows of no weight; each row's weight times its source's."""
    shares = [config.weights.get(source, 1.0) for source in rows.facet("source")]
    rows = replace(rows, weights=rows.weights * np.array(shares, np.float64))
    return rows.select((rows.facet("split") != "test") & (rows.weights > 0))


def _parts(texts: pa.Array) -> Iterator[pa.Array]:
    """The texts in lots of about `COUNTED_BYTES`, or a single longer one."""
    offsets = as_buffers(texts).offsets
    first = 0
    while first < len(texts):
        full = int(np.searchsorted(offsets, offsets[first] + COUNTED_BYTES, side="right")) - 1
        last = min(max(full, first + 1), len(texts))
        yield texts.slice(first, last - first)
        first = last
