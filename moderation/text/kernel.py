r"""The compiled pass: UTF-8 bytes in, folded words and hashed n-grams out.

Everything here is numba code that works on plain arrays and holds no lock. Three steps, each a function that can be
called alone: `decode` turns bytes into folded codes, `split_words` turns codes into words, `hash_words` turns words into
feature numbers. `moderation.text.ngrams` drives them over whole Arrow arrays, for the training matrix and for scoring
alike, so that the two cannot drift apart.

The rules of `decode`
    Broken UTF-8 counts as a blank. A literal backslash followed by ``n``, ``r`` or ``t`` is a blank, ``\xHH`` runs are
    UTF-8 bytes, ``\uHHHH`` is a character, two of them where they are
    a surrogate pair. The entities ``&amp; &lt; &gt; &quot; &apos; &nbsp;`` and numeric ones are
    what they stand for. Each character is then folded by `moderation.text.characters`.

The rules of `split_words`, tried in this order where a word may start
    1. ``http://``, ``https://``, ``www.`` or a dotted name with a known last label is a link: the words of its host
       (without ``www`` and the last label), then the `URL` mark; the rest up to a blank is skipped.
    2. ``name@host.label`` is the `MAIL` mark, ``@name`` the `USER` mark.
    3. Three or more lone letters or digits, each one separator (blank ``. - _ , / | ~ +``, the same throughout) apart,
       at least half of them letters, are one word spelt out. Two are enough right after such a word. From seven letters on
       they may be several words: they are cut where the words that come out are the commonest together, a word that is not
       in the vocabulary costing `UNKNOWN` and `UNKNOWN_LETTER` for each letter.
    4. A digit run (with ``. , : / -`` between digits) that is not disguise is a mark by its number of digits:
       `NUMBER` up to 3, `AMOUNT` up to 8, `PHONE` from 9.
    5. A run of letters and digits, with ``@ $ ! * '`` allowed between two of them, is a word. Digits in it are letters in
       disguise when every digit has a letter it stands for, none of their runs is longer than 3, they number at most twice
       the letters and one, a letter follows some of them, and the run is no quantity (digits before a unit). A single last
       digit is one after three letters when it stands for a vowel.
       ``'`` vanishes. Each ``*`` masks one letter: in a run of `SHORTEST_MASKED` to `LONGEST_MASKED` ASCII letters (digits in
       disguise included) with one or two ``*``, they stand for the letters that make it the likeliest word of the vocabulary
       once squeezed; when there is none, each in turn for the letter that is likely between its neighbours. A ``*`` without
       such a letter, and any other, vanishes. Letters that repeat are squeezed to one.
    6. ``! ? "`` and symbols such as emoji are words of one character; repeats are squeezed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER, PUNCTUATION, SPACE, SYMBOL
from moderation.text.compiled import compiled, inlined
from moderation.text.vocabulary import COST_UNIT, SLOT_BITS

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]

URL, USER, MAIL, NUMBER, AMOUNT, PHONE = 0xE001, 0xE002, 0xE003, 0xE004, 0xE005, 0xE006
"""Private-use code points that stand for a link, a handle, a mail address and numbers by length."""

BLANK = 32

LONGEST_HOST, LONGEST_MAIL_NAME, LONGEST_SPELT = 253, 64, 64
"""How far a link's host, the name of a mail address and a spelt-out word are looked for; the first two as in RFC 1035 and
RFC 5321. Without a bound, a message made for it would take quadratic time."""

MAX_CHARACTERS = 50_000
"""A longer message is cut here and marked as truncated."""

SHORTEST_MASKED, LONGEST_MASKED, MOST_STARS = 4, 20, 2
"""Lengths, ``*`` included, of a word that a masked one may be, and how many ``*`` it may have: two take 676 attempts."""

SHORTEST_SPLIT = 7
"""From so many letters on a spelt-out word may be several."""

UNKNOWN, UNKNOWN_LETTER = 10 * COST_UNIT, 2 * COST_UNIT
"""What a word outside the vocabulary and each of its letters cost, beside the costs of `moderation.text.vocabulary`."""

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_WORD_SEED = np.uint64(0xA0761D6478BD642F)
_PAIR_SEED = np.uint64(0xE7037ED1A0B428DB)
_EDGE = np.uint64(0x589965CC75374CC3)
_SKELETON_SEED = np.uint64(0x8EBC6AF09C88C6E3)

_STAR = np.uint32(PUNCTUATION << CLASS_SHIFT | ord("*"))
_SLOT_MASK = np.int64((1 << SLOT_BITS) - 1)
_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)

_LEET = np.zeros(128, np.uint32)
for _symbol, _letter in zip("013456789@$!", "oieasgtbgasi", strict=True):
    _LEET[ord(_symbol)] = ord(_letter)
_VOWEL = np.zeros(128, np.bool_)
for _letter in "aeiou":
    _VOWEL[ord(_letter)] = True
_SEPARATOR = np.zeros(128, np.bool_)
for _symbol in " .-_,/|~+":
    _SEPARATOR[ord(_symbol)] = True


def _word_keys(words: str) -> U64:
    """Sorted keys of short ASCII words (at most 8 letters), one byte a letter."""
    return np.sort(np.array([int.from_bytes(w.encode(), "big") for w in words.split()], np.uint64))


UNITS = _word_keys(
    "rb ribu jt juta k m g x st nd rd th mb gb kb tb mbps gbps kbps mbit hz mhz ghz kg cm mm km jam hari bulan bln minggu "
    "mgg mnt menit detik dtk tahun thn org orang kali an am pm hr hrs min mins sec h d days day years year pcs unit lt "
    "kamar rumah dbm ms v w kw a pagi siang sore malam mlm wib wita wit anak ekor buah biji rebu lantai"
)
LAST_LABELS = _word_keys(
    "com net org id co io ly me info biz xyz link site online shop store top club live app dev gg tv cc vip win bet asia "
    "sch edu gov gl web cloud space icu pro ru cn ai"
)
_ENTITY_KEYS = np.array([int.from_bytes(w.encode(), "big") for w in ("amp", "lt", "gt", "quot", "apos", "nbsp")], np.uint64)
_ENTITY_CODES = np.array([ord(c) for c in "&<>\"' "], np.uint32)


@compiled
def _contains(keys, key):  # type: ignore[no-untyped-def]
    place = np.searchsorted(keys, key)
    return place < keys.size and keys[place] == key


@compiled
def _hex(byte):  # type: ignore[no-untyped-def]
    if 48 <= byte <= 57:
        return byte - 48
    if 97 <= byte <= 102:
        return byte - 87
    if 65 <= byte <= 70:
        return byte - 55
    return -1


@compiled
def _utf8(data, i, end):  # type: ignore[no-untyped-def]
    """Code point at ``i`` and its length in bytes; (-1, 1) where the bytes are broken."""
    first = np.int64(data[i])
    if first < 0x80:
        return first, 1
    if 0xC2 <= first < 0xE0:
        length, point = 2, first & 0x1F
    elif 0xE0 <= first < 0xF0:
        length, point = 3, first & 0x0F
    elif 0xF0 <= first < 0xF5:
        length, point = 4, first & 0x07
    else:
        return np.int64(-1), 1
    if i + length > end:
        return np.int64(-1), 1
    for k in range(1, length):
        following = np.int64(data[i + k])
        if following & 0xC0 != 0x80:
            return np.int64(-1), 1
        point = point << 6 | (following & 0x3F)
    if (length == 3 and point < 0x800) or (length == 4 and point < 0x10000) or point > 0x10FFFF or 0xD800 <= point < 0xE000:
        return np.int64(-1), 1
    return point, length


@compiled
def _escape(data, i, end, scratch):  # type: ignore[no-untyped-def]
    """Literal escape at the backslash ``data[i]``: its character and the bytes it takes, or (-2, 0) when it is none."""
    if i + 1 >= end:
        return np.int64(-2), 0
    kind = data[i + 1]
    if kind == 110 or kind == 114 or kind == 116:
        return np.int64(32), 2
    if kind == 117 and i + 5 < end:
        point = np.int64(0)
        for k in range(2, 6):
            digit = _hex(data[i + k])
            if digit < 0:
                return np.int64(-2), 0
            point = point << 4 | digit
        if 0xD800 <= point < 0xDC00 and i + 11 < end and data[i + 6] == 92 and data[i + 7] == 117:
            low = np.int64(0)
            for k in range(8, 12):
                digit = _hex(data[i + k])
                if digit < 0:
                    return point, 6
                low = low << 4 | digit
            if 0xDC00 <= low < 0xE000:
                return 0x10000 + (point - 0xD800 << 10) + (low - 0xDC00), 12
        return point, 6
    if kind == 120:
        count = 0
        while count < 4 and i + 4 * count + 3 < end and data[i + 4 * count] == 92 and data[i + 4 * count + 1] == 120:
            high, low = _hex(data[i + 4 * count + 2]), _hex(data[i + 4 * count + 3])
            if high < 0 or low < 0:
                break
            scratch[count] = high << 4 | low
            count += 1
        if count:
            point, length = _utf8(scratch, 0, count)
            return point, 4 * length
    return np.int64(-2), 0


@compiled
def _entity(data, i, end, keys, codes):  # type: ignore[no-untyped-def]
    """HTML entity at the ampersand ``data[i]``: its character and the bytes it takes, or (-2, 0) when it is none."""
    stop = min(end, i + 10)
    j = i + 1
    while j < stop and data[j] != 59:
        j += 1
    if j >= stop or j < i + 3 or data[i + 1] == 0:
        return np.int64(-2), 0
    if data[i + 1] == 35:
        point = np.int64(0)
        hexadecimal = data[i + 2] == 120 or data[i + 2] == 88
        start = i + 3 if hexadecimal else i + 2
        for k in range(start, j):
            digit = _hex(data[k])
            if digit < 0 or (digit > 9 and not hexadecimal):
                return np.int64(-2), 0
            point = point * (16 if hexadecimal else 10) + digit
        if start == j or point > 0x10FFFF:
            return np.int64(-2), 0
        return point, j - i + 1
    key = np.uint64(0)
    for k in range(i + 1, j):
        key = key << np.uint64(8) | np.uint64(data[k])
    for k in range(keys.size):
        if keys[k] == key:
            return np.int64(codes[k]), j - i + 1
    return np.int64(-2), 0


@compiled
def decode(data, start, end, pages, entries, sequences, codes, origins, scratch):  # type: ignore[no-untyped-def]
    """Fold ``data[start:end]`` into ``codes`` (class in the top byte) with the byte each came from in ``origins``.

    After the last of them ``origins`` says where reading stopped.

    Returns how many codes were written and whether the message was cut at `MAX_CHARACTERS`.
    """
    count, characters, i = 0, 0, start
    room = codes.size - 32
    while i < end:
        if characters >= MAX_CHARACTERS or count >= room:
            origins[count] = i - start
            return count, True
        byte = data[i]
        origin = i - start
        if byte < 0x80 and byte != 92 and byte != 38:
            # The first page of the table is ASCII; its characters fold to at most one code.
            entry = entries[byte]
            i += 1
            characters += 1
            if entry:
                codes[count] = entry
                origins[count] = origin
                count += 1
            continue
        point = np.int64(byte)
        if byte < 0x80:
            length = 1
            if byte == 92:
                escaped, taken = _escape(data, i, end, scratch)
                if taken:
                    point, length = escaped, taken
            else:
                escaped, taken = _entity(data, i, end, _ENTITY_KEYS, _ENTITY_CODES)
                if taken:
                    point, length = escaped, taken
        else:
            point, length = _utf8(data, i, end)
        i += length
        characters += 1
        if point < 0:
            point = np.int64(32)
        entry = entries[(np.int64(pages[point >> 8]) << 8) + (point & 255)]
        if entry > 0:
            codes[count] = entry
            origins[count] = origin
            count += 1
        elif entry < 0:
            place = -1 - entry
            for k in range(sequences[place]):
                codes[count] = sequences[place + 1 + k]
                origins[count] = origin
                count += 1
    origins[count] = i - start
    return count, False


@inlined
def _is_word(code):  # type: ignore[no-untyped-def]
    kind = code >> CLASS_SHIFT
    return kind == LETTER or kind == DIGIT


@inlined
def _code(codes, i, count):  # type: ignore[no-untyped-def]
    """The code at ``i``; 0 past the end."""
    return codes[i] if i < count else np.uint32(0)


@inlined
def _is_word_end(point):  # type: ignore[no-untyped-def]
    """Whether a word of letters ends for sure before this character: not one that may stand inside a word."""
    return point == 44 or point == 46 or point == 63 or point == 45 or point == 47 or point == 34


@compiled
def _key(codes, start, end):  # type: ignore[no-untyped-def]
    """Key of the ASCII letters ``codes[start:end]`` as in `_word_keys`; 0 when they are no such word."""
    if end - start > 8 or end <= start:
        return np.uint64(0)
    key = np.uint64(0)
    for k in range(start, end):
        point = codes[k] & CODE_MASK
        if point >= 128 or codes[k] >> CLASS_SHIFT != LETTER:
            return np.uint64(0)
        key = key << np.uint64(8) | np.uint64(point)
    return key


@compiled
def _host_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of the run of letters, digits, dots and hyphens that starts at ``i``, and the place of its last inner dot."""
    dot = -1
    j = i
    while j < count:
        if _is_word(codes[j]):
            j += 1
        elif j + 1 < count and j > i and _is_word(codes[j + 1]) and _is_word(codes[j - 1]):
            point = codes[j] & CODE_MASK
            if point == 46:
                dot = j
            elif point != 45:
                break
            j += 1
        else:
            break
    return j, dot


