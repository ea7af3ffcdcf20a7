"""All checks of labelled files at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from moderation.labels.agreement import Agreement, agreement
from moderation.labels.balance import Balance, balance
from moderation.labels.rows import Rows
from moderation.labels.suspects import Suspects, suspects
from moderation.labels.twins import Conflict, Leak, conflicts, find_twins, leaks


@dataclass(frozen=True)
class Checked:
    """What was found in some rows; nothing of it is settled.

    Attributes:
        rows: The rows, which all findings give by their place in them.
        balance: What there is.
        conflicts: Equal and near texts with contradictory labels.
        suspects: Likely mislabelled rows.
        leaks: Equal and near texts in different splits or files.
        agreement: Of the people who labelled, by category.
    """

    rows: Rows
    balance: Balance
    conflicts: tuple[Conflict, ...]
    suspects: Suspects
    leaks: tuple[Leak, ...]
    agreement: tuple[Agreement, ...]

    @property
    def findings(self) -> int:
        """How many there are to look at."""
        disputed = sum(len(found.disputed) for found in self.agreement)
        return len(self.conflicts) + len(self.suspects.found) + len(self.leaks) + disputed

    def to_dict(self, top: int | None = None, *, texts: bool = False) -> dict[str, Any]:
        """As JSON-ready data; of every list the first ``top`` entries and how many there are, messages only with ``texts``."""

        def described(row: int) -> dict[str, Any]:
            there = {"file": self.rows.files[self.rows.file[row]], "row": int(self.rows.number[row])}
            name = self.rows.column("id")[row]
            return there | ({"id": name} if name else {}) | ({"text": self.rows.texts[row].as_py()} if texts else {})

        def all_of(some: Iterable[int]) -> list[dict[str, Any]]:
            return [described(row) for row in some]

        return {
            "findings": self.findings,
            "balance": asdict(self.balance),
            "conflicts": {
                "count": len(self.conflicts),
                "first": [asdict(c) | {"yes": all_of(c.yes), "no": all_of(c.no)} for c in self.conflicts[:top]],
            },
            "suspects": {
                "count": len(self.suspects.found),
                "skipped": self.suspects.skipped,
                "first": [asdict(s) | {"row": described(s.row)} for s in self.suspects.found[:top]],
            },
            "leaks": {
                "count": len(self.leaks),
                "first": [asdict(leak) | {"one": all_of(leak.one), "other": all_of(leak.other)} for leak in self.leaks[:top]],
            },
            "agreement": [
                asdict(a) | {"disputed": {"count": len(a.disputed), "first": [all_of(d) for d in a.disputed[:top]]}}
                for a in self.agreement
            ],
        }


def check(rows: Rows, seed: int = 0) -> Checked:
    """Look for everything; ``seed`` is that of the folds."""
    twins = find_twins(rows.texts)
    return Checked(
        rows=rows,
        balance=balance(rows, twins),
        conflicts=tuple(conflicts(rows, twins)),
        suspects=suspects(rows, twins.groups(), seed),
        leaks=tuple(leaks(rows, twins)),
        agreement=agreement(rows, twins),
    )
