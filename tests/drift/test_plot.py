"""A picture that is one, the same every time."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from moderation.categories import CATEGORIES
from moderation.drift import compare
from moderation.drift.days import DayTally
from moderation.drift.plot import draw
from tests.drift.messages import messages, tally


def drawn(days: DayTally | None = None) -> bytes:
    before, now = tally(*messages(400, 0)), tally(*messages(300, 1, odds=1.0))
    baseline = before.profile()
    return draw(compare(baseline, now), baseline, now, days.days() if days else None, "svg")


def test_a_picture_without_days():
    picture = drawn()
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert picture == drawn()


def test_days_are_drawn():
    days = DayTally()
    for day in range(1, 29):
        flags = np.zeros((20, len(CATEGORIES)), bool)
        flags[: 15 if day == 9 else 2] = True
        days.add([f"2025-11-{day:02d}T12:00"] * 20, flags)
    assert days.days().outside[8].all()
    assert ElementTree.fromstring(drawn(days)).tag.endswith("svg")
