"""What was tried for the shipped recipe, each variant on authors and provider tweets it never saw.

The judge is average precision: of the five categories on three authors left out one at a time, and of abusive on the
annotated tweets with none of them in training. Rows of the test split take no part.
Needs ``build/corpus-default.parquet`` (made by ``scripts/build-model default``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse
from sklearn.metrics import average_precision_score

from benchmarks.data import ROOT, say
from moderation.categories import CATEGORIES
from moderation.classifier.features import count_matrix, squared_idf, weigh
from moderation.classifier.heads import PartialLabelHeads
from moderation.config import load_config
from moderation.corpus.pieces import PIECES, loudest_pieces
from moderation.labelled import read_labelled

AUTHORS = ("sumatra", "expat", "obrolan")
TWEETS = "clean-biznet-tweets"
OWN = ("authored", TWEETS)


@dataclass(frozen=True)
class Variant:
    """One way to train.

    Attributes:
        name: What it is called in the table.
        public: Times the shipped weights of public sources.
        weight: Of every public source instead, where it is given.
        pieces: Weight of the pieces instead of the shipped one.
        changes: Other values for keys of the shipped config.
    """

    name: str
    public: float = 1.0
    weight: float | None = None
    pieces: float | None = None
    changes: dict[str, float] = field(default_factory=dict)


VARIANTS = (
    Variant("own messages and annotations only", public=0.0),
    Variant("public sources at full weight", weight=1.0),
    Variant("public sources at a fifth", weight=0.2),
    Variant("shipped"),
    Variant("shipped, no pieces", pieces=0.0),
    Variant("shipped, pieces count in full", pieces=1.0),
    Variant("shipped, strong naive Bayes weighting", changes={"offset": 0.5, "C": 0.15}),
    Variant("shipped, words count as characters do", changes={"word_weight": 1.0}),
    Variant("shipped, 2**17 buckets", changes={"bits": 17}),
    Variant("shipped, 2**21 buckets", changes={"bits": 21}),
    Variant("shipped, less regularised", changes={"C": 0.4}),
)


def main() -> None:
    """Print a line a variant."""
    rows = read_labelled([str(ROOT / "build" / "corpus-default.parquet")])
    rows = rows.select(rows.facet("split") != "test")
    source = rows.facet("source")
    author = np.array([voice.split("/")[0] for voice in rows.facet("voice")])
    shipped = load_config(ROOT / "recipes" / "default.toml")
    counts: dict[int, sparse.csr_matrix] = {}

    def scores(variant: Variant, learn: npt.NDArray[np.bool_], judge: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        config = replace(shipped, **variant.changes)
        if config.bits not in counts:
            counts.clear()
            counts[config.bits] = count_matrix(rows.texts, config.bits)
        table = counts[config.bits]
        public = [variant.public * (config.weights.get(s, 1.0) if variant.weight is None else variant.weight) for s in source]
        weights = np.where(np.isin(source, OWN), 1.0, public) * rows.weights
        learn = learn & (weights > 0)
        idf2 = squared_idf(table[learn], config.word_weight)
        heads = PartialLabelHeads(config.C, config.offset).fit(weigh(table[learn], idf2), rows.labels[learn], weights[learn])
        weight = config.weights[PIECES] if variant.pieces is None else variant.pieces
        if weight:
            first = heads

            def loudness(texts: pa.Array) -> npt.NDArray[np.float64]:
                return first.decision_function(weigh(count_matrix(texts, config.bits), idf2))

            pieces = loudest_pieces(rows.select(learn & np.isin(source, OWN)), loudness)
            heads = PartialLabelHeads(config.C, config.offset).fit(
                sparse.vstack([weigh(table[learn], idf2), weigh(count_matrix(pieces.texts, config.bits), idf2)]).tocsr(),
                np.concatenate([rows.labels[learn], pieces.labels]),
                np.concatenate([weights[learn], np.full(len(pieces), weight)]),
            )
        return heads.decision_function(weigh(table[judge], idf2))

    say(f"{'average precision':40} {'  '.join(f'{c:>11}' for c in CATEGORIES)}         mean  tweets unseen")
    tweets = source == TWEETS
    for variant in VARIANTS:
        by_author = []
        for left_out in AUTHORS:
            found = scores(variant, author != left_out, author == left_out)
            truth = rows.labels[author == left_out]
            by_author.append([average_precision_score(truth[:, c], found[:, c]) for c in range(len(CATEGORIES))])
        means = np.mean(by_author, axis=0)
        unseen = average_precision_score(rows.labels[tweets, 0], scores(variant, ~tweets, tweets)[:, 0])
        figures = "  ".join(f"{m:11.3f}" for m in means)
        say(f"{variant.name:40} {figures}  {means.mean():11.4f}  {unseen:13.3f}")


if __name__ == "__main__":
    main()
