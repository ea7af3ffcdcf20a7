"""Exact duplicates merge, near-duplicates share a group."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.categories import CATEGORIES
from moderation.corpus.annotations import text_key
from moderation.corpus.duplicates import Clusters, character_runs, merge_exact, near_groups, near_pairs

WORDS = "internet mati tagihan salah teknisi datang kemarin tolong cepat modem merah hujan petir kabel putus"


def rows(*said):
    """Rows from (folded text, abusive, licence class, weight)."""
    frame = pd.DataFrame(
        [{"id": str(i), "folded": f, "licence_class": lic, "weight": w} for i, (f, _, lic, w) in enumerate(said)]
    )
    for category in CATEGORIES:
        frame[category] = pd.array([label if category == "abusive" else None for _, label, _, _ in said], dtype="Int8")
    return frame


def test_labels_of_exact_duplicates_are_merged():
    merged = merge_exact(
        rows(
            ("a", 1, "open", 1.0),
            ("b", 0, "open", 1.0),
            ("a", None, "nc", 0.5),
            ("b", 1, "open", 1.0),
            ("c", 0, "research", 1.0),
            ("c", 0, "unstated", 1.0),
            ("d", None, "open", 1.0),
        )
    )
    assert merged.dropped == 3
    assert merged.conflicts == {"abusive": 1, "threatening": 0, "hoax": 0, "hate": 0, "spam": 0}
    kept = merged.rows.set_index("folded")
    assert kept["id"].to_dict() == {"a": "0", "b": "1", "c": "4", "d": "6"}
    assert [None if pd.isna(value) else value for value in kept["abusive"]] == [1, None, 0, None]
    assert kept["licence_class"].tolist() == ["nc", "open", "research", "open"]
    assert kept["weight"].tolist() == [0.5, 1.0, 1.0, 1.0]
    assert str(kept["abusive"].dtype) == "Int8"


@given(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))))
)
def test_clusters_agree_with_repeated_relabelling(case):
    n, joins = case
    clusters, labels = Clusters(n), list(range(n))
    for one, other in joins:
        clusters.join(one, other)
        low, high = sorted((labels[one], labels[other]))
        labels = [low if label == high else label for label in labels]
    assert clusters.roots().tolist() == labels


@given(st.text(max_size=40), st.text(max_size=40))
def test_runs_count_distinct_windows(one, other):
    def windows(text):
        padded = text.encode("utf-16", "replace").decode("utf-16").ljust(5, "\0")
        return {padded[place : place + 5] for place in range(len(padded) - 4)}

    a, b = set(character_runs(one).tolist()), set(character_runs(other).tolist())
    assert len(a) == len(windows(one))
    assert len(a & b) == len(windows(one) & windows(other))


def test_near_messages_share_a_group_and_others_do_not():
    texts = [
        "selamat nomor anda mendapat hadiah mobil dari kami segera hubungi petugas",
        "internet di rumah saya mati sejak kemarin sore tolong dicek",
        "selamat nomor anda mendapat hadiah motor dari kami segera hubungi petugas",
        "berapa harga paket seratus mega untuk kantor di bandung",
    ]
    groups = near_groups(texts)
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
    assert groups[1] == text_key(texts[1])


@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(["satu dua tiga empat lima enam", "satu dua tiga empat lima tujuh", "apa", "apa itu", "lain lagi ya"])
    ),
    st.randoms(),
)
def test_group_names_do_not_depend_on_order(texts, random):
    texts = sorted(set(texts))
    shuffled = texts[:]
    random.shuffle(shuffled)
    one = dict(zip(texts, near_groups(texts), strict=True))
    other = dict(zip(shuffled, near_groups(shuffled), strict=True))
    assert one == other


def test_estimates_find_what_exact_sets_say():
    words = np.array(WORDS.split())
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(words, 12, replace=False)) for _ in range(40)]
    texts += [text + " ya" for text in texts]
    found = {(one, other) for one, other, _ in near_pairs(texts, 0.7)}
    sets = [set(character_runs(text).tolist()) for text in texts]
    sure = {(i, j) for i in range(80) for j in range(i + 1, 80) if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) > 0.9}
    assert len(sure) >= 30
    assert sure <= found
    assert all(len(sets[i] & sets[j]) / len(sets[i] | sets[j]) > 0.4 for i, j in found)
