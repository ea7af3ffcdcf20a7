"""A config is the whole truth of a run: it comes back from its own TOML, and no slip of the pen goes unnoticed."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.config import TrainingConfig, learning_keys, load_config
from moderation.errors import DataError, NoInputError

texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(0.01, 100) | st.integers(1, 90)
configs = st.builds(
    TrainingConfig,
    name=texts,
    labels=st.lists(texts, max_size=3).map(tuple),
    text=texts,
    columns=st.dictionaries(st.sampled_from(CATEGORIES), texts),
    base=texts,
    bits=st.integers(8, 22),
    C=numbers,
    seed=st.integers(0, 2**32 - 1),
    review_false_positive_rates=st.dictionaries(st.sampled_from(CATEGORIES), st.floats(0, 1)),
    customer_sources=st.lists(texts, max_size=3).map(tuple),
    weights=st.dictionaries(texts, numbers),
)


@given(configs)
def test_a_config_comes_back_from_its_own_toml(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("toml") / "c.toml"
    path.write_text(config.to_toml(), encoding="utf-8", newline="")
    assert load_config(path) == config


def test_a_file(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('name = "x"\nbits = 12\ncustomer_sources = ["a"]\n[weights]\na = 0.5\n')
    assert load_config(path) == TrainingConfig(name="x", bits=12, customer_sources=("a",), weights={"a": 0.5})
    assert load_config(path, name="folder").name == "x"
    assert load_config(None, name="folder").name == "folder"
    assert load_config(None) == TrainingConfig()
    for content in (b"= 1", b"\xff", b"a = " + b"[" * 5_000):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not TOML"):
            load_config(path)
    with pytest.raises(NoInputError):
        load_config(tmp_path / "none.toml")


def test_overrides_win_over_the_file_and_options_over_both(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("C = 0.5\nfolds = 3\n[weights]\na = 0.5\nb = 0.5\n")
    overrides = ["C=0.2", "weights.a=0.1", 'weights."c.d"=2', "review_false_positive_rates.abusive = 0.02", "folds=5", "folds=6"]
    found = load_config(path, overrides, {"C": 0.3, "columns": {"hate": "HS"}, "labels": ["a.csv"]})
    assert (found.C, found.folds, found.labels) == (0.3, 6, ("a.csv",))
    assert found.weights == {"a": 0.1, "b": 0.5, "c.d": 2}
    assert found.review_false_positive_rates == {"abusive": 0.02}
    assert found.columns == {"hate": "HS"}


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("bist=12", "unknown key bist"),
        ("bits", "write KEY=VALUE"),
        ("=3", "write KEY=VALUE"),
        ("name=ours", "texts stand in quotes"),
        ("bits=12.5", "bits must be a whole number"),
        ("bits=true", "bits must be a whole number"),
        ("bits=30", "bits must be from 8 to 22"),
        ("concepts=1", "concepts must be true or false"),
        ("C=nan", "C must be from"),
        ("C='0.1'", "C must be a number"),
        ("seed=-1", "seed must be from 0"),
        ("name=3", "name must be a text"),
        ("labels='a.csv'", "labels must be a list of texts"),
        ("customer_sources=[1]", "customer_sources must be a list of texts"),
        ("weights=1", "weights must be a table of numbers"),
        ("weights.a=-1", "weights must be from 0"),
        ("weights.a=inf", "weights must be from 0"),
        ("weights.a=true", "weights must be a table of numbers"),
        ("columns.hate=1", "columns must be a table of texts"),
        ("columns.rude='x'", "columns knows abusive"),
        ("review_false_positive_rates.rude=0.1", "review_false_positive_rates knows abusive"),
        ("review_false_positive_rates.hate=1.1", "review_false_positive_rates must be from 0 to 1"),
        ("folds.a=1", "folds must be a whole number"),
    ],
)
def test_a_value_that_is_none_is_named(tmp_path, override, says):
    with pytest.raises(DataError, match="--set") as caught:
        load_config(None, [override])
    assert says in str(caught.value)


def test_every_key_is_checked():
    """A value of no possible kind is refused, whichever key it is for: a new key cannot be forgotten."""
    for key in fields(TrainingConfig):
        with pytest.raises(DataError, match=f"{key.name} must be"):
            load_config(None, [f"{key.name}=2020-01-01"])


def test_where_rows_are_does_not_tell_trainings_apart():
    one, other = TrainingConfig(labels=("a.csv",), text="x", columns={"hate": "HS"}), TrainingConfig(labels=("/b.csv",))
    assert learning_keys(one) == learning_keys(other) == learning_keys(TrainingConfig())
    assert learning_keys(TrainingConfig(seed=1)) != learning_keys(one)
