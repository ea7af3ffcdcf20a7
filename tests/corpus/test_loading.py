"""A source's columns become our labels, unknown where it says nothing."""

from dataclasses import replace

import pandas as pd
import pytest

from moderation.categories import CATEGORIES
from moderation.corpus.loading import COLUMNS, load_source
from moderation.corpus.sources import CHANNELS, LANGUAGES, Cap, LabelRule, Source, WeakRows, load_sources
from moderation.errors import DataError, NoInputError


def source(**changes):
    fields = {
        "name": "toy",
        "paths": ("toy/*.csv",),
        "reader": "csv",
        "encoding": "utf-8",
        "text": "text",
        "lang": {"*": "id"},
        "channel": "chat",
        "origin": "o",
        "licence": "l",
        "licence_class": "open",
    }
    return Source(**fields | changes)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "a.csv").write_text("text,kind\nhalo dunia,0\nasu kowe,1\n,1\nentah apa,2\n...,1\n")
    return tmp_path


def column(loaded, name):
    return [None if pd.isna(value) else value for value in loaded.rows[name]]


def test_yes_no_and_nothing(folder):
    loaded = load_source(source(labels={"abusive": LabelRule(yes="kind == 1", no="kind == 0")}), folder)
    assert tuple(loaded.rows.columns) == COLUMNS
    assert loaded.rows["text"].tolist() == ["halo dunia", "asu kowe", "entah apa"]
    assert loaded.rows["id"].tolist() == ["toy/0", "toy/1", "toy/3"]
    assert column(loaded, "abusive") == [0, 1, None]
    assert column(loaded, "spam") == [None] * 3
    assert loaded.dropped == 2
    assert all(str(loaded.rows[category].dtype) == "Int8" for category in CATEGORIES)


def test_clean_fills_all_five(folder):
    loaded = load_source(source(clean="kind == 0", labels={"spam": LabelRule(yes="kind == 1")}), folder)
    for category in CATEGORIES:
        assert column(loaded, category) == [0, 1 if category == "spam" else None, None]


def test_the_same_for_all(folder):
    assert column(load_source(source(labels={"hate": LabelRule(no=True)}), folder), "hate") == [0, 0, 0]


def test_yes_and_no_at_once_is_a_mistake(folder):
    with pytest.raises(DataError, match="both yes and no"):
        load_source(source(labels={"hate": LabelRule(yes="kind > 0", no="kind < 2")}), folder)


def test_a_rule_over_a_missing_column(folder):
    with pytest.raises(DataError, match="cannot evaluate"):
        load_source(source(labels={"hate": LabelRule(yes="label == 1")}), folder)
    with pytest.raises(DataError, match="no column"):
        load_source(source(text="tweet"), folder)


def test_no_files(tmp_path):
    with pytest.raises(NoInputError, match="toy"):
        load_source(source(), tmp_path)


def test_weights_are_lowered_only(folder):
    weak = (WeakRows("kind == 1", 0.2, "x"), WeakRows("kind == 2", 0.9, "y"))
    assert load_source(source(weight=0.5, weak=weak), folder).rows["weight"].tolist() == [0.5, 0.2, 0.5]


def test_language_by_file_and_damage(folder):
    (folder / "toy" / "b.csv").write_bytes(b"text,kind\nmatur \xffsuwun,0\n")
    loaded = load_source(source(lang={"b*": "jv", "*": "id"}, labels={"spam": LabelRule(no="file == 'b.csv'")}), folder)
    assert loaded.rows["lang"].tolist() == ["id", "id", "id", "jv"]
    assert column(loaded, "spam") == [None, None, None, 0]
    assert loaded.rows["text"].iloc[-1] == "matur  suwun"
    assert loaded.damaged == 1
    with pytest.raises(DataError, match="no language"):
        load_source(source(lang={"b*": "jv"}), folder)


def test_a_lone_surrogate_can_be_written(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "a.jsonl").write_text('{"text": "halo \\ud83d dunia"}\n')
    loaded = load_source(source(paths=("toy/*.jsonl",), reader="jsonl"), tmp_path)
    assert loaded.rows["text"].tolist() == ["halo   dunia"]


def test_stretches_follow_the_order_of_the_file(folder):
    assert load_source(source(stretch=2), folder).rows["stretch"].tolist() == ["toy/0", "toy/0", "toy/1"]
    assert set(load_source(source(), folder).rows["stretch"]) == {""}


def test_a_cap_bounds_each_name_and_nothing_else(tmp_path):
    texts = [f"main di 𝐁𝐎𝐖𝐎{n} menang {word}" for n, word in enumerate(("satu", "dua", "tiga", "empat", "lima"), 88)]
    texts += ["main di dora77 seru", "ayo ikut saja"]
    (tmp_path / "toy").mkdir()
    rows = [f"{text},1" for text in texts] + [f"{text} lagi,0" for text in texts]
    (tmp_path / "toy" / "a.csv").write_text("text,kind\n" + "\n".join(rows) + "\n")
    cap = Cap(where="kind == 1", pattern="([^\\W\\d_]{3,}) \ue004", rows=2)
    kept = load_source(source(cap=cap, labels={"spam": LabelRule(yes="kind == 1", no="kind == 0")}), tmp_path).rows
    assert int(kept["spam"].sum()) == 2 + 1 + 1
    assert int((kept["spam"] == 0).sum()) == len(texts)
    again = load_source(source(cap=cap), tmp_path).rows
    assert again["id"].tolist() == kept["id"].tolist()


def test_every_declared_source_loads(shared):
    for declared in load_sources():
        if declared.benchmark:
            continue
        rows = load_source(declared, shared / "data").rows
        assert len(rows) > 500, declared.name
        assert rows["id"].is_unique, declared.name
        assert rows["lang"].isin(LANGUAGES).all()
        assert rows["channel"].isin(CHANNELS).all()
        assert rows["weight"].between(0, 1, inclusive="right").all()
        assert (rows["text"].str.strip() != "").all()
        for category in CATEGORIES:
            assert rows[category].dropna().isin([0, 1]).all()
            said = declared.labels.get(category)
            if said:
                assert (rows[category] == 1).any() == (said.yes is not False), (declared.name, category)
                assert (rows[category] == 0).any() == (said.no is not False), (declared.name, category)
            elif not declared.clean:
                assert rows[category].isna().all(), (declared.name, category)


def test_the_benchmark_loads_without_labels(shared):
    (benchmark,) = [declared for declared in load_sources() if declared.benchmark]
    rows = load_source(replace(benchmark, paths=("hs1-folds/test0.csv",)), shared / "data").rows
    assert len(rows) > 2_000
    assert rows[list(CATEGORIES)].isna().all().all()
