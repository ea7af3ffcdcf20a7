"""Reads and writes in one call, and verdicts without a scorer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from moderation.messages.batch import Batch, ReadProblems
from moderation.messages.reading import read
from moderation.messages.writing import open_writer


def read_all(*inputs, text_column=None, problems=None, **options) -> list[Batch]:
    return list(read([str(name) for name in inputs], text_column=text_column, problems=problems, **options))


def read_texts(*inputs, **options) -> list[str | None]:
    return [text for batch in read_all(*inputs, **options) for text in batch.texts.to_pylist()]


def read_rows(*inputs, **options) -> list[dict]:
    return [row for batch in read_all(*inputs, **options) for row in batch.table.to_pylist()]


def read_one(path: Path, content: str | bytes, **options) -> tuple[Batch, ReadProblems]:
    """Write a file and read it back; all its rows are in one batch."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = ReadProblems()
    (batch,) = read_all(path, problems=problems, **options)
    assert batch.table.num_rows == len(batch.texts) == len(batch.unreadable)
    assert batch.unreadable.dtype == np.bool_
    assert problems.unreadable_rows == batch.unreadable.sum()
    return batch, problems


def with_verdict(table: pa.Table) -> pa.Table:
    n = table.num_rows
    for number, category in enumerate(("abusive", "threatening", "hoax", "hate", "spam")):
        table = table.append_column(f"p_{category}", pa.array([0.123456789 / (number + 1)] * n, pa.float32()))
    flags = [[[], ["abusive"], ["abusive", "hate"]][row % 3] for row in range(n)]
    table = table.append_column("flags", pa.array(flags, pa.list_(pa.string())))
    table = table.append_column("action", pa.array(["none"] * n, pa.string()))
    table = table.append_column("priority", pa.array([12.5] * n, pa.float32()))
    table = table.append_column("status", pa.array(["ok"] * n, pa.string()))
    return table.append_column("model", pa.array(["test-1"] * n, pa.string()))


def write(target: Path, *tables: pa.Table, force: bool = True, output_format: str | None = None) -> Path:
    with open_writer(str(target), output_format, force=force) as writer:
        for table in tables:
            writer.write(table)
    return target
