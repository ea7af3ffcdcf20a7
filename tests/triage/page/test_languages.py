"""Two languages with the same things to say."""

from __future__ import annotations

import re
import string

import pytest

from moderation.triage.page.languages import FOLDER, LANGUAGES, language
from moderation.triage.page.rendering import environment
from tests.triage.helpers import HOUR, add, verdict


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_same_keys_and_same_values_to_fill_in():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LANGUAGES)
    one, other = (language(code).words for code in LANGUAGES)
    assert one.keys() == other.keys()
    assert {key: fields(text) for key, text in one.items()} == {key: fields(text) for key, text in other.items()}
    assert all(text.strip() for words in (one, other) for text in words.values())


def test_every_key_is_used():
    made = environment()
    sources = "".join(made.loader.get_source(made, name)[0] for name in made.list_templates())
    sources += "".join(path.read_text() for path in FOLDER.parent.glob("*.py"))
    used = set(re.findall(r"[\"']([a-z]+\.[a-z0-9_]+)[\"']", sources))
    made_up = re.findall(r"[\"']([a-z]+\.(?:[a-z]+_)?)[\"'] ~", sources) + re.findall(r"f\"([a-z]+\.)\{", sources)
    words = set(language("en").words)
    assert {key for key in words - used if not key.startswith(tuple(made_up))} == set()


def test_numbers_and_times():
    indonesian, english = language("id"), language("en")
    assert (indonesian.number(1234.5, 1), english.number(1234.5, 1)) == ("1.234,5", "1,234.5")
    assert [english.span(h * HOUR) for h in (0.1, 1, 47, 48)] == ["6 min", "1 h", "47 h", "2 days"]
    assert indonesian.due(HOUR, 3 * HOUR) == "terlambat 2 jam"
    assert english.due(3 * HOUR, HOUR) == "2 h left"


@pytest.mark.parametrize(("code", "words"), [("id", "Kategori mana yang berlaku?"), ("en", "Which categories hold?")])
def test_the_switch_is_kept(queue, enter, code, words):
    add(queue, verdict("anjing", abusive=0.9))
    rani = enter("rani")
    rani.post("/settings", lang=code, back="/messages/1")
    assert words in rani.page
    assert f'<html lang="{code}"' in rani.get("/").text
    rani.post("/settings", theme="dark", back="/")
    assert 'data-theme="dark"' in rani.page
    assert f'<html lang="{code}"' in rani.page
    rani.cookies.set("lang", "xx", domain="triage.test")
    assert '<html lang="en"' in rani.get("/").text
