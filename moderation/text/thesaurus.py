"""What words mean, roughly: the table from a word to its *concepts*, such as animal, killing, home or prize, and to its kind.

A classifier of words knows those that it was trained on. "hapal sekolah anak lo" and "I know your kid's daycare" share none, but
both name watching, home and family. So the kernel gives a message the concepts of its words, too: each once, each after the one
before it, and beside the words around it; see `moderation.text.hashing`.

The lists of words are ours, ``data/thesaurus/<concept>.txt``, written from knowledge of the languages; words of the project's own
training messages that were in none were added. A word that is in no list has the concepts of what it is made of when it ends
like ``rumahmu`` or ``teknisinya``. The finished table is shipped as ``thesaurus.npz``; to rebuild it, ``python -m
moderation.corpus thesaurus``. That changes features: `FEATURES` in `moderation.text.hashing` goes up and every model has to be
trained again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from moderation.text.kinds import KIND_WORDS
from moderation.text.vocabulary import squeeze, word_key

SLOT_BITS = 17
"""The hash table has this power of two of slots, at most half of which are taken."""

KIND_BITS, CONCEPT_BITS = 3, 7
SENSE_BITS = KIND_BITS + 2 * CONCEPT_BITS
"""How many bits of an entry tell a word's senses: its kind, from 1 up, in the lowest, then its first and second concept."""

THESAURUS_FILE = Path(__file__).with_name("thesaurus.npz")


def read_concepts(folder: Path) -> dict[str, list[str]]:
    """The words of each concept, by its name."""
    return {file.stem: file.read_text(encoding="utf-8").split() for file in sorted(folder.glob("*.txt"))}


def build_thesaurus(concepts: Mapping[str, Iterable[str]]) -> npt.NDArray[np.uint64]:
    """Make the table: an open hash table of words, one number a slot, 0 where it is free.

    A word's slot is the top `SLOT_BITS` of its hash `moderation.text.vocabulary.word_key` or the next free one after it. The
    number there holds what the slot does not tell of the hash and, in the lower `SENSE_BITS`, the word's senses. Concepts are
    numbered from 1 in the order of their names; of a word's concepts the two with the shortest lists count: they say most.

    Raises:
        ValueError: there are too many concepts or words for the table.
    """
    lists = {name: {squeeze(word) for word in words} for name, words in sorted(concepts.items())}
    if len(lists) >= 1 << CONCEPT_BITS:
        message = f"{len(lists)} concepts are too many"
        raise ValueError(message)
    numbers = {name: number for number, name in enumerate(lists, 1)}
    found: dict[str, list[int]] = {}
    for name in sorted(lists, key=lambda name: (len(lists[name]), name)):
        for word in lists[name]:
            found.setdefault(word, []).append(numbers[name])
    kind_of: dict[str, int] = {}
    for kind, listed in enumerate(KIND_WORDS, 1):
        for word in listed.split():
            kind_of.setdefault(squeeze(word), kind)
    words = sorted(found.keys() | kind_of.keys())
    if len(words) >= 1 << SLOT_BITS - 1:
        message = f"{len(words)} words are too many for the table"
        raise ValueError(message)
    slots = 1 << SLOT_BITS
    table = np.zeros(slots, np.uint64)
    for word in words:
        key = word_key(word)
        slot = key >> 64 - SLOT_BITS
        while table[slot]:
            slot = (slot + 1) % slots
        first, second = [*found.get(word, []), 0, 0][:2]
        senses = kind_of.get(word, 0) | first << KIND_BITS | second << KIND_BITS + CONCEPT_BITS
        table[slot] = key << SENSE_BITS & (1 << 64) - 1 | senses
    return table


@cache
def load_thesaurus(*, concepts: bool = True) -> npt.NDArray[np.uint64]:
    """The shipped table; without ``concepts`` with kinds alone, and a listed word of no kind is looked up by its stem."""
    if not concepts:
        return load_thesaurus(concepts=True) & ~np.uint64((1 << SENSE_BITS) - (1 << KIND_BITS))
    with np.load(THESAURUS_FILE, allow_pickle=False) as archive:
        return np.asarray(archive["table"])
