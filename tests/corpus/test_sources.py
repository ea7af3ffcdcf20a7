"""The declaration: the shipped one holds together, a broken one is refused with its source's name."""

import pytest

from moderation.categories import CATEGORIES
from moderation.corpus.sources import LICENCE_CLASSES, load_sources, strictest
from moderation.errors import DataError

GOOD = {
    "name": '"a"',
    "paths": '["a/*.csv"]',
    "reader": '"csv"',
    "encoding": '"utf-8"',
    "text": '"t"',
    "lang": '"id"',
    "channel": '"chat"',
    "origin": '"x"',
    "licence": '"y"',
    "licence_class": '"open"',
}


def declared(tmp_path, extra="", **changes):
    lines = [f"{key} = {value}" for key, value in (GOOD | changes).items() if value is not None]
    path = tmp_path / "sources.toml"
    path.write_text("[[source]]\n" + "\n".join(lines) + "\n" + extra)
    return load_sources(path)


def test_shipped_declaration_says_whose_each_source_is():
    sources = load_sources()
    assert len(sources) == 30
    for source in sources:
        assert source.origin, source.name
        assert source.licence, source.name
        assert source.cautions, source.name


def test_shipped_benchmark_has_no_labels():
    assert [source.name for source in load_sources() if source.benchmark] == ["hs1-folds"]
    assert not [source.name for source in load_sources() if source.benchmark and (source.labels or source.clean)]


def test_only_customer_questions_are_clean_by_origin():
    assert {source.name for source in load_sources() if source.clean} == {"banking77", "clinc150"}


def test_every_shared_folder_is_declared(shared):
    folders = {path.name for path in (shared / "data").iterdir() if path.is_dir()}
    assert {source.paths[0].split("/")[0] for source in load_sources()} == folders


def test_defaults(tmp_path):
    (source,) = declared(tmp_path)
    assert source.weight == 1
    assert source.lang == {"*": "id"}
    assert not source.labels
    assert not source.benchmark


def test_a_table_of_languages(tmp_path):
    (source,) = declared(tmp_path, lang='{ "a_*" = "jv", "*" = "en" }')
    assert source.lang == {"a_*": "jv", "*": "en"}


@pytest.mark.parametrize(
    ("changes", "extra"),
    [
        ({"reader": '"excel"'}, ""),
        ({"channel": '"fax"'}, ""),
        ({"lang": '"xx"'}, ""),
        ({"licence_class": '"free"'}, ""),
        ({"paths": "[]"}, ""),
        ({"text": None}, ""),
        ({"wight": "0.5"}, ""),
        ({"weight": "0.0"}, ""),
        ({"weight": "1.5"}, ""),
        ({"quoting": '"some"'}, ""),
        ({"repairs": '["magic"]'}, ""),
        ({}, '[source.labels.rude]\nyes = "x == 1"'),
        ({}, '[source.labels.spam]\nmaybe = "x == 1"'),
        ({}, '[[source.weak]]\nwhere = "x == 1"\nweight = 2\nwhy = "z"'),
        ({}, '[[source.weak]]\nwhere = "x == 1"\nweight = 0.5'),
    ],
)
def test_a_mistake_is_refused_by_name(tmp_path, changes, extra):
    with pytest.raises(DataError, match=r"sources: a: "):
        declared(tmp_path, extra, **changes)


def test_two_of_a_name_are_refused(tmp_path):
    body = "[[source]]\n" + "\n".join(f"{key} = {value}" for key, value in GOOD.items()) + "\n"
    path = tmp_path / "sources.toml"
    path.write_text(body * 2)
    with pytest.raises(DataError, match="twice"):
        load_sources(path)


def test_what_is_not_toml_is_refused(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text("[[source]\n")
    with pytest.raises(DataError):
        load_sources(path)


def test_strictest():
    assert strictest(["open", "open"]) == "open"
    assert strictest(["unstated", "open", "nc"]) == "unstated"
    assert strictest(list(LICENCE_CLASSES)) == "research"


def test_labels_are_our_categories():
    assert {category for source in load_sources() for category in source.labels} == set(CATEGORIES)
