"""Personal data masked in what leaves the tool: mail addresses, telephone, identity, tax, card and customer numbers.

Digits are found in any script and width, with blanks, dots, dashes or invisible characters between them. Prices, dates, times,
speeds, network addresses, ticket numbers and names of devices stay. Patterns are tried one after the other on a skeleton of
the text, from which whatever is settled is blanked out, so that no later pattern reaches into it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import pyarrow as pa

from moderation.errors import UsageError
from moderation.messages.arrays import strings
from moderation.messages.json_text import holds_json, mask_json


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a text hold personal data of a kind, which is also the name of its mask."""

    start: int
    end: int
    kind: str


# A gap between two digits of one number; of telephone numbers, brackets too.
_G, _P = r"[ .\-]{0,3}", r"[ \t.\-/_()]{0,3}"
_FIRST, _LAST = r"(?<![\d#])", r"(?!\d)"

_AT = re.compile(r"(?:@| @ | ?[\[(](?:at|@)[\])] ?)[\w-]{1,63}(?:(?: ?[\[(](?:dot|\.)[\])] ?|\.)[\w-]{1,63}){1,8}", re.I)
_LOCAL = re.compile(r"[\w.+%'-]+$")

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_CLOCK = r"(?:[01]?\d|2[0-4])[.:][0-5]\d"
_STAYS = re.compile(
    rf"""(?<![\d.])(?:{_BYTE}\.){{3}}{_BYTE}(?!\.?\d)                                                   # network address
    |(?<!\d)(?<!\d[-/.])(?:{_DAY}([-/.]){_MONTH}\1(?:19|20)\d\d(?!\d)
                          |(?:19|20)\d\d([-/.]){_MONTH}\2{_DAY}(?!\d)
                          |{_DAY}([-/.]){_MONTH}\3\d\d(?=[ ,]{{1,2}}{_CLOCK}(?!\d)|(?!{_P}\d)))         # date
        (?:[ ,T]{{1,2}}{_CLOCK}(?!\d))?
    |\b(?:jam|pukul|pkl)\.?[ ]?{_CLOCK}(?:[ ]?(?:-|s/?d|sampai)[ ]?{_CLOCK})?(?!\d)                     # time of day
    |\b(?:rp|idr)\.?[ ]?[1-9]\d{{0,2}}(?:[.,]?\d{{3}}){{0,4}}(?:,\d\d|,-)?(?!\d)                        # price
    |(?<![\d.+])(?<!\d[ -])(?!62\.8)[1-9]\d{{0,2}}(?:\.\d{{3}}){{1,3}}(?!\.?\d)
    |(?<![\d.+])\d{{1,4}}[ ]?(?:[kmg]b(?:ps|/s)?|[kmg]bit|ms|dbm)\b                                     # speed
    |\b(?:tiket|ticket|tkt|inc|tt|req|case|laporan)\b[ ]?(?:no|nomor|id)?[ .:\#_-]{{0,3}}(?!\+?(?:62|0){_P}8)\d[\d-]*""",
    re.X | re.I,
)

_NPWP = re.compile(
    rf"{_FIRST}\d\d(?:[ .\-]{{1,3}}\d{{3}}){{2}}[ .\-]{{1,3}}\d(?:[ .\-]{{1,3}}\d{{3}}){{2}}{_LAST}"
    rf"|(?<!\[)\bnpwp\b(?:\W|saya|nya|no|nomor){{0,8}}(?P<value>\d(?:{_G}\d){{14,15}}){_LAST}",
    re.I,
)
_SIXTEEN = re.compile(rf"{_FIRST}(?=(?P<value>\d(?:{_G}\d){{15}}){_LAST})")
_CARD = re.compile(rf"{_FIRST}(?=(?P<value>[2-6](?:{_G}\d){{12,18}}))")
_OPEN = r"(?:\((?=\+?\d{1,4}\)))?"
_PHONE = re.compile(
    rf"""{_FIRST}(?<!\+)(?:
     08\d{{8,11}}{_LAST}
    |{_OPEN}(?:(?:\+{_P}|00{_P})?6{_P}2{_P}0?{_P}|0{_P})8(?:{_P}\d){{8,11}}{_LAST}                       # mobile
    |{_OPEN}(?:(?:\+|00)62{_P}|0)[2-79]\d{{1,2}}{_P}\d(?:[ .\-]{{0,3}}\d){{5,7}}{_LAST}                 # landline, 021 1234567
    |\+{_P}[1-9](?:{_P}\d){{8,14}}{_LAST}                                                               # abroad
    )
    |(?<!\[)\b(?:wa|whatsapp|hp|telp|tlp|telepon|phone|sms|hubungi)\b\W{{0,3}}(?P<value>8\d{{8,11}}){_LAST}""",
    re.X | re.I,
)

