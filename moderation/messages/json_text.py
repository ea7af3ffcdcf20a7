"""Columns that hold JSON text: how a field says so, and how such text becomes plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import pyarrow as pa

_METADATA = {b"json": b"1"}
_SCALAR = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?[0-9][0-9.eE+-]*+')


def json_field(name: str) -> pa.Field:
    """A field whose cells are JSON text, null where the key was missing."""
    return pa.field(name, pa.large_string(), metadata=_METADATA)


def holds_json(field: pa.Field) -> bool:
    """Whether the cells of a column are JSON text."""
    return bool(field.metadata) and all(field.metadata.get(key) == value for key, value in _METADATA.items())


def plain_texts(cells: Sequence[str | None]) -> list[str | None]:
    """JSON text to text: strings are unquoted, null is None, anything else stays JSON text."""
    quoted = [cell if cell is not None and cell[0] == '"' else "null" for cell in cells]
    texts: list[str | None] = json.loads(f"[{','.join(quoted)}]")
    for number, cell in enumerate(cells):
        if cell is not None and cell[0] not in '"n':
            texts[number] = cell
    return texts


def mask_json(cell: str, mask: Callable[[str], str]) -> str:
    """JSON text with every string and number in it masked; a number that changes becomes a string."""

    def masked(match: re.Match[str]) -> str:
        raw = match[0]
        plain = json.loads(raw) if raw[0] == '"' else raw
        new = mask(plain)
        return raw if new == plain else json.dumps(new, ensure_ascii=False)

    return _SCALAR.sub(masked, cell)
