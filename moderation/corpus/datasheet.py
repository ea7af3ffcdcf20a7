"""The datasheet of the data: what there is, whose it is, and what to beware of, from the declaration itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from nltk.metrics.agreement import AnnotationTask

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import read_annotations
from moderation.corpus.authored import Message, balance, read_authored
from moderation.corpus.sources import Expression, Source, load_sources

_INTRODUCTION = """\
# Data

Written by `python -m moderation.corpus datasheet -o data/README.md` from `moderation/corpus/sources.toml`; do not edit it here.

The five labels are `abusive`, `threatening`, `hoax`, `hate` and `spam`: 1 yes, 0 no, empty when nobody looked. Empty is never 0.
Every public source speaks about some of them only.

- **Authored messages** (`authored/*.jsonl`) and **annotations** (`annotations/*.csv`) are made for this project and licensed
  CC BY 4.0. Language models wrote the messages, in the voices of invented customers, and were the two readers of the annotated
  ones, both along the labelling guide. Annotations hold keys of messages, not their text.
- **Thesaurus** (`thesaurus/*.txt`): words by concept, one list a concept, licensed alike. Language models wrote the lists from
  what they know of the languages; words of the authored messages of the training split that were in none were added.
- **Public sources** are read where they lie and never copied here.

`python -m moderation.corpus build --classes open -o build/corpus-open.parquet` makes one table of labelled rows. Of the licence
classes, `open` allows commercial use with credit, `nc` does not, `unstated` gives no licence, `research` is for research only.

What was authored or annotated here goes before what a source says about the same text. Otherwise exact duplicates (same folded
text) become one row, and labels that contradict each other become unknown. Near-duplicates share a `group` and with it a split:
80 % train, 10 % dev, 10 % test. Authored rows are split by whole voices. `weight` says how much a row counts.
"""


def datasheet(data: Path, sources: Sequence[Source] | None = None) -> str:
    """The datasheet as Markdown, for the folder with ``authored/`` and ``annotations/``; needs no public data."""
    declared = load_sources() if sources is None else sources
    lines = [
        _INTRODUCTION,
        *_authored(read_authored(data / "authored")),
        *_annotated(data / "annotations"),
        "## Public sources\n",
        "| source | language | channel | labels | licence | class |",
        "|---|---|---|---|---|---|",
        *(_row(source) for source in declared),
        "",
    ]
    for source in declared:
        lines += _section(source)
    return "\n".join(lines).rstrip("\n") + "\n"


def _authored(messages: Sequence[Message]) -> Iterator[str]:
    yield f"## Authored messages\n\n{len(messages)} messages.\n"
    if not messages:
        return
    counts = balance(messages)
    yield "| | |\n|---|---|"
    for name in ("label", "lang", "channel", "words", "tag"):
        found = counts[name].most_common()
        yield f"| {name} | {', '.join(f'{value} {count}' for value, count in found)} |"
    yield f"| voice | {len(counts['voice'])}, of {min(counts['voice'].values())} to {max(counts['voice'].values())} messages |"
    yield f"| contrast pairs | {len({message.pair for message in messages if message.pair})} |\n"


def _annotated(folder: Path) -> Iterator[str]:
    yield "## Annotations\n"
    files = sorted(folder.glob("*.csv"))
    if not files:
        yield "None yet.\n"
        return
    yield f"| source | messages | {' | '.join(CATEGORIES)} | readers agree | alpha abusive |"
    yield f"|---|{'---|' * (len(CATEGORIES) + 3)}"
    for path in files:
        table = read_annotations(path)
        alike = [set(one) == set(other) for one, other in zip(table["reader_1"], table["reader_2"], strict=True)]
        counts = " | ".join(str(int((table[category] == 1).sum())) for category in CATEGORIES)
        yield f"| {path.stem} | {len(table)} | {counts} | {100 * sum(alike) / max(len(alike), 1):.1f} % | {_alpha(table)} |"
    yield "\nAlpha is Krippendorff's, by `nltk.metrics.agreement`, before the differences of the readers were settled.\n"


def _alpha(table: pd.DataFrame) -> str:
    votes = [
        (reader, key, "A" in cell)
        for reader in ("reader_1", "reader_2")
        for key, cell in zip(table["key"], table[reader], strict=True)
    ]
    return f"{AnnotationTask(votes).alpha():.2f}" if len({vote for _, _, vote in votes}) > 1 else "none found"


def _row(source: Source) -> str:
    kind = "benchmark" if source.benchmark else "none"
    labels = "all, clean by origin" if source.clean is True else ", ".join(source.labels) or kind
    languages = "/".join(dict.fromkeys(source.lang.values()))
    return f"| {source.name} | {languages} | {source.channel} | {labels} | {source.licence} | {source.licence_class} |"


def _section(source: Source) -> Iterator[str]:
    yield f"### {source.name}\n\n{source.origin}. {source.cautions}\n"
    for category, rule in source.labels.items():
        sides = [f"{side} {_said(when)}" for side, when in (("yes", rule.yes), ("no", rule.no)) if when is not False]
        yield f"- {category}: {'; '.join(sides)}"
    if source.clean is not False:
        yield f"- clean in all five categories {_said(source.clean)}"
    if source.weight != 1:
        yield f"- weight {source.weight}"
    for weak in source.weak:
        yield f"- weight {weak.weight} {_said(weak.where)}: {weak.why}"
    if source.cap:
        yield f"- at most {source.cap.rows} rows for each name that the pattern of its cap finds"
    if source.stretch:
        yield f"- split by stretches of {source.stretch} rows"
    if source.labels or source.clean or source.weak or source.weight != 1:
        yield ""


def _said(expression: Expression) -> str:
    if isinstance(expression, bool):
        return "always" if expression else "never"
    fence = "```" if "`" in expression else "`"
    return f"if {fence} {expression} {fence}"
