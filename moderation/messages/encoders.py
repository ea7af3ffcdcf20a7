"""Tables to the bytes of a file, one class a format: `write` each table, then `close`."""

from __future__ import annotations

from typing import Any, BinaryIO, Literal, Protocol, get_args

import pyarrow as pa

from moderation.errors import DataError
from moderation.messages.arrays import scalar, strings
from moderation.messages.cells import json_cells, neutral, text_cells, unquoted
from moderation.messages.json_text import holds_json

OutputFormat = Literal["csv", "tsv", "jsonl", "parquet"]
OUTPUT_FORMATS: tuple[OutputFormat, ...] = get_args(OutputFormat)

ROW_GROUP_ROWS = 20_000
ROW_GROUP_BYTES = 64 * 1024 * 1024
"""How much of Parquet is held before it is written."""


class Encoder(Protocol):
    """Writes tables to a binary file, which it does not close."""

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table."""
        ...

    def close(self) -> None:
        """Write what has to follow the last table."""
        ...


def encoder(output_format: OutputFormat, file: BinaryIO) -> Encoder:
    """The encoder of a format."""
    if output_format == "parquet":
        return ParquetEncoder(file)
    if output_format == "jsonl":
        return JsonlEncoder(file)
    return DelimitedEncoder(file, "\t" if output_format == "tsv" else ",")


class JsonlEncoder:
    """One object a line. Tables may differ in their columns."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table."""
        if table.num_rows:
            self._file.write(encode_lines(table))

    def close(self) -> None:
        """Nothing follows the last line."""


def encode_lines(table: pa.Table) -> pa.Buffer:
    """The rows of a table as lines of JSON."""
    import pyarrow.compute as pc

    nothing, comma = scalar(""), scalar(",")
    parts = []
    for field, column in zip(table.schema, table.columns, strict=True):
        key = scalar(f"{_json_key(field.name)}:")
        cells = json_cells(field, column.combine_chunks())
        # A member that is left out goes with its key and comma.
        parts += [pc.binary_join_element_wise(key, cells, comma, nothing)] if cells.null_count else [key, cells, comma]
    # (Not null_handling="skip": it drops a row whose parts are all null.)
    members = pc.binary_join_element_wise(*parts, nothing, null_handling="replace", null_replacement="")
    lines = pc.binary_join_element_wise(scalar("{"), pc.ascii_rtrim(members, ","), scalar("}\n"), nothing)
    return lines.buffers()[2]


def _json_key(name: str) -> str:
    cells = json_cells(pa.field(name, pa.large_string()), strings([name]))
    return str(cells[0].as_py())


class _Fixed:
    """The columns of the first table, which all later ones must have."""

    def __init__(self) -> None:
        self.schema: pa.Schema | None = None

    def fit(self, table: pa.Table, what: str) -> pa.Table:
        """Cast a table to the types of the first one.

        Raises:
            DataError: It has other columns.
        """
        if self.schema is None:
            self.schema = table.schema
        if table.schema.names != self.schema.names:
            raise DataError(f"the columns differ from those of the rows before, which {what} cannot hold: write jsonl")
        if table.schema.equals(self.schema):
            return table
        try:
            return table.cast(self.schema)
        except pa.ArrowException:
            raise DataError(
                f"the types of the columns differ from those of the rows before, which {what} cannot hold: write jsonl"
            ) from None


class DelimitedEncoder:
    """CSV and TSV that a spreadsheet can open without running anything: see `moderation.messages.cells.neutral`."""

    def __init__(self, file: BinaryIO, delimiter: str) -> None:
        self._file = file
        self._delimiter = delimiter
        self._fixed = _Fixed()
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table, below a header if it is the first.

        Raises:
            DataError: The columns are not those of the first table.
        """
        columns = [text_cells(field, column.combine_chunks()) for field, column in zip(table.schema, table.columns, strict=True)]
        names = neutral(strings(table.column_names)).to_pylist()
        plain = self._fixed.fit(pa.Table.from_arrays(columns, names=names), "CSV")
        if self._writer is None:
            import pyarrow.csv as pa_csv

            options = pa_csv.WriteOptions(delimiter=self._delimiter)
            self._writer = pa_csv.CSVWriter(self._file, plain.schema, write_options=options)
        self._writer.write_table(plain)

    def close(self) -> None:
        """Flush."""
        if self._writer is not None:
            self._writer.close()


class ParquetEncoder:
    """Parquet with the types of the first table; JSON text becomes plain strings.

    Row groups have `ROW_GROUP_ROWS`, however the rows came; only a group of long messages ends early, with a table that brings
    it past `ROW_GROUP_BYTES`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._fixed = _Fixed()
        self._writer: Any = None
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table, or keep them until there is a row group of them.

        Raises:
            DataError: The columns are not those of the first table.
        """
        plain = self._fixed.fit(_without_json(table), "Parquet")
        self._waiting.append(plain)
        self._rows += plain.num_rows
        self._bytes += plain.nbytes
        if self._rows >= ROW_GROUP_ROWS or self._bytes > ROW_GROUP_BYTES:
            self._write_groups(whole=self._bytes <= ROW_GROUP_BYTES)

    def close(self) -> None:
        """Write the rest and the footer; without any table, a file without columns."""
        if self._waiting:
            self._write_groups(whole=False)
        self._open(pa.schema([]).empty_table()).close()

    def _write_groups(self, *, whole: bool) -> None:
        """Write what waits; with ``whole``, rows that fill no group wait on."""
        table = pa.concat_tables(self._waiting)
        end = table.num_rows - table.num_rows % ROW_GROUP_ROWS if whole else table.num_rows
        writer = self._open(table.slice(0, ROW_GROUP_ROWS))
        if end:
            writer.write_table(table.slice(0, end), row_group_size=ROW_GROUP_ROWS)
        self._waiting = [table.slice(end)] if end < table.num_rows else []
        self._rows = table.num_rows - end
        self._bytes = sum(rest.nbytes for rest in self._waiting)

    def _open(self, first: pa.Table) -> Any:  # noqa: ANN401 (pyarrow has no types)
        if self._writer is None:
            import pyarrow.parquet as pq

            self._writer = pq.ParquetWriter(
                self._file,
                first.schema,
                compression="zstd",
                use_dictionary=_repetitive(first),
                write_statistics=[field.name for field in first.schema if pa.types.is_primitive(field.type)],
            )
        return self._writer


def _repetitive(table: pa.Table) -> list[str]:
    """Paths of the leaf columns that a dictionary makes smaller: looking one up for unique texts takes longer than scoring."""
    paths = []
    for field, column in zip(table.schema, table.columns, strict=True):
        path, values = field.name, column.combine_chunks()
        while pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            path, values = f"{path}.list.element", values.flatten()
        kind = values.type
        known = pa.types.is_integer(kind) or pa.types.is_dictionary(kind) or kind in (pa.string(), pa.large_string())
        if known and 2 * len(values.unique()) <= len(values):
            paths.append(path)
    return paths


def _without_json(table: pa.Table) -> pa.Table:
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        array = column.combine_chunks()
        columns.append(unquoted(array) if holds_json(field) else array)
        fields.append(field.remove_metadata())
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))
