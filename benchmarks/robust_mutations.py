"""Accidents that befall an input: its bytes, lines, tokens, JSON values, header fields and binary structure."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

Mutation = Callable[[bytes, Random, Sequence[bytes]], bytes]
"""Breaks an input; it may take from the other seeds."""

EVIL = [
    *(bytes([sign]) for sign in b'"\n\r\0\xff,;\t: \\{}[]<>-=\x0b\x0c\x1c\x85'),
    *(b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\xbd", b"\xe2\x80\x8e", b"\xe2\x80\xaf", b"\xe2\x80\xa8"),
    *(b"a" * 5_000, b"9" * 400, b"NaN", b"1e999", b"-0", b"null", b"\\ud83d", b"\\u0000", b"[" * 2_000, b'{"a":' * 1_500),
    *(b'"comments":', b'"tickets":[', b'"users":[{}],', b'"text":', b'"id":', b'"":', b'"p_spam":', b'"status":"x",'),
    *(b"31/12/23 22.15 - ", b"[1/2/3, 4.5.6] x: ", b"<attached: ", b"<div hidden>", b"&#x110000;", b"<style>.a{", b"</style>"),
    *(b"From ", b"Content-Type: ", b"boundary=b1", b"=?utf-8?b?", b"charset=punycode", b"--b1\n", b"--b1--\n", b"path", b"text"),
]

_VALUES = [
    *(b"", b" ", b"x" * 9_000, b"a;" * 3_000, b'"' * 300, b"(" * 2_000, b"<>" * 500, b"\xff\xfe", b"\0", b"\n", b"\n\t\n \n"),
    *(b"multipart/mixed", b'multipart/mixed; boundary=""', b"multipart/alternative; boundary=b2", b"multipart/x; boundary=b1"),
    *(
        b"message/rfc822",
        b"message/partial; number=1; total=2",
        b"text/html; charset=utf-7",
        b"text/plain; charset=\xff",
        b"text/",
    ),
    *(
        b"text/plain; charset=idna",
        b"text/plain; charset=unicode_escape",
        b"text/plain; charset=utf-16",
        b"text/plain; charset=hz",
    ),
    *(b"text/html; charset=x-user-defined", b"text/plain; charset*=utf-8''utf-8", b"text/plain; charset=" + b"a" * 300),
    *(b"base64", b"quoted-printable", b"x-uuencode", b"7bit; x", b"BASE64 ", b"gzip", b"attachment; filename*9999*=%ff"),
    *(b"=?utf-8?q?=?=", b"=?utf-8?b?====?=", b"=?x?y?z?=", b"=?utf-7?q?+2D0?=", b"=?utf-8*en?q?=ff?= =?utf-8?q?=fe?="),
    *(b"Mon, 99 Foo 20230 99:99:99 +9999", b"31 Dec 1 00:00 -9999", b"0", b"Thu, 1 Jan 1970", b"<" * 1_000 + b">" * 1_000),
]
_FIELDS = [
    *(b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Subject", b"From", b"Date", b"Message-ID"),
    *(b"References", b"In-Reply-To", b"MIME-Version", b"X-" + b"a" * 300, b"", b"\xff", b"Sub ject"),
]
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[A-Za-z0-9_.+-]+|\s+|.', re.DOTALL)


def of_bytes(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """Bytes deleted, repeated, swapped with another input's, randomized, flipped, cut off or put in."""
    broken = bytearray(data)
    place = rng.randrange(len(broken) + 1)
    end = min(len(broken), place + rng.choice((1, 2, 8, 64, 1_000)))
    accident = rng.randrange(7)
    if accident == 0:
        del broken[place:end]
    elif accident == 1:
        broken[place:place] = broken[place:end] * rng.choice((1, 2, 40))
    elif accident == 2:
        broken[place:end] = rng.choice(seeds)[: end - place]
    elif accident == 3:
        broken[place:end] = rng.randbytes(end - place)
    elif accident == 4 and place < len(broken):
        broken[place] ^= 1 << rng.randrange(8)
    elif accident == 5:
        del broken[place:]
    else:
        broken[place:place] = rng.choice(EVIL) * rng.choice((1, 1, 1, 2, 30))
    return bytes(broken)


