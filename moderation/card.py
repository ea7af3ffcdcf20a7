"""The model card that is saved with every model."""

from __future__ import annotations

from collections.abc import Iterator

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model


def write_card(model: Model) -> str:
    """Markdown that says what the model is, what it learnt from, how good it looked out of fold, and its limits."""
    return "\n".join(_lines(model)) + "\n"


def _lines(model: Model) -> Iterator[str]:
    facts = model.facts
    yield f"# Model {model.name} {model.version}\n"
    yield "Scores customer messages in Indonesian, English and mixtures for five categories of the Customer Code of Conduct."
    yield "Written by `moderation train`; holds numbers only.\n"
    untrained = [category for category, trained in zip(CATEGORIES, model.trained, strict=True) if not trained]
    if untrained:
        yield f"**Never flags {', '.join(untrained)}**: no row it learnt from had such a label.\n"
    if base := facts.get("base"):
        yield f"Continues from {base['name']} {base['version']} with {facts['new_rows']:,} rows more.\n"
    yield "## Figures on its own training rows, out of fold\n"
    yield (
        "| category | rows | positives | average precision | recall at review | false positives at review | recall at act "
        "| calibration error |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for category, f in facts["out_of_fold"].items():
        yield (
            f"| {category} | {f['rows']:,} | {f['positives']:,} | {_number(f['average_precision'])} | {_number(f['recall'])} | "
            f"{_number(f['false_positive_rate'])} | {_number(f['act_recall'])} | {_number(f['calibration_error'])} |"
        )
    yield "\nThese rows mix all sources, so they flatter; `moderation evaluate` on rows of your own is the figure that counts.\n"
    yield "## Working points\n"
    yield "| category | review | act |"
    yield "|---|--:|--:|"
    for category, thresholds in zip(CATEGORIES, model.thresholds, strict=True):
        act = "none proven" if thresholds.act >= 1 else f"{thresholds.act:.3f}"
        yield f"| {category} | {thresholds.review:.3f} | {act} |"
    yield "\n## What it learnt from\n"
    yield "| source | rows | licence class |"
    yield "|---|--:|---|"
    for source, rows in facts["sources"].items():
        yield f"| {source or 'unnamed'} | {rows:,} | {facts['licences'].get(source) or 'not stated'} |"
    yield "\n## Limits\n"
    yield "- It reads words, not intentions: irony, quotation and threats without any telling word escape it."
    yield "- A message is judged alone; what was said before is not known."
    yield "- The probability of a category is calibrated on a mixture of sources; other channels have other base rates."
    yield "- A person decides. Nothing should be refused or reported on a score alone."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
