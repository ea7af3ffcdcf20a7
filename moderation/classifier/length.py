"""How much a message's length counts against each of its words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EXPONENT = 0.75
_USUAL = 128.0
"""The usual norm of a message; the regularisation of the heads is chosen for rows about this long."""


def length_norm(totals: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What rows whose squared values add up to ``totals`` are divided by; same shape.

    The plain norm, their root, lets one insult drown in a long complaint. This is the norm to the power of 3 / 4, the same as
    the norm for a message of the usual length. A row without features keeps its zeros.
    """
    norm = np.sqrt(np.maximum(totals, 1)) / _USUAL
    return np.asarray(_USUAL * norm**_EXPONENT)
