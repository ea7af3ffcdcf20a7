"""How much recall a disguise costs on the positives of hs1-folds, at the threshold chosen on the undisguised dev part."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from benchmarks.data import hs1, say
from benchmarks.hs1 import Detector, best_threshold
from moderation.classifier.model import Model
from moderation.messages.arrays import strings
from moderation.text.folding import fold_all

Disguise = Callable[[str, random.Random], str]

_LEET = str.maketrans("aeiostgb", "43105798")
_CYRILLIC = str.maketrans("aceopxyi", "асеорхуі")


def _each_word(change: Callable[[str, random.Random], str]) -> Disguise:
    """Apply a change to the words of a text, leaving handles, links and short words alone."""

    def disguise(text: str, dice: random.Random) -> str:
        words = text.split(" ")
        return " ".join(w if len(w) < 4 or not w.isalpha() else change(w, dice) for w in words)

    return disguise


def _starred(word: str, dice: random.Random) -> str:
    place = dice.randrange(1, len(word) - 1)
    return word[:place] + "*" + word[place + 1 :]


def _repeated(word: str, dice: random.Random) -> str:
    place = dice.randrange(len(word))
    return word[:place] + word[place] * dice.randint(2, 5) + word[place + 1 :]


DISGUISES: dict[str, Disguise] = {
    "leet": _each_word(lambda word, _: word.lower().translate(_LEET)),
    "spaced letters": _each_word(lambda word, _: " ".join(word)),
    "repeats": _each_word(_repeated),
    "asterisk inside a word": _each_word(_starred),
    "fullwidth": _each_word(lambda word, _: "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in word)),
    "Cyrillic look-alikes": _each_word(lambda word, _: word.lower().translate(_CYRILLIC)),
    "zero-width": _each_word(lambda word, _: "\u200b".join(word)),
    "random case": _each_word(lambda word, dice: "".join(c.upper() if dice.random() < 0.5 else c.lower() for c in word)),
}


def disguised(texts: list[str], name: str, seed: int = 0) -> list[str]:
    """The texts under a disguise, the same for the same seed."""
    dice = random.Random(seed)
    return [DISGUISES[name](text, dice) for text in texts]


def disguise_losses(model: Model, category: int, positives: list[str]) -> tuple[float, dict[str, float]]:
    """Recall of a model's category at its review threshold on positives, and how much of it each disguise costs."""

    def recall(texts: list[str]) -> float:
        probabilities = model.score(pa.array(texts, pa.large_string())).probabilities[:, category]
        return float((probabilities.astype(np.float64) >= model.thresholds[category].review).mean())

    plain = recall(positives)
    return plain, {name: plain - recall(disguised(positives, name)) for name in DISGUISES}


def hs1_losses() -> tuple[float, dict[str, float]]:
    """Recall on hs1-folds and how much of it each disguise costs, means of five folds."""
    falls: dict[str, list[float]] = {name: [] for name in DISGUISES}
    plain = []
    for fold in range(5):
        detector = Detector(*hs1("train", fold))
        texts, labels = hs1("dev", fold)
        threshold = best_threshold(detector.score(texts), np.array(labels))
        positives = [text for text, label in zip(*hs1("test", fold), strict=True) if label]
        recall = float((detector.score(positives) >= threshold).mean())
        plain.append(recall)
        for name, lost in falls.items():
            lost.append(recall - float((detector.score(disguised(positives, name, fold)) >= threshold).mean()))
    return float(np.mean(plain)), {name: float(np.mean(lost)) for name, lost in falls.items()}


def masks_read() -> float:
    """Of the words of 4 letters or more of dev positives, how many fold with a masked letter to what they fold to without."""
    positives = [text for fold in range(5) for text, label in zip(*hs1("dev", fold), strict=True) if label]
    words = [word for text in positives for word in text.split(" ") if len(word) >= 4 and word.isalpha()]
    dice = random.Random(0)
    masked = [_starred(word, dice) for word in words]
    return float(np.mean([a == b for a, b in zip(fold_all(strings(words)), fold_all(strings(masked)), strict=True)]))


def main() -> None:
    """Print the report."""
    say(f"masked words of dev positives that are read right: {masks_read():.1%}")
    recall, falls = hs1_losses()
    say(f"recall undisguised {recall:.3f}; points lost under a disguise of every word of 4 letters or more, mean of five folds:")
    for name, lost in falls.items():
        say(f"  {name:24} {100 * lost:5.1f}")


if __name__ == "__main__":
    main()
