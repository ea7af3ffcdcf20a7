"""Kinds of words that tell what is aimed at whom: people, by who they are to the writer, and insults.

A swear word says little until one knows whom it is aimed at. So the kernel gives every word once more for each kind that stands
at most `REACH` words away: "lemot anjing" and "anjing lu" then differ in more than one pair of words, and "lu" near any insult
is the same wherever it is seen.

The company's own name stands with those of other providers. The table that the kernel finds these words in is that of
`moderation.text.thesaurus`; changing them means building it anew.
"""

from __future__ import annotations

from moderation.text.insults import INSULTS

REACH = 10
"""How many words away a word of a kind may stand."""

KIND_WORDS = (
    # whom it speaks to
    "lu lo loe elu elo lw kamu km kmu anda lho kau ko kowe koe awakmu maneh sia anjeun ente u you ur your yall kalian klian lau "
    "lur kita",
    # staff
    "cs csnya csmu cslu cslo admin mimin min teknisi technician petugas sales operator agen agent karyawan pegawai staff staf "
    "kasir mas mbak mba bang abang pak bu kak om manajer manager bos direktur ceo supervisor customer service kurir satpam cewek "
    "cowok orang tim team bot",
    # companies
    "biznet indihome myrepublic firstmedia first telkomsel telkom iconnet icon xl oxygen cbn mnc isp provider perusahaan "
    "company kantor pt smartfren indosat aplikasi apk app kartu",
    # whom it speaks as
    "gue gw gua aku ak saya sy i me my w kami aing inyong",
    INSULTS,
)
KINDS = len(KIND_WORDS)
