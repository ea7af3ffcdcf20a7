"""What decides a training run: a TOML file with overrides, checked key by key."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from moderation.categories import CATEGORIES
from moderation.classifier.model import MAX_BITS
from moderation.errors import DataError, NoInputError


@dataclass(frozen=True)
class TrainingConfig:
    """The whole truth of a training run, besides the content of its files; a TOML file with these keys.

    Attributes:
        name: What the model is called.
        labels: Labelled files, seen from the current folder.
        text: The column with the messages; looked for when empty.
        columns: Where a category's labels are, if not in the column of its name.
        encoding: Of text files without a byte order mark.
        base: Model to continue from, a name or folder; none when empty. ``bits``, ``concepts`` and ``word_weight`` are the
            base's, then.
        bits: Binary logarithm of the number of hash buckets.
        concepts: Whether words stand for concepts, too. The concepts were chosen for customers' messages in Indonesian and
            English; other texts, such as mail, can do better without.
        word_weight: How much more words and pairs of words count than character runs.
        C: Inverse strength of regularisation.
        offset: Softens the naive Bayes weighting of features; see `PartialLabelHeads`.
        folds: Folds for calibration and working points.
        seed: Of folds and solver.
        review_false_positive_rate: Share of messages that are not of a category which it may flag for review.
        review_false_positive_rates: The same by category, where one is stricter or laxer.
        act_precision: Precision that must be proven before a category acts.
        customer_sources: Sources that look like customers' messages; working points are chosen on them. All, when empty.
        weights: Weight of a source's rows, by name; 1 where it is not named.
    """

    name: str = "custom"
    labels: tuple[str, ...] = ()
    text: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    base: str = ""
    bits: int = 19
    concepts: bool = True
    word_weight: float = 2.0
    C: float = 0.1
    offset: float = 3.0
    folds: int = 4
    seed: int = 0
    review_false_positive_rate: float = 0.01
    review_false_positive_rates: dict[str, float] = field(default_factory=dict)
    act_precision: float = 0.95
    customer_sources: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)

    def to_toml(self) -> str:
        """As a file that `load_config` reads back to the same."""
        values, tables = [], []
        for key, value in asdict(self).items():
            if not isinstance(value, dict):
                values.append(f"{key} = {_toml(value)}\n")
            elif value:
                tables.append(f"\n[{key}]\n" + "".join(f"{_toml(name)} = {_toml(item)}\n" for name, item in value.items()))
        return "".join(values + tables)


_INPUTS = ("labels", "text", "columns", "encoding")
"""Keys that say where rows are. They do not tell trainings on the same rows apart."""

_RANGES: dict[str, tuple[float, float]] = {
    "bits": (8, MAX_BITS),
    "word_weight": (0.01, 100),
    "C": (1e-6, 1e6),
    "offset": (0, 1e6),
    "folds": (2, 50),
    "seed": (0, 2**32 - 1),
    "review_false_positive_rate": (0, 1),
    "review_false_positive_rates": (0, 1),
    "act_precision": (0, 1),
    "weights": (0, 1e9),
}
_DEFAULT = TrainingConfig()
_KINDS = {
    **dict.fromkeys(("bits", "folds", "seed"), "a whole number"),
    **dict.fromkeys(("labels", "customer_sources"), "a list of texts"),
    **dict.fromkeys(("review_false_positive_rates", "weights"), "a table of numbers"),
    **dict.fromkeys(("word_weight", "C", "offset", "review_false_positive_rate", "act_precision"), "a number"),
    "concepts": "true or false",
    "columns": "a table of texts",
}
"""What a value must be; a text where nothing is said."""


def load_config(
    path: Path | None, overrides: Sequence[str] = (), options: Mapping[str, Any] | None = None, *, name: str = _DEFAULT.name
) -> TrainingConfig:
    """Read a training config.

    Args:
        path: A TOML file; all defaults when None.
        overrides: ``KEY=VALUE`` each, in TOML, with dots into tables: ``weights.spam-source=0.1``. Later ones win.
        options: Values by key that win over both; tables are added to.
        name: What the model is called when none of them says so.

    Raises:
        NoInputError: There is no such file.
        DataError: Something is not TOML, a key is none, or a value does not fit; the message names the key.
    """
    content: dict[str, Any] = {"name": name}
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NoInputError(f"no training config at {path}") from None
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not TOML: {error}") from None
        _merge(content, _parsed(text, str(path)), str(path))
    for override in overrides:
        key, equals, _ = override.partition("=")
        if not (key.strip() and equals):
            raise DataError(f"--set {override}: write KEY=VALUE")
        _merge(content, _parsed(override, f"--set {key.strip()}", "; texts stand in quotes: --set 'name=\"ours\"'"), "--set")
    _merge(content, dict(options or {}), "options")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    return replace(_DEFAULT, **values)


def learning_keys(config: TrainingConfig) -> dict[str, Any]:
    """What of a config decides the model once the rows are given."""
    return {key: value for key, value in asdict(config).items() if key not in _INPUTS}


def _parsed(text: str, where: str, hint: str = "") -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{where} is not TOML: {error}{hint}") from None


def _merge(content: dict[str, Any], more: dict[str, Any], where: str) -> None:
    """Put checked values over those that are there; tables are added to."""
    known = [f.name for f in fields(TrainingConfig)]
    for key, value in more.items():
        if key not in known:
            raise DataError(f"{where}: unknown key {key}; known: {', '.join(sorted(known))}")
        _check_value(where, key, value)
        content[key] = content.get(key, {}) | value if isinstance(value, dict) else value


def _check_value(where: str, key: str, value: Any) -> None:  # noqa: ANN401 - whatever TOML holds
    """Refuse a value of another kind than the default's, or a number out of its range."""
    kind = _KINDS.get(key, "a text")
    if not _fits(kind, value):
        raise DataError(f"{where}: {key} must be {kind}")
    low, high = _RANGES.get(key, (-math.inf, math.inf))
    for number in value.values() if isinstance(value, dict) else [value]:
        if isinstance(number, int | float) and not low <= number <= high:
            raise DataError(f"{where}: {key} must be from {low} to {high}")
    if key in ("review_false_positive_rates", "columns") and not set(value) <= set(CATEGORIES):
        raise DataError(f"{where}: {key} knows {', '.join(CATEGORIES)}")


def _fits(kind: str, value: Any) -> bool:  # noqa: ANN401 - whatever TOML holds
    if kind.startswith("a list"):
        return isinstance(value, list | tuple) and all(_fits("a text", item) for item in value)
    if kind.startswith("a table"):
        item_kind = "a text" if kind.endswith("texts") else "a number"
        return isinstance(value, dict) and all(_fits(item_kind, item) for item in value.values())
    types = {"a text": str, "a number": int | float, "a whole number": int, "true or false": bool}
    return isinstance(value, types[kind]) and isinstance(value, bool) == (kind == "true or false")


def _toml(value: Any) -> str:  # noqa: ANN401 - of a config
    """A value as TOML: its texts and lists are written as JSON writes them, but for the one control character JSON leaves."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