@compiled
def _matches(codes, i, count, text):  # type: ignore[no-untyped-def]
    if i + text.size > count:
        return False
    for k in range(text.size):
        if codes[i + k] & CODE_MASK != text[k]:
            return False
    return True


_HTTP = np.frombuffer(b"http://", np.uint8).astype(np.uint32)
_HTTPS = np.frombuffer(b"https://", np.uint8).astype(np.uint32)
_WWW = np.frombuffer(b"www.", np.uint8).astype(np.uint32)


@compiled
def _link(codes, i, count):  # type: ignore[no-untyped-def]
    """A link that starts at ``i``: where the words of its host start and end and where the link ends; or (0, 0, 0)."""
    first = codes[i] & CODE_MASK
    host = i
    sure = False
    if first == 104:
        if _matches(codes, i, count, _HTTP):
            host, sure = i + 7, True
        elif _matches(codes, i, count, _HTTPS):
            host, sure = i + 8, True
    if _matches(codes, host, count, _WWW) and _is_word(_code(codes, host + 4, count)):
        host, sure = host + 4, True
    stop, dot = _host_end(codes, host, min(count, host + LONGEST_HOST))
    known = dot >= 0 and _contains(LAST_LABELS, _key(codes, dot + 1, stop))
    if not sure and not known:
        return 0, 0, 0
    if dot < 0:
        dot = stop
    end = stop
    if sure or (end < count and (codes[end] & CODE_MASK == 47 or codes[end] & CODE_MASK == 58)):
        while end < count and codes[end] >> CLASS_SHIFT != SPACE:
            end += 1
    return host, dot, end


