"""Splits are stable, keep together what belongs together, and test on writers the model never saw."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.corpus.splitting import SPLITS, group_split, split_rows, voice_split


def frame(*said):
    """Rows from (source, group, voice, stretch)."""
    return pd.DataFrame(said, columns=["source", "group", "voice", "stretch"])


def test_shares():
    groups = pd.Series([group_split(f"group {n}") for n in range(20_000)]).value_counts(normalize=True)
    voices = pd.Series([voice_split(f"voice {n}") for n in range(20_000)]).value_counts(normalize=True)
    assert (groups[list(SPLITS)] - [0.8, 0.1, 0.1]).abs().max() < 0.01
    assert (voices[list(SPLITS)] - [0.7, 0.12, 0.18]).abs().max() < 0.015


def test_a_split_never_changes():
    assert [group_split(name) for name in ("a", "f", "j")] == list(SPLITS)
    assert [voice_split(name) for name in ("a", "f", "j")] == list(SPLITS)


row = st.tuples(
    st.sampled_from(["s", "t"]),
    st.sampled_from("abcdefgh"),
    st.sampled_from([None, None, "v1", "v2"]),
    st.sampled_from(["", "", "x/0", "x/1"]),
)


@settings(max_examples=60)
@given(st.lists(row, min_size=1, max_size=25))
def test_groups_and_stretches_stay_together_and_voices_decide(said):
    rows = frame(*said)
    rows["split"] = split_rows(rows)
    assert rows["split"].isin(SPLITS).all()
    public = rows[rows["voice"].isna()]
    assert (public.groupby("group")["split"].nunique() == 1).all()
    assert (public[public["stretch"] != ""].groupby("stretch")["split"].nunique() <= 1).all()
    authored = rows[rows["voice"].notna()]
    assert (authored["split"] == authored["voice"].map(voice_split)).all()


@given(st.lists(row, min_size=1, max_size=25))
def test_a_held_out_source_is_tested_with_all_that_is_near(said):
    rows = frame(*said)
    splits = pd.Series(split_rows(rows, held_out=["t"]))
    near = rows["group"].isin(rows.loc[rows["source"] == "t", "group"])
    assert (splits[near] == "test").all()


def test_public_rows_follow_the_authored_row_they_are_near_to():
    voice = next(name for name in map(str, range(1000)) if voice_split(name) == "test")
    group = next(name for name in map(str, range(1000)) if group_split(name) == "train")
    assert split_rows(frame(("authored", group, voice, ""), ("s", group, None, ""))) == ["test", "test"]
