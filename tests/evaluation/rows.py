"""Labelled rows made of the sixty messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from moderation.labelled import LabelledRows


def repeated(rows: LabelledRows, times: int) -> LabelledRows:
    """Every row several times, as messages of their own."""
    return LabelledRows(
        pa.concat_arrays([rows.texts] * times),
        np.tile(rows.labels, (times, 1)),
        np.tile(rows.weights, times),
        {name: np.tile(values, times) for name, values in rows.facets.items()},
    )


def with_facets(rows: LabelledRows, **facets: list[str]) -> LabelledRows:
    """The rows with facets of their own."""
    return replace(rows, facets={name: np.array(values, object) for name, values in facets.items()})
