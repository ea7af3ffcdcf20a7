"""Made-up messages with their probabilities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from moderation.categories import CATEGORIES
from moderation.drift import Tally

REVIEW = (0.5, 0.5, 0.5, 0.5, 0.9)
WORDS = [f"{a}{b}{c}" for a in ("ka", "mo", "ti", "ru", "se") for b in ("ba", "lo", "ni", "pu") for c in ("ng", "r", "s", "h")]


def messages(n: int, seed: int, words: list[str] = WORDS, odds: float = 0.0) -> tuple[pa.Array, np.ndarray]:
    """Texts of three to nine words, and probabilities whose log odds are about ``odds``."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(words, random.integers(3, 10))) for _ in range(n)]
    return pa.array(texts, pa.large_string()), 1 / (1 + np.exp(-random.normal(odds, 1.5, (n, len(CATEGORIES)))))


def tally(texts: pa.Array, probabilities: np.ndarray) -> Tally:
    """Count them at once."""
    counted = Tally(REVIEW)
    counted.add(texts, probabilities)
    return counted
