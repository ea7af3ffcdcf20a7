r"""Bytes to codes, the first step of the compiled kernel.

The rules of `decode`
    Broken UTF-8 counts as a blank. A literal backslash followed by ``n``, ``r`` or ``t`` is a blank, ``\xHH`` runs are
    UTF-8 bytes, ``\uHHHH`` is a character, two of them where they are
    a surrogate pair. The entities ``&amp; &lt; &gt; &quot; &apos; &nbsp;`` and numeric ones are
    what they stand for. Each character is then folded by `moderation.text.characters`.
"""

from __future__ import annotations

import numpy as np

from moderation.text.compiled import compiled

MAX_CHARACTERS = 50_000
"""A longer message is cut here and marked as truncated."""

_ENTITY_KEYS = np.array([int.from_bytes(w.encode(), "big") for w in ("amp", "lt", "gt", "quot", "apos", "nbsp")], np.uint64)
_ENTITY_CODES = np.array([ord(c) for c in "&<>\"' "], np.uint32)


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
