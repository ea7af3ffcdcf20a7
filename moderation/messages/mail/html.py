"""HTML to the text that a person sees, with what is hidden left out and what is quoted apart.

One pass over the tags, in time that grows with the length whatever the tags are; a parser that builds the tree (selectolax on
Lexbor) takes 225 s for a megabyte of ``<div>``. Where the two could differ on broken markup, text is taken for visible.

Hidden is what ``hidden``, ``display``, ``visibility``, ``opacity``, ``font-size`` and a closed box hide, in an element or in a
``<style>`` (see `moderation.messages.mail.sheets`). Text in the colour of its background or in none, and text moved off the page,
is taken for visible: mail programs change colours in the dark, drop ``position``, and show what others hide.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from moderation.limits import MAX_HTML_DEPTH
from moderation.messages.mail.css import declarations, is_gone, is_invisible, is_small
from moderation.messages.mail.sheets import Sheets

_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+)(?:>|(?P<cut>\Z))"
    r"|<[!?][^>]*+(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=/>]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]++)))?")
_TELLING = re.compile(r"style|hidden|class|id|type|data-", re.IGNORECASE)
_DIGITS = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}+;?")  # `html.unescape` raises an error for 5,000 of them
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LINE, _PARAGRAPH = "\0", "\1"  # where a block begins or ends; how many do so makes no difference
_BREAKS = re.compile(rf"[{_LINE}{_PARAGRAPH}][ {_LINE}{_PARAGRAPH}]*+")
_BLANK_LINES = re.compile(r"\n{3,}")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")
_UNSEEN = _names("script style template title noembed noframes iframe datalist")
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])|\Z", re.IGNORECASE)
    for name in ("script", "style", "title", "noembed", "noframes", "iframe", "textarea", "xmp")
}
"""Elements in which tags are text."""

_STYLE = re.compile(r"<style(?=[\s/>])", re.IGNORECASE)
_ODD = _names("template noscript svg math select")
"""Elements in which ``<style>`` is no style sheet in some programs."""

_BLOCKS = _names(
    "address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5"
    " h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody textarea tfoot thead tr ul xmp"
)
_SPACED = _names("blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre ul")
_CELLS = frozenset(("td", "th"))
_ENDED_BY = {
    **dict.fromkeys(_BLOCKS, frozenset(("p",))),
    "li": frozenset(("p", "li")),
    "dd": frozenset(("p", "dd", "dt")),
    "dt": frozenset(("p", "dd", "dt")),
    "td": _CELLS,
    "th": _CELLS,
    "tr": _CELLS | {"p", "tr"},
    "option": frozenset(("option",)),
}
"""Elements that end where another begins, unless one of `_WALLS` is between."""

_WALLS = frozenset(("table", "ul", "ol", "dl", "select"))

_QUOTING = re.compile(
    r"(?:^| )(?:gmail_quote|gmail_quote_container|yahoo_quoted|moz-cite-prefix|protonmail_quote|OutlookMessageHeader)(?: |$)"
)
_SIGNING = re.compile(r"(?:^| )(?:gmail_signature|moz-signature|protonmail_signature_block)(?: |$)")


class _Part(Enum):
    NEW = 0
    QUOTED = 1
    SIGNATURE = 2


class Seen(NamedTuple):
    """The visible text of a document in three parts, without blank lines at their ends."""

    new: str
    quoted: str
    signature: str


def text_of(document: str) -> str:
    """All visible text, one block a line."""
    return _joined(text for _, text in _pieces(document))


def seen(document: str) -> Seen:
    """The visible text, quoted replies and signatures that mail programs have marked as such apart."""
    pieces = list(_pieces(document))
    return Seen(*(_joined(text for part, text in pieces if part is wanted) for wanted in _Part))


def _joined(pieces: Iterable[str]) -> str:
    text = _BREAKS.sub(lambda run: "\n\n" if _PARAGRAPH in run[0] else "\n", "".join(pieces))
    text = html.unescape(_DIGITS.sub("\ufffd", text)).replace("\xa0", " ")
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip(" ") for line in text.split("\n"))).strip("\n")


def _pieces(document: str) -> Iterator[tuple[_Part, str]]:
    """Visible text and line ends in their order, still escaped."""
    document = document.replace(_LINE, "\ufffd").replace(_PARAGRAPH, "\ufffd")
    elements = _Elements(_sheets(document))
    position = 0
    while token := _TOKEN.search(document, position):
        yield from _visible(elements, document[position : token.start()])
        position = token.end()
        if token["name"] is None:
            continue
        if token["cut"] is not None:
            position = token.start()
            break
        name = token["name"].lower()
        before = elements.state.part
        if token["end"]:
            elements.end(name)
        elif name in _RAW:
            end = _RAW[name].search(document, position).start()  # type: ignore[union-attr]
            if name not in _UNSEEN:
                yield from _visible(elements, document[position:end])
            position = end
        elif name not in _VOID:
            elements.begin(name, token["attributes"])
        if name in _BLOCKS:
            mark = _PARAGRAPH if name in _SPACED else _LINE
            yield before, mark
            if elements.state.part is not before:
                yield elements.state.part, mark
        elif name == "br" or name in _CELLS:
            yield before, "\n" if name == "br" else " "
    yield from _visible(elements, document[position:])


def _sheets(document: str) -> Sheets:
    """The ``<style>`` elements of a document, wherever they are: they are about what stands above them too."""
    texts: list[tuple[str, bool]] = []
    position = odd = 0
    last = max((tag.start() for tag in _STYLE.finditer(document)), default=-1)
    while position <= last and (token := _TOKEN.search(document, position)):
        position = token.end()
        name = (token["name"] or "").lower()
        if name in _ODD:
            odd += -1 if token["end"] else 1
        elif name in _RAW and not token["end"]:
            end = _RAW[name].search(document, position).start()  # type: ignore[union-attr]
            if name == "style" and token["cut"] is None:
                texts.append((document[position:end], odd == 0 and _is_plain(_attributes(token["attributes"]))))
            position = end
    return Sheets(texts)


def _is_plain(style: dict[str, str]) -> bool:
    """Whether a ``<style>`` element holds everywhere: no other language, no medium that may not be this one."""
    known = {"type": ("", "text/css"), "media": ("", "all", "screen")}
    return all(name == "id" or value.strip().lower() in known.get(name, ()) for name, value in style.items())


def _visible(elements: _Elements, text: str) -> Iterator[tuple[_Part, str]]:
    state = elements.state
    if text and not (state.gone or state.small or state.invisible):
        yield state.part, text if state.preformatted else _SPACE.sub(" ", text)


class _State(NamedTuple):
    """What becomes of the text in an element. An inner element can undo `small` and `invisible`, but not `gone`."""

    part: _Part = _Part.NEW
    gone: bool = False
    small: bool = False
    invisible: bool = False
    preformatted: bool = False


class _Elements:
    """The elements that are open."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._open: list[tuple[str, _State]] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)  # by name, from the outermost

    @property
    def state(self) -> _State:
        """What becomes of text here."""
        return self._open[-1][1] if self._open else _State()

    def begin(self, name: str, attributes: str) -> None:
        """Open an element, and close those that end where it begins."""
        if ended := _ENDED_BY.get(name):
            self._close(ended, _WALLS)
        if len(self._open) < MAX_HTML_DEPTH:
            self._places[name].append(len(self._open))
            self._open.append((name, _inside(name, attributes, self.state, self._sheets)))

    def end(self, name: str) -> None:
        """Close the innermost element of this name, if there is one, with all in it."""
        self._close((name,), ())

    def _close(self, names: Collection[str], walls: Collection[str]) -> None:
        place = self._innermost(names)
        if place >= 0 and place > self._innermost(walls):
            for name, _ in self._open[place:]:
                self._places[name].pop()
            del self._open[place:]

    def _innermost(self, names: Collection[str]) -> int:
        innermost = -1
        for name in names:
            places = self._places.get(name)
            if places and places[-1] > innermost:
                innermost = places[-1]
        return innermost


def _inside(name: str, attributes: str, around: _State, sheets: Sheets) -> _State:
    state = around
    if name in ("template", "datalist"):
        state = state._replace(gone=True)
    if name == "pre":
        state = state._replace(preformatted=True)
    if not state.gone and (_TELLING.search(attributes) or sheets.concern(name)):
        given = _attributes(attributes)
        style = sheets.style_of(name, given, *declarations(given.get("style", "")))
        state = state._replace(
            part=_part(name, given) if state.part is _Part.NEW else state.part,
            gone=("hidden" in given and style.get("display", "none") == "none") or is_gone(style),
            small=is_small(style, state.small),
            invisible=is_invisible(style, state.invisible),
        )
    return state


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(_DIGITS.sub("", double or single or bare)))
    return found


def _part(name: str, attributes: dict[str, str]) -> _Part:
    marks = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    if _QUOTING.search(marks) or (name == "blockquote" and attributes.get("type", "").lower() == "cite"):
        return _Part.QUOTED
    if _SIGNING.search(marks) or attributes.get("data-smartmail") == "gmail_signature":
        return _Part.SIGNATURE
    return _Part.NEW
