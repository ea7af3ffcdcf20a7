"""The loudest piece of each message as a row of its own: whoever learns from it looks for the insult, not for its surroundings.

One insult drowns in a long complaint, and the words around it learn to stand for it. So a first model picks the few words of
a message that speak loudest for a category: where the message is of that category they are the best guess at why, where it is
not they are the first model's most tempting mistake. This is multiple-instance learning (Andrews, Tsochantaridis and Hofmann,
"Support vector machines for multiple-instance learning", 2002) in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.errors import CannotCreateError
from moderation.labelled import LabelledRows, concatenated
from moderation.messages.arrays import strings
from moderation.text.ngrams import word_features

PIECES = "pieces"
"""What the pieces have as their source."""

WORDS = {"abusive": 8, "threatening": 12}
"""How many words a piece has, for the categories whose messages hide them best. A threat takes more words than an insult."""


def loudest_pieces(rows: LabelledRows, model: Model, words: Mapping[str, int] = WORDS) -> LabelledRows:
    """The loudest piece of each row for each of some categories, with the row's label of that category and no other.

    A row of fewer words is its own piece. A piece keeps group, split and licence class of its row, so that the two never
    stand on either side of a split. Categories follow each other in the order of ``words``.

    Args:
        rows: ``n`` labelled rows.
        model: Says what is loud, by its raw scores.
        words: Words in a piece, by category.

    Returns:
        At most ``n * len(words)`` rows of source `PIECES`.
    """
    parts = []
    for category, length in words.items():
        place = CATEGORIES.index(category)
        known = rows.select(~np.isnan(rows.labels[:, place]))
        texts, owners = _cut(known, length)
        scores = model.decide(strings(texts))[0][:, place]
        # By owner, the loudest last; of equals the first.
        order = np.lexsort((-np.arange(len(owners)), scores, owners))
        loudest = order[np.append(np.flatnonzero(np.diff(owners[order])), len(order) - 1)] if len(order) else order
        chosen = known.select(np.isin(np.arange(len(known)), owners[loudest]))
        labels = np.full(chosen.labels.shape, np.nan)
        labels[:, place] = chosen.labels[:, place]
        source = np.full(len(chosen), PIECES, object)
        parts.append(
            replace(
                chosen,
                texts=strings([texts[piece] for piece in loudest]),
                labels=labels,
                facets=chosen.facets | {"source": source},
            )
        )
    return concatenated(parts)


def write_rows(rows: LabelledRows, out: Path) -> None:
    """Labelled rows as a Parquet file that `moderation.labelled` reads.

    Raises:
        CannotCreateError: ``out`` cannot be made.
    """
    labels = {name: pa.array(rows.labels[:, place], from_pandas=True).cast(pa.int8()) for place, name in enumerate(CATEGORIES)}
    facets = {name: strings(values.tolist()) for name, values in rows.facets.items()}
    table = pa.table({"text": rows.texts, **labels, "weight": rows.weights, **facets})
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, out, compression="zstd")
    except OSError as error:
        raise CannotCreateError(f"cannot write {out}: {error.strerror}") from error


def _cut(rows: LabelledRows, length: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Overlapping runs of ``length`` words, every third of it a new one, as they were written; and the row of each."""
    texts, owners = [], []
    step = max(1, length // 3)
    for row, text in enumerate(rows.texts.to_pylist()):
        spans = word_features(text, 8).spans
        content = text.encode()
        for first in range(0, max(1, len(spans) - length + step), step) if len(spans) else ():
            last = min(first + length, len(spans)) - 1
            texts.append(content[spans[first, 0] : spans[last, 1]].decode())
            owners.append(row)
    return texts, np.array(owners, np.int64)