_ABOUT = (
    r"(?:\b(?:no|nomor|nomer|nmr|number|id|kode)\b[ .:_-]{0,3}(?:pelanggan|langganan|plg|customer|cust|akun|account)\b"
    r"|\b(?:pelanggan|langganan|customer|cust|akun|account)[ ._-]{0,2}(?:id|no|nomor|nomer|number)\b"
    r"|\b(?:cid|idpel|id[ _-]pel|custid)\b)"
)
CUSTOMER_NUMBER = (
    rf"{_ABOUT}(?:[ .:=#,-]|\b(?:saya|sy|aku|gue|gw|ku|kami|nya|adalah|is|my)\b){{0,8}}"
    r"(?P<value>(?<!\w)[a-z]{0,5}-?\d(?:[ .\-]?\d){4,19})"
)
"""What a customer number is when nobody says otherwise: 5 to 20 digits, perhaps after letters, behind words that announce it."""

_PROVINCES = frozenset(
    (*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 98))
)
_CARDS = {13: ("4",), 14: ("30", "36", "38"), 15: ("34", "37"), 16: ("2", "3", "4", "5", "6"), 19: ("4", "6")}
"""First digits of the cards of each length."""

_WORTH_A_LOOK = r"@|＠|[\[(（](?i:at)[\])）]|(?:\p{N}[^\p{L}\p{N}]*){5}"
_WORTH_A_LOOK_IN_JSON = rf"{_WORTH_A_LOOK}|\\u"


