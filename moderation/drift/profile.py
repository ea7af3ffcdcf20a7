"""What is remembered of many messages: histograms and hashed words, no text."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.categories import CATEGORIES
from moderation.drift.words import BUCKETS, WordCounter
from moderation.errors import DataError
from moderation.messages.arrays import numbers

Counts = npt.NDArray[np.int64]

_LOGIT, _STEP = 16.0, 0.25
SCORE_BINS = int(2 * _LOGIT / _STEP) + 2
"""Bins of equal width of the logarithm of the odds, since most probabilities lie near 0; the first and last take the rest."""

LENGTH_BINS = 64
"""Four to each doubling of the number of characters; the last takes the rest."""

WORD_BINS = 256
"""Bins of words by the first bits of their hash."""

KNOWN_FROM = 2
"""A word is known when so many messages have it. One that a single message has may be a name.

The hash is no secret, so whoever holds a profile can ask it for a word, and is told yes or no. No count says how many messages
had it, no order which words stood together, and words that no message had are answered yes, too, where they share a bucket.
Numbers, links, addresses and handles are no words here. A model's weights say more: they are 0 only where no row had an n-gram.
"""

_FORMAT = 1


@dataclass(frozen=True)
class Profile:
    """A baseline.

    Attributes:
        rows: Messages.
        empty: Those without a word, which have no score; all else is about the others.
        scores: ``(categories, SCORE_BINS)`` messages by probability; of a category that was scored on a sample, those.
        flagged: ``(categories,)`` of them, messages at or above the review threshold.
        lengths: ``(LENGTH_BINS,)`` messages by characters.
        words: ``(WORD_BINS,)`` words, each once a message, by hash.
        known: ``(BUCKETS,)`` whether `KNOWN_FROM` messages have a word of this hash.
        new_words: Share of the words of other messages like these that would not be known.
    """

    rows: int
    empty: int
    scores: Counts
    flagged: Counts
    lengths: Counts
    words: Counts
    known: npt.NDArray[np.bool_]
    new_words: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready data of some 50 KB; counts are texts, so that they take a line each where JSON is indented."""
        return {
            "format": _FORMAT,
            "rows": self.rows,
            "empty": self.empty,
            "scores": {category: _text(counts) for category, counts in zip(CATEGORIES, self.scores, strict=True)},
            "flagged": _text(self.flagged),
            "lengths": _text(self.lengths),
            "words": _text(self.words),
            "known": base64.b64encode(zlib.compress(np.packbits(self.known).tobytes(), 9)).decode(),
            "new_words": self.new_words,
        }

    @classmethod
    def from_dict(cls, said: Any) -> Profile:  # noqa: ANN401 - whatever JSON holds
        """Read what `to_dict` wrote.

        Raises:
            DataError: It is something else.
        """
        try:
            if said["format"] != _FORMAT:
                raise DataError("the profile of the model's messages was written by a newer moderation; upgrade to read it")
            unpacker = zlib.decompressobj()
            packed = unpacker.decompress(base64.b64decode(said["known"], validate=True), BUCKETS // 8)
            return cls(
                rows=int(said["rows"]),
                empty=int(said["empty"]),
                scores=np.array([_counts(said["scores"][category], SCORE_BINS) for category in CATEGORIES]),
                flagged=_counts(said["flagged"], len(CATEGORIES)),
                lengths=_counts(said["lengths"], LENGTH_BINS),
                words=_counts(said["words"], WORD_BINS),
                known=np.unpackbits(np.frombuffer(packed, np.uint8)).view(np.bool_).reshape(BUCKETS),
                new_words=float(said["new_words"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, zlib.error):
            raise DataError("the profile of the model's messages is damaged") from None


class Tally:
    """Counts messages batch by batch, in memory that does not grow.

    Attributes:
        rows: Messages so far.
        empty: Those without a word.
        scores, flagged, lengths: As in `Profile`.
    """

    def __init__(self, review: Sequence[float]) -> None:
        self.rows = self.empty = 0
        self.scores = np.zeros((len(CATEGORIES), SCORE_BINS), np.int64)
        self.flagged = np.zeros(len(CATEGORIES), np.int64)
        self.lengths = np.zeros(LENGTH_BINS, np.int64)
        self._review = np.asarray(review)
        self._words = WordCounter()

    @property
    def words(self) -> Counts:
        """``(BUCKETS,)`` messages that have a word of each hash."""
        return self._words.counts

    def add(self, texts: pa.Array, probabilities: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
        """Count messages and their probabilities ``(n, categories)``; returns which are flagged, in the same shape."""
        worded = self._words.add(texts) > 0
        self.rows += len(texts)
        self.empty += int((~worded).sum())
        p = probabilities.astype(np.float64)
        flags = (p >= self._review) & worded[:, None]
        self.flagged += flags.sum(axis=0)
        for place, column in enumerate(p[worded].T):
            self.scores[place] += np.bincount(score_bins(column), minlength=SCORE_BINS)
        characters = numbers(pc.utf8_length(texts.cast(pa.large_string())), np.int64)[worded]
        places = np.minimum((4 * np.log2(np.maximum(characters, 1))).astype(np.int64), LENGTH_BINS - 1)
        self.lengths += np.bincount(places, minlength=LENGTH_BINS)
        return flags

    def rescore(self, place: int, probabilities: npt.NDArray[np.float64], review: float) -> None:
        """Put probabilities ``(n,)`` of some of the messages, all with a word, in the place of what a category had."""
        self.scores[place] = np.bincount(score_bins(probabilities), minlength=SCORE_BINS)
        self.flagged[place] = (probabilities >= review).sum()

    def profile(self) -> Profile:
        """What there is so far, to compare others with."""
        return Profile(
            rows=self.rows,
            empty=self.empty,
            scores=self.scores.copy(),
            flagged=self.flagged.copy(),
            lengths=self.lengths.copy(),
            words=word_bins(self.words),
            known=self.words >= KNOWN_FROM,
            new_words=expected_new(self.words),
        )


def score_bins(probabilities: npt.NDArray[np.float64]) -> Counts:
    """The bin, of `SCORE_BINS`, of each probability."""
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities) - np.log1p(-probabilities)
    places = np.floor((np.clip(logits, -2 * _LOGIT, 2 * _LOGIT) + _LOGIT) / _STEP) + 1
    return np.asarray(np.clip(places, 0, SCORE_BINS - 1), np.int64)


def score_edges() -> npt.NDArray[np.float64]:
    """The ``SCORE_BINS - 1`` probabilities between the bins."""
    return np.asarray(1 / (1 + np.exp(-np.linspace(-_LOGIT, _LOGIT, SCORE_BINS - 1))))


def word_bins(words: Counts) -> Counts:
    """``(BUCKETS,)`` counts of words as ``(WORD_BINS,)``."""
    return np.asarray(words.reshape(WORD_BINS, -1).sum(axis=1))


def expected_new(words: Counts) -> float:
    """Share of the words of further messages that would not be known, by Good and Turing.

    Words that r messages have make up ``(r + 1) * N[r + 1] / N`` of what comes next, where ``N[r]`` words are in r messages.
    """
    total = int(words.sum())
    return sum((r + 1) * int((words == r + 1).sum()) for r in range(KNOWN_FROM)) / total if total else 0.0


def _text(counts: Counts) -> str:
    return " ".join(map(str, counts.tolist()))


def _counts(said: str, n: int) -> Counts:
    counts = np.array(said.split(), np.int64).reshape(n)
    if (counts < 0).any():
        raise ValueError
    return counts