@compiled
def _spelt_out(codes, i, count, least):  # type: ignore[no-untyped-def]
    """End of a word spelt out from ``i`` (index after its last letter), or 0 when there is none."""
    if i + 2 >= count:
        return 0
    separator = codes[i + 1] & CODE_MASK
    if separator >= 128 or not _SEPARATOR[separator] or _is_word(codes[i + 1]):
        return 0
    letters, total, j = 0, 0, i
    while True:
        if codes[j] >> CLASS_SHIFT == LETTER:
            letters += 1
        total += 1
        if total < LONGEST_SPELT and j + 2 < count and codes[j + 1] & CODE_MASK == separator and _is_word(codes[j + 2]):
            if j + 3 < count and _is_word(codes[j + 3]):
                break
            j += 2
        else:
            break
    if total >= least and letters >= 1 and letters * 2 >= total:
        return j + 1
    return 0


@inlined
def _put_mark(words, starts, ends, n_words, size, mark, begin, finish):  # type: ignore[no-untyped-def]
    """Append a one-character word unless the word before is the same character."""
    if size >= 3 and words[size - 2] == mark and words[size - 3] == BLANK:
        ends[n_words - 1] = finish
        return n_words, size
    words[size] = mark
    words[size + 1] = BLANK
    starts[n_words] = begin
    ends[n_words] = finish
    return n_words + 1, size + 2


