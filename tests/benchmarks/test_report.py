"""The pure parts of the report: cells, counts, order of errors, what is left out, probes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.disguises import DISGUISES, disguise_losses
from benchmarks.heldout import ap_cell, authors, clean_flagged, held_out
from benchmarks.identities import Probe, highest_by_group, identities, read_probes
from benchmarks.tables import FIGURE_COLUMNS, figure_cells, in_cell, number, table
from benchmarks.unseen import Bench, even_groups, only_other, unseen_table
from benchmarks.worst import worst, worst_errors
from moderation.categories import CATEGORIES
from moderation.classifier.model import Thresholds
from moderation.evaluation import measure
from moderation.labelled import LabelledRows
from moderation.training import TrainingConfig
from tests.authored import TEXTS

PROBES = Path(__file__).parents[2] / "data" / "probes" / "identities.jsonl"


def with_facets(rows: LabelledRows, **facets) -> LabelledRows:
    return replace(rows, facets={name: np.array(values, object) for name, values in facets.items()})


def repeat(rows: LabelledRows, times: int) -> LabelledRows:
    """The rows several times over, so that categories have twenty positives."""
    facets = {name: np.tile(values, times) for name, values in rows.facets.items()}
    return LabelledRows(
        pa.concat_arrays([rows.texts] * times), np.tile(rows.labels, (times, 1)), np.tile(rows.weights, times), facets
    )


# Tables


def test_a_table_names_its_command_and_aligns_numbers():
    assert table(["a", "b"], [["x", "1"]], "make it") == "| a | b |\n|---|--:|\n| x | 1 |\n\nMade by `make it`.\n"
    assert number(None) == "-"
    assert number(0.12345, 2) == "0.12"


@pytest.mark.parametrize("text", ["a|b", "two\nlines", "tick ` tock", "`` twice", "bell \x07 zero\u200bwidth", "<b>", ""])
def test_a_message_cannot_leave_its_cell(text):
    cell = in_cell(text)
    assert "|" not in cell
    assert "\n" not in cell
    assert cell.isprintable()
    fence = re.match("`+", cell).group()
    assert cell.endswith(fence)
    assert fence not in cell[len(fence) : -len(fence)]


@pytest.mark.parametrize(("positives", "negatives", "full"), [(20, 20, True), (19, 20, False), (20, 19, False), (0, 60, False)])
def test_few_rows_get_counts_only(positives, negatives, full):
    target = np.array([True] * positives + [False] * negatives)
    figures = measure("spam", "", np.linspace(1, 0, len(target)), target, Thresholds(0.5, 1.0))
    cells = figure_cells(figures)
    assert len(cells) == len(FIGURE_COLUMNS)
    assert cells[:2] == [str(len(target)), str(positives)]
    assert (cells[2] == "1.000") is full
    assert any(cells[2:]) is full
    assert ap_cell(figures.average_precision, len(target), positives).startswith("1.000 (") is full


# Held-out rows


def test_authors_come_from_voices(tiny_rows):
    rows = with_facets(tiny_rows, voice=["", "ani/a1", "budi/b1", *["ani/a2"] * (len(TEXTS) - 3)])
    assert Counter(authors(rows)) == {"": 1, "ani": len(TEXTS) - 2, "budi": 1}


def test_clean_messages_flagged_in_any_category(tiny_rows, tiny_model):
    clean = (tiny_rows.labels == 0).all(axis=1)
    probabilities = np.zeros((len(TEXTS), len(CATEGORIES)))
    probabilities[np.flatnonzero(clean)[:2], 4] = 1
    probabilities[np.flatnonzero(~clean)[:3], 0] = 1
    everything = np.ones(len(TEXTS), bool)
    assert clean_flagged(tiny_model, tiny_rows, probabilities, everything) == (clean.sum(), 2)
    assert clean_flagged(tiny_model, tiny_rows, probabilities, ~clean) == (0, 0)


def test_every_table_of_held_out_rows_says_its_command(tiny_rows, tiny_model):
    facets = {name: ["x"] * len(TEXTS) for name in ("source", "lang", "channel", "tag")}
    rows = repeat(with_facets(tiny_rows, voice=["ani/a"] * len(TEXTS), **facets), 3)
    probabilities = tiny_model.score(rows.texts).probabilities.astype(float)
    page = "\n".join(held_out(tiny_model, rows, probabilities, "the command"))
    assert page.count("|---|") == page.count("Made by `the command`.") == 10


# Unseen parts


def test_what_is_left_out_is_judged_by_the_other_rows_only(tiny_rows):
    config = TrainingConfig(bits=12, weights={"idle": 0.0})
    part = repeat(tiny_rows, 3)
    rows = LabelledRows(
        repeat(part, 3).texts, np.tile(part.labels, (3, 1)), np.ones(3 * len(part)),
        {"source": np.repeat(np.array(["a", "b", "idle"], object), len(part))},
    )  # fmt: skip
    found = {(u.part, u.category): u for u in Bench(rows, None, config).without_each(rows.facet("source"))}
    assert {name for name, _ in found} == {"a", "b", "idle"}
    judged = [u for u in found.values() if u.average_precision is not None]
    assert {u.part for u in judged} == {"a", "b", "idle"}
    assert all(u.average_precision > 0.99 for u in judged)
    assert all(20 <= u.positives <= u.rows - 20 for u in judged)

    # The only source that teaches cannot be judged by rows that teach nothing.
    alone = rows.select(rows.facet("source") != "b")
    lonely = [u for u in Bench(alone, None, config).without_each(alone.facet("source")) if u.part == "a"]
    assert all(u.average_precision is None for u in lonely)
    assert "no other rows" in unseen_table("source", lonely, "x")


def test_near_duplicates_of_what_is_learnt_are_not_judged(tiny_rows):
    n = len(TEXTS)
    rows = with_facets(tiny_rows, source=["a", "b", "b"] + ["c"] * (n - 3), group=["g", "g", "h", *map(str, range(n - 3))])
    found = list(Bench(rows, None, TrainingConfig(bits=12)).without_each(rows.facet("source")))
    assert {u.rows for u in found if u.part == "b"} == {1}
    assert not [u for u in found if u.part == "a"]
    assert len(only_other(rows, {"a"})) == n - 2


def test_groups_are_even_and_hold_every_name_once():
    assert even_groups({"a": 9, "b": 5, "c": 4, "d": 1}, 2) == [["a", "d"], ["b", "c"]]
    assert even_groups({"a": 9, "b": 5, "c": 4}, 1) == [["a"], ["b"], ["c"]]
    assert even_groups({"a": 1, "b": 1, "c": 1}, 2) == [["a", "c"], ["b"]]
    assert even_groups({}, 2) == []


# Errors


def test_the_most_confident_mistakes_come_first():
    probabilities = np.array([0.9, 0.1, 0.6, 0.95, 0.3, 0.99, 0.9])
    labels = np.array([0, 1, 0, 1, 1, np.nan, 0])
    false_positives, false_negatives = worst(probabilities, labels, 0.5)
    assert false_positives.tolist() == [0, 6, 2]
    assert false_negatives.tolist() == [1, 4]


def test_only_our_own_messages_are_shown(tiny_rows, tiny_model):
    sources = ["authored", "elsewhere"] * (len(TEXTS) // 2) + ["authored"] * (len(TEXTS) % 2)
    blank = [""] * len(TEXTS)
    rows = with_facets(tiny_rows, source=sources, voice=blank, tag=blank)
    wrong = 1 - np.nan_to_num(rows.labels)
    page = "\n".join(worst_errors(tiny_model, rows, wrong, "x"))
    shown = [text for text, source in zip(TEXTS, sources, strict=True) if in_cell(text) in page and source != "authored"]
    assert not shown
    assert sum(in_cell(text) in page for text in TEXTS) >= 15


# Disguises


def test_a_disguise_that_folding_undoes_costs_nothing(tiny_rows, tiny_model):
    insults = tiny_rows.select(tiny_rows.labels[:, 0] == 1).texts.to_pylist()
    recall, lost = disguise_losses(tiny_model, 0, insults)
    assert 0 < recall <= 1
    assert set(lost) == set(DISGUISES)
    assert lost["fullwidth"] == lost["random case"] == lost["zero-width"] == 0
    assert (recall, lost) == disguise_losses(tiny_model, 0, insults)


# Identities


def test_highest_probability_of_a_group():
    probes = [Probe(str(n), "", name, group, "id") for n, (name, group) in enumerate([("x", "g"), ("y", "g"), ("z", "h")])]
    probabilities = np.array([[0.1, 0, 0, 0.2, 0], [0, 0, 0.7, 0, 0], [0, 0, 0, 0, 0.3]])
    g, h = highest_by_group(probes, probabilities, probabilities >= 0.5)
    assert (g.identities, g.sentences, g.probability, g.category, g.flagged) == (2, 2, 0.7, "hoax", 1)
    assert (h.group, h.category, h.flagged) == ("h", "spam", 0)


def test_probes_that_reach_a_threshold_are_listed(tiny_model):
    probes = [Probe("1", "halo kak", "x", "g", "id")]
    low = replace(tiny_model, thresholds=(Thresholds(0.0, 1.0),) * len(CATEGORIES))
    high = replace(tiny_model, thresholds=(Thresholds(1.0, 1.0),) * len(CATEGORIES))
    assert "| x | spam | " in "\n".join(identities(low, probes, "c"))
    assert "None." in "\n".join(identities(high, probes, "c"))


def test_probes_are_many_and_each_its_own_sentence():
    probes = read_probes(PROBES)
    assert len({p.id for p in probes}) == len({p.text for p in probes}) == len(probes)
    sentences = Counter(p.identity for p in probes)
    assert len(sentences) >= 60
    assert min(sentences.values()) >= 4
    assert {p.lang for p in probes} <= {"id", "en", "mix", "jv", "su", "bew"}
    assert all(len({p.group for p in probes if p.identity == name}) == 1 for name in sentences)
    words = [frozenset(re.findall(r"\w+", p.text.lower())) for p in probes]
    assert max(len(a & b) / len(a | b) for a, b in combinations(words, 2)) < 0.5
