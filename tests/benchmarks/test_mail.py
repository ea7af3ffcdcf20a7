"""Who is one sender, that none is learnt from and judged at once, and what the two filters say of mails."""

from __future__ import annotations

import shutil
import zipfile
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import mail
from benchmarks.mail import (
    Judged,
    Outcome,
    bogofilter,
    ours,
    outcome,
    read_answer,
    report,
    sender,
    sender_groups,
    together,
    unpack,
)
from moderation.messages.mail.parsing import parse_mail

SHOPS = ("modem", "router", "kabel", "antena", "panel", "baterai", "kipas", "lampu")


def forms(thing: str) -> str:
    """Words enough that texts about different things are far from each other."""
    return " ".join(f"{before}{thing}{behind}" for before in ("", "se", "ber") for behind in ("", "ku", "nya"))


def a_mail(author: str, subject: str, text: str, extra: str = "") -> bytes:
    return f"From: {author}\n{extra}Subject: {subject}\n\n{text}\n".encode()


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    """Three mails each of eight advertisers, and of eight customers on the same eight things, packed like the corpus."""
    folder = tmp_path_factory.mktemp("mails")
    with zipfile.ZipFile(folder / "mails.zip", "w") as archive:
        for number, thing in enumerate(SHOPS):
            for day in ("senin", "rabu", "sabtu"):
                offer = f"Promo {forms(thing)} diskon {day}, klik dan beli"
                archive.writestr(f"spam-1/{thing}-{day}.eml", a_mail(f"toko@{thing}.example", f"Promo {thing}", offer))
                question = f"Halo, {forms(thing)} mati sejak {day}, kapan teknisi datang?"
                archive.writestr(f"easy-ham-1/{thing}-{day}.eml", a_mail(f"ani@rumah{number}.example", f"{thing} mati", question))
        archive.writestr("readme.txt", "no mail")
    return unpack(folder / "mails.zip", folder)


# Senders


@pytest.mark.parametrize(
    ("author", "extra", "expected"),
    [
        ("Budi <budi@Kantor.Example>", "", "kantor.example"),
        ("budi@kantor.example", "", "kantor.example"),
        ('"a@b.example" <budi@kantor.example>', "", "kantor.example"),
        ("Budi <Budi@Hotmail.com>", "", "budi@hotmail.com"),
        ("budi@hotmail.com.example", "", "hotmail.com.example"),
        ("Budi <budi@kantor.example>", "List-Id: Teman\n <Teman.Example>\n", "teman.example"),
        ("Budi <budi@kantor.example>", "list-id: <teman.example>\n", "teman.example"),
        ("Budi <budi@kantor.example>", "List-Id: teman\nErrors-To: <x@y.example>\n", "kantor.example"),
        ("Budi", "", ""),
        ("", "", ""),
    ],
)
def test_a_sender_is_a_list_a_domain_or_an_address_at_a_domain_for_anyone(author, extra, expected):
    for content in (a_mail(author, "Halo", "x", extra), a_mail(author, "Halo", "x", extra).replace(b"\n", b"\r\n")):
        assert sender(content, parse_mail(content)) == expected


def test_what_a_body_says_names_no_list():
    content = a_mail("budi@kantor.example", "Halo", "x\n\nList-Id: <teman.example>")
    assert sender(content, parse_mail(content)) == "kantor.example"


TEXTS = [forms(thing) for thing in SHOPS]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.sampled_from(TEXTS)), max_size=12))
def test_groups_are_the_connected_parts(rows):
    """Against a plain search: two mails are neighbours when sender or text is the same."""
    groups = sender_groups([name for name, _ in rows], [text for _, text in rows])
    expected = [{place} for place in range(len(rows))]
    for one, other in combinations(range(len(rows)), 2):
        if (rows[one][0] and rows[one][0] == rows[other][0]) or rows[one][1] == rows[other][1]:
            joined = expected[one] | expected[other]
            for place in joined:
                expected[place] = joined
    assert [{place for place in range(len(rows)) if groups[place] == group} for group in groups] == expected


def test_a_copy_with_another_signature_is_near():
    assert len(set(sender_groups(["a", "b", "c"], [TEXTS[0], TEXTS[0].upper() + " .", TEXTS[1]]).tolist())) == 2


# Filters


def test_the_corpus_says_by_its_folders_what_is_spam(mails):
    assert len(mails.paths) == len(mails.spam) == 6 * len(SHOPS)
    assert [path.parent.name.startswith("spam") for path in mails.paths] == mails.spam.tolist()
    assert all(path.is_file() for path in mails.paths)


@pytest.mark.parametrize(
    "judge", [ours, pytest.param(bogofilter, marks=pytest.mark.skipif(not shutil.which("bogofilter"), reason="no bogofilter"))]
)
def test_a_filter_tells_adverts_of_shops_it_never_saw(mails, judge):
    test = np.flatnonzero([path.name.startswith(("modem", "lampu")) for path in mails.paths])
    learn = np.setdiff1d(np.arange(len(mails.paths)), test)
    judged = judge(mails, learn, test)
    assert outcome(judged, mails.spam[test]).average_precision == 1
    assert (judged.review | ~judged.act).all()
    assert judged.learnt_a_second > 0
    assert judged.judged_a_second > 0


def test_an_answer_is_read_from_its_end():
    scores, kinds = read_answer("/tmp/a b/1.eml S 0.99\n/tmp/2.eml H 1.57699e-06\n/tmp/3.eml U 0.5\n")
    assert scores.tolist() == [0.99, 1.57699e-06, 0.5]
    assert kinds.tolist() == ["S", "H", "U"]


# Figures


def judged(scores, act, review):
    return Judged(np.array(scores), np.array(act, bool), np.array(review, bool), 10.0, 20.0)


def test_shares_are_of_ham_and_of_spam():
    found = outcome(judged([0.9, 0.8, 0.7, 0.1, 0.0], [1, 0, 0, 0, 0], [1, 1, 1, 0, 0]), np.array([1, 0, 1, 0, 0], bool))
    assert found == Outcome(pytest.approx(5 / 6), 0, 0.5, pytest.approx(1 / 3), 1)


def test_folds_together_keep_their_order_and_the_best_speeds():
    whole = together(
        [judged([0.1], [0], [1]), judged([0.9, 0.8], [1, 0], [1, 0])._replace(learnt_a_second=5.0, judged_a_second=30.0)]
    )
    assert whole.scores.tolist() == [0.1, 0.9, 0.8]
    assert whole.act.tolist() == [False, True, False]
    assert whole.review.tolist() == [True, True, False]
    assert whole[3:] == (10, 30)


def test_no_sender_is_learnt_from_and_judged_and_every_mail_is_judged_once(mails, capsys):
    seen = []

    def all_right(mails, learn, judge):
        assert not set(mails.groups[learn]) & set(mails.groups[judge])
        assert sorted([*learn, *judge]) == list(range(len(mails.paths)))
        seen.extend(judge.tolist())
        return judged(mails.spam[judge], mails.spam[judge], mails.spam[judge])

    assert report("perfect", all_right, mails)
    assert sorted(seen) == list(range(len(mails.paths)))
    assert capsys.readouterr().out.count("1.0000") == mail.FOLDS + 2

    def all_flagged(mails, learn, judge):
        return all_right(mails, learn, judge)._replace(act=np.ones(len(judge), bool))

    def blind(mails, learn, judge):
        return all_right(mails, learn, judge)._replace(scores=np.zeros(len(judge)))

    assert not report("eager", all_flagged, mails)
    assert not report("blind", blind, mails)