@compiled
def _is_disguise(run, length):  # type: ignore[no-untyped-def]
    """Whether the digits among ``run[:length]`` stand for letters (rule 5)."""
    letters, digits, longest, current, leading = 0, 0, 0, 0, 0
    inner = False
    for k in range(length):
        if run[k] >> CLASS_SHIFT == DIGIT:
            digits += 1
            current += 1
            longest = max(longest, current)
            if _LEET[run[k] & CODE_MASK] == 0:
                return False
            if letters == 0:
                leading += 1
        else:
            inner = inner or current > 0
            current = 0
            letters += 1
    if not inner:
        return digits == 1 and letters >= 3 and _VOWEL[_LEET[run[length - 1] & CODE_MASK]]
    if longest > 3 or digits > 2 * letters + 1:
        return False
    return not (leading == digits and _contains(UNITS, _key(run, leading, length)))


@compiled
def _put_run(run, length, words, starts, ends, n_words, size, begin, finish):  # type: ignore[no-untyped-def]
    """Append the words and number marks that a run of letters and digits stands for."""
    disguised = _is_disguise(run, length)
    k = 0
    while k < length:
        if run[k] >> CLASS_SHIFT == DIGIT and not disguised:
            first = k
            while k < length and run[k] >> CLASS_SHIFT == DIGIT:
                k += 1
            n_words, size = _put_mark(words, starts, ends, n_words, size, _number_mark(k - first), begin, finish)
            continue
        first = size
        while k < length:
            code = run[k] & CODE_MASK
            if run[k] >> CLASS_SHIFT == DIGIT:
                if not disguised:
                    break
                code = _LEET[code]
            if size == first or words[size - 1] != code:
                words[size] = code
                size += 1
            k += 1
        words[size] = BLANK
        size += 1
        starts[n_words] = begin
        ends[n_words] = finish
        n_words += 1
    return n_words, size


