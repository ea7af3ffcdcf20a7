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
    """Parquet with the types of the first table; JSON text becomes plain strings."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._fixed = _Fixed()
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        """Write all rows of a table.

        Raises:
            DataError: The columns are not those of the first table.
        """
        plain = self._fixed.fit(_without_json(table), "Parquet")
        self._open(plain.schema).write_table(plain)

    def close(self) -> None:
        """Write the footer; without any table, a file without columns."""
        self._open(pa.schema([])).close()

    def _open(self, schema: pa.Schema) -> Any:  # noqa: ANN401 (pyarrow has no types)
        if self._writer is None:
            import pyarrow.parquet as pq

            self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")
        return self._writer


def _without_json(table: pa.Table) -> pa.Table:
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        array = column.combine_chunks()
        columns.append(unquoted(array) if holds_json(field) else array)
        fields.append(field.remove_metadata())
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))
