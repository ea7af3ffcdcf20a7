"""What keeps strangers, other sites and messages themselves from doing anything."""

from __future__ import annotations

import json
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from moderation.errors import CannotCreateError, DataError, NoInputError, UsageError
from moderation.evaluation.mistakes import visible
from moderation.triage.page.app import make_app
from moderation.triage.page.gates import MOST_FAILURES, Failures, Link, Passwords, read_passwords, set_password
from moderation.triage.page.guard import host_name
from moderation.triage.page.serving import is_loopback, is_wildcard, serve
from moderation.triage.page.sessions import LASTS_SECONDS, Sessions
from moderation.triage.page.views import pieces
from tests.triage.helpers import Clock, add, verdict
from tests.triage.page.helpers import Client

POSTS = ["/messages/1", "/messages/1/renew", "/undo", "/settings", "/logout", "/login"]


def test_nothing_is_shown_to_strangers(queue, stranger):
    add(queue, verdict("rahasia", abusive=0.9))
    for path in ("/", "/queue", "/figures", "/messages/1"):
        answer = stranger.get(path)
        assert answer.url.path == "/login"
        assert "rahasia" not in answer.text
    assert stranger.send("GET", "/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/login"
    stranger.get("/login")
    answer = stranger.send("POST", "/messages/1", data={"csrf": stranger.token, "do": "clean"}, follow=False)
    assert answer.headers["location"] == "/login"
    assert queue.message(1).labels is None
    assert stranger.get("/openapi.json").status_code == 404


@pytest.mark.parametrize("path", POSTS)
def test_every_form_needs_the_token_of_its_visit(queue, enter, path):
    add(queue, verdict("anjing", abusive=0.9))
    rani, budi = enter("rani"), enter("budi")
    budi.get("/figures")
    for token in ("", "x", "é", budi.token):
        answer = rani.send("POST", path, data={"csrf": token, "do": "clean", "lang": "id", "name": "x", "secret": "open"})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert queue.message(1).labels is None
    assert rani.get("/").status_code == 200


def test_all_addresses_that_change_anything_are_among_those_tested(app):
    from moderation.triage.page.app import router

    paths = {route.path.replace("{item}", "1") for route in router.routes if "POST" in route.methods}
    assert paths == set(POSTS)


def test_headers_of_every_answer(queue, enter):
    rani = enter("rani")
    for path in ("/", "/login", "/figures", "/nowhere", "/static/page.js", "/static/page.css"):
        headers = rani.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "connect-src", "form-action")} == {"'self'"}
        assert {policy[name] for name in ("base-uri", "frame-ancestors")} == {"'none'"}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")


def test_only_our_own_names_are_answered_to(app, stranger):
    for host in ("evil.test", "triage.test.evil.test", "", "evil.test:80", "127.0.0.1", "[::1]"):
        assert stranger.send("GET", "/login", headers={"Host": host}).status_code == 400
    for host in ("triage.test", "triage.test:8300", "TRIAGE.test"):
        assert stranger.send("GET", "/login", headers={"Host": host}).status_code == 200
    assert [host_name(host) for host in ("[::1]:80", "[::1]", "a:1", "a")] == ["[::1]", "[::1]", "a", "a"]


def test_long_forms_are_refused_before_they_are_read(stranger):
    answer = stranger.send("POST", "/login", content=b"x" * 70_000)
    assert answer.status_code == 413

    async def endless():
        yield b"x"

    assert stranger.send("POST", "/login", content=endless()).status_code == 411


def test_cookies_are_for_nobody_else(app, queue, tiny_model):
    from tests.triage.page.helpers import Open

    for secure in (False, True):
        client = Client(make_app(queue, tiny_model, Open(), {"triage.test"}, secure=secure))
        answer = client.send("GET", "/login", follow=False)
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert ("Secure" in cookie) is secure


def test_signing_in_changes_the_visit_and_signing_out_ends_it(queue, stranger):
    before = stranger.cookies["visit"]
    stranger.post("/login", name="rani", secret="open")
    inside = stranger.cookies["visit"]
    assert inside != before
    stranger.post("/logout")
    stranger.cookies.set("visit", inside, domain="triage.test")
    assert stranger.get("/").url.path == "/login"


def test_settings_do_not_lead_elsewhere(enter):
    rani = enter("rani")
    for back in ("//evil.test", "https://evil.test", "/\\evil.test", "javascript:1", ""):
        answer = rani.send("POST", "/settings", data={"csrf": rani.token, "lang": "id", "back": back}, follow=False)
        assert answer.headers["location"] == "/"


def test_too_many_wrong_secrets_have_to_wait(queue, stranger, caplog):
    caplog.set_level(logging.DEBUG)
    for _ in range(MOST_FAILURES):
        assert stranger.post("/login", name="rani", secret="guess").status_code == 403
    answer = stranger.post("/login", name="rani", secret="open")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert "guess" not in caplog.text


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\u202eb", "a\nb"])
def test_names_that_are_none(stranger, name):
    assert stranger.post("/login", name=name, secret="open").status_code == 400


def test_failures_are_forgotten():
    clock = Clock()
    failures = Failures(lambda: clock.at / 1000)
    for _ in range(MOST_FAILURES):
        assert failures.attempt(["a", "b"]) == 0
        clock.passes(1000)
    assert failures.attempt(["a"]) == failures.attempt(["c", "b"]) == 56
    assert failures.attempt(["c"]) == 0
    clock.passes(55_500)
    assert failures.attempt(["a"]) == 0


