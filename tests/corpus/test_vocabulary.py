"""Which messages of a corpus the words behind masks are counted in."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from moderation.categories import CATEGORIES
from moderation.corpus import __main__ as corpus
from moderation.corpus.build import SCHEMA
from moderation.text.vocabulary import SLOT_BITS, squeeze, word_key

ROWS = [
    ("kuncikotak satu", {}, True),
    ("brengsekan dua", {"labels": 1}, True),
    ("testrahasia tiga", {"split": "test"}, False),
    ("closedsource empat", {"licence_class": "research"}, False),
    ("englishlonger lima", {"source": "tweets", "lang": "en"}, False),
    ("englishours enam", {"lang": "en"}, True),
    ("tweetlokal tujuh", {"source": "tweets"}, True),
]


@pytest.fixture
def counted(tmp_path, monkeypatch):
    rows = []
    for text, other, _ in ROWS:
        row = dict.fromkeys(SCHEMA.names) | {"id": text, "text": text, "source": "authored"}
        row |= {"lang": "id", "channel": "chat", "licence_class": "open", "weight": 1.0, "group": text, "split": "train"}
        row |= dict.fromkeys(CATEGORIES, other.get("labels", 0))
        rows.append(row | {name: value for name, value in other.items() if name != "labels"})
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / "corpus.parquet")
    monkeypatch.setattr(corpus, "VOCABULARY_FILE", tmp_path / "vocabulary.npz")
    done = CliRunner().invoke(corpus.app, ["vocabulary", str(tmp_path / "corpus.parquet")])
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "vocabulary.npz") as archive:
        keys, ranks = archive["keys"], archive["ranks"]
    assert len(keys) == 1 << SLOT_BITS
    return {int(key): int(rank) for key, rank in zip(keys, ranks, strict=True) if key}


@pytest.mark.parametrize(("text", "expected"), [(text, expected) for text, _, expected in ROWS])
def test_own_and_open_local_messages_outside_the_test_split_are_counted(counted, text, expected):
    assert (word_key(squeeze(text.split()[0])) in counted) is expected


def test_words_of_rude_messages_rank_above_others(counted):
    assert counted[word_key("dua")] < counted[word_key("satu")]