@inlined
def _number_mark(digits):  # type: ignore[no-untyped-def]
    return NUMBER if digits <= 3 else AMOUNT if digits <= 8 else PHONE


@inlined
def _point(codes, i, count):  # type: ignore[no-untyped-def]
    """The character at ``i`` without its class; 0 past the end."""
    return codes[i] & CODE_MASK if i < count else np.uint32(0)


@inlined
def _kind(codes, i, count):  # type: ignore[no-untyped-def]
    """The class of the character at ``i``; 0 past the end."""
    return codes[i] >> CLASS_SHIFT if i < count else np.uint32(0)


@compiled
def _handle_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of the handle whose ``@`` stands at ``i``: letters, digits, underscores and inner dots."""
    j = i + 1
    while (
        _is_word(_code(codes, j, count))
        or _point(codes, j, count) == 95
        or (_point(codes, j, count) == 46 and _is_word(_code(codes, j + 1, count)))
    ):
        j += 1
    return j


@compiled
def _mail_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of a mail address that starts at ``i``, or 0 when there is none."""
    j = i
    while j < min(count, i + LONGEST_MAIL_NAME):
        point = codes[j] & CODE_MASK
        if not (_is_word(codes[j]) or point == 46 or point == 95 or point == 45 or point == 43):
            break
        j += 1
    if _point(codes, j, count) != 64 or not _is_word(codes[j - 1]) or not _is_word(_code(codes, j + 1, count)):
        return 0
    stop, dot = _host_end(codes, j + 1, min(count, j + 1 + LONGEST_HOST))
    return stop if dot >= 0 else 0


@compiled
def _number_end(codes, i, limit):  # type: ignore[no-untyped-def]
    """End of the number that starts at ``i`` with its inner separators, and how many digits it has."""
    j, digits = i, 0
    while j < limit:
        if codes[j] >> CLASS_SHIFT == DIGIT:
            digits += 1
        else:
            point = codes[j] & CODE_MASK
            inner = point == 46 or point == 44 or point == 58 or point == 47 or point == 45
            if not (inner and _kind(codes, j + 1, limit) == DIGIT):
                break
        j += 1
    return j, digits


@compiled
def _read_run(codes, i, limit, run):  # type: ignore[no-untyped-def]
    """Copy the word that starts at ``i`` (rule 5) into ``run``: its length there, its ``*`` included, and its end in ``codes``.

    Returns how many ``*`` there are as well.
    """
    length, j, stars = 0, i, 0
    while j < limit:
        here = codes[j]
        if _is_word(here):
            run[length] = here
            length += 1
            j += 1
            continue
        point = here & CODE_MASK
        if point == 42 or point == 39:
            last = j
            while last < limit and codes[last] & CODE_MASK == point:
                last += 1
            if last == limit or j == i or not _is_word(codes[last]):
                break
            if point == 42:
                run[length : length + last - j] = _STAR
                length += last - j
                stars += last - j
            j = last
        elif (point == 64 or point == 36 or point == 33) and _kind(codes, j + 1, limit) == LETTER:
            run[length] = np.uint32(LETTER << CLASS_SHIFT) | _LEET[point]
            length += 1
            j += 1
        else:
            break
    return length, j, stars


