"""One set of columns for rows of many files, or of JSON whose keys come and go: what a CSV or Parquet output needs."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from moderation.errors import DataError
from moderation.messages.batch import Batch
from moderation.messages.cells import json_cells
from moderation.messages.json_text import holds_json


class Columns:
    """Gathers columns by name, in the order in which they come up."""

    def __init__(self) -> None:
        self._kinds: dict[str, pa.DataType] = {}

    def add(self, schema: pa.Schema) -> None:
        """Add those of some rows; a column that comes up with two types gets one that holds both, at worst text."""
        for field in schema:
            known = self._kinds.setdefault(field.name, field.type)
            if known != field.type:
                self._kinds[field.name] = _common(known, field.type)

    @property
    def schema(self) -> pa.Schema:
        """The columns so far."""
        return pa.schema(list(self._kinds.items()))


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    try:
        schemas = [pa.schema([("", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return pa.large_string()


def unified(batch: Batch, columns: pa.Schema) -> Batch:
    """The batch with these columns: those it lacks hold nothing.

    Raises:
        DataError: It has others.
    """
    table = batch.table
    if table.schema.equals(columns):
        return batch
    if not set(table.column_names) <= set(columns.names):
        raise DataError("columns came up that were not there when the inputs were looked at first; write jsonl")
    fields, arrays = [], []
    for wanted in columns:
        place = table.schema.get_field_index(wanted.name)
        field = wanted if place < 0 else table.schema.field(place)
        array = pa.nulls(table.num_rows, wanted.type) if place < 0 else table.column(place).combine_chunks()
        if array.type != wanted.type:
            array, field = _cast(field, array, wanted.type), wanted
        arrays.append(array)
        fields.append(field)
    return replace(batch, table=pa.Table.from_arrays(arrays, schema=pa.schema(fields)))


def _cast(field: pa.Field, array: pa.Array, kind: pa.DataType) -> pa.Array:
    if kind == pa.large_string() and (pa.types.is_nested(array.type) or not holds_json(field)):
        try:
            return array.cast(kind)
        except pa.ArrowException:  # lists, bytes that are no text
            return json_cells(field, array)
    return array.cast(kind)
