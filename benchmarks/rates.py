"""How much room abuse and threats may have: recall against clean messages flagged, on authors that nothing was learnt from.

A model is trained as ``scripts/build-model`` does, from the train split alone. Review thresholds at each pair of rates are chosen
on authored messages of the dev split and judged on the same: one number a category cannot learn them by heart. Other
categories keep the rates of the recipe, and the test split takes no part.
Needs ``build/corpus-default.parquet`` (made by ``scripts/build-model default``); takes a minute and a half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.data import ROOT, say
from benchmarks.recipe import trained
from moderation.categories import CATEGORIES
from moderation.classifier.thresholds import choose_thresholds
from moderation.config import load_config
from moderation.labelled import read_labelled

RATES = 0.006, 0.008, 0.01, 0.012, 0.014, 0.016


def main() -> None:
    """Print a line a pair of rates."""
    config = load_config(ROOT / "recipes" / "default.toml")
    rows = read_labelled([str(ROOT / "build" / "corpus-default.parquet")])
    split = rows.facet("split")
    model = trained(config, rows.select(split == "train"))
    dev = rows.select((split == "dev") & (rows.facet("source") == "authored"))
    found, truth = model.score(dev.texts).probabilities, dev.labels == 1
    clean = ~truth.any(axis=1)

    def flagged(place: int, rate: float) -> npt.NDArray[np.bool_]:
        probabilities = found[:, place].astype(np.float64)
        chosen = choose_thresholds(probabilities, truth[:, place], review_fpr=rate, act_precision=config.act_precision)
        return np.asarray(probabilities >= chosen.review)

    others = np.zeros(len(dev), np.bool_)
    for place, category in enumerate(CATEGORIES[2:], 2):
        others |= flagged(place, config.review_false_positive_rates.get(category, config.review_false_positive_rate))
    say(f"{clean.sum():,} clean messages of {len(dev):,}")
    say("rate abusive  recall   rate threatening  recall   clean flagged by any")
    for abusive in RATES:
        for threatening in RATES:
            hits = flagged(0, abusive), flagged(1, threatening)
            recalls = [hit[truth[:, place]].mean() for place, hit in enumerate(hits)]
            share = (hits[0] | hits[1] | others)[clean].mean()
            say(f"{abusive:12.1%}{recalls[0]:8.3f}{threatening:19.1%}{recalls[1]:8.3f}{share:23.2%}")


if __name__ == "__main__":
    main()
