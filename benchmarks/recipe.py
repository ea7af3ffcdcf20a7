"""What was tried for the shipped recipe, each variant on authors and provider tweets it never saw.

The judge is average precision: of the five categories on three authors, and of abusive on the annotated tweets, with none of
them in training. Rows of the test split take no part.
Needs ``build/corpus-default.parquet`` (made by ``scripts/build-model default``); takes a minute and a half a variant.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from benchmarks.data import ROOT, say
from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.config import TrainingConfig, load_config
from moderation.corpus.pieces import PIECES, loudest_pieces
from moderation.labelled import LabelledRows, concatenated, read_labelled
from moderation.training import train

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
    changes: dict[str, Any] = field(default_factory=dict)


VARIANTS = (
    Variant("own messages and annotations only", public=0.0),
    Variant("public sources at full weight", weight=1.0),
    Variant("public sources at a fifth", weight=0.2),
    Variant("shipped"),
    Variant("shipped, no concepts of words", changes={"concepts": False}),
    Variant("shipped, no pieces", pieces=0.0),
    Variant("shipped, pieces count in full", pieces=1.0),
    Variant("shipped, strong naive Bayes weighting", changes={"offset": 0.5, "C": 0.15}),
    Variant("shipped, words count as characters do", changes={"word_weight": 1.0}),
    Variant("shipped, 2**19 buckets", changes={"bits": 19}),
    Variant("shipped, 2**22 buckets", changes={"bits": 22}),
    Variant("shipped, less regularised", changes={"C": 0.4}),
)


def config_of(variant: Variant, sources: set[str]) -> TrainingConfig:
    """The shipped config with the variant's changes."""
    shipped = load_config(ROOT / "recipes" / "default.toml")
    weights = dict(shipped.weights)
    for source in sources - set(OWN):
        weights[source] = variant.public * (weights.get(source, 1.0) if variant.weight is None else variant.weight)
    if variant.pieces is not None:
        weights[PIECES] = variant.pieces
    return replace(shipped, weights=weights, **variant.changes)


def trained(config: TrainingConfig, rows: LabelledRows) -> Model:
    """A model as ``scripts/build-model`` makes it."""
    first = train(rows, config)
    if not config.weights[PIECES]:
        return first
    customers = rows.select(np.isin(rows.facet("source"), config.customer_sources))
    return train(concatenated([rows, loudest_pieces(customers, first.raw)]), config)


def main() -> None:
    """Print a line a variant."""
    rows = read_labelled([str(ROOT / "build" / "corpus-default.parquet")])
    rows = rows.select(rows.facet("split") != "test")
    source = rows.facet("source")
    unseen = np.isin([voice.split("/")[0] for voice in rows.facet("voice")], AUTHORS)
    tweets = source == TWEETS
    say(f"{'average precision':40} {'  '.join(f'{c:>11}' for c in CATEGORIES)}         mean  tweets unseen")
    for variant in VARIANTS:
        model = trained(config_of(variant, set(source)), rows.select(~unseen & ~tweets))
        found, truth = model.raw(rows.select(unseen).texts), rows.labels[unseen]
        by_category = [average_precision_score(truth[:, c], found[:, c]) for c in range(len(CATEGORIES))]
        on_tweets = average_precision_score(rows.labels[tweets, 0], model.raw(rows.select(tweets).texts)[:, 0])
        figures = "  ".join(f"{figure:11.3f}" for figure in by_category)
        say(f"{variant.name:40} {figures}  {np.mean(by_category):11.4f}  {on_tweets:13.3f}")


if __name__ == "__main__":
    main()
