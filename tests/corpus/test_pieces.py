"""The loudest piece of each message: which words it takes, what it keeps of its message."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moderation
from moderation.categories import CATEGORIES
from moderation.corpus.pieces import PIECES, WORDS, loudest_pieces, write_rows
from moderation.labelled import LabelledRows, read_labelled
from moderation.messages.arrays import strings

COMPLAINT = (
    "Selamat pagi, sudah tiga hari internet rumah saya mati total padahal tagihan sudah dibayar, lampu LOS merah terus, "
    "saya sudah restart modem berkali-kali, CS kalian goblok semua tidak ada yang bisa menjawab, mohon segera dikirim teknisi ke "
    "alamat saya karena anak saya sekolah daring setiap hari sampai sore"
)


@pytest.fixture(scope="module")
def model():
    return moderation.load().model


def rows(texts, labels, **facets):
    filled = {name: np.array(values, object) for name, values in facets.items()}
    return LabelledRows(strings(texts), np.array(labels, float).reshape(len(texts), len(CATEGORIES)), np.ones(len(texts)), filled)


def test_the_insult_is_found_in_a_long_complaint(model):
    found = loudest_pieces(rows([COMPLAINT], [[1, 0, 0, 0, 0]]), model.raw, {"abusive": 8})
    assert "goblok" in found.texts[0].as_py()
    assert len(found.texts[0].as_py().split()) <= 8


def test_pieces_have_each_label_of_their_message_once_and_its_facets(model):
    facets = {"source": ["authored"], "group": ["g7"], "split": ["dev"], "lang": ["id"]}
    found = loudest_pieces(rows([COMPLAINT], [[1, 0, 0, 0, 0]], **facets), model.raw)
    assert np.array_equal(np.nansum(found.labels, axis=0), [1, 0, 0, 0, 0])
    assert (~np.isnan(found.labels)).sum() == len(WORDS)
    assert len(set(found.texts.to_pylist())) == len(found)
    assert set(found.facet("source")) == {PIECES}
    assert [set(found.facet(name)) for name in ("group", "split", "lang")] == [{"g7"}, {"dev"}, {"id"}]
    short = loudest_pieces(rows(["CS goblok"], [[1, 0, 0, 0, 0]]), model.raw)
    assert (short.texts.to_pylist(), short.labels.tolist()) == (["CS goblok"], [[1, 0, 0, 0, 0]])


def test_unknown_labels_and_texts_without_words_give_no_piece(model):
    unknown = [np.nan] * len(CATEGORIES)
    found = loudest_pieces(rows(["apa kabar", "", " \u200b "], [unknown, [0] * 5, [0] * 5]), model.raw)
    assert len(found) == 0
    assert len(loudest_pieces(rows([], []), model.raw)) == 0


words = st.sampled_from(["cs", "goblok", "g0bl0k", "anjing", "lemot", "sinyal", "kalian", "besok", "mati", "gue", "rumah", "lo"])


@given(st.lists(words, min_size=1, max_size=30), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_no_run_of_words_is_louder(model, message, length):
    """Beside a slow search that never heard of bytes; it looks at every third of a piece, too."""
    starts = range(0, max(1, len(message) - length + 1), max(1, length // 3))
    runs = [" ".join(message[first : first + length]) for first in starts]
    loudest = max(model.raw(strings([run]))[0, 0] for run in runs)
    found = loudest_pieces(rows([" ".join(message)], [[0] * 5]), model.raw, {"abusive": length})
    assert found.texts[0].as_py() in " ".join(message)
    assert model.raw(found.texts)[0, 0] >= loudest - 1e-9


@given(st.text(min_size=1, max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_cut_between_its_characters(model, text):
    for piece in loudest_pieces(rows([text], [[0] * 5]), model.raw, {"abusive": 4}).texts.to_pylist():
        assert piece in text


def test_written_pieces_are_read_as_labelled_rows(model, tmp_path):
    found = loudest_pieces(rows([COMPLAINT, "terima kasih"], [[1, 0, 0, 0, 0], [0] * 5], group=["a", "b"]), model.raw)
    write_rows(found, tmp_path / "deep" / "pieces.parquet")
    again = read_labelled([str(tmp_path / "deep" / "pieces.parquet")])
    assert again.texts.to_pylist() == found.texts.to_pylist()
    assert np.array_equal(again.labels, found.labels, equal_nan=True)
    assert again.facet("group").tolist() == found.facet("group").tolist()
    assert pq.read_schema(tmp_path / "deep" / "pieces.parquet").field("hate").type == "int8"
