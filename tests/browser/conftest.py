"""A page that is really served, and a real browser that looks at it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from moderation.classifier.model import Model
from moderation.triage.page.app import make_app
from moderation.triage.queue import Queue, open_queue
from tests.triage.helpers import RULES, Clock, add, verdict, word
from tests.triage.page.helpers import Open

CHROMIUM = Path("/usr/bin/chromium")
MESSAGES = 30


@pytest.fixture(scope="module")  # Playwright's event loop must not run on into other tests
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture
def queue(tmp_path) -> Iterator[Queue]:
    """Thirty messages, the first two of them grave."""
    with open_queue(f"sqlite:///{tmp_path}/queue.db", create=True, rules=RULES, now=Clock()) as opened:
        add(opened, *(verdict(f"gue bakar rumah lu {word(k)}", threatening=0.99, action="escalate") for k in range(2)))
        rest = range(MESSAGES - 2)
        add(opened, *(verdict(f"anjing {word(k)}", abusive=0.9, author=f"cust-{k % 4}", thread=f"t-{k % 5}") for k in rest))
        yield opened


@pytest.fixture
def serving() -> Iterator[Callable[[Queue, Model], str]]:
    """Serves a queue in a thread of its own; gives the address."""
    running: list[tuple[uvicorn.Server, threading.Thread, socket.socket]] = []

    def start(queue: Queue, model: Model) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        app = make_app(queue, model, Open(), {"127.0.0.1"}, lang="en")
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        running.append((server, thread, listener))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread, listener in running:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def site(serving, queue, tiny_model) -> str:
    return serving(queue, tiny_model)


@pytest.fixture
def complaints() -> list[str]:
    """What browsers had to complain about; a test that leaves something in it has failed."""
    return []


@pytest.fixture
def enter(browser, complaints) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own for a moderator, signed in."""
    contexts = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def sign_in(site: str, name: str = "rani", *, width: int = 1280, height: int = 860, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site}/login?link=open")
        page.fill("#name", name)
        page.keyboard.press("Enter")
        page.wait_for_selector("#decide, .alone:not(:has(form))")
        page.wait_for_load_state()  # before, nothing listens to keys yet
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []
