"""The ``<style>`` elements of a page, as far as they hide text or undo that.

A rule hides when it holds for certain: it stands outside of ``@media`` and the like, and its selector is a tag, a class, an id
or a tag with one of these. All other rules can only show: an element one of them may match is seen in some mail program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from moderation.limits import MAX_STYLE_RULES
from moderation.messages.mail.css import TELLING, bare, declarations, hides

_CDO = re.compile(r"<!--|-->")
_QUOTE = re.compile(r"[\"']|\\[{}()\"']")
_BRACE = re.compile(r"[{}]")
_STATEMENTS = re.compile(r"(?:\s*@[^;{}]*;)*")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][a-zA-Z_][\w-]*)?")
_NAMES = re.compile(r"[.#][a-zA-Z_][\w-]*")
_COMBINATORS = re.compile(r"[\s>+~]+")
_CLASSES = re.compile(r"[^ \t\n\f\r]+")
_TAG = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_ANY = "*"
_SHOWN = "+"
"""Before the names of what rules can only show."""

_WEAK, _STRONG, _BY_ID, _IMPORTANT = range(4)


class Sheets:
    """What the rules of a page say, by the tag, class or id that they are about.

    Args:
        texts: The contents of its ``<style>`` elements, and whether they hold for certain.
    """

    def __init__(self, texts: Iterable[tuple[str, bool]]) -> None:
        self._values: dict[str, dict[tuple[int, str], str]] = {}  # the value is "" where rules differ
        self._bare: dict[str, dict[str, str]] = {}  # what counts for tags without attributes
        self._rules = 0
        for text, certain in texts:
            css = bare(_CDO.sub(" ", text))
            if _QUOTE.search(css) or not self._add_sheet(css, certain=certain):
                for name in TELLING:  # nobody knows what it says, so it may show anything
                    self._note(_SHOWN + _ANY, _IMPORTANT, name, "")

    def concern(self, tag: str) -> bool:
        """Whether a rule may be about an element that has neither class nor id."""
        return not self._values.keys().isdisjoint((tag, _SHOWN + tag, _SHOWN + _ANY))

    def style_of(
        self, tag: str, attributes: Mapping[str, str], inline: Mapping[str, str], marked: frozenset[str]
    ) -> Mapping[str, str]:
        """What counts for an element: its own style, what is important in it, and the rules about it.

        Args:
            tag: Its name.
            attributes: Of which class and id are looked at.
            inline: Its own style.
            marked: What is important in that.
        """
        if not self._values:
            return inline
        if not attributes and tag in self._bare:
            return self._bare[tag]
        names = [f".{name}" for name in _CLASSES.findall(attributes.get("class", ""))]
        names += [f"#{attributes['id']}"] if "id" in attributes else []
        found: dict[tuple[int, str], str] = {}
        # Where no doctype is, and in most mails there is none, classes are the same in any case.
        shown = (_SHOWN + name.lower() for name in (_ANY, tag, *names))
        for key in (tag, *names, *(tag + name for name in names), *shown):
            for place, value in self._values.get(key, {}).items():
                found[place] = value if found.get(place, value) == value else ""
        style: dict[str, str] = {}
        for level, name in sorted(found):
            if level < _IMPORTANT:
                style[name] = found[level, name]
        style.update(inline)
        style.update({name: found[level, name] for level, name in found if level == _IMPORTANT and name not in marked})
        if not attributes:
            self._bare[tag] = style
        return style

    def _add_sheet(self, css: str, *, certain: bool) -> bool:
        """Add the rules of a sheet; tell whether it could be understood."""
        conditions = 0  # blocks of at-rules that are open
        place = 0
        rule: str | None = None  # the selectors of the rule that is open
        for brace in _BRACE.finditer(css):
            before, place = css[place : brace.start()], brace.end()
            if brace[0] == "{":
                if rule is not None:  # rules in rules
                    return False
                before = _STATEMENTS.sub("", before, count=1)
                if before.lstrip().startswith("@"):
                    conditions += 1
                else:
                    rule = before
            elif rule is not None:
                self._add_rule(rule, before, certain=certain and not conditions)
                rule = None
            elif conditions:
                conditions -= 1
            else:  # one too many, which makes the next rule void
                return False
        if rule is not None:
            self._add_rule(rule, css[place:], certain=False)
        return True

    def _add_rule(self, selectors: str, body: str, *, certain: bool) -> None:
        values, important = declarations(body)
        told = {name: value for name, value in values.items() if name in TELLING}
        if not told:
            return
        every = [selector.strip() for selector in selectors.split(",")]
        # A selector that is none makes the others of the rule void.
        certain = certain and all(selector and _SIMPLE.fullmatch(selector) for selector in every)
        for selector in every:
            self._rules += 1
            weak = not re.search(r"[.#:\[]", selector)
            level = _WEAK if weak else _BY_ID if "#" in selector or not certain else _STRONG
            for name, value in told.items():
                place = _IMPORTANT if name in important else level
                if not hides(name, value):
                    for key in _may_match(selector):
                        self._note(_SHOWN + key.lower(), place, name, value)
                elif certain and self._rules <= MAX_STYLE_RULES:
                    self._note(selector, place, name, value)

    def _note(self, key: str, level: int, name: str, value: str) -> None:
        values = self._values.setdefault(key, {})
        values[level, name] = value if values.get((level, name), value) == value else ""


def _may_match(selector: str) -> list[str]:
    """The classes and ids that an element must have one of to match, or its tag; anything where there is none."""
    last = _COMBINATORS.split(selector)[-1]
    tag = _TAG.match(last)
    return [_ANY] if "\\" in selector else _NAMES.findall(last) or [tag[0] if tag else _ANY]
