"""Plain text: one message a line. A blank line is an empty message, so that row numbers are line numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from moderation.messages.arrays import strings
from moderation.messages.batch import Batch, Source
from moderation.messages.columns import free_name
from moderation.messages.decoding import line_batches


def read(source: Source) -> Iterator[Batch]:
    """Read one message a line, into a column of the name the user gave or ``text``."""
    name = free_name(source.text_column or "text", ())
    for lines in line_batches(source, ""):
        texts = strings([line.rstrip("\r\n") for line in lines])
        yield Batch(pa.Table.from_arrays([texts], names=[name]), texts, np.zeros(len(lines), np.bool_))
