"""What was tried for the shipped recipe, each variant on authors and provider tweets it never saw.

The judge is average precision: of the five categories on three authors left out one at a time, and of abusive on the
annotated tweets with none of them in training. Rows of the test split take no part.
Needs ``build/corpus-default.parquet`` (made by ``scripts/build-model default``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
from moderation.corpus.pieces import loudest_pieces
from moderation.labelled import read_labelled

AUTHORS = ("sumatra", "expat", "obrolan")
TWEETS = "clean-biznet-tweets"
OWN = ("authored", TWEETS)


@dataclass(frozen=True)
class Variant:
    """One way to train."""

    name: str
    bits: int = 19
    word_weight: float = 2.0
    C: float = 0.1
    offset: float = 3.0
    public: float = 1.0
    pieces: float = 0.3
    weights: dict[str, float] = field(default_factory=dict)


VARIANTS = (
    Variant("own messages and annotations only", public=0.0),
    Variant("public sources at full weight", weights={"*": 1.0}),
    Variant("public sources at a fifth", weights={"*": 0.2}),
    Variant("shipped"),
    Variant("shipped, no pieces", pieces=0.0),
    Variant("shipped, pieces count in full", pieces=1.0),
    Variant("shipped, strong naive Bayes weighting", offset=0.5, C=0.15),
    Variant("shipped, words count as characters do", word_weight=1.0),
    Variant("shipped, 2**17 buckets", bits=17),
    Variant("shipped, 2**21 buckets", bits=21),
    Variant("shipped, less regularised", C=0.4),
)


def main() -> None:
    """Print a line a variant."""
    rows = read_labelled([str(ROOT / "build" / "corpus-default.parquet")])
    rows = rows.select(rows.facet("split") != "test")
    source = rows.facet("source")
    author = np.array([voice.split("/")[0] for voice in rows.facet("voice")])
    shipped = load_config(ROOT / "recipes" / "default.toml").weights
    counts: dict[int, sparse.csr_matrix] = {}

    def scores(variant: Variant, learn: npt.NDArray[np.bool_], judge: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        if variant.bits not in counts:
            counts.clear()
            counts[variant.bits] = count_matrix(rows.texts, variant.bits)
        table = counts[variant.bits]
        known = variant.weights or shipped
        weights = (
            np.array([1.0 if s in OWN else variant.public * known.get(s, known.get("*", 1.0)) for s in source]) * rows.weights
        )
        learn = learn & (weights > 0)
        idf2 = squared_idf(table[learn], variant.word_weight)
        heads = PartialLabelHeads(variant.C, variant.offset).fit(weigh(table[learn], idf2), rows.labels[learn], weights[learn])
        if variant.pieces:

            def loudness(texts: pa.Array) -> npt.NDArray[np.float64]:
                return heads.decision_function(weigh(count_matrix(texts, variant.bits), idf2))

            customers = rows.select(learn & np.isin(source, OWN))
            pieces = loudest_pieces(customers, loudness)
            heads = PartialLabelHeads(variant.C, variant.offset).fit(
                sparse.vstack([weigh(table[learn], idf2), weigh(count_matrix(pieces.texts, variant.bits), idf2)]).tocsr(),
                np.concatenate([rows.labels[learn], pieces.labels]),
                np.concatenate([weights[learn], np.full(len(pieces), variant.pieces)]),
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
