"""How much recall a disguise costs on the positives of hs1-folds, at the threshold chosen on the undisguised dev part."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from benchmarks.data import hs1, say
from benchmarks.hs1 import Detector, best_threshold

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


def main() -> None:
    """Print the report."""
    falls: dict[str, list[float]] = {name: [] for name in DISGUISES}
    plain = []
    for fold in range(5):
        detector = Detector(*hs1("train", fold))
        texts, labels = hs1("dev", fold)
        threshold = best_threshold(detector.score(texts), np.array(labels))
        positives = [text for text, label in zip(*hs1("test", fold), strict=True) if label]
        recall = float((detector.score(positives) >= threshold).mean())
        plain.append(recall)
        for name, disguise in DISGUISES.items():
            dice = random.Random(fold)
            hidden = [disguise(text, dice) for text in positives]
            falls[name].append(recall - float((detector.score(hidden) >= threshold).mean()))
    say(f"recall undisguised {np.mean(plain):.3f}; points lost under a disguise of every word of 4 letters or more, mean of five folds:")
    for name, lost in falls.items():
        say(f"  {name:24} {100 * np.mean(lost):5.1f}")


if __name__ == "__main__":
    main()
