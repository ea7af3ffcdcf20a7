"""The Code as data, and what is refused in a file of somebody else's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from moderation.categories import CATEGORIES
from moderation.errors import DataError, NoInputError
from moderation.policy import POLICY_FILE, Action, default_policy, load_policy

TEXT = POLICY_FILE.read_text(encoding="utf-8")


def changed(tmp_path, old: str, new: str):
    assert old in TEXT
    path = tmp_path / "policy.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_clause_is_enforced_or_has_a_reason():
    policy = default_policy()
    used = {name for category in policy.categories for name in category.clauses}
    assert len({clause.name for clause in policy.clauses}) == len(policy.clauses)
    for clause in policy.clauses:
        assert (clause.name in used) == (clause.not_in_text is None), clause.name
        assert clause.says.endswith(".")
        assert clause.not_in_text is None or len(clause.not_in_text) > 10
    assert used <= {clause.name for clause in policy.clauses}


def test_every_section_of_the_code_has_clauses(shared):
    code = (shared / "code-of-conduct.txt").read_text(encoding="utf-8")
    sentences = len(re.findall("^- ", code, re.MULTILINE))
    assert len(default_policy().clauses) >= sentences - 1  # one of them only leads the next ones in


def test_categories_are_complete_and_in_order():
    policy = default_policy()
    assert tuple(c.name for c in policy.categories) == CATEGORIES
    for category in policy.categories:
        assert category.clauses
        assert 0 < category.severity <= 1
        assert category.answer_within_hours > 0
        assert Action.none < category.review <= category.act
        assert category.title_id
        assert category.title_en
    by_harm = sorted(policy.categories, key=lambda c: -c.severity)
    assert by_harm[0].name == "threatening"
    hours = [c.answer_within_hours for c in by_harm]
    assert hours[0] == min(hours)
    assert hours[-1] == max(hours)


def test_actions_have_an_order_and_the_weightiest_wins():
    assert Action.none < Action.review < Action.escalate
    policy = default_policy()
    off, on = np.zeros((1, 5), np.bool_), np.ones((1, 5), np.bool_)
    assert policy.actions(off, off).tolist() == [Action.none]
    assert policy.actions(on, off).tolist() == [max(c.review for c in policy.categories)]
    assert policy.actions(on, on).tolist() == [Action.escalate]
    for place, category in enumerate(policy.categories):
        only = np.arange(5)[None] == place
        assert policy.actions(only, off).tolist() == [category.review]
        assert policy.actions(only, only).tolist() == [max(category.review, category.act)]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("severity = 0.5", "severity = 0", "severity of abusive"),
        ("severity = 0.5", "severity = 1.5", "severity of abusive"),
        ("severity = 0.5", "severity = -1", "severity of abusive"),
        ("severity = 0.5", "severity = nan", "severity of abusive"),
        ("severity = 0.5", 'severity = "grave"', "policy.toml"),
        ("severity = 0.5", "severity = []", "policy.toml"),
        ("severity = 0.5", "", "lacks severity"),
        ("severity = 0.5", "severity = 0.5\ncolour = 1", "unknown key colour in abusive"),
        ("answer_within_hours = 24", "answer_within_hours = 0", "answer_within_hours of abusive"),
        ("answer_within_hours = 24", "answer_within_hours = inf", "answer_within_hours of abusive"),
        ('act = "escalate"', 'act = "explode"', "act of threatening must be one of none, review, escalate"),
        ('act = "escalate"', "act = 2", "act of threatening"),
        ("[category.hate]", "[category.hatred]", "unknown key hatred in category"),
        ('title = "', 'titel = "', "unknown key titel in the file"),
        ('title = "Biznet Home Customer Code of Conduct"', "", "lacks title"),
        ('title = "Biznet Home Customer Code of Conduct"', "= broken", "not TOML"),
        (
            '"respect.courtesy", "respect.no-abuse", "communication',
            '"respect.kindness", "communication',
            "respect.kindness is not",
        ),
        ('"honesty.fraud", ', "", "honesty.fraud needs either"),
        ('not_in_text = "Seen in billing and usage records."', "", "terms.comply needs either"),
        ('says = "No misleading information."', 'says = "x"\nnot_in_text = "y"', "honesty.misleading needs either"),
        ('says = "No misleading information."', 'say = "x"', "say"),
        ('says = "No misleading information."', "", "says"),
    ],
)
def test_a_bad_policy_is_refused_with_a_reason(tmp_path, old, new, reason):
    with pytest.raises(DataError, match=reason):
        load_policy(changed(tmp_path, old, new))


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_missing_category_is_refused(tmp_path, category):
    start = TEXT.index(f"[category.{category}]")
    block = TEXT[start : TEXT.index("\n\n", start)]
    with pytest.raises(DataError, match=f"lacks {category}"):
        load_policy(changed(tmp_path, block, ""))


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"clause = 3\ncategory = 1\ntitle = 'x'", b"", b"category = 1", b"[clause.a]\n[category.abusive]"]
)
def test_what_is_no_policy_is_refused(tmp_path, content):
    (tmp_path / "policy.toml").write_bytes(content)
    with pytest.raises(DataError, match=r"policy\.toml"):
        load_policy(tmp_path / "policy.toml")


def test_no_policy(tmp_path):
    with pytest.raises(NoInputError, match="no policy"):
        load_policy(tmp_path / "none.toml")


def test_another_code_may_weigh_otherwise(tmp_path):
    policy = load_policy(changed(tmp_path, "severity = 0.5", "severity = 1"))
    assert policy.harm(np.array([[1, 0, 0, 0, 0]], np.float32)).tolist() == [1]
