"""Kinds of words that tell what is aimed at whom: people, by who they are to the writer, and insults.

A swear word says little until one knows whom it is aimed at. So the kernel gives every word once more for each kind that stands
at most `REACH` words away: "lemot anjing" and "anjing lu" then differ in more than one pair of words, and "lu" near any insult
is the same wherever it is seen.

The company's own name stands with those of other providers. Changing these words changes features: `FEATURES` in
`moderation.text.hashing` goes up and every model has to be trained again.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from moderation.text.insults import INSULTS
from moderation.text.vocabulary import squeeze, word_key

SLOT_BITS = 13
"""The hash table has this power of two of slots."""

REACH = 10
"""How many words away a word of a kind may stand."""

_KINDS = (
    # whom it speaks to
    "lu lo loe elu elo lw kamu km kmu anda lho kau ko kowe koe awakmu maneh sia anjeun ente u you ur your yall kalian klian lau "
    "lur kita",
    # staff
    "cs admin mimin min teknisi technician petugas sales operator agen agent karyawan pegawai staff staf kasir mas mbak mba "
    "bang abang pak bu kak om manajer manager bos direktur ceo supervisor customer service kurir satpam cewek cowok orang tim "
    "team bot",
    # companies
    "biznet indihome myrepublic firstmedia first telkomsel telkom iconnet icon xl oxygen cbn mnc isp provider perusahaan "
    "company kantor pt smartfren indosat aplikasi apk app kartu",
    # whom it speaks as
    "gue gw gua aku ak saya sy i me my w kami aing inyong",
    INSULTS,
)
KINDS = len(_KINDS)

_ENDINGS = ("", "nya", "ku", "mu", "lu", "lo")
"""``teknisinya``, ``adminmu``: a word with such an ending is still of its kind."""


@cache
def load_kinds() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """An open hash table: keys of words, 0 for a free slot, and their kinds from 0 up.

    A word's key is its hash `moderation.text.vocabulary.word_key`, its slot the key's top `SLOT_BITS` or the next free one.
    """
    keys, kinds = np.zeros(1 << SLOT_BITS, np.uint64), np.zeros(1 << SLOT_BITS, np.uint8)
    found: dict[str, int] = {}
    for ending in _ENDINGS:
        for kind, words in enumerate(_KINDS):
            for word in words.split():
                found.setdefault(squeeze(word + ending), kind)
    for word, kind in found.items():
        key = word_key(word)
        slot = key >> 64 - SLOT_BITS
        while keys[slot]:
            slot = (slot + 1) % len(keys)
        keys[slot], kinds[slot] = key, kind
    return keys, kinds
