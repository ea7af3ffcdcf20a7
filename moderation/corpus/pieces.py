"""The loudest piece of each message as a row of its own: whoever learns from it looks for the insult, not for its surroundings.

One insult drowns in a long complaint, and the words around it learn to stand for it. So a first model picks the few words of
a message that speak loudest for a category: where the message is of that category they are the best guess at why, where it is
not they are the first model's most tempting mistake. This is multiple-instance learning (Andrews, Tsochantaridis and Hofmann,
"Support vector machines for multiple-instance learning", 2002) in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.corpus.build import write_parquet
from moderation.labelled import LabelledRows
from moderation.messages.arrays import strings
from moderation.text.ngrams import word_features

PIECES = "pieces"
"""What the pieces have as their source."""

WORDS = {"abusive": 8, "threatening": 12, "hoax": 12, "hate": 10, "spam": 8}
"""How many words a piece has, by category: an insult takes fewer than a threat."""

Loudness = Callable[[pa.Array], npt.NDArray[np.float64]]

_ANY_BITS = 8
"""Only the words' places are asked for, not their features."""


def loudest_pieces(rows: LabelledRows, loudness: Loudness, words: Mapping[str, int] = WORDS) -> LabelledRows:
    """The loudest piece of each row for each of some categories, with the row's labels of these categories and no others.

    A row of fewer words is its own piece; a piece that is the loudest for several categories is one row. It keeps group, split
    and licence class of its row, so that the two never stand on either side of a split.

    Args:
        rows: ``n`` labelled rows.
        loudness: Raw scores ``(m, categories)`` of ``m`` texts by a first model.
        words: Words in a piece, by category.

    Returns:
        At most ``n * len(words)`` rows of source `PIECES`, in the order of the rows they are of.
    """
    labels: dict[tuple[int, str], npt.NDArray[np.float64]] = {}
    for category, length in words.items():
        place = CATEGORIES.index(category)
        known = np.flatnonzero(~np.isnan(rows.labels[:, place]))
        pieces, owners = loudest(rows.texts.take(pa.array(known)).to_pylist(), length, loudness, place)
        for owner, piece in zip(known[owners].tolist(), pieces, strict=True):
            told = labels.setdefault((owner, piece), np.full(len(CATEGORIES), np.nan))
            told[place] = rows.labels[owner, place]
    found = sorted(labels)
    places = np.array([owner for owner, _ in found], np.int64)
    return LabelledRows(
        strings([piece for _, piece in found]),
        np.array([labels[key] for key in found]).reshape(len(found), len(CATEGORIES)),
        rows.weights[places],
        {name: values[places] for name, values in rows.facets.items()} | {"source": np.full(len(found), PIECES, object)},
    )


def loudest(texts: Sequence[str], length: int, loudness: Loudness, place: int = 0) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The loudest run of ``length`` words of each text that has words, as it was written, and which text it is of, in order.

    Args:
        texts: ``n`` of them.
        length: Words in a run; every third of it another one begins. A text of fewer words is its own run.
        loudness: Raw scores ``(m, categories)`` of ``m`` texts.
        place: The category's column in them.
    """
    runs, owners = _runs(texts, length)
    # By owner, the loudest last; of equals the first.
    order = np.lexsort((-np.arange(len(owners)), loudness(strings(runs))[:, place], owners))
    last = np.append(np.diff(owners[order]) > 0, np.ones(min(1, len(order)), np.bool_))
    chosen = order[last]
    return [runs[run] for run in chosen], owners[chosen]


def write_rows(rows: LabelledRows, out: Path) -> None:
    """Labelled rows as a Parquet file that `moderation.labelled` reads.

    Raises:
        CannotCreateError: ``out`` cannot be made.
    """
    labels = {name: pa.array(rows.labels[:, place], from_pandas=True).cast(pa.int8()) for place, name in enumerate(CATEGORIES)}
    facets = {name: strings(values.tolist()) for name, values in rows.facets.items()}
    write_parquet(pa.table({"text": rows.texts, **labels, "weight": rows.weights, **facets}), out)


def _runs(texts: Sequence[str], length: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    runs, owners = [], []
    step = max(1, length // 3)
    for owner, text in enumerate(texts):
        spans = word_features(text, _ANY_BITS).spans
        content = text.encode()
        for first in range(0, max(1, len(spans) - length + step), step) if len(spans) else ():
            last = min(first + length, len(spans)) - 1
            runs.append(content[spans[first, 0] : spans[last, 1]].decode())
            owners.append(owner)
    return runs, np.array(owners, np.int64)
