"""Rows that the benchmarks share."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from moderation.labelled import LabelledRows, read_labelled

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


def say(line: str) -> None:
    """One line of a report."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def authored() -> LabelledRows:
    """The project's own messages, labelled in all five categories."""
    return read_labelled(sorted(str(path) for path in (ROOT / "data" / "authored").glob("*.jsonl")))


def hs1(part: str, fold: int) -> tuple[list[str], list[int]]:
    """Texts and ``HS`` labels of one part (train, dev, test) of one fold of the benchmark; masks become a handle and a link."""
    path = SHARED / "hs1-folds" / f"{part}{fold}.csv"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    return [_unmask(row["Tweet"]) for row in rows], [int(row["HS"]) for row in rows]


def _unmask(text: str) -> str:
    return re.sub(r"\bURL\b", "http://link.example", re.sub(r"\bUSER\b", "@user", text))
