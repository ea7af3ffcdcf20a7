"""Real messages to providers, labelled along our own guide: sources the shipped model never learnt from, tweets in five folds.

The tweets are learnt from, so five models are trained as ``scripts/build-model`` does, each without a fifth of their groups.
Needs ``build/corpus-default.parquet`` (made by ``scripts/build-model default``) and the shared data; takes some ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

import moderation
from benchmarks.data import ROOT, SHARED, say
from moderation.categories import CATEGORIES
from moderation.classifier.folds import hashed_folds
from moderation.classifier.model import Model
from moderation.config import load_config
from moderation.corpus.annotations import annotate, read_annotations
from moderation.corpus.loading import load_source
from moderation.corpus.pieces import loudest_pieces
from moderation.corpus.sources import load_sources
from moderation.labelled import LabelledRows, concatenated, read_labelled
from moderation.messages.arrays import strings
from moderation.training import train

UNSEEN = ("clean-mytelkomsel-reviews", "clean-isp-questions")
TWEETS = "clean-biznet-tweets"
FOLDS = 5


def annotated(name: str) -> LabelledRows:
    """The messages of a source that two readers of ours labelled, each once."""
    source = next(source for source in load_sources() if source.name == name)
    rows = annotate(load_source(source, SHARED).rows, read_annotations(ROOT / "data" / "annotations" / f"{name}.csv"))
    rows = rows[rows["read"]].drop_duplicates("folded")
    labels = rows[list(CATEGORIES)].to_numpy(np.float64, na_value=np.nan)
    return LabelledRows(strings(rows["text"].tolist()), labels, np.ones(len(rows)), {})


def without_a_fifth(corpus: LabelledRows) -> Iterator[tuple[Model, npt.NDArray[np.bool_]]]:
    """Models of the shipped recipe, and the tweets ``(rows,)`` that each of them did not see."""
    config = load_config(ROOT / "recipes" / "default.toml")
    source, split = corpus.facet("source"), corpus.facet("split")
    folds = hashed_folds(corpus.facet("group"), FOLDS, 0)
    for fold in range(FOLDS):
        unseen = (source == TWEETS) & (folds == fold)
        learnt = corpus.select(~unseen & ((split != "test") | (source == TWEETS)))
        # The other tweets of the test split are learnt from here, as those of any other fold.
        learnt = replace(learnt, facets=learnt.facets | {"split": np.full(len(learnt), "train", object)})
        first = train(learnt, replace(config, folds=2))
        customers = learnt.select(np.isin(learnt.facet("source"), config.customer_sources))
        yield train(concatenated([learnt, loudest_pieces(customers, first.raw)]), config), unseen


def line(name: str, labels: npt.NDArray[np.float64], abusive: npt.NDArray[np.float32], flagged: npt.NDArray[np.bool_]) -> str:
    """One set of ``n`` rows: ``labels`` ``(n, categories)``, the probability of abusive, and which are flagged for anything."""
    clean = (labels == 0).all(axis=1)
    truth = labels[:, 0] == 1
    ap = f"{average_precision_score(truth, abusive):.3f}" if truth.any() else "-"
    return (
        f"{name:28} {len(labels):6,} rows, {truth.sum():4} abusive: average precision {ap:>5}, "
        f"recall {flagged[truth].mean() if truth.any() else np.nan:.2f}; "
        f"clean flagged {(clean & flagged).sum()} of {clean.sum():,} ({(clean & flagged).sum() / clean.sum():.2%})"
    )


def flags(model: Model, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows ``(n,)`` reach the review threshold of any category."""
    return np.asarray((probabilities >= [thresholds.review for thresholds in model.thresholds]).any(axis=1))


def main() -> None:
    """Print a line for each set."""
    model = moderation.load().model
    for name in UNSEEN:
        rows = annotated(name)
        found = model.score(rows.texts).probabilities
        say(line(name, rows.labels, found[:, 0], flags(model, found)))
    corpus = read_labelled([str(ROOT / "build" / "corpus-default.parquet")])
    found, flagged = np.zeros(len(corpus), np.float32), np.zeros(len(corpus), np.bool_)
    for fold_model, unseen in without_a_fifth(corpus):
        probabilities = fold_model.score(corpus.select(unseen).texts).probabilities
        found[unseen], flagged[unseen] = probabilities[:, 0], flags(fold_model, probabilities)
    tweets = corpus.facet("source") == TWEETS
    say(line(f"{TWEETS}, folds", corpus.labels[tweets], found[tweets], flagged[tweets]))


if __name__ == "__main__":
    main()