def of_lines(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """Lines deleted, repeated, moved, cut, joined, ended otherwise, or taken from another input."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    accident = rng.randrange(8)
    if accident == 0:
        del lines[place : place + rng.choice((1, 1, 3))]
    elif accident == 1:
        lines[place:place] = lines[place : place + rng.choice((1, 4))] * rng.choice((1, 3, 50))
    elif accident == 2:
        lines.insert(rng.randrange(len(lines)), lines.pop(place))
    elif accident == 3:
        lines[place] = lines[place][: rng.randrange(len(lines[place]) + 1)]
    elif accident == 4:
        lines[place : place + 2] = [b"".join(lines[place : place + 2])]
    elif accident == 5:
        return rng.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b")).join(lines)
    elif accident == 6:
        others = rng.choice(seeds).split(b"\n")
        begin = rng.randrange(len(others))
        lines[place:place] = others[begin : begin + rng.choice((1, 5, 20))]
    else:
        lines[place:place] = [rng.choice((b"", b" ", b"\t", b"\xc2\xa0"))] * rng.choice((1, 3))
    return b"\n".join(lines)


def of_tokens(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """Words, numbers, strings and signs deleted, repeated, swapped, or another's put in their place."""
    tokens = _TOKEN.findall(data)
    if not tokens:
        return data
    place = rng.randrange(len(tokens))
    accident = rng.randrange(5)
    if accident == 0:
        del tokens[place]
    elif accident == 1:
        tokens[place] *= rng.choice((2, 3, 300))
    elif accident == 2:
        other = rng.randrange(len(tokens))
        tokens[place], tokens[other] = tokens[other], tokens[place]
    elif accident == 3:
        tokens[place] = rng.choice(_TOKEN.findall(rng.choice(seeds)) or [b""])
    else:
        tokens[place] = rng.choice(EVIL)
    return b"".join(tokens)


def of_fields(data: bytes, rng: Random, _: Sequence[bytes]) -> bytes:
    """A header field replaced, added, folded or torn from its value, anywhere in a mail."""
    lines = data.split(b"\n")
    fields = [number for number, line in enumerate(lines) if b":" in line[:40]]
    place = rng.choice(fields) if fields else 0
    name, colon, value = lines[place].partition(b":")
    accident = rng.randrange(6)
    if accident == 0:
        lines[place] = name + b": " + rng.choice(_VALUES)
    elif accident == 1:
        lines.insert(place, rng.choice(_FIELDS) + b": " + rng.choice(_VALUES) * rng.choice((1, 1, 5)))
    elif accident == 2:
        lines[place] = rng.choice(_FIELDS) + colon + value
    elif accident == 3:
        lines[place] = (name + colon + value).replace(b" ", rng.choice((b"\n ", b"\n\t", b"\n", b"\r ", b"\n \n ")))
    elif accident == 4:
        lines[place] = name + rng.choice((b"", b" :", b"::", b"\t:\t", b"=")) + value
    else:
        lines[place:place] = [lines[place]] * rng.choice((2, 60))
    return b"\n".join(lines)


def of_json(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A value somewhere in the first JSON of an input replaced, its key renamed, or all of it put in something else."""
    line, end, rest = data.partition(b"\n") if rng.random() < 0.5 else (data, b"", b"")
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return of_tokens(data, rng, seeds)
    places = list(_places(tree))
    if not places:
        return json.dumps([tree, None]).encode() + end + rest
    inside, key = rng.choice(places)
    accident = rng.randrange(5)
    if accident == 0:
        inside[key] = _evil_value(rng)
    elif accident == 1 and isinstance(inside, dict):
        inside[rng.choice(("", "text", "id", "TEXT", "p_spam", "comments", "users", "a" * 300, "\ud800", "body"))] = inside.pop(
            key
        )
    elif accident == 2:
        other, place = rng.choice(places)
        inside[key], other[place] = other[place], inside[key]
    elif accident == 3:
        inside[key] = [inside[key]] * rng.choice((1, 2, 40))
    elif isinstance(inside, dict):
        del inside[key]
    try:
        text = json.dumps(tree, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
    except (ValueError, RecursionError):  # it holds itself now
        return data
    return text.encode("utf-8", "surrogatepass") + end + rest


def _places(tree: object) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        found += [(value, key) for key in keys]
        waiting += [value[key] for key in keys]  # type: ignore[index]
    return found


def _evil_value(rng: Random) -> object:
    return rng.choice((
        None, True, -1, 0.5, 10**400, float("nan"), float("inf"), "", " ", "\0", "\ud800", "x" * 9_000, "<b>" * 900, [], {}, [[]],
        [None], {"": ""}, [{"text": "x"}], {"text": {"text": "x"}}, "2023-99-99", "9" * 30, "=1+1", "\u2028", "\n",
    ))  # fmt: skip


def of_parquet(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """The footer or the header of a page changed, its lengths kept; now and then what a page holds."""
    length = int.from_bytes(data[-8:-4], "little")
    begin = len(data) - 8 - length
    if length <= 0 or begin < 4:
        return of_bytes(data, rng, seeds)
    accident = rng.randrange(6)
    if accident == 0:
        return data[:-8] + struct.pack("<I", rng.choice((0, 1, length - 1, length + 1, 2**31, 2**32 - 1))) + data[-4:]
    if accident <= 2:
        footer = bytearray(data[begin:-8])
        for _ in range(rng.choice((1, 1, 2, 5))):
            _break_varints(footer or bytearray(1), rng)
        return data[:begin] + bytes(footer) + struct.pack("<I", len(footer)) + data[-4:]
    starts = _page_starts(data) if data in seeds else []  # pyarrow is not to be asked about broken files here
    if not starts:
        return of_bytes(data, rng, seeds)
    start = rng.choice(starts)
    broken = bytearray(data)
    if accident <= 4:  # the header of a page, as long as it was, so that what follows stays where it is
        for _ in range(rng.choice((1, 1, 3))):
            place = min(start + rng.randrange(24), len(broken) - 1)
            broken[place] = rng.choice((0, 1, 2, 0x15, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    else:  # levels, lengths and values of a page
        place = min(start + rng.randrange(20, 200), begin - 4)
        broken[place : place + 4] = struct.pack("<I", rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(2**32))))
    return bytes(broken)


def _page_starts(data: bytes) -> list[int]:
    try:
        meta = pq.ParquetFile(io.BytesIO(data)).metadata
        chunks = [meta.row_group(group).column(n) for group in range(meta.num_row_groups) for n in range(meta.num_columns)]
        found = [place for c in chunks for place in (c.dictionary_page_offset, c.data_page_offset) if place is not None]
    except (pa.ArrowException, OSError, ValueError):
        return []
    return [place for place in found if 0 <= place < len(data)]


def _break_varints(thrift: bytearray, rng: Random) -> None:
    """Numbers, types and lengths of the compact protocol are one byte or a few: one changes, grows or goes."""
    place = rng.randrange(len(thrift))
    accident = rng.randrange(5)
    if accident == 0:
        thrift[place] = rng.choice((0, 1, 2, 0x19, 0x2C, 0x7F, 0x80, 0xFF))
    elif accident == 1:
        thrift[place : place + 1] = rng.choice(
            (b"\xff\xff\xff\xff\x0f", b"\xfe\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\x80" * 12)
        )
    elif accident == 2:
        thrift[place] ^= 1 << rng.randrange(8)
    elif accident == 3:
        del thrift[place : place + rng.choice((1, 1, 7))]
    else:
        thrift[place:place] = thrift[place : place + rng.choice((1, 9, 60))]


def of_zip(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A number in a local header, in the list of members or in the record at the end changed."""
    records = [(m.start(), m[0]) for m in re.finditer(rb"PK(?:\x03\x04|\x01\x02|\x05\x06|\x06\x06|\x06\x07)", data)]
    if not records:
        return of_bytes(data, rng, seeds)
    start, _ = rng.choice(records)
    place, size = start + rng.randrange(4, 46), rng.choice((1, 2, 4))
    value = rng.choice((0, 1, 8, 9, 12, 14, 0x41, 0xFF, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, len(data), rng.randrange(2**32)))
    broken = bytearray(data)
    broken[place : place + size] = (value % 256**size).to_bytes(size, "little")
    return bytes(broken)


def of_gzip(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """Flags of the header, the check sum or the length changed; blocks that never end, more of them behind the end."""
    accident = rng.randrange(5)
    if accident == 0:
        return data[:3] + bytes([rng.randrange(256)]) + data[4:]
    if accident == 1:
        return data[:-8] + rng.randbytes(8)
    if accident == 2:
        return data + rng.choice(seeds)[: rng.choice((1, 10, 10_000))]
    if accident == 3:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        return packer.compress(rng.choice((b"\n", b'"', b"a", b"{}\n")) * rng.choice((10, 10_000, 300_000))) + packer.flush()
    return data[: rng.randrange(len(data) + 1)] + rng.choice(seeds)
