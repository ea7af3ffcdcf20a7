"""Texts in, verdicts out: one message, a batch on one thread, or a stream of batches on all cores."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model, Scores
from moderation.messages.arrays import as_strings, from_numpy, strings
from moderation.messages.batch import Batch
from moderation.policy import Action, Policy, default_policy
from moderation.registry import load_named_model
from moderation.text.ngrams import buffers_of

if TYPE_CHECKING:
    from moderation.messages.writing import TableWriter
    from moderation.redaction import Redactor

STATUSES = ("ok", "empty", "truncated", "unreadable")
VERDICT_SCHEMA = pa.schema(
    [
        *[pa.field(f"p_{category}", pa.float32()) for category in CATEGORIES],
        pa.field("flags", pa.list_(pa.string())),
        pa.field("action", pa.string()),
        pa.field("priority", pa.float32()),
        pa.field("status", pa.string()),
        pa.field("model", pa.string()),
    ]
)
"""Columns of a table of verdicts: calibrated probabilities, categories at or above their review threshold, what to do,
urgency from 0 to 100, how the text was, and the name and version of the model."""

_ACTIONS = strings([action.name for action in Action]).cast(pa.string())
_STATUSES = strings(STATUSES).cast(pa.string())
_CATEGORIES = strings(CATEGORIES).cast(pa.string())


@dataclass(frozen=True)
class Verdict:
    """What is thought of one message.

    Attributes:
        probabilities: Calibrated, by category.
        flags: Categories at or above their review threshold.
        action: ``none``, ``review`` or ``escalate``.
        priority: Urgency from 0 to 100.
        status: ``ok``, ``empty`` or ``truncated``.
        model: Name and version.
    """

    probabilities: dict[str, float]
    flags: tuple[str, ...]
    action: str
    priority: float
    status: str
    model: str


@dataclass(frozen=True)
class Moderator:
    """A model and a policy, ready to judge."""

    model: Model
    policy: Policy

    @cached_property
    def fingerprint(self) -> str:
        """What tells this model and policy from any other: a digest of every number and word in them that a verdict hangs on."""
        model = self.model
        rest = (model.name, model.version, model.calibration, model.thresholds, self.policy)
        digest = hashlib.sha256(repr(rest).encode())
        for array in (model.weights, model.scale, model.intercept):
            digest.update(array.tobytes())
        return digest.hexdigest()

    def score(self, texts: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> pa.Table:
        """Verdicts of ``n`` texts, in their order, with `VERDICT_SCHEMA`; a missing text gets status ``empty``."""
        array = as_strings(texts)
        return self.verdicts(self.model.score(array), np.zeros(len(array), np.bool_))

    def judge(self, text: str) -> Verdict:
        """The verdict on one message; the quick way for a chat gateway that asks one at a time."""
        scores = self.model.score(buffers_of(text))
        p = scores.probabilities[0].tolist()
        found = bool(scores.features[0])
        action, flags, spared = Action.none, [], 1.0
        for category, probability, thresholds in zip(self.policy.categories, p, self.model.thresholds, strict=True):
            spared *= 1 - category.severity * probability
            if found and probability >= thresholds.review:
                flags.append(category.name)
                action = max(action, category.review, category.act if probability >= thresholds.act else Action.none)
        status = "empty" if not found else "truncated" if scores.cut[0] else "ok"
        named = dict(zip(CATEGORIES, p, strict=True))
        return Verdict(named, tuple(flags), action.name, 100 * (1 - spared), status, f"{self.model.name} {self.model.version}")

    def verdicts(self, scores: Scores, unreadable: npt.NDArray[np.bool_]) -> pa.Table:
        """Verdicts for scores; rows marked in ``unreadable`` ``(n,)`` keep that status."""
        thresholds = self.model.thresholds
        p = scores.probabilities
        reviewed = p >= np.array([t.review for t in thresholds])
        acted = p >= np.array([t.act for t in thresholds])
        judged = (scores.features > 0)[:, None]
        reviewed &= judged
        acted &= judged
        status = np.where(unreadable, 3, np.where(scores.features == 0, 1, np.where(scores.cut, 2, 0))).astype(np.int8)
        name = strings([f"{self.model.name} {self.model.version}"]).cast(pa.string())
        return pa.Table.from_arrays(
            [
                *[from_numpy(p[:, column], pa.float32()) for column in range(len(CATEGORIES))],
                _flag_lists(reviewed),
                _ACTIONS.take(from_numpy(self.policy.actions(reviewed, acted), pa.int8())),
                from_numpy((100 * self.policy.harm(p)).astype(np.float32), pa.float32()),
                _STATUSES.take(from_numpy(status, pa.int8())),
                name.take(from_numpy(np.zeros(len(p), np.int8), pa.int8())),
            ],
            schema=VERDICT_SCHEMA,
        )


def _flag_lists(reviewed: npt.NDArray[np.bool_]) -> pa.Array:
    offsets = np.zeros(len(reviewed) + 1, np.int32)
    np.cumsum(reviewed.sum(axis=1), out=offsets[1:])
    values = _CATEGORIES.take(from_numpy(np.nonzero(reviewed)[1].astype(np.int8), pa.int8()))
    return pa.ListArray.from_arrays(from_numpy(offsets, pa.int32()), values)


def load(name_or_folder: str | None = None, policy: Policy | None = None) -> Moderator:
    """The moderator with the named model, or the shipped one.

    Raises:
        NoInputError: There is no such model.
        ModelError: Its folder is refused.
    """
    return Moderator(load_named_model(name_or_folder), policy or default_policy())


def score_batch(moderator: Moderator, batch: Batch, redactor: Redactor | None = None) -> pa.Table:
    """One batch's columns followed by its verdicts, a row a row; the verdicts are on the texts before a ``redactor``'s masks."""
    verdicts = moderator.verdicts(moderator.model.score(batch.texts), batch.unreadable)
    table = batch.table if redactor is None else redactor.mask_table(batch.table)
    for field, column in zip(VERDICT_SCHEMA, verdicts.columns, strict=True):
        table = table.append_column(field, column)
    return table


def score_batches(
    moderator: Moderator, batches: Iterator[Batch], jobs: int = 1, redactor: Redactor | None = None
) -> Iterator[pa.Table]:
    """Score a stream in order on ``jobs`` threads, 0 is one a core: the kernel holds no lock."""
    return (table for _, table in score_batches_with_texts(moderator, batches, jobs, redactor))


def score_batches_with_texts(
    moderator: Moderator, batches: Iterator[Batch], jobs: int = 1, redactor: Redactor | None = None
) -> Iterator[tuple[pa.Array, pa.Table]]:
    """Like `score_batches`, with the texts of each batch; never more than ``2 * jobs`` batches are held.

    When reading fails, what was read before is scored first.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1:
        for batch in batches:
            yield batch.texts, score_batch(moderator, batch, redactor)
        return
    read = _Read(batches)
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[tuple[pa.Array, Future[pa.Table]]] = deque()
        for batch in read:
            waiting.append((batch.texts, pool.submit(score_batch, moderator, batch, redactor)))
            if len(waiting) >= 2 * jobs:
                texts, future = waiting.popleft()
                yield texts, future.result()
        for texts, future in waiting:
            yield texts, future.result()
    if read.failure is not None:
        raise read.failure


class _Read:
    """Batches until reading ends or fails; the failure waits until those before it are scored."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._batches
        except Exception as error:
            self.failure = error


def score_into(
    writer: TableWriter, moderator: Moderator, batches: Iterator[Batch], jobs: int = 1, redactor: Redactor | None = None
) -> Iterator[int]:
    """Score a stream into a writer, behind what an interrupted run has written; yields how many rows each batch brought."""
    for table in score_batches(moderator, _behind(writer, moderator, batches, redactor), jobs, redactor):
        writer.write(table)
        yield len(table)


def _behind(writer: TableWriter, moderator: Moderator, batches: Iterator[Batch], redactor: Redactor | None) -> Iterator[Batch]:
    """The batches that are not written yet. Those before are read again, for what reading finds wrong with them counts."""
    done = writer.done.batches
    for place, batch in enumerate(batches):
        if place >= done:
            yield batch
        elif place == 0:
            nothing = Batch(batch.table.slice(0, 0), batch.texts.slice(0, 0), batch.unreadable[:0])
            writer.prime(score_batch(moderator, nothing, redactor))
