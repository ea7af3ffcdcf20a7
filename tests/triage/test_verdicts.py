"""Verdict files to rows: what `moderation score` writes in three formats, recognised columns, and rows that are none."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import DataError, NoInputError
from moderation.messages.arrays import strings
from moderation.messages.times import parse_time
from moderation.messages.writing import open_writer
from moderation.policy import default_policy
from moderation.scoring import Moderator
from moderation.text.folding import fold_all
from moderation.text.ngrams import fold
from moderation.triage.intake import content_keys
from moderation.triage.verdicts import Columns, Problems, Verdict, read_verdicts

SAID = {
    "p_abusive": 0.9, "p_threatening": 0, "p_hoax": 0.0, "p_hate": 1, "p_spam": 0.25,
    "flags": ["abusive", "hate"], "action": "review", "priority": 50, "status": "ok", "model": "tiny 1",
}  # fmt: skip


def read(path, problems: Problems | None = None, columns: Columns | None = None) -> list[Verdict]:
    return list(read_verdicts([str(path)], columns or Columns(), problems or Problems()))


def lines(path, *rows: object):
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "parquet"])
def test_what_score_writes_is_read(tmp_path, tiny_model, form):
    texts = ["dasar goblok", "halo, apa kabar?", 'baris\nbaru "kutip" 😭']
    verdicts = Moderator(tiny_model, default_policy()).score(texts)
    table = pa.table({"id": ["a", "b", "c"], "author": ["x", None, "z"], "text": texts})
    for field, column in zip(verdicts.schema, verdicts.columns, strict=True):
        table = table.append_column(field, column)
    target = tmp_path / f"v.{form}"
    with open_writer(str(target)) as writer:
        writer.write(table)
    found = read(target)
    assert [verdict.text for verdict in found] == texts
    assert [verdict.author for verdict in found] == ["x", None, "z"]
    assert [verdict.flags for verdict in found] == [tuple(flags) for flags in verdicts["flags"].to_pylist()]
    assert [verdict.action for verdict in found] == verdicts["action"].to_pylist()
    for row, verdict in enumerate(found):
        expected = [verdicts[f"p_{name}"][row].as_py() for name in ("abusive", "threatening", "hoax", "hate", "spam")]
        assert verdict.probabilities == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_recognised_columns(tmp_path):
    row = {"id": 7, "created_at": "2025-11-18T00:15:48+07:00", "User": "eka", "thread_id": 12, "channel": "x", "lang": "id"}
    (found,) = read(lines(tmp_path / "v.jsonl", {**row, "text": "halo", **SAID}))
    assert (found.author, found.thread, found.channel, found.lang) == ("eka", "12", "x", "id")
    assert found.sent == round(datetime(2025, 11, 17, 17, 15, 48, tzinfo=UTC).timestamp() * 1000)
    assert json.loads(found.columns) == row
    assert (found.probabilities, found.flags, found.place) == ((0.9, 0, 0, 1, 0.25), ("abusive", "hate"), "")


def test_named_columns(tmp_path):
    row = {"isi": "halo", "text": "judul", "siapa": "eka", "kapan": 1_763_400_000, "author": "other", **SAID}
    (found,) = read(lines(tmp_path / "v.jsonl", row), columns=Columns(text="isi", author="siapa", time="kapan"))
    assert (found.text, found.author, found.sent) == ("halo", "eka", 1_763_400_000_000)


def test_rows_may_differ_in_their_columns(tmp_path):
    rows = [{"text": "a", **SAID}, {"author": "eka", "text": "b", "meta": {"k": [1]}, **SAID}]
    found = read(lines(tmp_path / "v.jsonl", *rows))
    assert [(verdict.text, verdict.author) for verdict in found] == [("a", None), ("b", "eka")]


def test_equal_rows_without_an_id_are_told_apart_by_their_place(tmp_path):
    found = read(lines(tmp_path / "v.jsonl", *[{"text": "p", **SAID}] * 2, *[{"id": "1", "text": "p", **SAID}] * 2))
    assert [verdict.place for verdict in found] == ["1", "2", "", ""]


def test_bad_rows_are_named_and_left_out(tmp_path):
    good = {"text": "a", **SAID}
    path = lines(
        tmp_path / "v.jsonl",
        good,
        "{broken",
        [1],
        {"text": "no verdict"},
        {**good, "p_hate": 1.5},
        {**good, "p_hate": "many"},
        '{"text": "a", "p_abusive": NaN}',
        {**good, "flags": ["rude"]},
        {**good, "action": "ban"},
        {**good, "text": None},
        {"x": 1, "y": 2, **SAID},
        {**good, "status": None},
        "[" * 5_000,
        good,
    )
    problems = Problems()
    assert len(read(path, problems)) == 2
    assert problems.bad == 12
    assert problems.first[0] == f"{path}: row 2: cannot be read"
    assert problems.first[2] == f"{path}: row 4: has no verdict"
    assert len(problems.first) == 10


def test_ragged_csv_rows_are_left_out(tmp_path):
    path = tmp_path / "v.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *SAID])
        cells = [*list(SAID.values())[:5], "abusive;hate", *list(SAID.values())[6:]]
        writer.writerows([["a", *cells], ["b", *cells, "more"], ["c"], ["d", *cells]])
    problems = Problems()
    assert [verdict.text for verdict in read(path, problems)] == ["a", "d"]
    assert problems.first == [f"{path}: row 2: cannot be read", f"{path}: row 3: cannot be read"]


def test_files_that_are_none(tmp_path):
    with pytest.raises(NoInputError, match=r"nowhere\.jsonl"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "plain.csv").write_text("text\nhalo\n")
    with pytest.raises(DataError, match="moderation score"):
        read(tmp_path / "plain.csv")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "plain.parquet")
    with pytest.raises(DataError, match="moderation score"):
        read(tmp_path / "plain.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "plain.parquet").read_bytes()[:40])
    with pytest.raises(DataError, match="damaged"):
        read(tmp_path / "cut.parquet")
    (tmp_path / "empty.jsonl").write_text("")
    assert read(tmp_path / "empty.jsonl") == []


def test_texts_that_no_database_holds_are_cleaned(tmp_path):
    path = lines(tmp_path / "v.jsonl", '{"text": "\\ud800 lone \\u0000", "author": "\\ud83d\\ude00", ' + json.dumps(SAID)[1:])
    (found,) = read(path)
    assert (found.text, found.author) == ("\ufffd lone \ufffd", "😀")


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2025-11-18T00:15:48+07:00", 1_763_399_748_000),
        ("2025-11-17T17:15:48Z", 1_763_399_748_000),
        ("Mon, 17 Nov 2025 17:15:48 +0000", 1_763_399_748_000),
        (1_763_399_748, 1_763_399_748_000),
        ("1763399748", 1_763_399_748_000),
        (1_763_399_748_123, 1_763_399_748_123),
        (datetime(2025, 11, 17, 17, 15, 48, tzinfo=UTC), 1_763_399_748_000),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        (-5, None),
        ("99999999999999999999", None),
    ],
)
def test_times(cell, at):
    assert parse_time(cell) == at


@given(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.datetimes()))
def test_times_never_fail(cell):
    found = parse_time(cell)
    assert found is None or isinstance(found, int)


@settings(deadline=None)  # the first call may compile
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=8))
def test_folding_many_is_folding_each(texts):
    assert fold_all(strings(texts)) == [fold(text) for text in texts]


def test_cases_are_what_the_classifier_cannot_tell_apart():
    keys = content_keys(["Dasar GOBLOK", "dasar g0bl0k", "dasar", "🔥🔥", "🔥", "", ""])
    assert keys[0] == keys[1]
    assert len(set(keys[1:6])) in (4, 5)
    assert keys[5] == keys[6]
    assert all(0 <= key < 2**63 for key in keys)