@inlined
def _slot(keys, key):  # type: ignore[no-untyped-def]
    """Where a word of the vocabulary stands, or -1."""
    slot = np.int64(key >> _SLOT_SHIFT)
    while keys[slot] != key:
        if keys[slot] == 0:
            return -1
        slot = (slot + 1) & _SLOT_MASK
    return slot


@inlined
def _extend_key(key, run, first, last):  # type: ignore[no-untyped-def]
    """The key of a word, squeezed, whose part before ``run[first:last]`` has the key ``key``."""
    for k in range(first, last):
        if k == 0 or run[k] != run[k - 1]:
            key = (key ^ np.uint64(run[k] & CODE_MASK)) * _PRIME
    return key


@compiled
def _without_stars(run, length, to):  # type: ignore[no-untyped-def]
    """Copy ``run[:length]`` without its ``*`` to ``run[to:]``; how long the copy is."""
    kept = 0
    for k in range(length):
        if run[k] != _STAR:
            run[to + kept] = run[k]
            kept += 1
    return kept


@compiled
def _is_mask(run, length, stars):  # type: ignore[no-untyped-def]
    """Whether ``run[:length]`` with its ``*`` can be a masked word (rule 5); digits in disguise become letters if so.

    The places behind the run are scratch space.
    """
    if stars > MOST_STARS or not SHORTEST_MASKED <= length <= LONGEST_MASKED:
        return False
    digits = 0
    for k in range(length):
        if run[k] >> CLASS_SHIFT == DIGIT:
            digits += 1
        elif run[k] & CODE_MASK >= 128:
            return False
    if digits:
        kept = _without_stars(run, length, length)
        if not _is_disguise(run[length:], kept):
            return False
        for k in range(length):
            if run[k] >> CLASS_SHIFT == DIGIT:
                run[k] = np.uint32(LETTER << CLASS_SHIFT) | _LEET[run[k] & CODE_MASK]
    return True


@compiled
def _find_masked(run, length, vocabulary):  # type: ignore[no-untyped-def]
    """Put the letters of the likeliest word that fits in the place of the one or two ``*``; whether there is such a word."""
    first = last = -1
    for k in range(length):
        if run[k] == _STAR:
            first = k if first < 0 else first
            last = k
    best = np.int64(1) << 32
    first_letter = last_letter = _STAR
    head = _extend_key(_WORD_SEED, run, 0, first)
    for a in range(97, 123):
        run[first] = np.uint32(LETTER << CLASS_SHIFT | a)
        middle = _extend_key(head, run, first, last)
        for b in range(97, 123 if last > first else 98):
            if last > first:
                run[last] = np.uint32(LETTER << CLASS_SHIFT | b)
            slot = _slot(vocabulary.keys, _extend_key(middle, run, last, length))
            if slot >= 0 and vocabulary.ranks[slot] < best:
                best = np.int64(vocabulary.ranks[slot])
                first_letter, last_letter = run[first], run[last]
    run[first], run[last] = first_letter, last_letter
    return first_letter != _STAR


@inlined
def _letter_index(code):  # type: ignore[no-untyped-def]
    """1 for ``a``; 0 for anything but an ASCII letter."""
    return np.int64(code & CODE_MASK) - 96 if code >> CLASS_SHIFT == LETTER else 0


@compiled
def _fill_stars(run, length, stars, vocabulary):  # type: ignore[no-untyped-def]
    """Put letters in the place of the ``*`` of ``run[:length]`` (rule 5) or take them out; the new length."""
    if not _is_mask(run, length, stars):
        return _without_stars(run, length, 0)
    if _find_masked(run, length, vocabulary):
        return length
    kept = 0
    for k in range(length):
        code = run[k]
        if code == _STAR:
            # Such a run starts and ends with a letter.
            letter = vocabulary.letters[
                _letter_index(run[kept - 2]) if kept > 1 else 0,
                _letter_index(run[kept - 1]),
                _letter_index(run[k + 1]),
                _letter_index(run[k + 2]) if k + 2 < length else 0,
            ]
            if letter == 0:
                continue
            code = np.uint32(LETTER << CLASS_SHIFT | 96) + letter
        run[kept] = code
        kept += 1
    return kept


