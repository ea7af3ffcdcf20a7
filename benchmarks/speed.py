"""Messages per second of this project, scikit-learn's TF-IDF pipeline and fastText, one thread, all five categories, one run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data import authored, say
from moderation.categories import CATEGORIES
from moderation.labelled import LabelledRows
from moderation.policy import default_policy
from moderation.registry import load_named_model, model_folder
from moderation.scoring import Moderator
from moderation.training import TrainingConfig, train

ROUNDS = 5


def best_rate(score: Callable[[], object], messages: int, rounds: int = ROUNDS) -> float:
    """Messages per second of the fastest round: the one least disturbed by other work on the machine."""
    score()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        score()
        seconds.append(time.perf_counter() - start)
    return messages / min(seconds)


def ours(rows: LabelledRows, texts: list[str]) -> tuple[float, float]:
    """Rate of the kernel with verdicts, and median seconds for one message in process."""
    model = train(rows, TrainingConfig(name="bench"))
    moderator = Moderator(model, default_policy())
    array = pa.array(texts * 4, pa.large_string())
    rate = best_rate(lambda: moderator.score(array), len(array))
    single = []
    for text in texts[:2000]:
        start = time.perf_counter()
        moderator.judge(text)
        single.append(time.perf_counter() - start)
    return rate, statistics.median(single)


def scikit_learn(rows: LabelledRows, texts: list[str]) -> float:
    """Word 1-2 and in-word character 2-5 TF-IDF, five logistic regressions."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline, make_union

    views = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    pipeline = make_pipeline(views, OneVsRestClassifier(LogisticRegression(solver="liblinear")))
    pipeline.fit(rows.texts.to_pylist(), rows.labels.astype(int))
    some = texts[:4000]
    return best_rate(lambda: pipeline.predict_proba(some), len(some), 3)


def fast_text(rows: LabelledRows, texts: list[str]) -> float:
    """Supervised fastText with word pairs and characters 2-5, one model with independent labels."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        with path.open("w", encoding="utf-8") as file:
            for text, labels in zip(rows.texts.to_pylist(), rows.labels, strict=True):
                names = [c for c, label in zip(CATEGORIES, labels, strict=True) if label == 1] or ["clean"]
                file.write(" ".join(f"__label__{name}" for name in names) + " " + " ".join(text.split()) + "\n")
        model = fasttext.train_supervised(str(path), wordNgrams=2, minn=2, maxn=5, loss="ova", thread=1, verbose=0)
    lines = [" ".join(text.split()) + "\n" for text in texts]
    # The binding's own call, once per message, is its fastest way; its list interface breaks with numpy 2.
    return best_rate(lambda: [model.f.predict(line, -1, 0.0, "strict") for line in lines], len(lines), 3)


def start_up() -> tuple[float, float]:
    """Median seconds from nothing to the first verdict on the command line, once warm; and to load the model in process."""
    command = [sys.executable, "-c", "from moderation.cli import run; run()", "score", "-"]
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run(command, input=b"internet saya mati\n", capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
    loads = []
    for _ in range(5):
        start = time.perf_counter()
        load_named_model().score(pa.array(["halo"], pa.large_string()))
        loads.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]), statistics.median(loads)


def main() -> None:
    """Print the report."""
    rows = authored()
    texts = rows.texts.to_pylist()
    length = np.mean([len(text) for text in texts])
    say(f"{len(texts):,} authored messages, {length:.0f} characters on average, {os.cpu_count()} cores, one thread")
    own, single = ours(rows, texts)
    sklearn_rate, fasttext_rate = scikit_learn(rows, texts), fast_text(rows, texts)
    say(f"moderation    {own:>10,.0f} messages/s")
    say(f"scikit-learn  {sklearn_rate:>10,.0f} messages/s: we are {own / sklearn_rate:.0f} times as fast")
    say(f"fastText      {fasttext_rate:>10,.0f} messages/s: we are {own / fasttext_rate:.1f} times as fast")
    say(f"one message in process, median: {single * 1e6:.0f} us")
    first, load = start_up()
    size = sum(file.stat().st_size for file in model_folder().iterdir())
    say(f"first verdict on the command line, warm: {first:.2f} s")
    say(f"model loads in {load * 1e3:.0f} ms; model folder {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