@dataclass(frozen=True)
class Redactor:
    """Finds personal data and masks it.

    Attributes:
        customer_number: A regular expression for customer numbers, matched in any case; its group ``value``, where it has one,
            is what is masked.

    Raises:
        UsageError: It is no regular expression.
    """

    customer_number: str = CUSTOMER_NUMBER

    def __post_init__(self) -> None:
        try:
            re.compile(self.customer_number, re.I)
        except re.error:
            raise UsageError("--customer-number is no regular expression") from None

    @cached_property
    def _customer(self) -> re.Pattern[str]:
        return re.compile(self.customer_number, re.I)

    def spans(self, text: str) -> list[Span]:
        """Where in a text personal data is, in order; no two overlap."""
        skeleton, origins = _skeleton(text)
        found: list[Span] = []
        for kind, places in (
            ("email", _emails),
            ("npwp", _matches(_NPWP)),
            ("", _matches(_STAYS)),
            ("nik", _niks),
            ("card", _cards),
            ("phone", _matches(_PHONE)),
            ("customer", _matches(self._customer)),
        ):
            taken = list(_apart(places(skeleton)))
            skeleton = _blanked(skeleton, taken)
            found += [Span(origins[start], origins[end], kind) for start, end in taken if kind]
        return sorted(found)

    def mask(self, text: str) -> str:
        """The text with ``[email]``, ``[phone]`` and so on in place of personal data."""
        parts, done = [], 0
        for start, end, kind in self.spans(text):
            parts += [text[done:start], f"[{kind}]"]
            done = end
        return "".join([*parts, text[done:]])

    def mask_part(self, text: str, start: int, end: int) -> str:
        """Characters ``start`` to ``end`` of a text, or the masks of what they are part of."""
        return " ".join(f"[{s.kind}]" for s in self.spans(text) if s.start < end and start < s.end) or text[start:end]

    def mask_table(self, table: pa.Table) -> pa.Table:
        """The table with every column of strings masked, also those that hold JSON, lists or bytes; numbers stay."""
        columns = []
        for field, column in zip(table.schema, table.columns, strict=True):
            columns.append(self._mask_array(column.combine_chunks(), is_json=holds_json(field), about=_is_about(field.name)))
        return pa.Table.from_arrays(columns, schema=table.schema)

    def _mask_array(self, array: pa.Array, *, is_json: bool = False, about: bool = False) -> pa.Array:
        kind = array.type
        if pa.types.is_dictionary(kind):
            return pa.DictionaryArray.from_arrays(array.indices, self._mask_array(array.dictionary, about=about))
        if kind in (pa.string(), pa.large_string(), pa.string_view()):
            return self._mask_strings(array.cast(pa.large_string()), is_json=is_json, about=about).cast(kind)
        if _may_hold_text(kind):
            return pa.array([self._mask_value(value) for value in array.to_pylist()], kind)
        return array

    def _mask_strings(self, array: pa.Array, *, is_json: bool, about: bool) -> pa.Array:
        import pyarrow.compute as pc

        mask = _mask_number if about else self.mask
        if about or self.customer_number != CUSTOMER_NUMBER:  # no filter knows what such a pattern finds
            chosen = array.is_valid()
        else:
            pattern = _WORTH_A_LOOK_IN_JSON if is_json else _WORTH_A_LOOK
            chosen = pc.and_kleene(pc.match_substring_regex(array, pattern), array.is_valid())
        texts = array.filter(chosen).to_pylist()
        masked = [mask_json(text, mask) if is_json else mask(text) for text in texts]
        return array if masked == texts else pc.replace_with_mask(array, chosen, strings(masked))

    def _mask_value(self, value: object) -> object:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, bytes):
            return self.mask(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if isinstance(value, dict):
            return {key: self._mask_value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._mask_value(item) for item in value)
        return value


def _is_about(column: str) -> bool:
    """Whether a column's name announces customer numbers."""
    return re.search(_ABOUT, column.replace("_", " "), re.I) is not None


def _mask_number(cell: str) -> str:
    """The mask of a cell in a column of customer numbers; words stay."""
    return "[customer]" if sum(c.isdigit() for c in cell) > 3 else cell


def _may_hold_text(kind: pa.DataType) -> bool:
    if kind.num_fields:
        return any(_may_hold_text(kind.field(place).type) for place in range(kind.num_fields))
    return pa.types.is_dictionary(kind) or kind in (
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(pa.binary(), pa.large_binary(), pa.binary_view()),
    )


@cache
def _plain_characters() -> dict[int, str | None]:
    """Digits of all scripts, blanks, dashes and fullwidth characters to ASCII; invisible ones to nothing."""
    plain: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    for code in range(0x80, 0x20000):
        character = chr(code)
        digit = unicodedata.digit(character, None)
        category = unicodedata.category(character)
        if digit is not None:
            plain[code] = str(digit)
        elif category in ("Zs", "Pd"):
            plain[code] = " " if category == "Zs" else "-"
        elif category == "Cf":
            plain[code] = None
    return plain | dict.fromkeys((0xFE0E, 0xFE0F, 0x20E3))


def _skeleton(text: str) -> tuple[str, range | list[int]]:
    """The text in plain characters, and for each of them, and for the end, which of the text it is."""
    if text.isascii():
        return text, range(len(text) + 1)
    plain = _plain_characters()
    skeleton = text.translate(plain)
    if len(skeleton) == len(text):
        return skeleton, range(len(text) + 1)
    seen = [place for place, character in enumerate(text) if plain.get(ord(character), "") is not None]
    return skeleton, [*seen, len(text)]


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    """What finds the places of a pattern, or of its group ``value`` where that took part."""
    group = "value" if "value" in pattern.groupindex else 0

    def places(skeleton: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(skeleton):
            yield match.span(group if match[group] is not None else 0)

    return places


def _emails(skeleton: str) -> Iterator[tuple[int, int]]:
    """Mail addresses. Their first part is looked for backwards, or a long word without an ``@`` would take forever."""
    for match in _AT.finditer(skeleton):
        if local := _LOCAL.search(skeleton, max(0, match.start() - 64), match.start()):
            yield local.start(), match.end()


def _niks(skeleton: str) -> Iterator[tuple[int, int]]:
    """Identity numbers: province, district, subdistrict, day of birth (of women 40 more), month, year, number."""
    for match in _SIXTEEN.finditer(skeleton):
        number = re.sub(r"\D", "", match["value"])
        province, day, month = int(number[:2]), int(number[6:8]) % 40, int(number[8:10])
        if province in _PROVINCES and int(number[6:8]) <= 71 and 1 <= day <= 31 and 1 <= month <= 12 and number[12:] != "0000":
            yield match.span("value")


def _cards(skeleton: str) -> Iterator[tuple[int, int]]:
    """Card numbers of a length that their first digits allow, with the right check digit."""
    for match in _CARD.finditer(skeleton):
        ends = [digit.end() for digit in re.finditer(r"\d", match["value"])]
        number = re.sub(r"\D", "", match["value"])
        for length, firsts in _CARDS.items():
            if length <= len(ends) and number.startswith(firsts) and _passes_luhn(number[:length]):
                end = match.start("value") + ends[length - 1]
                if not skeleton[end : end + 1].isdigit():
                    yield match.start("value"), end
                    break


def _passes_luhn(number: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2]]
    return (sum(doubled) + sum(map(int, number[-1::-2]))) % 10 == 0


def _apart(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places that begin behind the end of the one before."""
    done = 0
    for start, end in places:
        if start >= done and end > start:
            yield start, end
            done = end


def _blanked(skeleton: str, places: Iterable[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in places:
        parts += [skeleton[done:start], "\0" * (end - start)]
        done = end
    return "".join([*parts, skeleton[done:]])