def test_who_comes_in_has_not_failed():
    failures = Failures(lambda: 0.0)
    for _ in range(MOST_FAILURES - 1):
        failures.attempt(["a"])
    for _ in range(3):
        assert failures.attempt(["a", "b"]) == 0
        failures.forgive(["a", "b"])
    assert failures.attempt(["a"]) == 0
    assert failures.attempt(["a"]) == 61


def test_many_guesses_at_once_are_no_more_than_one_after_another():
    failures = Failures()
    together = threading.Barrier(20)

    def guess() -> bool:
        together.wait()
        return failures.attempt(["name rani"]) == 0

    with ThreadPoolExecutor(20) as pool:
        let_through = [future.result() for future in [pool.submit(guess) for _ in range(20)]]
    assert sum(let_through) == MOST_FAILURES


def test_a_link_works_once():
    said: list[str] = []
    link = Link(said.append)
    assert not link.admits("rani", "")
    assert not link.admits("rani", "é")
    assert link.admits("rani", said[0])
    assert not link.admits("budi", said[0])
    assert link.admits("budi", said[1])
    assert len(set(said)) == 3


def test_passwords(tmp_path):
    file = tmp_path / "passwords.json"
    with pytest.raises(NoInputError):
        Passwords(file)
    with pytest.raises(UsageError):
        set_password(file, "rani", "short")
    set_password(file, "rani", "correct horse")
    set_password(file, "budi", "battery staple")
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(value.startswith("$argon2id$") for value in read_passwords(file).values())
    gate = Passwords(file)
    assert gate.admits("rani", "correct horse")
    assert not gate.admits("rani", "battery staple")
    assert not gate.admits("sari", "correct horse")
    set_password(file, "rani", "another one, longer")
    assert not gate.admits("rani", "correct horse")
    assert gate.admits("rani", "another one, longer")
    with pytest.raises(CannotCreateError):
        set_password(tmp_path / "nowhere" / "x", "rani", "correct horse")
    for content in ("[]", "x", '{"rani": 1}', "{}"):
        file.write_text(content)
        with pytest.raises(DataError):
            Passwords(file)


def test_sessions_end():
    clock = Clock()
    sessions = Sessions(Link(lambda _: None).standing, lambda: clock.at / 1000)
    visit = sessions.sign_in("rani")
    assert sessions.get(visit).reviewer == "rani"
    clock.passes(LASTS_SECONDS * 1000)
    assert sessions.get(visit) is None
    assert not sessions.is_token("", sessions.token(""))


def test_a_new_password_ends_the_moderators_sessions_and_no_others(tmp_path):
    file = tmp_path / "passwords.json"
    for reviewer in ("rani", "budi"):
        set_password(file, reviewer, "correct horse")
    sessions = Sessions(Passwords(file).standing)
    rani, budi = sessions.sign_in("rani"), sessions.sign_in("budi")
    set_password(file, "rani", "battery staple")
    assert sessions.get(rani) is None
    assert sessions.get(budi).reviewer == "budi"
    assert sessions.get(sessions.sign_in("rani")).reviewer == "rani"
    file.unlink()
    assert sessions.get(budi) is None


def test_addresses_that_others_reach_need_passwords(queue, tiny_model):
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.test"):
        with pytest.raises(UsageError, match="--passwords"):
            serve(queue, tiny_model, print, host=host)
    assert [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "10.0.0.1")] == [True, True, True, False]
    assert [is_wildcard(host) for host in ("0.0.0.0", "::", "", "127.0.0.1", "a")] == [True, True, True, False, False]


class _Flat(HTMLParser):
    """A page as its tags and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        if "style" in names or tag == "style" or any(name.startswith("on") for name in names):
            self.inline.append(tag)
        if tag == "script" and "src" not in names:
            self.inline.append(tag)


ALLOWED = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "nav", "section", "article", "aside"),
    *("div", "p", "h1", "h2", "span", "a", "bdi", "b", "i", "small", "mark", "kbd", "dl", "dt", "dd", "ol", "ul", "li"),
    *("form", "input", "button", "label", "fieldset", "legend", "output", "details", "summary", "dialog", "svg", "rect", "path"),
}


def test_every_naughty_string_is_text(queue, enter, shared):
    rani = enter("rani")
    strings = json.loads((shared / "suites/blns/blns.json").read_text())
    assert len(strings) > 400
    add(queue, *(verdict(text, abusive=0.9, author=text, thread=text, channel=text, id=k) for k, text in enumerate(strings)))
    for item in range(1, len(strings) + 1):
        stored = queue.message(item).text
        page = rani.get(f"/messages/{item}").text
        assert rani.text == (visible(stored) or "This message has no text.")
        flat = _Flat(page)
        assert flat.inline == []
        assert flat.tags.count("script") == 2
        assert set(flat.tags) <= ALLOWED


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\r"), max_size=200))
@example("<script>alert(1)</script>")
@example("\u202e\x00\x1b[2J\ud800</p>")
def test_words_marked_are_the_text(tiny_model, text):
    from moderation.categories import CATEGORIES
    from moderation.classifier.explain import explain

    clean = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    cut = pieces(explain(tiny_model, clean), clean, CATEGORIES)
    assert (
        "".join(piece.text for piece in cut).replace("\r\n", "\n") == "".join(visible(piece) for piece in [clean])
        or "\r" in clean
    )


def test_templates_have_nothing_inline_and_escape_everything():
    from moderation.triage.page.rendering import environment

    made = environment()
    assert made.autoescape is True
    for name in made.list_templates():
        source = made.loader.get_source(made, name)[0]
        assert not re.search(r"\|\s*safe|Markup|autoescape false|\sstyle=|\son[a-z]+=|javascript:", source)