@compiled
def _put_spelt_out(run, length, words, starts, ends, n_words, size, begin, vocabulary):  # type: ignore[no-untyped-def]
    """Append the words that ``run[:length]``, spelt out from ``begin`` in every other code, stands for (rule 3)."""
    if length < SHORTEST_SPLIT:
        return _put_run(run, length, words, starts, ends, n_words, size, begin, begin + 2 * length - 1)
    digits = 0
    for k in range(length):
        digits += run[k] >> CLASS_SHIFT == DIGIT
    if digits:
        if not _is_disguise(run, length):
            return _put_run(run, length, words, starts, ends, n_words, size, begin, begin + 2 * length - 1)
        for k in range(length):
            if run[k] >> CLASS_SHIFT == DIGIT:
                run[k] = np.uint32(LETTER << CLASS_SHIFT) | _LEET[run[k] & CODE_MASK]
    # From the back, so that the cuts can be read off from the front.
    costs = np.zeros(LONGEST_SPELT + 1, np.int64)
    cuts = np.zeros(LONGEST_SPELT, np.int64)
    for first in range(length - 1, -1, -1):
        costs[first] = np.int64(1) << 32
        key = _WORD_SEED
        for last in range(first + 1, length + 1):
            if last == first + 1 or run[last - 1] != run[last - 2]:
                key = (key ^ np.uint64(run[last - 1] & CODE_MASK)) * _PRIME
            slot = _slot(vocabulary.keys, key)
            cost = np.int64(vocabulary.costs[slot]) if slot >= 0 else UNKNOWN + UNKNOWN_LETTER * (last - first)
            if cost + costs[last] < costs[first]:
                costs[first] = cost + costs[last]
                cuts[first] = last
    first = 0
    while first < length:
        last = cuts[first]
        n_words, size = _put_run(
            run[first:], last - first, words, starts, ends, n_words, size, begin + 2 * first, begin + 2 * last - 1
        )
        first = last
    return n_words, size


@compiled
def _find_in_words(codes, count, point):  # type: ignore[no-untyped-def]
    """Whether ``point`` stands anywhere between a letter or digit and something that is no blank."""
    for k in range(1, count - 1):
        if codes[k] & CODE_MASK == point and codes[k + 1] >> CLASS_SHIFT != SPACE and _is_word(codes[k - 1]):
            return True
    return False


@compiled
def split_words(codes, count, words, starts, ends, run, vocabulary):  # type: ignore[no-untyped-def]
    """Words of ``codes[:count]`` into ``words``, each followed by a blank, after a blank at ``words[0]``.

    ``starts`` and ``ends`` get, for each word, the range of codes it came from. ``run`` is scratch space as long as
    ``codes`` and at least `LONGEST_MASKED` longer than ``count``; ``vocabulary`` is that of `moderation.text.vocabulary`.
    Returns the number of words and the length of ``words``.
    """
    words[0] = BLANK
    n_words, size, i = 0, 1, 0
    host_end, link_end, link_start = -1, -1, 0
    after_spelt = -9
    linked = _find_in_words(codes, count, 46) or _find_in_words(codes, count, 58)
    mailed = _find_in_words(codes, count, 64)
    while i < count:
        if i == host_end:
            n_words, size = _put_mark(words, starts, ends, n_words, size, URL, link_start, link_end)
            i, host_end = link_end, -1
            continue
        kind = codes[i] >> CLASS_SHIFT
        point = codes[i] & CODE_MASK
        if kind == SPACE:
            i += 1
            continue
        if kind == SYMBOL:
            n_words, size = _put_mark(words, starts, ends, n_words, size, point, i, i + 1)
            i += 1
            continue
        limit = count if host_end < 0 else host_end
        if kind == PUNCTUATION:
            if point == 64 and _is_word(_code(codes, i + 1, count)):
                stop = _handle_end(codes, i, count)
                n_words, size = _put_mark(words, starts, ends, n_words, size, USER, i, stop)
                i = stop
                continue
            if not (point == 36 and _kind(codes, i + 1, limit) == LETTER and _kind(codes, i + 2, limit) == LETTER):
                i += 1
                continue
        elif host_end < 0:
            if linked:
                host, host_stop, stop = _link(codes, i, count)
                if stop:
                    host_end, link_end, link_start, i = host_stop, stop, i, host
                    continue
            if mailed:
                stop = _mail_end(codes, i, count)
                if stop:
                    n_words, size = _put_mark(words, starts, ends, n_words, size, MAIL, i, stop)
                    i = stop
                    continue
            if not _is_word(_code(codes, i + 1, count)):
                stop = _spelt_out(codes, i, count, 2 if i - after_spelt <= 3 else 3)
                if stop:
                    length = 0
                    for k in range(i, stop, 2):
                        run[length] = codes[k]
                        length += 1
                    n_words, size = _put_spelt_out(run, length, words, starts, ends, n_words, size, i, vocabulary)
                    i = after_spelt = stop
                    continue
        if kind == DIGIT:
            stop, digits = _number_end(codes, i, limit)
            if digits > 2 or stop - i > digits or _kind(codes, stop, limit) != LETTER:
                n_words, size = _put_mark(words, starts, ends, n_words, size, _number_mark(digits), i, stop)
                i = stop
                continue
        elif kind == LETTER:
            # Nearly every word is letters up to a blank or a comma: no need to copy it twice.
            end, j, last = size, i, np.uint32(0)
            while j < limit and codes[j] >> CLASS_SHIFT == LETTER:
                here = codes[j] & CODE_MASK
                words[end] = here
                end += here != last
                last = here
                j += 1
            if j == limit or codes[j] >> CLASS_SHIFT == SPACE or _is_word_end(codes[j] & CODE_MASK):
                words[end] = BLANK
                size = end + 1
                starts[n_words] = i
                ends[n_words] = j
                n_words += 1
                i = j
                continue
        length, stop, stars = _read_run(codes, i, limit, run)
        if stars:
            length = _fill_stars(run, length, stars, vocabulary)
        n_words, size = _put_run(run, length, words, starts, ends, n_words, size, i, stop)
        i = stop
    if host_end == count:
        n_words, size = _put_mark(words, starts, ends, n_words, size, URL, link_start, link_end)
    return n_words, size


