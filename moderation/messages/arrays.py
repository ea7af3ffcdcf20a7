"""Python strings and numpy arrays to Arrow and back through their buffers.

``pyarrow.array``, ``pyarrow.scalar`` and ``Array.to_numpy`` import pandas wherever it is installed, which takes longer than
scoring 50,000 messages. What is here does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def scrub(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which no UTF-8 can hold, by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def strings(values: Sequence[str | None]) -> pa.Array:
    """Make a ``large_string`` array; None becomes null, a lone surrogate U+FFFD."""
    validity = None
    if None in values:
        validity = pack_bits(np.fromiter((value is not None for value in values), np.bool_, len(values)))
    try:
        encoded = [value.encode() if value else b"" for value in values]
    except UnicodeEncodeError:
        encoded = [scrub(value).encode() if value else b"" for value in values]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
    return pa.LargeStringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)), validity)


def pack_bits(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """Make an Arrow bitmap."""
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def numbers(array: pa.Array, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """View a numeric array; what stands in null rows is undefined."""
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]


def as_strings(texts: Sequence[str | None] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """Any sequence of texts as one Arrow string array; lone surrogates become replacement characters.

    Raises:
        TypeError: It is a single str, or something in it is neither str nor None.
    """
    if isinstance(texts, str):
        raise TypeError("give a list of texts, not a single one")
    if isinstance(texts, pa.ChunkedArray):
        return texts.combine_chunks()
    if isinstance(texts, pa.Array):
        return texts
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("every text must be a str or None")
    return strings(texts)


def from_numpy(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Make an Arrow array of numbers; `kind` must be the Arrow name of the array's type."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def scalar(text: str) -> pa.Scalar:
    """Make a ``large_string`` scalar."""
    return strings([text])[0]


def repeated(text: str, n: int) -> pa.Array:
    """Make a ``large_string`` array of `n` times the same text."""
    return strings([text] * n)
