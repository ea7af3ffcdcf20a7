"""The checker refuses what teaches a classifier the wrong thing, and lets contrast pairs be alike."""

import json
from dataclasses import replace

import pytest

from moderation.corpus.authored import CLEAN_TAGS, POSITIVE_TAGS, Message, balance, check, read_authored
from moderation.errors import DataError

FIRST = Message("a-1", "CS-nya dodol, ditanya malah nyuruh restart terus", ("abusive",), "id", "chat", "insult-staff", "a/tono")
SECOND = Message("a-2", "tagihan bulan ini kok naik dua kali lipat ya kak", (), "id", "chat", "question", "a/tono")


def kinds(*messages):
    return [finding.kind for finding in check(messages)]


def test_good_messages_have_no_findings():
    assert kinds(FIRST, SECOND) == []
    assert kinds() == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"tag": "rude"}, "unknown tag"),
        ({"lang": "fr"}, "unknown lang"),
        ({"channel": "fax"}, "unknown channel"),
        ({"labels": ("angry",)}, "unknown label"),
        ({"tag": "thanks"}, "tag against labels"),
        ({"labels": ()}, "tag against labels"),
        ({"text": " "}, "no text or voice"),
        ({"voice": ""}, "no text or voice"),
        ({"pair": "p1"}, "pair without two members of different labels"),
    ],
)
def test_each_mistake_is_found(changes, kind):
    assert kind in kinds(replace(FIRST, **changes), SECOND)


def test_an_id_is_used_once():
    assert kinds(FIRST, replace(SECOND, id="a-1")) == ["id used twice"] * 2


def test_the_same_text_may_not_have_other_labels():
    twin = replace(FIRST, id="b-1", text="CS-NYA D0DOL, ditanya malah nyuruh restart TERUS", labels=("hate",))
    assert "same text, other labels" in kinds(FIRST, twin)


def test_near_duplicates_and_templates_are_refused_unless_they_are_a_pair():
    twin = replace(FIRST, id="b-1", text="modemnya dodol, ditanya malah nyuruh restart terus", labels=(), tag="harsh-quality")
    assert set(kinds(FIRST, twin)) == {"near-duplicate", "6 words in a row shared"} or "near-duplicate" in kinds(FIRST, twin)
    assert kinds(replace(FIRST, pair="p1"), replace(twin, pair="p1")) == []
    assert "near-duplicate" in kinds(replace(FIRST, pair="p1"), replace(twin, pair="p1"), replace(twin, id="c-1"))


def test_a_shared_run_of_six_words_is_a_template():
    one = replace(FIRST, text="kemarin sore saya sudah telepon ke kantor pusat tapi yang angkat malah marah-marah, dasar dungu")
    two = replace(SECOND, text="halo admin, waktu itu saya sudah telepon ke kantor pusat, lalu disuruh tunggu tiga hari kerja")
    assert kinds(one, two) == ["6 words in a row shared"]
    assert kinds(one, replace(two, text="halo admin, waktu itu saya sudah telepon ke cabang, lalu disuruh tunggu")) == []


def test_a_pair_needs_different_labels():
    other = replace(FIRST, id="b-1", text="petugasnya pekok, tanya apa jawab apa", pair="p1")
    assert kinds(replace(FIRST, pair="p1"), other) == ["pair without two members of different labels"]


def test_findings_name_messages_by_id():
    (finding,) = check([replace(FIRST, tag="rude")])
    assert finding.ids == ("a-1",)
    assert FIRST.text not in str(finding)


def test_balance():
    counts = balance([FIRST, SECOND, replace(FIRST, labels=("abusive", "threatening"), text="awas " * 300)])
    assert counts["label"] == {"abusive": 2, "threatening": 1, "clean": 1}
    assert counts["words"] == {"5-12": 2, "over 250": 1}
    assert counts["voice"] == {"a/tono": 3}


def test_tags():
    assert not POSITIVE_TAGS & CLEAN_TAGS
    assert len(POSITIVE_TAGS) == 38
    assert len(CLEAN_TAGS) == 26


def test_reading(tmp_path):
    fields = {"id": "a-1", "text": "x", "labels": ["spam"], "lang": "id", "channel": "sms", "tag": "loan", "voice": "v"}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(fields) + "\n\n" + json.dumps(fields | {"id": "a-2", "pair": "p"}) + "\n")
    messages = read_authored(tmp_path)
    assert [message.pair for message in messages] == ["", "p"]
    assert messages[0].labels == ("spam",)
    assert read_authored(tmp_path / "none") == []


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "a"}', '{"id": "a", "labels": [], "mood": 1}'])
def test_other_lines_are_refused(tmp_path, line):
    (tmp_path / "a.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match="line 1"):
        read_authored(tmp_path)
