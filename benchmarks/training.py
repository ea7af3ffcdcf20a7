"""What training costs: time beside scikit-learn's pipeline as rows grow, memory for five million, and what streaming loses.

``python -m benchmarks.training [grow] [stream] [agree] [continue]``; all of them without an argument. Needs
``build/corpus-default.parquet``, and ``grow`` ``build/corpus-research.parquet`` (made by ``scripts/build-model``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score

from benchmarks.data import ROOT, SHARED, authored, say
from moderation.categories import CATEGORIES
from moderation.classifier import estimator
from moderation.classifier.model import Model
from moderation.config import TrainingConfig, load_config
from moderation.labelled import LabelledRows, concatenated, read_labelled
from moderation.registry import load_named_model
from moderation.training import train

SIZES = (25_000, 50_000, 100_000, 150_000)
MILLIONS = 5
_CHILD = """
import resource, sys, time
from pathlib import Path
from moderation.cli.train import train_model
from moderation.config import TrainingConfig
start = time.perf_counter()
train_model(TrainingConfig(name="bench", labels=(sys.argv[1],)), Path(sys.argv[2]), force=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def corpus(kind: str) -> LabelledRows:
    """The rows that ``scripts/build-model`` makes."""
    return read_labelled([str(ROOT / "build" / f"corpus-{kind}.parquet")])


def shuffled(rows: LabelledRows, n: int) -> LabelledRows:
    """Draw ``n`` rows, which lose split and group; where there are fewer, they come again with a new last word."""
    rounds = -(-n // len(rows))
    again = [
        replace(
            rows,
            texts=pc.binary_join_element_wise(rows.texts, *(pa.scalar(part, rows.texts.type) for part in (f"putaran{k}", " ")))
            if k
            else rows.texts,
        )
        for k in range(rounds)
    ]
    whole = replace(concatenated(again), facets={})
    chosen = np.random.default_rng(0).permutation(len(whole))[:n]
    return LabelledRows(whole.texts.take(pa.array(chosen)), whole.labels[chosen], whole.weights[chosen], {})


def scikit_learn(rows: LabelledRows) -> None:
    """Word 1-2 and in-word character 2-5 TF-IDF, a logistic regression a category on the rows that it has labels for."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    views = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    table = views.fit_transform(rows.texts.to_pylist()).tocsr()
    for labels in rows.labels.T:
        known = ~np.isnan(labels)
        LogisticRegression(solver="liblinear").fit(table[known], labels[known] == 1, rows.weights[known])


def grow() -> None:
    """Seconds by rows, ours and scikit-learn's, and how steeply they grow: 1 is linear.

    Processor seconds are there, too: other work on the machine does not change them.
    """
    rows = corpus("research")
    train(shuffled(rows, 2_000), TrainingConfig(bits=12))  # compiles
    say(f"{len(rows):,} rows of the research corpus to draw from; five categories")
    fits = {"moderation": lambda some: train(some, TrainingConfig()), "scikit-learn": scikit_learn}
    spent: dict[str, list[float]] = {name: [] for name in fits}
    for size in SIZES:
        some = shuffled(rows, size)
        for name, fit in fits.items():
            start, busy = time.perf_counter(), time.process_time()
            fit(some)
            spent[name].append(time.process_time() - busy)
            seconds = time.perf_counter() - start
            say(f"{len(some):>8,} rows, {name:12} {seconds:6.1f} s, {spent[name][-1]:6.1f} s of processor")
    for name, busy_seconds in spent.items():
        power = np.polyfit(np.log(SIZES), np.log(busy_seconds), 1)[0]
        say(f"{name}: processor seconds grow with rows to the power of {power:.2f}")


def write_synthetic(path: Path, rows: int) -> None:
    """The start of a clean authored message, then any whole one, which lends its labels, and a number: no two are alike."""
    own = authored()
    clean = np.flatnonzero((own.labels == 0).all(axis=1))
    random = np.random.default_rng(0)
    writer = None
    for first in range(0, rows, 100_000):
        n = min(100_000, rows - first)
        before, chosen = random.choice(clean, n), random.integers(len(own), size=n)
        numbers = pa.array([f"no{first + k}" for k in range(n)], own.texts.type)
        texts = pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(own.texts.take(pa.array(before)), 0, 30),
            own.texts.take(pa.array(chosen)),
            numbers,
            pa.scalar(". ", own.texts.type),
        )
        labels = {name: pa.array(own.labels[chosen, place], pa.int8()) for place, name in enumerate(CATEGORIES)}
        table = pa.table({"text": texts, **labels, "group": numbers})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def stream() -> None:
    """Time and peak memory of millions of rows, from a Parquet file to a saved model, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for millions in (1, MILLIONS):
            path = Path(folder) / "rows.parquet"
            write_synthetic(path, millions * 1_000_000)
            command = [sys.executable, "-c", _CHILD, str(path), str(Path(folder) / "model")]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            seconds, kilobytes = map(float, done.stdout.split())
            size = path.stat().st_size / 1e6
            say(f"{millions} million rows, {size:.0f} MB Parquet: {seconds:.0f} s, peak {kilobytes / 1024:.0f} MB")


def average_precisions(model: Model, rows: LabelledRows) -> npt.NDArray[np.float64]:
    """Average precision of each category; NaN where there are not both kinds of rows."""
    scores, _, _ = model.decide(rows.texts)
    found = np.full(len(CATEGORIES), np.nan)
    for place, labels in enumerate(rows.labels.T):
        known = ~np.isnan(labels)
        if len(set(labels[known])) == 2:
            found[place] = average_precision_score(labels[known] == 1, scores[known, place])
    return found


def say_row(name: str, figures: npt.NDArray[np.float64]) -> None:
    """A line of one figure a category."""
    say(f"{name:44}" + "".join("           -" if np.isnan(f) else f"{f:12.4f}" for f in figures))


def agree() -> None:
    """The shipped recipe by either solver, judged on the test split."""
    rows = corpus("default")
    config = load_config(ROOT / "recipes" / "default.toml")
    exact = train(rows, config)
    with patch.object(estimator, "EXACT_ROWS", 0):
        streamed = train(rows, config)
    test = rows.select(rows.facet("split") == "test")
    say(f"{'average precision on the test split':44}" + "".join(f"{c:>12}" for c in CATEGORIES))
    by_exact, by_stream = average_precisions(exact, test), average_precisions(streamed, test)
    say_row("exact solver", by_exact)
    say_row("streaming solver", by_stream)
    say_row("difference", by_stream - by_exact)


def carry_on() -> None:
    """What 400 rows make of a model, of a source it never saw and of an author it never read."""
    say(f"{'average precision, mean of categories':44}  on the rest of the source    on the test split    clean flagged there")
    rows = corpus("default")
    author = np.array([voice.split("/")[0] for voice in rows.facet("voice")])
    test = rows.facet("split") == "test"
    config = load_config(ROOT / "recipes" / "default.toml")
    hs1 = [SHARED / "hs1-folds" / f"{part}0.csv" for part in ("train", "test")]
    tweets = [read_labelled([str(path)], "Tweet", columns={"hate": "HS", "abusive": "Abusive"}) for path in hs1]
    without = train(rows.select(author != "expat"), config)
    cases = {
        "hs1-folds": (load_named_model(), *tweets, rows.select(test)),
        "author expat": (without, *halves(rows.select(author == "expat")), rows.select(test & (author != "expat"))),
    }
    for name, (old, learn, rest, known) in cases.items():
        new = train(shuffled(learn, 400), config, start=old)
        for title, model in ((f"{name}, before", old), (f"{name}, continued with 400", new)):
            there = np.nanmean(average_precisions(model, rest))
            flagged = (model.score(known.texts).probabilities >= [t.review for t in model.thresholds]).any(axis=1)
            share = flagged[(known.labels == 0).all(axis=1)].mean()
            say(f"{title:44}{there:27.4f}{np.nanmean(average_precisions(model, known)):21.4f}{share:23.2%}")


def halves(rows: LabelledRows) -> tuple[LabelledRows, LabelledRows]:
    """Every other row, and the others."""
    odd = np.arange(len(rows)) % 2 == 1
    return rows.select(odd), rows.select(~odd)


PARTS = {"grow": grow, "stream": stream, "agree": agree, "continue": carry_on}


def main() -> None:
    """Print the parts that are asked for."""
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
