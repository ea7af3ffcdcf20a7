"""Table columns to the text that stands in a file: JSON values for JSONL, plain cells for CSV. Whole arrays at a time."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.messages.arrays import numbers, scalar, strings
from moderation.messages.columns import VERDICT_COLUMNS
from moderation.messages.json_text import holds_json, plain_texts

SIGNIFICANT_DIGITS = 6
"""Of the numbers a verdict adds; those of the input keep all of theirs."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str, separators=(",", ":")).encode
_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_FORMULA = r"^[=+\-@\t\r]"
_NUMBER = r"^[+-]?([0-9]+([.,][0-9]+)*|[.][0-9]+)([eE][+-]?[0-9]+)?$"


def json_cells(field: pa.Field, array: pa.Array) -> pa.Array:
    """The values of a column as JSON: a ``large_string`` array with null where the key is to be left out."""
    if holds_json(field):
        return array
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return _or_null(_values(field.name, array))


def _values(name: str, array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    kind = array.type
    if _is_string(kind):
        return _quoted(array.cast(pa.large_string()))
    if pa.types.is_list(kind) and _is_string(kind.value_type):
        inner = _or_null(_quoted(array.values.cast(pa.large_string())))
        joined = pc.binary_join(pa.ListArray.from_arrays(array.offsets, inner), scalar(","))
        cells = pc.binary_join_element_wise(scalar("["), joined, scalar("]"), scalar(""))
        return cells if not array.null_count else pc.if_else(array.is_valid(), cells, pa.nulls(len(array), pa.large_string()))
    if pa.types.is_floating(kind):
        array = rounded(array) if name in VERDICT_COLUMNS else array
        cells = array.cast(pa.large_string())
        return pc.if_else(pc.is_finite(array), cells, pa.nulls(len(array), pa.large_string()))
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return array.cast(pa.large_string())
    return strings([None if value is None else _ENCODE(_plain(value)) for value in array.to_pylist()])


def text_cells(field: pa.Field, array: pa.Array) -> pa.Array:
    """The values of a column as cells of CSV: numbers stay numbers, everything else becomes text."""
    import pyarrow.compute as pc

    kind = array.type
    if holds_json(field):
        return neutral(unquoted(array))
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    if _is_string(kind):
        return neutral(array.cast(pa.large_string()))
    if field.name == "flags" and pa.types.is_list(kind) and _is_string(kind.value_type):
        return neutral(pc.binary_join(array.cast(pa.list_(pa.large_string())), scalar(";")))
    if pa.types.is_floating(kind):
        return rounded(array) if field.name in VERDICT_COLUMNS else array
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return array
    return neutral(strings([None if value is None else _cell(_plain(value)) for value in array.to_pylist()]))


def unquoted(array: pa.Array) -> pa.Array:
    """JSON text to text: a string without its quotes, null for null, other values as they are."""
    return strings(plain_texts(array.to_pylist()))


def neutral(array: pa.Array) -> pa.Array:
    """Put ``'`` before a cell that a spreadsheet would run: one that begins with ``= + - @`` tab or CR and is no number."""
    import pyarrow.compute as pc

    risky = pc.match_substring_regex(array, _FORMULA)
    if not risky.true_count:
        return array
    risky = pc.and_not(risky, pc.match_substring_regex(array, _NUMBER))
    return pc.if_else(risky, pc.binary_join_element_wise(scalar("'"), array, scalar("")), array)


def rounded(array: pa.Array) -> pa.Array:
    """Floats as doubles of `SIGNIFICANT_DIGITS`, so that their shortest form has no more."""
    values = numbers(array.cast(pa.float64()), np.float64)
    with np.errstate(all="ignore"):
        shift = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        result: npt.NDArray[np.float64] = np.round(values * 10.0**shift) / 10.0**shift
    # Powers of ten are exact from 0 to 22. Elsewhere, and for zero and what is not finite, one by one.
    for row in np.flatnonzero(~((shift >= 0) & (shift <= 22))):
        result[row] = float(f"{values[row]:.{SIGNIFICANT_DIGITS}g}")
    present = array.is_valid().buffers()[1] if array.null_count else None
    return pa.Array.from_buffers(pa.float64(), len(array), [present, pa.py_buffer(result)])


def _is_string(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view())


def _or_null(cells: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.coalesce(cells, scalar("null")) if cells.null_count else cells


def _quoted(array: pa.Array) -> pa.Array:
    """Strings as JSON strings. Only those that need it are escaped one by one."""
    import pyarrow.compute as pc

    quoted = pc.binary_join_element_wise(scalar('"'), array, scalar('"'), scalar(""))
    special = pc.match_substring_regex(array, _NEEDS_ESCAPE)
    if not special.true_count:
        return quoted
    escaped = strings([_ENCODE(text) for text in array.filter(special).to_pylist()])
    return pc.replace_with_mask(quoted, pc.coalesce(special, _false()), escaped)


def _false() -> pa.Scalar:
    return pa.Array.from_buffers(pa.bool_(), 1, [None, pa.py_buffer(b"\x00")])[0]


def _cell(value: object) -> str:
    return value if isinstance(value, str) else _ENCODE(value)


def _plain(value: object) -> object:
    """A value of any Arrow type as one that JSON has."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
