"""Which field of a date is the day: told by the dates of the whole chat, or asked for, never guessed."""

from __future__ import annotations

from datetime import date, timedelta

from moderation.messages.batch import DATE_ORDERS

Fields = tuple[str, str, str]

FIRST_YEAR = 2009
"""No message of WhatsApp is older. None is of tomorrow either, but for a phone that is ahead of this machine's time zone."""


def date_of(fields: Fields, order: str) -> date | None:
    """The date that three fields are in an order, or None when they are none.

    Years have two or four digits, all others one or two.
    """
    named = dict(zip(order, fields, strict=True))
    if len(named["y"]) not in (2, 4) or len(named["m"]) > 2 or len(named["d"]) > 2:
        return None
    year = int(named["y"]) + (2000 if len(named["y"]) == 2 else 0)
    try:
        return date(year, int(named["m"]), int(named["d"]))
    except ValueError:
        return None


class OrderProof:
    """Finds the order from dates in the order of the chat, with the memory of one.

    An order is proven when it alone makes dates of all fields, or alone makes dates that never go back. Years of two digits
    in front are believed only when nothing else fits.
    """

    def __init__(self) -> None:
        self._last = dict.fromkeys(DATE_ORDERS, date.min)
        self._possible = set(DATE_ORDERS)
        self._backwards: set[str] = set()
        self._differ = False
        self._seen = False

    def see(self, fields: Fields) -> str | None:
        """Take one more date into account; returns the order once the fields prove it."""
        latest = date.today() + timedelta(days=1)
        dates = {order: found for order in DATE_ORDERS if (found := date_of(fields, order)) and found.year >= FIRST_YEAR}
        possible = {order for order in self._possible & dates.keys() if dates[order] <= latest}
        if possible:
            self._seen = True
            self._possible = possible
            self._backwards |= {order for order in possible if dates[order] < self._last[order]}
            self._last.update(dates)
            self._differ |= len({dates[order] for order in self._likely}) > 1
        return self._only(self._likely) if self._seen else None

    def conclude(self) -> str | None:
        """The order when there are no more dates, or None when more than one fits."""
        likely = self._likely
        return self._only(likely - self._backwards) or (None if self._differ or not self._seen else min(likely))

    @property
    def _likely(self) -> set[str]:
        return self._possible - {"ymd"} or self._possible

    @staticmethod
    def _only(orders: set[str]) -> str | None:
        return next(iter(orders)) if len(orders) == 1 else None
