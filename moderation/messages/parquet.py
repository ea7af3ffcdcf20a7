"""Parquet: all types are kept; only the messages' column has to be one of strings or bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from moderation.errors import DataError
from moderation.limits import BLOCK_BYTES
from moderation.messages.arrays import strings
from moderation.messages.batch import Batch, ReadProblems, Source
from moderation.messages.columns import find_text, free_names


def read(source: Source, file: BinaryIO) -> Iterator[Batch]:
    """Read a Parquet file.

    Args:
        source: How to read; its stream is not touched.
        file: The same bytes, seekable.

    Yields:
        Batches; one without rows for a file without rows.

    Raises:
        DataError: It is damaged, or no column of strings can be taken for the messages.
    """
    import pyarrow.parquet as pq

    try:
        # Read through a buffer and not ahead, or pyarrow holds every column chunk it has read until the file is closed.
        parquet = pq.ParquetFile(file, buffer_size=BLOCK_BYTES, pre_buffer=False)
        yielded = False
        for record_batch in parquet.iter_batches(batch_size=source.batch_rows, use_threads=False):
            yield as_batch(record_batch, source.text_column, source.name, source.problems)
            yielded = True
        if not yielded:
            nothing = pa.RecordBatch.from_arrays(
                [pa.nulls(0, field.type) for field in parquet.schema_arrow], schema=parquet.schema_arrow
            )
            yield as_batch(nothing, source.text_column, source.name, source.problems)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{source.name}: damaged Parquet file") from None


def as_batch(rows: pa.RecordBatch, text_column: str | None, name: str, problems: ReadProblems) -> Batch:
    """Rows of any columns as a batch of messages.

    Args:
        rows: The columns.
        text_column: The column that holds the messages; by default it is looked for.
        name: What errors call the input.
        problems: Where to count.

    Raises:
        DataError: No column of strings can be taken for the messages.
        ArrowException: What a column holds is damaged.
    """
    names = free_names(rows.schema.names)
    text = find_text(rows.schema.names, text_column, name)
    if not _is_text(rows.schema.field(text).type):
        raise DataError(f"{name}: column {names[text]!r} holds {rows.schema.field(text).type}, no text")
    columns = [_sound(column, problems) for column in rows.columns]
    fields = [field.with_name(n).with_type(c.type) for field, n, c in zip(rows.schema, names, columns, strict=True)]
    sound = columns[text]
    texts = sound.cast(pa.large_string()) if _is_string(sound.type) else _as_texts(sound, problems)
    return Batch(pa.Table.from_arrays(columns, schema=pa.schema(fields)), texts, np.zeros(rows.num_rows, np.bool_))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return _is_string(kind) or kind in (pa.binary(), pa.large_binary(), pa.binary_view())


def _is_string(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _sound(array: pa.Array, problems: ReadProblems) -> pa.Array:
    """The same array, checked, as reading Parquet does not: strings may be broken UTF-8, nested arrays lead astray."""
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        if not _is_string(kind):
            raise
        return _as_texts(array, problems).cast(kind)
    return array


def _as_texts(array: pa.Array, problems: ReadProblems) -> pa.Array:
    """Strings or bytes as ``large_string``; bad UTF-8 is replaced and counted."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    array = array.cast(pa.large_binary())
    try:
        return array.cast(pa.large_string())
    except pa.ArrowInvalid:
        cells: list[bytes | None] = array.to_pylist()
        texts = [None if cell is None else cell.decode(errors="replace") for cell in cells]
        kept = sum(cell.decode(errors="ignore").count("\ufffd") for cell in cells if cell)
        problems.replaced_sequences += sum(text.count("\ufffd") for text in texts if text) - kept
        return strings(texts)
