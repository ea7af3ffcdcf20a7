"""Whether a candidate may replace the model in use: figures against plain references, each reason to refuse by itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.classifier.model import save_model
from moderation.errors import ModelError
from moderation.evaluation import evaluate
from moderation.labelled import LabelledRows
from moderation.registry import checking
from moderation.registry.checking import check_candidate, found_at_rate, model_digest
from tests.registry.helpers import numbered


def rows_of(labels, **facets) -> LabelledRows:
    labels = np.asarray(labels, float)
    texts = pa.array(["halo"] * len(labels), pa.large_string())
    return LabelledRows(texts, labels, np.ones(len(labels)), {k: np.array(v, object) for k, v in facets.items()})


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Compare two sets of probabilities ``(n, 5)`` as if models had given them."""

    def judge(before, after, rows, reviews=(0.5, 0.5), facts=None, lost=()):
        models = {}
        for name, p, review in (("before", before, reviews[0]), ("after", after, reviews[1])):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "model.json").write_text(name)
            models[tmp_path / name] = SimpleNamespace(
                name=name,
                version="1",
                facts=(facts or {}) if name == "before" else {"config": {"review_false_positive_rate": 0.9}},
                thresholds=[SimpleNamespace(review=review)] * 5,
                trained=np.array([name == "before" or category not in lost for category in CATEGORIES]),
                score=lambda _, p=p: SimpleNamespace(probabilities=np.asarray(p, np.float32)),
            )
        monkeypatch.setattr(checking, "load_model", models.__getitem__)
        return check_candidate(tmp_path / "after", tmp_path / "before", rows)

    return judge


def first_category(values) -> np.ndarray:
    """Of all categories, only abusive is known."""
    labels = np.full((len(values), 5), np.nan)
    labels[:, 0] = values
    return labels


def in_first(p) -> np.ndarray:
    return np.column_stack([p, np.zeros((len(p), 4))])


# Recall at the agreed rate


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60),
    st.sampled_from(["0", "0.004", "0.01", "0.05", "0.07", "0.29", "0.5", "0.58", "1"]),
)
@example([(n, False) for n in range(100)] + [(71, True)], "0.29")
def test_found_at_rate_is_the_best_of_all_thresholds(scored, rate):
    p = np.array([score / 20 for score, _ in scored])
    target = np.array([positive for _, positive in scored])
    best = 0
    for threshold in [*p, 2.0]:
        flagged = p >= threshold
        if int((flagged & ~target).sum()) <= Fraction(rate) * int((~target).sum()):
            best = max(best, int((flagged & target).sum()))
    assert found_at_rate(p, target, float(rate)) == best


@pytest.mark.parametrize(("lost", "refused"), [(0, False), (1, False), (2, False), (3, True), (-5, False)])
def test_a_drop_of_over_a_point_is_refused(judged, lost, refused):
    """Two of two hundred are one point."""
    labels = np.repeat([1.0, 0.0], 200)
    before = labels * 0.98 + 0.01
    before[:10] = 0.02  # among the negatives' best
    after = before.copy()
    after[10 : 10 + max(lost, 0)] = 0.01
    after[: max(-lost, 0)] = 0.99
    after[200:], before[200:] = 0.03, 0.03
    check = judged(in_first(before), in_first(after), rows_of(first_category(labels)))
    (category,) = check.categories
    assert (category.category, category.positives, category.negatives) == ("abusive", 200, 200)
    assert category.recall_before == 0.95
    assert category.recall == pytest.approx(0.95 - lost / 200)
    assert bool(check.failures) == refused
    if refused:
        assert check.failures == ("abusive: recall at 1.00% false positives falls from 0.950 to 0.935",)


def test_the_agreed_rate_is_that_of_the_model_in_use(judged):
    labels = np.repeat([1.0, 0.0], 100)
    p = np.linspace(0, 1, 200)
    config = {"review_false_positive_rate": 0.02, "review_false_positive_rates": {"spam": 0.05}}
    rows = rows_of(np.repeat(labels[:, None], 5, axis=1))
    check = judged(np.tile(p[:, None], 5), np.tile(p[:, None], 5), rows, facts={"config": config})
    assert [c.false_positive_rate for c in check.categories] == [0.02, 0.02, 0.02, 0.02, 0.05]
    assert {c.false_positive_rate for c in judged(np.tile(p[:, None], 5), np.tile(p[:, None], 5), rows).categories} == {0.01}


@pytest.mark.parametrize(
    "config",
    [
        {"review_false_positive_rate": "x"},
        {"review_false_positive_rate": float("nan")},
        {"review_false_positive_rate": -1},
        {"review_false_positive_rate": []},
        {"review_false_positive_rates": [1]},
        {"review_false_positive_rates": {"hate": None}},
    ],
)
def test_facts_that_agree_on_nothing(judged, config):
    p, rows = np.zeros((2, 5)), rows_of(np.eye(5)[:2])
    with pytest.raises(ModelError, match="false positive rates"):
        judged(p, p, rows, facts={"config": config})
    assert judged(p, p, rows, facts={"config": "odd"}).rows == 2


# Calibration


@pytest.mark.parametrize(("shift", "refused"), [(0.0, False), (0.019, False), (0.021, True), (-0.02, False)])
def test_a_rise_of_the_calibration_error_is_refused(judged, shift, refused):
    """Half of the rows hold what half a probability says; a shift is just as much error."""
    labels = np.tile([1.0, 0.0], 100)
    before, after = np.full(200, 0.53), np.full(200, 0.53 + shift)
    check = judged(in_first(before), in_first(after), rows_of(first_category(labels)))
    assert check.categories[0].calibration_error == pytest.approx(0.03 + shift, abs=1e-6)
    assert bool(check.failures) == refused
    if refused:
        assert check.failures == ("abusive: calibration error rises from 0.030 to 0.051",)