@compiled
def hash_words(words, size, n_words, shift, stamp, seen, stamps, features, firsts):  # type: ignore[no-untyped-def]
    """Feature numbers of ``words[1:size]``; those of word ``w`` stand in ``features[firsts[w]:firsts[w + 1]]``.

    A word gives the pair with the word before it (the message's edge for the first; the last word also pairs with the edge
    after it) and, the first time it stands in the message, itself, its consonants in
    order when it has a vowel and at least three consonants, and every run of 3 to 5 characters inside it with its edges
    as blanks. A feature number is the top ``64 - shift`` bits of a hash: words and pairs fall in the lower half of the
    numbers, character runs in the upper half. ``seen`` and ``stamps`` remember the words of the message numbered
    ``stamp``; their length is a power of two of at least ``2 * n_words``. Returns how many features were written.
    """
    bits = 4
    while (1 << bits) < 2 * n_words:
        bits += 1
    mask = np.uint64((1 << bits) - 1)
    place_shift = np.uint64(64 - bits)
    half_shift = shift + np.uint64(1)
    upper = np.uint64(1) << (np.uint64(63) - shift)
    count, start = 0, 1
    before = _EDGE
    for word in range(n_words):
        whole, skeleton = _WORD_SEED, _SKELETON_SEED
        consonants = 0
        end = start
        while words[end] != BLANK:
            code = np.uint64(words[end])
            whole = (whole ^ code) * _PRIME
            if code >= 128 or not _VOWEL[code]:
                skeleton = (skeleton ^ code) * _PRIME
                consonants += 1
            end += 1
        firsts[word] = count
        features[count] = ((before ^ _PAIR_SEED) * _PRIME ^ whole) * _PRIME >> half_shift
        count += 1
        before = whole
        place = whole >> place_shift
        while stamps[place] == stamp and seen[place] != whole:
            place = (place + np.uint64(1)) & mask
        if stamps[place] != stamp:
            stamps[place] = stamp
            seen[place] = whole
            features[count] = whole >> half_shift
            count += 1
            if consonants >= 3 and end - start > consonants:
                features[count] = skeleton >> half_shift
                count += 1
            # Three numbers are written at every place; those that run past the word are overwritten by the next.
            for first in range(start - 1, end - 1):
                value = ((np.uint64(words[first]) * _PRIME) ^ np.uint64(words[first + 1])) * _PRIME
                value = (value ^ np.uint64(words[first + 2])) * _PRIME
                features[count] = upper | value >> half_shift
                value = (value ^ np.uint64(words[first + 3])) * _PRIME
                features[count + 1] = upper | value >> half_shift
                value = (value ^ np.uint64(words[first + 4])) * _PRIME
                features[count + 2] = upper | value >> half_shift
                count += min(3, end - 1 - first)
        start = end + 1
    if n_words:
        features[count] = ((before ^ _PAIR_SEED) * _PRIME ^ _EDGE) * _PRIME >> half_shift
        count += 1
    firsts[n_words] = count
    return count
