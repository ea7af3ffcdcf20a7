"""Verdicts: training equals serving, abstaining, schema, what flags, actions and priorities follow from."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moderation
from moderation.categories import CATEGORIES
from moderation.classifier.estimator import MessageClassifier
from moderation.classifier.model import Scores, Thresholds, save_model
from moderation.errors import NoInputError
from moderation.messages.reading import read
from moderation.policy import Action, default_policy
from moderation.registry import known_models, load_named_model, model_folder
from moderation.scoring import STATUSES, VERDICT_SCHEMA, Moderator, load, score_batch, score_batches
from moderation.text.decoding import MAX_CHARACTERS
from tests.authored import LABELS, TEXTS
from tests.text.test_kernel import messages

P = [f"p_{category}" for category in CATEGORIES]


@pytest.fixture(scope="module")
def moderator(tiny_model) -> Moderator:
    return Moderator(tiny_model, default_policy())


@pytest.fixture(scope="module")
def pair():
    """An estimator and what it is served as."""
    classifier = MessageClassifier(bits=12, folds=2).fit(TEXTS, LABELS)
    return classifier, classifier.to_model("pair", "1", (Thresholds(0.5, 0.9),) * 5, {}, "")


# Training equals serving


def assert_equal_scores(pair, texts):
    classifier, model = pair
    array = pa.array(texts, pa.large_string())
    raw, features, _ = model.decide(array)
    np.testing.assert_allclose(raw, classifier.decision_function(texts), atol=1e-5)
    np.testing.assert_allclose(model.calibrate(raw), classifier.predict_proba(texts), atol=1e-5)
    np.testing.assert_allclose(model.score(array).probabilities[features > 0], model.calibrate(raw)[features > 0], atol=1e-6)


def test_serving_equals_training_on_what_was_learnt(pair):
    assert_equal_scores(pair, TEXTS)
    assert_equal_scores(pair, [" ".join(TEXTS), "", "!", " ".join(TEXTS) * 20])


@given(st.lists(messages | st.none(), max_size=8))
@settings(max_examples=150, deadline=None)
def test_serving_equals_training_on_anything(pair, texts):
    assert_equal_scores(pair, texts)


def test_serving_equals_training_on_published_messages(pair, shared):
    csv.field_size_limit(1 << 26)
    with (shared / "data/toxic_spans/comments.csv").open(newline="", encoding="utf-8", errors="replace") as file:
        cells = (cell for row in csv.reader(file) for cell in row if len(cell) > 20)
        texts = [cell for cell, _ in zip(cells, range(10_000), strict=False)]
    assert len(texts) == 10_000
    assert_equal_scores(pair, texts)


def test_it_learnt(moderator):
    scored = np.column_stack([moderator.score(TEXTS)[name] for name in P])
    assert (scored[12:].argmax(axis=1) == LABELS[12:].argmax(axis=1)).mean() > 0.9


# Abstaining

NOTHING = ["", " ", "\n\t", "...", "\u200b\u2060", "- , -", "\ue001", None]


@pytest.mark.parametrize("text", NOTHING)
def test_a_text_without_features_is_abstained_from(moderator, text):
    (verdict,) = moderator.score([text]).to_pylist()
    assert [verdict[name] for name in P] == [0] * 5
    assert (verdict["flags"], verdict["action"], verdict["priority"], verdict["status"]) == ([], "none", 0, "empty")


def test_nothing_is_flagged_even_at_a_threshold_of_zero(moderator):
    eager = Moderator(replace(moderator.model, thresholds=(Thresholds(0.0, 0.0),) * 5), moderator.policy)
    empty, said = eager.score(["", "halo"]).to_pylist()
    assert (empty["flags"], empty["action"]) == ([], "none")
    assert (said["flags"], said["action"]) == (list(CATEGORIES), "escalate")


def test_a_cut_text_is_marked(moderator):
    table = moderator.score(["halo " * MAX_CHARACTERS, "halo " * 9])
    assert table["status"].to_pylist() == ["truncated", "ok"]


def test_unreadable_rows_stay_unreadable(moderator):
    scores = moderator.model.score(pa.array(["halo", None], pa.large_string()))
    assert moderator.verdicts(scores, np.array([True, True]))["status"].to_pylist() == ["unreadable"] * 2


def test_a_threshold_of_one_is_never_reached(moderator):
    never = Moderator(replace(moderator.model, thresholds=(Thresholds(1.0, 1.0),) * 5), moderator.policy)
    table = never.score([*TEXTS, *(text * 20 for text in TEXTS)])
    assert set(table["action"].to_pylist()) == {"none"}


# The table


def test_schema_is_exactly_this(moderator):
    wanted = [
        *[(name, pa.float32()) for name in ("p_abusive", "p_threatening", "p_hoax", "p_hate", "p_spam")],
        ("flags", pa.list_(pa.string())),
        ("action", pa.string()),
        ("priority", pa.float32()),
        ("status", pa.string()),
        ("model", pa.string()),
    ]
    for texts in ([], [None], TEXTS):
        table = moderator.score(texts)
        assert [(field.name, field.type) for field in table.schema] == wanted
        assert table.schema.equals(VERDICT_SCHEMA)
        assert table.num_rows == len(texts)
        assert all(column.null_count == 0 for column in table.columns)
        table.validate(full=True)
    assert set(moderator.score(TEXTS)["model"].to_pylist()) == {f"tiny {moderator.model.version}"}
    assert set(STATUSES) == {"ok", "empty", "truncated", "unreadable"}


@given(st.lists(messages | st.none(), max_size=6))
@settings(max_examples=60, deadline=None)
def test_batches_do_not_matter(moderator, texts):
    alone = [moderator.score([text]).to_pylist()[0] for text in texts]
    assert moderator.score(texts).to_pylist() == alone
    assert moderator.score(texts[::-1]).to_pylist() == alone[::-1]


def test_texts_come_in_any_sequence(moderator):
    texts = [*TEXTS, None, "", "emoji 😀"]
    wanted = moderator.score(texts)
    half = len(texts) // 2
    for given_texts in (
        tuple(texts),
        np.array(texts, object),
        pa.array(texts, pa.string()),
        pa.array(texts, pa.large_string()),
        pa.array(["x", *texts], pa.string()).slice(1),
        pa.chunked_array([texts[:half], texts[half:]], pa.string()),
        pa.chunked_array([texts[:half], [], texts[half:]], pa.large_string()),
        pa.array(texts).dictionary_encode(),
    ):
        assert moderator.score(given_texts).equals(wanted)
    assert moderator.score(pa.chunked_array([], pa.string())).num_rows == 0
    assert moderator.score(pa.array([None, None])).num_rows == 2
    assert moderator.score(["lone \ud83d surrogate"]).equals(moderator.score(["lone \ufffd surrogate"]))


def test_what_is_no_sequence_of_texts_is_refused(moderator):
    with pytest.raises(TypeError, match="list of texts"):
        moderator.score("halo")
    with pytest.raises(TypeError, match="str or None"):
        moderator.score(["halo", 3])


# What follows from probabilities

shares = st.floats(0, 1, width=32)
five = st.lists(shares, min_size=5, max_size=5)


@given(st.lists(five, min_size=1, max_size=5), five, five)
@settings(max_examples=150, deadline=None)
def test_flags_actions_and_priority_follow_the_policy(moderator, rows, review, more):
    points = tuple(Thresholds(min(a, b), max(a, b)) for a, b in zip(review, more, strict=True))
    judge = Moderator(replace(moderator.model, thresholds=points), moderator.policy)
    p = np.array(rows, np.float32)
    n = len(rows)
    table = judge.verdicts(Scores(p, np.ones(n, np.int32), np.zeros(n, np.bool_)), np.zeros(n, np.bool_)).to_pylist()
    for row, verdict in zip(rows, table, strict=True):
        at_review = [c for c, x, t in zip(CATEGORIES, row, points, strict=True) if x >= t.review]
        actions = [Action.none]
        harm = 1.0
        for x, t, category in zip(row, points, judge.policy.categories, strict=True):
            actions += [category.review] * (x >= t.review) + [category.act] * (x >= t.act)
            harm *= 1 - category.severity * x
        assert [verdict[name] for name in P] == row
        assert verdict["flags"] == at_review
        assert verdict["action"] == max(actions).name
        assert verdict["priority"] == pytest.approx(100 * (1 - harm), abs=1e-3)
        assert verdict["status"] == "ok"


@given(five, st.integers(0, 4), shares)
def test_priority_rises_with_every_probability(row, place, other):
    policy = default_policy()
    higher = list(row)
    higher[place] = max(row[place], other)
    low, high = policy.harm(np.array([row, higher], np.float32))
    assert 0 <= low <= high <= 1


def test_priority_is_zero_without_harm_and_weighs_severity():
    policy = default_policy()
    assert policy.harm(np.zeros((1, 5), np.float32)).tolist() == [0]
    assert policy.harm(np.eye(5, dtype=np.float32)).tolist() == pytest.approx([c.severity for c in policy.categories])


# Streams and names


def test_a_stream_keeps_rows_columns_and_order_on_any_number_of_threads(moderator, tmp_path):
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["id", "text"], *([n, TEXTS[n % len(TEXTS)]] for n in range(500))])
    wanted = None
    for jobs in (1, 2, 5):
        tables = list(score_batches(moderator, read([str(path)], text_column=None, batch_rows=7), jobs))
        table = pa.concat_tables(tables)
        assert table.column_names == ["id", "text", *VERDICT_SCHEMA.names]
        assert table["id"].to_pylist() == [str(n) for n in range(500)]
        wanted = wanted or table
        assert table.equals(wanted)
    first = next(iter(read([str(path)], text_column=None, batch_rows=7)))
    assert score_batch(moderator, first).equals(wanted.slice(0, len(first.texts)))


def test_models_are_found_by_name_and_folder(tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model, tmp_path / "models" / "ours")
    save_model(tiny_model, tmp_path / "elsewhere" / "x")
    assert model_folder("ours").samefile("models/ours")
    assert load_named_model("elsewhere/x").name == "tiny"
    assert load(str(tmp_path / "elsewhere" / "x")).policy is default_policy()
    assert known_models()["ours"].samefile("models/ours")
    for wrong in ("nobody", "elsewhere", "../x", "elsewhere/none"):
        with pytest.raises(NoInputError, match="no model named"):
            load_named_model(wrong)


def test_public_names_are_these():
    assert moderation.__all__ == ["Moderator", "load"]
    assert moderation.load is load
    assert moderation.Moderator is Moderator
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = moderation.nothing


# numba imports scipy.linalg by itself, where it is installed, to see whether it is there; we ask for nothing of it.
SERVE = """
import sys
import moderation
early = sorted({"numba", "pyarrow"} & set(sys.modules))
import numba.np.arraymath
before = set(sys.modules)
table = moderation.load(sys.argv[1]).score(["kalian goblok", None, ""])
assert table.num_rows == 3
heavy = {"sklearn", "pandas", "nltk", "joblib"} & {name.partition(".")[0] for name in sys.modules}
print(early, sorted(heavy), sorted(name for name in set(sys.modules) - before if name.startswith("scipy")))
"""


def test_serving_imports_nothing_of_training(tiny_model, tmp_path):
    save_model(tiny_model, tmp_path / "model")
    done = subprocess.run([sys.executable, "-c", SERVE, str(tmp_path / "model")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[] [] []"


@given(
    st.lists(
        st.sampled_from([*TEXTS, "", "...", "g0bl0k", "lone \ud83d surrogate", "x" * (MAX_CHARACTERS + 1)]),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
@settings(max_examples=60, deadline=None)
def test_one_message_is_judged_as_in_a_batch(moderator, texts, review, more):
    points = tuple(Thresholds(review, review + more) for _ in CATEGORIES)
    same = Moderator(replace(moderator.model, thresholds=points), moderator.policy)
    for text, row in zip(texts, same.score(texts).to_pylist(), strict=True):
        verdict = same.judge(text)
        assert verdict.probabilities == {category: row[f"p_{category}"] for category in CATEGORIES}
        assert (list(verdict.flags), verdict.action, verdict.status, verdict.model) == tuple(
            row[k] for k in ("flags", "action", "status", "model")
        )
        assert verdict.priority == pytest.approx(row["priority"], abs=1e-3)