# Clean messages


def test_where_no_row_is_clean_in_all_those_clean_as_far_as_labelled_count(judged):
    """What a model says of a category that a row says nothing about is no mistake."""
    labels = np.full((4, 5), np.nan)
    labels[:, :2] = [[0, np.nan], [0, 0], [0, 1], [np.nan, np.nan]]
    before, after = np.zeros((4, 5)), np.zeros((4, 5))
    after[:, 2] = after[2:, 0] = 0.9
    check = judged(before, after, rows_of(labels))
    assert (check.clean_rows, check.clean_flagged_before, check.clean_flagged) == (2, 0, 0)
    after[0, 0] = 0.9
    assert judged(before, after, rows_of(labels)).failures[0] == "1 of 2 clean messages are flagged, 0 before"
    labels[1] = 0  # from here on only this one counts
    assert judged(before, after, rows_of(labels)).clean_rows == 1


def test_a_candidate_that_can_flag_less_is_refused(judged):
    labels = np.repeat([1.0, 0.0], 100)
    same = in_first(labels * 0.9)
    check = judged(same, same, rows_of(first_category(labels)), lost=("threatening", "spam"))
    (failure,) = check.failures
    assert failure.startswith("it never flags threatening, spam, which the model in use does")
    assert judged(same, same, rows_of(first_category(labels))).failures == ()


@pytest.mark.parametrize(("flagged", "refused"), [(2, False), (3, False), (4, True)])
def test_more_clean_messages_flagged_are_refused(judged, flagged, refused):
    labels = np.zeros((50, 5))
    labels[0, 2] = np.nan  # unknown in one category, so not known to be clean
    labels[1, 2] = 1
    before, after = np.zeros((50, 5)), np.zeros((50, 5))
    before[:5, 1] = 0.5
    after[:2], after[2 : 2 + flagged, 3] = 0.9, 0.8
    check = judged(before, after, rows_of(labels), reviews=(0.5, 0.8))
    assert (check.clean_rows, check.clean_flagged_before, check.clean_flagged) == (48, 3, flagged)
    assert check.failures == (("4 of 48 clean messages are flagged, 3 before",) if refused else ())


def test_customers_are_whom_the_model_in_use_knows(judged):
    before, after = np.zeros((20, 5)), np.zeros((20, 5))
    after[:5] = 0.9
    rows = rows_of(np.zeros((20, 5)), source=["wiki"] * 10 + ["chat"] * 10)
    for sources, clean, flagged in (
        (["chat"], 10, 0),
        (["wiki"], 10, 5),
        (["mail"], 20, 5),
        ([], 20, 5),
        (7, 20, 5),
        ([{}], 20, 5),
    ):
        check = judged(before, after, rows, facts={"config": {"customer_sources": sources}})
        assert (check.clean_rows, check.clean_flagged) == (clean, flagged)


# Rows that tell little


def test_categories_with_few_rows_are_not_judged(judged):
    for positives, told in ((19, 0), (20, 1)):
        labels = np.repeat([1.0, 0.0], [positives, 30])
        check = judged(in_first(labels), in_first(1 - labels), rows_of(first_category(labels)))
        assert len(check.categories) == told
        assert check.failures[-2 + told].startswith("30 of 30 clean messages are flagged")
        assert len(check.failures) == (3 if told else 2)
        assert told or "tell nothing" in check.failures[1]


# Real models


def test_real_models(tmp_path, tiny_model, tiny_rows):
    rows = LabelledRows(
        pa.concat_arrays([tiny_rows.texts] * 3), np.tile(tiny_rows.labels, (3, 1)), np.ones(3 * len(tiny_rows)), {}
    )
    worse = replace(tiny_model, weights=np.zeros_like(tiny_model.weights), version="worse")
    save_model(tiny_model, tmp_path / "good")
    save_model(worse, tmp_path / "worse")
    same = check_candidate(tmp_path / "good", tmp_path / "good", rows)
    assert same.failures == ()
    assert same.candidate == same.current == model_digest(tmp_path / "good")
    assert [c.category for c in same.categories] == list(CATEGORIES)
    said = evaluate(tiny_model, rows)
    assert (same.clean_rows, same.clean_flagged) == (said.clean_rows, said.clean_flagged)
    assert [c.calibration_error for c in same.categories] == [f.calibration_error for f in said.overall()]
    check = check_candidate(tmp_path / "worse", tmp_path / "good", rows)
    assert {failure.partition(":")[0] for failure in check.failures if "recall" in failure} == set(CATEGORIES)
    assert not any(
        failure for failure in check_candidate(tmp_path / "good", tmp_path / "worse", rows).failures if "recall" in failure
    )


def test_a_digest_is_of_the_whole_model(tmp_path):
    digests = set()
    for number, changed in enumerate([{}, {"version": "2"}, {"card": "x"}, {"facts": {"a": 1}}, {"weights": np.zeros((256, 6))}]):
        save_model(replace(numbered(1), **changed), tmp_path / str(number))
        digests.add(model_digest(tmp_path / str(number)))
    save_model(numbered(1), tmp_path / "again")
    assert len(digests) == 5
    assert model_digest(tmp_path / "again") in digests
