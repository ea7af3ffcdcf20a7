"""Rows to a model and what is written down about it; figures against their definitions."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from moderation.card import write_card
from moderation.categories import CATEGORIES
from moderation.classifier import blocks, estimator
from moderation.classifier.explain import explain
from moderation.classifier.model import Thresholds, load_model, save_model
from moderation.drift.profile import SCORE_BINS, Profile, Tally, score_bins
from moderation.errors import DataError
from moderation.evaluation import evaluate, measure
from moderation.labelled import LabelledRows
from moderation.training import train
from tests.authored import LABELS, TEXTS
from tests.conftest import TINY


def with_facets(rows: LabelledRows, **facets) -> LabelledRows:
    return replace(rows, facets={name: np.array(values, object) for name, values in facets.items()})


# Training


def test_test_rows_and_rows_of_no_weight_teach_nothing(tiny_rows, tiny_model):
    extra = ["kata aneh sekali"] * 3
    rows = LabelledRows(
        pa.concat_arrays([tiny_rows.texts, pa.array(extra, pa.large_string())]),
        np.vstack([LABELS, np.ones((3, 5))]),
        np.append(np.ones(len(TEXTS)), [1, 1, 0]),
        {"split": np.array(["train"] * len(TEXTS) + ["test", "test", "train"], object)},
    )
    again = train(rows, TINY)
    np.testing.assert_array_equal(again.weights, tiny_model.weights)
    assert again.facts["rows"] == len(TEXTS)
    assert again.thresholds == tiny_model.thresholds


def test_facts_hold_figures_and_no_text(tiny_rows, tiny_model):
    sources = ["a"] * 30 + ["b"] * (len(TEXTS) - 30)
    licences = ["CC0"] * 30 + [""] * (len(TEXTS) - 30)
    model = train(with_facets(tiny_rows, source=sources, licence_class=licences), TINY)
    assert model.facts["sources"] == {"a": 30, "b": len(TEXTS) - 30}
    assert model.facts["licences"] == {"a": "CC0", "b": ""}
    assert model.version == model.facts["fingerprint"][:8]
    assert set(model.facts["out_of_fold"]) == set(CATEGORIES)
    written = json.dumps(model.facts, allow_nan=False)
    assert not any(text in written or text in model.card for text in TEXTS)
    assert "| a | 30 | CC0 |" in model.card
    assert "not stated" in model.card
    assert "| unnamed |" in tiny_model.card


def test_the_version_tells_trainings_apart(tiny_rows, tiny_model):
    others = [
        train(replace(tiny_rows, weights=np.linspace(0.5, 1, len(TEXTS))), TINY),
        train(with_facets(tiny_rows, group=[f"g{n // 2}" for n in range(len(TEXTS))]), TINY),
        train(tiny_rows, replace(TINY, C=0.2)),
        train(replace(tiny_rows, texts=pa.array([*TEXTS[:-1], "lain"], pa.large_string())), TINY),
    ]
    assert len({tiny_model.version, *(model.version for model in others)}) == 5


def test_too_little_to_learn_from(tiny_rows):
    nothing = with_facets(tiny_rows, split=["test"] * len(TEXTS))
    with pytest.raises(DataError, match="no rows to train on"):
        train(nothing, TINY)
    with pytest.raises(DataError, match="no rows to train on"):
        train(replace(tiny_rows, weights=np.zeros(len(TEXTS))), TINY)
    labels = LABELS.copy()
    labels[:, 3] = 0
    with pytest.raises(DataError, match="hate has 0 groups of rows labelled 1 and 62 labelled 0"):
        train(replace(tiny_rows, labels=labels), TINY)
    groups = [f"row {n}" if not LABELS[n, 2] else "chain letter" for n in range(len(TEXTS))]
    with pytest.raises(DataError, match="hoax has 1 groups"):
        train(with_facets(tiny_rows, group=groups), TINY)


def test_working_points_come_from_customers(tiny_rows):
    """A tenth of the clean rows may be flagged; which clean rows, customer_sources says."""
    sources = ["customers"] * 12 + ["web"] * (len(TEXTS) - 12)
    everyone = train(with_facets(tiny_rows, source=sources), TINY)
    customers = train(with_facets(tiny_rows, source=sources), replace(TINY, customer_sources=("customers",)))
    np.testing.assert_array_equal(everyone.weights, customers.weights)
    assert everyone.thresholds != customers.thresholds
    assert all(t.act == 1 for t in customers.thresholds)  # twelve clean rows prove nothing


def test_batches_are_as_good_as_all_at_once(tiny_rows, tiny_model):
    keep = np.arange(len(TEXTS)) < 25
    again = train(iter([tiny_rows.select(keep), tiny_rows.select(keep & ~keep), tiny_rows.select(~keep)]), TINY)
    np.testing.assert_array_equal(again.weights, tiny_model.weights)
    assert again.facts == tiny_model.facts


@pytest.fixture(scope="module")
def many_rows() -> LabelledRows:
    """Three hundred messages, a third of them not by customers, and one without a word."""
    random = np.random.default_rng(0)
    chosen = np.tile(np.arange(len(TEXTS)), 5)[:300]
    texts = [f"{TEXTS[n]} {TEXTS[random.integers(12)]}" for n in chosen]
    texts[6] = " .. "
    sources = {"source": np.array(["own", "web", "own"] * 100, object)}
    return LabelledRows(pa.array(texts, pa.large_string()), LABELS[chosen], np.ones(300), sources)


@pytest.mark.parametrize("large", [False, True])
def test_a_model_keeps_what_customers_messages_were_like(many_rows, monkeypatch, large):
    if large:
        monkeypatch.setattr(estimator, "EXACT_ROWS", 10)
    config = replace(TINY, customer_sources=("own",))
    fitted = []
    fit = estimator.MessageClassifier.fit_counted
    monkeypatch.setattr(estimator.MessageClassifier, "fit_counted", lambda *a, **k: fitted.append(fit(*a, **k)) or fitted[-1])
    model = train(many_rows, config)
    profile = Profile.from_dict(model.facts["profile"])
    assert (profile.rows, profile.empty) == (200, 1)
    own = (many_rows.facet("source") == "own") & (np.arange(300) != 6)
    words = Tally([1.0] * 5)
    words.add(many_rows.texts.filter(pa.array(own)), np.zeros((199, 5)))
    assert np.array_equal(profile.known, words.profile().known)
    assert np.array_equal(profile.lengths, words.lengths)
    (classifier,) = fitted
    for place, (slope, intercept) in enumerate(model.calibration):
        scores = classifier.out_of_fold_[own, place].astype(np.float64)
        p = 1 / (1 + np.exp(-np.clip(scores[~np.isnan(scores)] * slope + intercept, -16, 16)))
        assert len(p) == 199 or (large and 50 < len(p) < 150)
        assert np.array_equal(profile.scores[place], np.bincount(score_bins(p), minlength=SCORE_BINS))
        assert profile.flagged[place] == (p >= model.thresholds[place].review).sum()
    if not large:  # where order is drawn by chunks, other batches make other chunks
        some = np.arange(300) < 123
        again = train(iter([many_rows.select(some), many_rows.select(~some)]), config)
        assert again.facts["profile"] == model.facts["profile"]


def test_a_head_that_learnt_nothing_keeps_its_scores_in_the_profile(many_rows, tiny_model):
    labels = np.full_like(many_rows.labels, np.nan)
    labels[:, 3] = many_rows.labels[:, 3]
    hate = replace(many_rows, labels=labels)
    profile = Profile.from_dict(train(hate, TINY, start=tiny_model).facts["profile"])
    old = Tally([t.review for t in tiny_model.thresholds])
    old.add(many_rows.texts, tiny_model.score(many_rows.texts).probabilities)
    for place in (0, 1, 2, 4):
        assert np.array_equal(profile.scores[place], old.scores[place])
        assert profile.flagged[place] == old.flagged[place]
    assert not np.array_equal(profile.scores[3], old.scores[3])


def test_working_points_are_kept_unless_rows_prove_that_they_flag_too_many(many_rows, tiny_model):
    """Every message here would be flagged as spam; a tenth of those that are not may be."""
    points = [
        Thresholds(0.0, 0.9) if category == "spam" else t for category, t in zip(CATEGORIES, tiny_model.thresholds, strict=True)
    ]
    eager = replace(tiny_model, thresholds=tuple(points))
    model = train(many_rows, TINY, start=eager)
    assert model.thresholds[:4] == tiny_model.thresholds[:4]
    assert model.thresholds[4].review > 0
    assert model.facts["out_of_fold"]["spam"]["false_positive_rate"] <= 0.1
    few = many_rows.select(np.isin(np.arange(300), [0, 1, 2, 52, 53, 54]))  # three clean messages prove nothing
    assert (
        train(few, TINY, start=replace(eager, thresholds=(*eager.thresholds[:4], Thresholds(0.3, 0.9)))).thresholds[4].review
        == 0.3
    )


def test_too_few_messages_leave_no_profile(many_rows, tiny_model):
    assert "profile" not in tiny_model.facts
    assert "profile" not in train(many_rows, replace(TINY, customer_sources=("nobody",))).facts


def test_where_rows_come_from_does_not_change_the_version(tiny_rows, tiny_model):
    again = train(tiny_rows, replace(TINY, labels=("other.csv",), text="isi"))
    assert again.version == tiny_model.version
    assert again.facts["config"]["labels"] == ("other.csv",)


@pytest.mark.parametrize("limit", ["EXACT_ROWS", "EXACT_FEATURES"])
def test_many_rows_give_nearly_the_same_model_another_way(tiny_rows, tiny_model, monkeypatch, limit):
    monkeypatch.setattr(estimator, limit, 10)
    monkeypatch.setattr(blocks, "TOLERANCE", 1e-5)
    large = train(tiny_rows, TINY)
    np.testing.assert_allclose(large.decide(tiny_rows.texts)[0], tiny_model.decide(tiny_rows.texts)[0], atol=0.01)
    again = train([tiny_rows], TINY)
    np.testing.assert_array_equal(again.weights, large.weights)
    assert again.facts == large.facts
    judged = large.facts["out_of_fold"]["hoax"]["rows"]
    assert 0 < judged < len(TEXTS)  # one fold of two


def test_progress_is_told(tiny_rows, monkeypatch):
    told = []
    train(tiny_rows, TINY, progress=lambda phase, done, total: told.append((phase, done, total)))
    assert told[0] == ("reading", len(TEXTS), None)
    assert told[-1] == ("learning, folds", 2, 3)
    told.clear()
    monkeypatch.setattr(estimator, "EXACT_ROWS", 10)
    train(tiny_rows, TINY, progress=lambda phase, done, total: told.append((phase, done, total)))
    assert ("learning, pass 1", len(TEXTS), len(TEXTS)) in told


def only(rows: LabelledRows, *categories: str) -> LabelledRows:
    """The rows as if nobody had looked for other categories."""
    labels = np.where(np.isin(CATEGORIES, categories), rows.labels, np.nan)
    return replace(rows, labels=labels).select(~np.isnan(labels).all(axis=1))


def test_a_category_without_labels_is_never_flagged(tiny_rows, tiny_model, tmp_path):
    save_model(train(only(tiny_rows, "hate"), TINY), tmp_path / "m")
    model = load_model(tmp_path / "m")
    assert model.trained.tolist() == [category == "hate" for category in CATEGORIES]
    p = model.score(tiny_rows.texts).probabilities
    assert (p[:, model.trained] > 0.5).any()
    assert (p[:, ~model.trained] < 1e-6).all()
    assert not (p >= [t.review for t in model.thresholds])[:, ~model.trained].any()
    assert set(model.facts["out_of_fold"]) == {"hate"}
    assert "Never flags abusive, threatening, hoax, spam" in model.card
    assert "Never flags" not in tiny_model.card


def test_a_model_without_concepts_is_kept_continued_and_explained_without(tiny_rows, tiny_model, tmp_path):
    plain_model = train(tiny_rows, replace(TINY, concepts=False))
    save_model(plain_model, tmp_path / "plain")
    again = load_model(tmp_path / "plain")
    texts = tiny_rows.texts
    np.testing.assert_array_equal(again.raw(texts), plain_model.raw(texts))
    assert (again.raw(texts) != tiny_model.raw(texts)).any()
    assert not train(only(tiny_rows, "spam"), TINY, start=again).concepts
    p = again.calibrate(again.raw(texts))[0, 4]
    assert explain(again, TEXTS[0]).log_odds["spam"] == pytest.approx(np.log(p / (1 - p)), abs=1e-6)


# Continuing


def test_what_new_rows_say_nothing_about_stays_as_it_is(tiny_rows, tiny_model):
    model = train(only(tiny_rows, "spam"), replace(TINY, bits=20, concepts=False), start=tiny_model)
    others = np.array(CATEGORIES) != "spam"
    np.testing.assert_array_equal(model.weights[:, :5][:, others], tiny_model.weights[:, :5][:, others])
    np.testing.assert_array_equal(model.scale[others], tiny_model.scale[others])
    assert model.calibration == tiny_model.calibration
    assert model.thresholds == tiny_model.thresholds
    assert model.facts["out_of_fold"]["hate"] == tiny_model.facts["out_of_fold"]["hate"]
    assert model.facts["base"]["version"] == tiny_model.version
    assert (model.facts["config"]["bits"], model.facts["config"]["concepts"]) == (tiny_model.bits, True)
    assert (model.facts["rows"], model.facts["new_rows"]) == (2 * len(TEXTS), len(TEXTS))
    assert f"Continues from tiny {tiny_model.version} with {len(TEXTS)} rows more" in model.card


def test_new_rows_move_the_model_towards_them(tiny_rows, tiny_model):
    texts = pa.array([f"kucing {n} oren" for n in range(6)] + [f"lapor {n} kak" for n in range(6)], pa.large_string())
    labels = np.full((12, 5), np.nan)
    labels[:, 4] = np.arange(12) < 6
    new = LabelledRows(texts, labels, np.ones(12), {})
    before = tiny_model.score(texts).probabilities[:, 4]
    model = train(new, TINY, start=tiny_model)
    after = model.score(texts).probabilities[:, 4]
    assert (after[:6] > before[:6]).all()
    known = model.score(tiny_rows.texts).probabilities - tiny_model.score(tiny_rows.texts).probabilities
    assert np.abs(known).max() < 0.1
    assert model.version not in {tiny_model.version, train(new, replace(TINY, C=0.2), start=tiny_model).version}
    assert len({model.version, train(new, TINY, start=model).version}) == 2


def test_a_category_that_the_older_model_lacks_is_learnt_as_if_alone(tiny_rows):
    older = train(only(tiny_rows, "abusive"), TINY)
    model = train(only(tiny_rows, "hate"), TINY, start=older)
    assert model.trained.tolist() == [c in ("abusive", "hate") for c in CATEGORIES]
    p = model.score(tiny_rows.texts).probabilities[:, 3]
    assert p[LABELS[:, 3] == 1].min() > p[LABELS[:, 3] == 0].max()
    assert 0 < model.thresholds[3].review < 1
    with pytest.raises(DataError, match="hoax has 10 groups of rows labelled 1 and 0 labelled 0"):
        train(only(tiny_rows, "hoax").select(LABELS[:, 2] == 1), TINY, start=older)


def test_one_class_is_enough_where_there_is_a_head(tiny_rows, tiny_model):
    kept = LABELS[:, 0] == 1
    mild = replace(only(tiny_rows, "abusive").select(kept), labels=np.array([[0.0] + [np.nan] * 4] * kept.sum()))
    model = train(mild, TINY, start=tiny_model)
    assert (model.decide(mild.texts)[0][:, 0] < tiny_model.decide(mild.texts)[0][:, 0]).all()
    with pytest.raises(DataError, match="fewer than 2 rows"):
        train(mild.select(np.arange(len(mild)) < 1), TINY, start=tiny_model)


# Figures


def test_figures_equal_their_definitions():
    p = np.array([0.1, 0.4, 0.6, 0.8, 0.9, 0.3])
    y = np.array([False, True, False, True, True, False])
    figures = measure("spam", "all", p, y, Thresholds(0.5, 0.85))
    assert (figures.rows, figures.positives) == (6, 3)
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.f1 == pytest.approx(2 / 3)
    assert figures.false_positive_rate == pytest.approx(1 / 3)
    assert (figures.act_precision, figures.act_recall) == (1, pytest.approx(1 / 3))
    assert figures.roc_auc == pytest.approx(8 / 9)


@pytest.mark.parametrize("truth", [True, False])
def test_figures_that_rows_do_not_allow_are_none(truth):
    figures = measure("spam", "all", np.array([0.2, 0.3]), np.array([truth] * 2), Thresholds(0.5, 0.9))
    assert figures.average_precision is figures.roc_auc is figures.precision is figures.act_precision is None
    assert figures.f1 == (0 if truth else None)
    assert figures.recall == (0 if truth else None)
    assert figures.false_positive_rate == (None if truth else 0)


def test_evaluation_slices_and_clean_rows(tiny_rows, tiny_model):
    langs = ["id"] * 40 + ["en"] * (len(TEXTS) - 40)
    found = evaluate(tiny_model, with_facets(tiny_rows, lang=langs, channel=["x"] + [""] * (len(TEXTS) - 1)))
    assert [f.category for f in found.overall()] == list(CATEGORIES)
    assert {f.slice for f in found.figures} == {"all", "lang=id", "lang=en"}  # one row is too few for a slice
    assert found.clean_rows == 12
    assert 0 <= found.clean_flagged <= 12
    assert found.model == f"tiny {tiny_model.version}"
    assert all((f.recall or 0) > 0.8 for f in found.overall())
    json.dumps(found.to_dict(), allow_nan=False)
    labels = LABELS.copy()
    labels[:, 1] = np.nan
    partly = evaluate(tiny_model, replace(tiny_rows, labels=labels))
    assert "threatening" not in {f.category for f in partly.figures}
    assert partly.clean_rows == 0


def test_card_says_what_matters(tiny_model):
    card = write_card(tiny_model)
    assert card == tiny_model.card
    assert card.startswith(f"# Model tiny {tiny_model.version}\n")
    for category, thresholds in zip(CATEGORIES, tiny_model.thresholds, strict=True):
        act = "none proven" if thresholds.act == 1 else f"{thresholds.act:.3f}"
        assert f"| {category} | {thresholds.review:.3f} | {act} |" in card
    assert "## Limits" in card
