"""A page over a queue of made-up messages, on both databases, and moderators who use it without a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from moderation.triage.page.app import make_app
from tests.triage.page.helpers import Client, Open


@pytest.fixture
def app(queue, tiny_model):
    return make_app(queue, tiny_model, Open(), {"triage.test"}, lang="en")


@pytest.fixture
def stranger(app) -> Client:
    """Somebody who is not signed in, on the page that asks."""
    client = Client(app)
    client.get("/login?link=open")
    return client


@pytest.fixture
def enter(app) -> Callable[[str], Client]:
    """Signs a moderator in."""

    def sign_in(name: str) -> Client:
        client = Client(app)
        client.get("/login?link=open")
        assert client.post("/login", name=name, secret="open").status_code == 200
        assert client.tree.css_first(".reviewer").text() == name
        return client

    return sign_in
