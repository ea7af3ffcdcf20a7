"""The long model card, ``docs/evaluation.md``: held-out rows, unseen sources and authors, identities, disguises, worst errors.

Needs ``build/corpus-default.parquet``; looks at all sources where ``build/corpus-research.parquet`` is there too
(``scripts/build-model default`` and ``research`` make them). The same corpus and model give the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.data import ROOT, SHARED, say
from benchmarks.disguises import disguise_losses, hs1_losses
from benchmarks.heldout import held_out
from benchmarks.identities import identities, read_probes
from benchmarks.tables import by_category, table
from benchmarks.unseen import unseen
from benchmarks.worst import worst_errors
from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.config import load_config
from moderation.labelled import LabelledRows, read_labelled
from moderation.registry import load_named_model


def report(model: Model, corpus: LabelledRows, research: LabelledRows | None, command: str) -> Iterator[str]:
    """The parts of the card, in order."""
    test = corpus.select(corpus.facet("split") == "test")
    probabilities = model.score(test.texts).probabilities.astype(np.float64)
    yield f"# Evaluation of model {model.name} {model.version}\n"
    yield "Written by `python -m benchmarks.report`; do not edit it here.\n"
    yield _working_points(model, command)
    yield from held_out(model, test, probabilities, command)
    yield from unseen(corpus, research, load_config(ROOT / "recipes" / "default.toml"), command)
    yield from identities(model, read_probes(ROOT / "data" / "probes" / "identities.jsonl"), command)
    yield from _disguises(model, test, command)
    yield from worst_errors(model, test, probabilities, command)


def _working_points(model: Model, command: str) -> str:
    lines = [
        [category, f"{t.review:.3f}", "none proven" if t.act >= 1 else f"{t.act:.3f}"]
        for category, t in zip(CATEGORIES, model.thresholds, strict=True)
    ]
    return table(["category", "review threshold", "act threshold"], lines, command)


def _disguises(model: Model, test: LabelledRows, command: str) -> Iterator[str]:
    yield "## Disguises\n"
    yield "Points of recall at review lost when every word of four letters or more is disguised; negative where it helps.\n"
    own = test.select(test.facet("source") == "authored")
    found = {}
    for place, category in enumerate(CATEGORIES):
        positives = own.select(own.labels[:, place] == 1).texts.to_pylist()
        if positives:
            found[category] = disguise_losses(model, place, positives)
    lines = [["undisguised recall", *by_category({category: f"{recall:.3f}" for category, (recall, _) in found.items()})]]
    for name in next(iter(found.values()))[1] if found else ():
        lines.append([name, *by_category({category: f"{100 * lost[name]:.1f}" for category, (_, lost) in found.items()})])
    yield "Authored positives of the test split:\n"
    yield table(["disguise", *CATEGORIES], lines, command)
    if (SHARED / "hs1-folds").is_dir():
        recall, lost = hs1_losses()
        yield "Positives of hs1-folds, by a detector trained on its own folds, mean of five (`scripts/bench disguises`):\n"
        lines = [["undisguised recall", f"{recall:.3f}"], *([name, f"{100 * points:.1f}"] for name, points in lost.items())]
        yield table(["disguise", "hate speech"], lines, command)


def main(
    model: Annotated[str, typer.Option(help="Model name or folder")] = "default",
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the card goes")] = Path("docs/evaluation.md"),
    corpus: Annotated[Path, typer.Option(help="Labelled rows of the recipe")] = Path("build/corpus-default.parquet"),
) -> None:
    """Write the card."""
    command = f"python -m benchmarks.report --model {model}"
    if corpus != Path("build/corpus-default.parquet"):
        command += f" --corpus {corpus}"
    everything = ROOT / "build" / "corpus-research.parquet"
    research = read_labelled([str(everything)]) if everything.is_file() else None
    text = "\n".join(report(load_named_model(model), read_labelled([str(corpus)]), research, command))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    say(f"wrote {output}")


if __name__ == "__main__":
    typer.run(main)
