"""Counts of what there is."""

from __future__ import annotations

from moderation.labels.balance import balance
from moderation.labels.twins import find_twins
from tests.labels.rows import UNKNOWN, make_rows


def test_counts():
    said = [("satu dua tiga", 1), ("SATU dua tiga", 0), ("", 0), ("halo", UNKNOWN), (" . ", UNKNOWN)]
    rows = make_rows(said, lang=["id", "id", "", "en", ""])
    found = balance(rows, find_twins(rows.texts))
    assert (found.rows, found.unlabelled, found.empty, found.repeated) == (5, 2, 2, 1)
    assert found.labels["abusive"] == {"yes": 1, "no": 2, "unknown": 2}
    assert found.labels["spam"] == {"yes": 0, "no": 0, "unknown": 5}
    assert found.languages == {"id": 2, "unknown": 2, "en": 1}
    assert found.words == (1, 3, 3)


def test_no_detector_guesses_languages_and_no_word_has_a_length():
    rows = make_rows([("", 1)])
    found = balance(rows, find_twins(rows.texts))
    assert (found.languages, found.words, found.empty) == ({"unknown": 1}, (), 1)
