"""All sources, authored messages and annotations -> one Parquet file of labelled rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import annotate, read_annotations
from moderation.corpus.authored import Message, read_authored
from moderation.corpus.duplicates import merge_exact, near_groups
from moderation.corpus.loading import load_source
from moderation.corpus.sources import LICENCE_CLASSES, Source, load_sources
from moderation.corpus.splitting import split_rows
from moderation.errors import CannotCreateError, NoInputError, UsageError
from moderation.text.ngrams import fold

AUTHORED = "authored"
"""What the authored messages have as their source."""

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("tag", pa.string()),
        pa.field("voice", pa.string()),
        pa.field("licence_class", pa.string(), nullable=False),
        *(pa.field(category, pa.int8()) for category in CATEGORIES),
        pa.field("weight", pa.float32(), nullable=False),
        pa.field("group", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
    ]
)
"""Labelled rows. Labels are 1, 0 or null; ``tag`` and ``voice`` stand for authored rows only."""


@dataclass(frozen=True)
class SourceCount:
    """Labelled rows of one source before and after de-duplication; ``yes`` and ``no`` count what is left, by category."""

    source: str
    before: int
    after: int
    yes: dict[str, int]
    no: dict[str, int]
    unlabelled: int
    annotated: int
    damaged: int
    dropped: int


@dataclass(frozen=True)
class BuildReport:
    """What `build` did: counts by source, contradictory labels made unknown by category, rows by split, rows sharing a group."""

    sources: tuple[SourceCount, ...]
    conflicts: dict[str, int]
    splits: dict[str, int]
    near_duplicates: int


def build(
    shared: Path,
    out: Path,
    classes: Collection[str] = ("open",),
    data: Path = Path("data"),
    *,
    held_out: Collection[str] = (),
    sources: Sequence[Source] | None = None,
) -> BuildReport:
    """Write the labelled rows of every source whose licence class is among ``classes`` to ``out``.

    Benchmarks and rows without any label are left out.

    Args:
        shared: Folder of the public sources.
        out: The Parquet file to write.
        classes: Licence classes to take; authored messages are open.
        data: Folder with ``authored/`` and ``annotations/``, either of which may be absent.
        held_out: Sources that are for testing only.
        sources: Declarations to use in place of the shipped ones.

    Raises:
        UsageError: A licence class or a held-out source is unknown.
        NoInputError: Nothing to learn from was found.
        CannotCreateError: ``out`` cannot be made.
    """
    declared = [source for source in (load_sources() if sources is None else sources) if not source.benchmark]
    for value in classes:
        if value not in LICENCE_CLASSES:
            raise UsageError(f"no licence class {value!r}: take some of {', '.join(LICENCE_CLASSES)}")
    for value in held_out:
        if value not in {AUTHORED, *(source.name for source in declared)}:
            raise UsageError(f"no source {value!r} to hold out")
    tables, loaded = [], []
    authored = authored_rows(read_authored(data / "authored"))
    if len(authored) and "open" in classes:
        tables.append(authored)
        loaded.append((AUTHORED, 0, 0, 0, 0))
    for source in declared:
        if source.licence_class in classes:
            found = load_source(source, shared)
            rows = found.rows
            annotations = data / "annotations" / f"{source.name}.csv"
            if annotations.exists():
                rows = annotate(rows, read_annotations(annotations))
            labelled = rows[rows[list(CATEGORIES)].notna().any(axis=1)]
            loaded.append((source.name, len(rows) - len(labelled), int(rows["read"].sum()), found.damaged, found.dropped))
            tables.append(labelled.assign(licence_class=source.licence_class, tag=None, voice=None))
    if not tables:
        raise NoInputError(f"no rows of licence class {', '.join(classes)}")
    rows = pd.concat(tables, ignore_index=True)
    before = rows["source"].value_counts()
    # Where a text was read along our own guide, what a source says about it no longer matters.
    settled = rows["folded"].isin(rows.loc[rows["read"], "folded"])
    merged = merge_exact(rows[rows["read"] | ~settled])
    rows = merged.rows[merged.rows[list(CATEGORIES)].notna().any(axis=1)].reset_index(drop=True)
    rows["group"] = near_groups(rows["folded"].tolist())
    rows["split"] = split_rows(rows, held_out)
    table = pa.Table.from_pandas(rows[SCHEMA.names], schema=SCHEMA, preserve_index=False)
    write_parquet(table.replace_schema_metadata(None), out)
    return BuildReport(
        sources=tuple(
            SourceCount(name, int(before.get(name, 0)), len(own), *_label_counts(own), *counts)
            for name, *counts in loaded
            for own in [rows[rows["source"] == name]]
        ),
        conflicts=merged.conflicts,
        splits={str(name): int(count) for name, count in rows["split"].value_counts().items()},
        near_duplicates=int(rows["group"].duplicated(keep=False).sum()),
    )


def authored_rows(messages: Sequence[Message]) -> pd.DataFrame:
    """Authored messages as loaded rows: all five labels known, full weight."""
    return pd.DataFrame(
        {
            "id": [message.id for message in messages],
            "text": [message.text for message in messages],
            "source": AUTHORED,
            "lang": [message.lang for message in messages],
            "channel": [message.channel for message in messages],
            **{
                category: pd.array([int(category in message.labels) for message in messages], dtype="Int8")
                for category in CATEGORIES
            },
            "weight": 1.0,
            "folded": [fold(message.text) for message in messages],
            "stretch": "",
            "read": True,
            "licence_class": "open",
            "tag": [message.tag for message in messages],
            "voice": [message.voice for message in messages],
        }
    )


def _label_counts(rows: pd.DataFrame) -> tuple[dict[str, int], dict[str, int]]:
    yes = {category: int((rows[category] == 1).sum()) for category in CATEGORIES}
    return yes, {category: int((rows[category] == 0).sum()) for category in CATEGORIES}


def write_parquet(table: pa.Table, out: Path) -> None:
    """Write labelled rows as a file.

    Raises:
        CannotCreateError: ``out`` cannot be made.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, out, compression="zstd")
    except OSError as error:
        raise CannotCreateError(f"cannot write {out}: {error.strerror}") from error
