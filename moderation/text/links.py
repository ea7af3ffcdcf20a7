"""Links, mail addresses and handles among the codes of a message: where they start and end."""

from __future__ import annotations

import numpy as np

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, SPACE
from moderation.text.codes import code_at, holds_key, is_word, point_at, word_key, word_keys
from moderation.text.compiled import compiled

LONGEST_HOST, LONGEST_MAIL_NAME = 253, 64
"""How far a link's host and the name of a mail address are looked for, as in RFC 1035 and RFC 5321.
Without a bound, a message made for it would take quadratic time."""

LAST_LABELS = word_keys(
    "com net org id co io ly me info biz xyz link site online shop store top club live app dev gg tv cc vip win bet asia "
    "sch edu gov gl web cloud space icu pro ru cn ai"
)

_HTTP = np.frombuffer(b"http://", np.uint8).astype(np.uint32)
_HTTPS = np.frombuffer(b"https://", np.uint8).astype(np.uint32)
_WWW = np.frombuffer(b"www.", np.uint8).astype(np.uint32)


@compiled
def _host_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of the run of letters, digits, dots and hyphens that starts at ``i``, and the place of its last inner dot."""
    dot = -1
    j = i
    while j < count:
        if is_word(codes[j]):
            j += 1
        elif j + 1 < count and j > i and is_word(codes[j + 1]) and is_word(codes[j - 1]):
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


@compiled
def find_link(codes, i, count):  # type: ignore[no-untyped-def]
    """A link that starts at ``i``: where the words of its host start and end and where the link ends; or (0, 0, 0)."""
    first = codes[i] & CODE_MASK
    host = i
    sure = False
    if first == 104:
        if _matches(codes, i, count, _HTTP):
            host, sure = i + 7, True
        elif _matches(codes, i, count, _HTTPS):
            host, sure = i + 8, True
    if _matches(codes, host, count, _WWW) and is_word(code_at(codes, host + 4, count)):
        host, sure = host + 4, True
    stop, dot = _host_end(codes, host, min(count, host + LONGEST_HOST))
    known = dot >= 0 and holds_key(LAST_LABELS, word_key(codes, dot + 1, stop))
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
def handle_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of the handle whose ``@`` stands at ``i``: letters, digits, underscores and inner dots."""
    j = i + 1
    while (
        is_word(code_at(codes, j, count))
        or point_at(codes, j, count) == 95
        or (point_at(codes, j, count) == 46 and is_word(code_at(codes, j + 1, count)))
    ):
        j += 1
    return j


@compiled
def mail_end(codes, i, count):  # type: ignore[no-untyped-def]
    """End of a mail address that starts at ``i``, or 0 when there is none."""
    j = i
    while j < min(count, i + LONGEST_MAIL_NAME):
        point = codes[j] & CODE_MASK
        if not (is_word(codes[j]) or point == 46 or point == 95 or point == 45 or point == 43):
            break
        j += 1
    if point_at(codes, j, count) != 64 or not is_word(codes[j - 1]) or not is_word(code_at(codes, j + 1, count)):
        return 0
    stop, dot = _host_end(codes, j + 1, min(count, j + 1 + LONGEST_HOST))
    return stop if dot >= 0 else 0
