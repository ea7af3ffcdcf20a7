"""Codes to words, the second step of the compiled kernel.

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
       disguise when every digit has a letter it stands for, and either the word that comes out is a common one of the
       vocabulary (``ku074``, ``7374p``), or none of their runs is longer than 3, they number at most twice the letters and
       one, and a letter follows some of them; never when the run is a quantity (digits before a unit). A single last digit
       is one after three letters when it stands for a vowel.
       ``'`` vanishes. Each ``*`` masks one letter: in a run of `SHORTEST_MASKED` to `LONGEST_MASKED` ASCII letters (digits in
       disguise included) with one or two ``*``, they stand for the letters that make it the likeliest word of the vocabulary
       once squeezed, one without the same letter twice where a ``*`` stands if there is any; when there is none, each in turn
       for the letter that is likely between its neighbours. A ``*`` without such a letter, and any other, vanishes. Letters
       that repeat are squeezed to one.
    6. ``! ? "`` and symbols such as emoji are words of one character; repeats are squeezed.
"""

from __future__ import annotations

import numpy as np

from moderation.text.characters import CLASS_SHIFT, CODE_MASK, DIGIT, LETTER, PUNCTUATION, SPACE, SYMBOL
from moderation.text.codes import BLANK, MAIL, URL, USER, code_at, is_word, kind_at
from moderation.text.compiled import compiled, inlined
from moderation.text.links import find_link, handle_end, mail_end
from moderation.text.masks import fill_stars, uncover
from moderation.text.runs import number_end, number_mark, put_mark, put_run, read_run
from moderation.text.spelling import put_spelt_out, spelt_out


@inlined
def _is_word_end(point):  # type: ignore[no-untyped-def]
    """Whether a word of letters ends for sure before this character: not one that may stand inside a word."""
    return point == 44 or point == 46 or point == 63 or point == 45 or point == 47 or point == 34


@compiled
def _find_in_words(codes, count, point):  # type: ignore[no-untyped-def]
    """Whether ``point`` stands anywhere between a letter or digit and something that is no blank."""
    for k in range(1, count - 1):
        if codes[k] & CODE_MASK == point and codes[k + 1] >> CLASS_SHIFT != SPACE and is_word(codes[k - 1]):
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
            n_words, size = put_mark(words, starts, ends, n_words, size, URL, link_start, link_end)
            i, host_end = link_end, -1
            continue
        kind = codes[i] >> CLASS_SHIFT
        point = codes[i] & CODE_MASK
        if kind == SPACE:
            i += 1
            continue
        if kind == SYMBOL:
            n_words, size = put_mark(words, starts, ends, n_words, size, point, i, i + 1)
            i += 1
            continue
        limit = count if host_end < 0 else host_end
        if kind == PUNCTUATION:
            if point == 64 and is_word(code_at(codes, i + 1, count)):
                stop = handle_end(codes, i, count)
                n_words, size = put_mark(words, starts, ends, n_words, size, USER, i, stop)
                i = stop
                continue
            if not (point == 36 and kind_at(codes, i + 1, limit) == LETTER and kind_at(codes, i + 2, limit) == LETTER):
                i += 1
                continue
        elif host_end < 0:
            if linked:
                host, host_stop, stop = find_link(codes, i, count)
                if stop:
                    host_end, link_end, link_start, i = host_stop, stop, i, host
                    continue
            if mailed:
                stop = mail_end(codes, i, count)
                if stop:
                    n_words, size = put_mark(words, starts, ends, n_words, size, MAIL, i, stop)
                    i = stop
                    continue
            if not is_word(code_at(codes, i + 1, count)):
                stop = spelt_out(codes, i, count, 2 if i - after_spelt <= 3 else 3)
                if stop:
                    length = 0
                    for k in range(i, stop, 2):
                        run[length] = codes[k]
                        length += 1
                    n_words, size = put_spelt_out(run, length, words, starts, ends, n_words, size, i, vocabulary)
                    i = after_spelt = stop
                    continue
        if kind == LETTER:
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
        if kind != PUNCTUATION:
            length = uncover(codes, i, limit, run, vocabulary)
            if length:
                n_words, size = put_run(run, length, words, starts, ends, n_words, size, i, i + length)
                i += length
                continue
        if kind == DIGIT:
            stop, digits = number_end(codes, i, limit)
            if digits > 2 or stop - i > digits or kind_at(codes, stop, limit) != LETTER:
                n_words, size = put_mark(words, starts, ends, n_words, size, number_mark(digits), i, stop)
                i = stop
                continue
        length, stop, stars = read_run(codes, i, limit, run)
        if stars:
            length = fill_stars(run, length, stars, vocabulary)
        n_words, size = put_run(run, length, words, starts, ends, n_words, size, i, stop)
        i = stop
    if host_end == count:
        n_words, size = put_mark(words, starts, ends, n_words, size, URL, link_start, link_end)
    return n_words, size
