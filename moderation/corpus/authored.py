"""Messages written for this project: reading them, and refusing those that teach a classifier the wrong thing.

``data/authored/*.jsonl``, one message a line: ``id text labels lang channel tag voice`` and, for the two members of a
contrast pair, ``pair``. ``labels`` names the categories that are 1; all others are 0.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from moderation.categories import CATEGORIES
from moderation.corpus.duplicates import character_runs, near_pairs
from moderation.corpus.sources import CHANNELS, LANGUAGES
from moderation.errors import DataError
from moderation.text.ngrams import fold

_POSITIVE_TAGS = """
insult-staff insult-company insult-person belittling sexual-harassment
violence-staff violence-office stalking-doxxing arson-damage conditional-threat veiled-threat extortion comic-threat
health-scare shutdown-rumour fake-notice leak-rumour giveaway-chain chain-letter incitement other-hoax
ethnicity religion nationality gender orientation disability
reseller competitor-ad gambling loan crypto job-scam b2b-mail phishing malware fake-cs other-spam
"""
_CLEAN_TAGS = """
expletive-situation self-deprecation harsh-quality sarcasm caps-anger reported-abuse churn-legal safety-warning
technical-words ask-rumour report-rumour wrong-belief opinion identity-mention group-dislike report-hate ask-promo
report-scam benign-link repeat-question animal-literal fan-praise thanks complaint question ordinary
"""
POSITIVE_TAGS = frozenset(_POSITIVE_TAGS.split())
CLEAN_TAGS = frozenset(_CLEAN_TAGS.split())
"""The main reason for the labels of a message, or for its having none."""

ALIKE = 0.6
"""Jaccard similarity of five-character runs above which two messages are one message written twice."""

SHARED_WORDS = 6
"""So many words in a row in two messages betray a template."""

LENGTHS = (4, 12, 35, 90, 250)
"""Upper bounds, in words, of the lengths that the balance counts."""


@dataclass(frozen=True)
class Message:
    """One authored message; ``labels`` are the categories that are 1."""

    id: str
    text: str
    labels: tuple[str, ...]
    lang: str
    channel: str
    tag: str
    voice: str
    pair: str = ""


class Finding(NamedTuple):
    """Something to put right: what it is, and the ids of the messages it concerns."""

    kind: str
    ids: tuple[str, ...]
    detail: str = ""


def read_authored(folder: Path) -> list[Message]:
    """All authored messages below ``folder``, in the order of file names and lines; none when there is no such folder.

    Raises:
        DataError: A line is not an object with the fields of `Message`.
    """
    messages = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                try:
                    fields = json.loads(line)
                    message = Message(**fields | {"labels": tuple(fields["labels"])})
                except (ValueError, TypeError, KeyError) as error:
                    raise DataError(f"{path.name}: line {number} is not a message: {type(error).__name__}") from error
                messages.append(message)
    return messages


def check(messages: Sequence[Message]) -> list[Finding]:
    """Everything that is wrong with a set of authored messages; an empty list when nothing is."""
    return [*_bad_fields(messages), *_bad_pairs(messages), *_contradictions(messages), *_templates(messages), *_near(messages)]


def balance(messages: Sequence[Message]) -> dict[str, Counter[str]]:
    """How many messages there are for each label, language, channel, tag, voice and length."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("label", "lang", "channel", "tag", "voice", "words")}
    for message in messages:
        counts["label"].update(message.labels or ["clean"])
        counts["lang"][message.lang] += 1
        counts["channel"][message.channel] += 1
        counts["tag"][message.tag] += 1
        counts["voice"][message.voice] += 1
        counts["words"][_length(len(_words(message.text)))] += 1
    return counts


def _length(words: int) -> str:
    for low, high in pairwise((0, *LENGTHS)):
        if words <= high:
            return f"{low + 1}-{high}"
    return f"over {LENGTHS[-1]}"


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _bad_fields(messages: Sequence[Message]) -> Iterator[Finding]:
    seen = Counter(message.id for message in messages)
    for message in messages:
        for kind, value, allowed in (
            ("tag", message.tag, POSITIVE_TAGS | CLEAN_TAGS),
            ("lang", message.lang, LANGUAGES),
            ("channel", message.channel, CHANNELS),
            *(("label", label, CATEGORIES) for label in message.labels),
        ):
            if value not in allowed:
                yield Finding(f"unknown {kind}", (message.id,), value)
        if message.tag in (CLEAN_TAGS if message.labels else POSITIVE_TAGS):
            yield Finding("tag against labels", (message.id,), message.tag)
        if not message.text.strip() or not message.voice:
            yield Finding("no text or voice", (message.id,))
        if seen[message.id] > 1:
            yield Finding("id used twice", (message.id,))


def _bad_pairs(messages: Sequence[Message]) -> Iterator[Finding]:
    pairs = defaultdict(list)
    for message in messages:
        if message.pair:
            pairs[message.pair].append(message)
    for pair, members in pairs.items():
        if len(members) != 2 or set(members[0].labels) == set(members[1].labels):
            yield Finding("pair without two members of different labels", tuple(message.id for message in members), pair)


def _contradictions(messages: Sequence[Message]) -> Iterator[Finding]:
    first: dict[str, Message] = {}
    for message in messages:
        other = first.setdefault(fold(message.text), message)
        if set(other.labels) != set(message.labels):
            yield Finding("same text, other labels", (other.id, message.id))


def _templates(messages: Sequence[Message]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], Message] = {}
    found: set[tuple[str, str]] = set()
    for message in messages:
        words = _words(message.text)
        for place in range(len(words) - SHARED_WORDS + 1):
            other = first.setdefault(tuple(words[place : place + SHARED_WORDS]), message)
            if other is not message and not _paired(other, message) and (other.id, message.id) not in found:
                found.add((other.id, message.id))
                yield Finding(f"{SHARED_WORDS} words in a row shared", (other.id, message.id))


def _near(messages: Sequence[Message]) -> Iterator[Finding]:
    texts = [message.text.lower() for message in messages]
    # The index estimates; a little slack lets the exact sets decide.
    for one, other, _ in near_pairs(texts, ALIKE - 0.1):
        if not _paired(messages[one], messages[other]):
            a, b = set(character_runs(texts[one]).tolist()), set(character_runs(texts[other]).tolist())
            similarity = len(a & b) / len(a | b)
            if similarity > ALIKE:
                yield Finding("near-duplicate", (messages[one].id, messages[other].id), f"{similarity:.2f}")


def _paired(one: Message, other: Message) -> bool:
    return bool(one.pair) and one.pair == other.pair
