"""The table from words to concepts: what is in it, and what the kernel makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from moderation.corpus import __main__ as corpus
from moderation.text.hashing import _NEAR_SEEDS
from moderation.text.kinds import KIND_WORDS, KINDS
from moderation.text.ngrams import count_features, fold
from moderation.text.thesaurus import CONCEPT_BITS, KIND_BITS, SENSE_BITS, build_thesaurus, load_thesaurus, read_concepts
from moderation.text.vocabulary import squeeze, word_key
from tests.text import reference

BITS = 20
LISTS = Path(__file__).parents[2] / "data" / "thesaurus"
if not LISTS.exists():
    pytest.skip("the lists are only in the repository", allow_module_level=True)
NAMES = sorted(file.stem for file in LISTS.glob("*.txt"))


def concepts(word: str) -> set[str]:
    return {NAMES[number - 1] for number in reference._senses_of(fold(word))[1]}


def features(text: str) -> set[int]:
    return set(count_features(pa.array([text], pa.large_string()), BITS).indices.tolist())


def test_the_shipped_table_is_that_of_the_lists():
    assert np.array_equal(build_thesaurus(read_concepts(LISTS)), load_thesaurus())


def test_every_listed_word_is_as_the_kernel_folds_it_and_is_found():
    words = {word for listed in read_concepts(LISTS).values() for word in listed}
    assert not [word for word in words if fold(word) != squeeze(word)]
    assert all(reference._senses_of(squeeze(word))[1] for word in words)
    kinds = {squeeze(word) for listed in KIND_WORDS for word in listed.split()}
    assert np.count_nonzero(load_thesaurus()) == len({squeeze(word) for word in words} | kinds)


@pytest.mark.parametrize(
    ("word", "concept"),
    [
        ("rumah", "home"),
        ("Rumahnya", "home"),
        ("rumahmu", "home"),
        ("anakku", "family"),
        ("temannya", "friend"),
        ("parang", "weapon"),
        ("kneecaps", "body"),
        ("maxwin", "gambling"),
        ("maxwinnya", "gambling"),
        ("halo", None),
        ("hello", None),
        ("kilo", None),
        ("taunya", "watching"),
        ("hanya", None),
    ],
)
def test_words_have_the_concepts_of_their_stems(word, concept):
    assert concepts(word) >= {concept} if concept else not concepts(word)


def test_messages_without_a_word_in_common_share_their_concepts():
    # Concepts alone and after each other, and nothing of the words.
    shared = features("hafal sekolah anakmu") & features("memorised daycare toddler")
    assert len(shared) >= 5
    assert not features("hafal sekolah anakmu") & features("xqzy vbnw plkt")


def test_of_several_concepts_the_two_with_the_shortest_lists_count():
    lists = {"b": ["satu"], "a": ["satu", "dua"], "c": ["satu", "dua", "tiga"]}
    built = {entry >> SENSE_BITS: entry % 2**SENSE_BITS >> 3 for entry in build_thesaurus(lists).tolist() if entry}
    concepts = {word: built[word_key(word) % 2 ** (64 - SENSE_BITS)] for word in ("satu", "dua", "tiga")}
    assert concepts == {"satu": 2 | 1 << CONCEPT_BITS, "dua": 1 | 3 << CONCEPT_BITS, "tiga": 3}


def test_every_kind_has_its_bits_and_its_seed():
    assert KINDS == len(_NEAR_SEEDS) < 1 << KIND_BITS


def test_the_command_makes_the_table(tmp_path, monkeypatch):
    lists = {"home": ["rumah", "kos"], "weapon": ["parang"]}
    (tmp_path / "thesaurus").mkdir()
    for name, words in lists.items():
        (tmp_path / "thesaurus" / f"{name}.txt").write_text("\n".join(words), encoding="utf-8")
    monkeypatch.setattr(corpus, "THESAURUS_FILE", tmp_path / "thesaurus.npz")
    done = CliRunner().invoke(corpus.app, ["thesaurus", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "thesaurus.npz") as archive:
        assert np.array_equal(archive["table"], build_thesaurus(lists))


def test_too_much_is_refused():
    with pytest.raises(ValueError, match="concepts are too many"):
        build_thesaurus({f"c{number}": ["kata"] for number in range(1 << CONCEPT_BITS)})
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [a + b + c + d for a in letters for b in letters for c in letters for d in "abcde"]
    with pytest.raises(ValueError, match="words are too many"):
        build_thesaurus({"much": words})
