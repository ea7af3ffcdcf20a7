"""Priority: its range, its parts, that more of anything never makes it less, and the order within a group."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.policy import default_policy
from moderation.triage.priority import (
    DAY,
    GROUPS,
    HOUR,
    LEVELS,
    Group,
    Offence,
    is_staff_threat,
    level,
    most,
    priority,
    remembered,
    repeat,
    suggestions,
    total,
    waiting,
)
from moderation.triage.rules import default_rules

POLICY, RULES = default_policy(), default_rules()
EXPIRY = round(RULES.repeat_expiry_days * DAY)

shares = st.floats(0, 1)
waits = st.integers(0, 400 * DAY)
groups = st.builds(Group, st.integers(0, len(CATEGORIES) - 1), st.booleans(), st.integers(0, LEVELS - 1))
offences = st.lists(st.builds(Offence, st.integers(0, 4 * EXPIRY), st.floats(0.1, 1)), max_size=8)


def of(group: Group, waited: int) -> float:
    return total(group, waited, POLICY, RULES)


@given(shares, shares, groups, waits)
def test_parts_add_up_and_stay_in_range(harm, added, group, waited):
    made = Group(group.category, group.floored, level(harm, added))
    found = priority(harm, made, waited, POLICY, RULES)
    assert 0 <= found.total <= 100
    assert min(found.harm, found.repeat, found.waiting, found.floor) >= 0
    assert math.isclose(found.harm + found.repeat + found.waiting + found.floor, found.total, abs_tol=1e-9)
    assert found.total == of(made, waited)


@given(groups, waits)
def test_waiting_lifts_a_message_so_far_and_no_farther(group, waited):
    assert of(group, waited) <= most(group, RULES) == of(group, 10**15)


@given(st.floats(0, 2), groups, waits)
def test_no_harm_stays_nothing_however_old(added, group, waited):
    assert level(0.0, added) == 0
    assert of(group._replace(level=0), waited) == 0


@given(shares, shares, st.floats(0, 2), st.floats(0, 2))
def test_more_harm_or_more_repeats_never_lower_the_level(harm, more, added, again):
    harm, more = sorted((harm, more))
    added, again = sorted((added, again))
    assert level(harm, added) <= level(more, again)


@given(groups, groups, waits, waits)
def test_higher_level_longer_wait_and_floor_never_lower_it(group, other, waited, longer):
    waited, longer = sorted((waited, longer))
    assert of(group, waited) <= of(group, longer)
    low, high = sorted((group.level, other.level))
    assert of(group._replace(level=low), waited) <= of(group._replace(level=high), waited)
    assert of(group._replace(floored=False), waited) <= of(group._replace(floored=True), waited)


@given(groups, waits)
def test_credible_threats_reach_the_floor(group, waited):
    assume(group.level)
    assert of(group._replace(floored=True), waited) >= RULES.staff_threat_floor


@given(st.integers(0, 30), st.integers(0, 60), waits)
def test_waiting_alone_does_not_lift_little_over_much(category, low, waited):
    """However old, it is no more than two such messages in one."""
    fresh = 100 * (1 - (1 - low / 100) ** 2)
    assert of(Group(category % len(CATEGORIES), False, low), waited) <= fresh + 1e-9


def test_waiting_grows_from_the_first_minute_to_its_cap():
    within = POLICY.categories[1].answer_within_hours * HOUR
    points = [of(Group(1, False, 50), round(share * within)) for share in (0, 0.02, 0.5, 1, 1.5, 2, 3)]
    assert points[:6] == sorted(set(points[:6]))
    assert points[5] == points[6]
    assert waiting(round(within), 1, POLICY, RULES) == pytest.approx(RULES.waiting_weight)


def test_waiting_counts_against_the_time_to_answer_of_the_category():
    assert of(Group(CATEGORIES.index("threatening"), False, 50), HOUR) > of(Group(CATEGORIES.index("spam"), False, 50), HOUR)


@given(offences, st.integers(0, 4 * EXPIRY), st.builds(Offence, st.integers(0, 4 * EXPIRY), st.floats(0.1, 1)))
def test_another_offence_never_helps(history, sent, other):
    assert 0 <= repeat(history, sent, RULES) <= repeat([*history, other], sent, RULES) <= RULES.repeat_most


@given(offences, st.integers(0, 4 * EXPIRY))
def test_repeats_are_the_capped_sum(history, sent):
    slow = sum(RULES.repeat_weight * o.severity * remembered(o, sent, RULES) for o in history)
    assert repeat(history, sent, RULES) == pytest.approx(min(RULES.repeat_most, slow))


@given(st.integers(0, 3 * EXPIRY))
def test_offences_fade_and_expire(gap):
    share = remembered(Offence(EXPIRY, 1.0), EXPIRY + gap, RULES)
    assert share == pytest.approx(max(0, 1 - gap / EXPIRY))
    assert remembered(Offence(EXPIRY + gap, 1.0), EXPIRY, RULES) == 1


@given(groups)
def test_groups_are_numbered(group):
    assert Group.of(group.number) == group
    assert 0 <= group.number < GROUPS


def test_harm_is_the_policys():
    p = np.array([[0.5, 0.25, 0, 0, 1]], np.float32)
    spared = np.prod([1 - c.severity * q for c, q in zip(POLICY.categories, p[0], strict=True)])
    assert POLICY.harm(p)[0] == pytest.approx(1 - spared)


@pytest.mark.parametrize(
    ("flags", "action", "credible"),
    [
        (("threatening",), "escalate", True),
        (("abusive", "threatening"), "escalate", True),
        (("threatening",), "review", False),
        (("hate",), "escalate", False),
    ],
)
def test_what_a_credible_threat_is(flags, action, credible):
    assert is_staff_threat(flags, action) is credible


def test_suggestions_follow_the_code():
    clauses = {clause.name for clause in POLICY.clauses}
    assert {suggestion.clause for suggestion in RULES.suggestions} <= clauses
    assert suggestions(RULES.repeated_from - 1, staff_threat=False, rules=RULES) == ()
    assert [s.clause for s in suggestions(RULES.repeated_from, staff_threat=False, rules=RULES)] == ["consequences.repeated"]
    said = [s.clause for s in suggestions(1, staff_threat=True, rules=RULES)]
    assert said == ["consequences.staff-safety", "consequences.authorities"]
