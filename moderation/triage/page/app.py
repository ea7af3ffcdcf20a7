"""The page: what each address answers.

Every form carries the token of its visit, which `checked` compares; what a form does ends in a redirect, so that going back
or reloading does nothing twice. Nobody's texts are in an address, an error or a log.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from moderation.categories import CATEGORIES
from moderation.classifier.model import Model
from moderation.errors import ModerationError, NoInputError, OutputError, UsageError
from moderation.triage.cases import Stage
from moderation.triage.errors import ConflictError
from moderation.triage.estimates import estimates
from moderation.triage.figures import figures
from moderation.triage.page import audit
from moderation.triage.page.gates import Failures, Gate
from moderation.triage.page.guard import Guard
from moderation.triage.page.languages import LANGUAGES, language
from moderation.triage.page.rendering import environment
from moderation.triage.page.sessions import COOKIE, LASTS_SECONDS, Session, Sessions
from moderation.triage.page.views import is_grave, snippet, view
from moderation.triage.queue import MAX_NAME, MAX_NOTE, Queue, is_name

LISTED = 50
THEMES = ("auto", "light", "dark")
REASONS = ("language", "context", "involved")
"""Why a message is skipped, one key each; anything else is written as a note."""

_STATIC = Path(__file__).with_name("static")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Desk:
    """What all pages share.

    Attributes:
        queue: The queue.
        model: Explains messages.
        gate: Who may come in.
        sessions: Who is in.
        failures: Who was not let in.
        lang: The language of whoever has not chosen one.
        secure: Whether cookies travel over HTTPS only.
    """

    queue: Queue
    model: Model
    gate: Gate
    sessions: Sessions
    failures: Failures
    lang: str
    secure: bool

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
        """A template with what every page needs."""
        visit = request.cookies.get(COOKIE, "")
        session = self.sessions.get(visit)
        code = request.cookies.get("lang", "")
        theme = request.cookies.get("theme", "")
        shared = {
            "t": language(code if code in LANGUAGES else self.lang),
            "theme": theme if theme in THEMES else THEMES[0],
            "visitor": session,
            "notices": session.take_notices() if session else (),
            "csrf": self.sessions.token(visit),
            "policy": self.queue.policy,
            "path": request.url.path,
            "now": self.queue.now(),
        }
        return HTMLResponse(environment().get_template(template).render(shared | values), status)

    def keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        """Set a cookie that no script and no other site can use."""
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=self.secure)


class _SignedOutError(Exception):
    pass


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


def _signed_in(request: Request, desk: AtDesk) -> Session:
    session = desk.sessions.get(request.cookies.get(COOKIE, ""))
    if session is None:
        raise _SignedOutError
    return session


def _checked(request: Request, desk: AtDesk, csrf: Annotated[str, Form(max_length=100)] = "") -> None:
    if not desk.sessions.is_token(request.cookies.get(COOKIE, ""), csrf):
        raise HTTPException(403, "token")


Visitor = Annotated[Session, Depends(_signed_in)]
checked = [Depends(_checked)]
router = APIRouter(default_response_class=HTMLResponse)


@router.get("/login")
def login(request: Request, desk: AtDesk, link: str = "") -> Response:
    """The way in. A link is used up by sending the form, not by looking at it, which mail programs and previews do."""
    if COOKIE not in request.cookies:
        visit = desk.sessions.new_visit()
        response: Response = RedirectResponse(f"/login?{urlencode({'link': link})}" if link else "/login", 303)
        desk.keep(response, COOKIE, visit, LASTS_SECONDS)
        return response
    return desk.page(request, "login.html", asks=desk.gate.asks, link=link, error=None, longest=MAX_NAME)


@router.post("/login", dependencies=checked)
def enter(
    request: Request,
    desk: AtDesk,
    name: Annotated[str, Form(max_length=1_000)] = "",
    secret: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Begin a session."""
    address = request.client.host if request.client else ""
    reviewer = name.strip()
    keys = (f"address {address}", f"name {reviewer}")
    form = {"asks": desk.gate.asks, "link": secret if desk.gate.asks == "link" else "", "longest": MAX_NAME}
    if not is_name(reviewer):
        return desk.page(request, "login.html", 400, error=("login.name_refused", {"most": MAX_NAME}), **form)
    wait = desk.failures.attempt(keys)
    if wait:
        response: Response = desk.page(request, "login.html", 429, error=("login.wait", {"seconds": wait}), **form)
        response.headers["Retry-After"] = str(wait)
        return response
    if not desk.gate.admits(reviewer, secret):
        audit.refused(desk.queue, address)
        return desk.page(request, "login.html", 403, error=(f"login.{desk.gate.asks}_refused", {}), **form)
    desk.failures.forgive(keys)
    audit.signed_in(desk.queue, reviewer, address)
    response = _see_other("/")
    desk.keep(response, COOKIE, desk.sessions.sign_in(reviewer), LASTS_SECONDS)
    return response


@router.post("/logout", dependencies=checked)
def leave(request: Request, desk: AtDesk) -> Response:
    """End a session."""
    desk.sessions.sign_out(request.cookies.get(COOKIE, ""))
    response = _see_other("/login")
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=desk.secure)
    return response


@router.post("/settings", dependencies=checked)
def settings(
    desk: AtDesk,
    lang: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form(max_length=200)] = "/",
) -> Response:
    """Choose language and colours."""
    response = _see_other(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
    if lang in LANGUAGES:
        desk.keep(response, "lang", lang, _YEAR)
    if theme in THEMES:
        desk.keep(response, "theme", theme, _YEAR)
    return response


@router.get("/")
def work(request: Request, desk: AtDesk, visitor: Visitor) -> Response:
    """The most urgent message, reserved for the moderator."""
    message = desk.queue.next(visitor.reviewer)
    if message is None:
        return desk.page(request, "empty.html", waiting=any(True for _ in desk.queue.ranked(limit=1)))
    return _item(request, desk, visitor, message.id)


@router.get("/messages/{item}")
def one(request: Request, desk: AtDesk, visitor: Visitor, item: int) -> Response:
    """A certain message."""
    return _item(request, desk, visitor, item)


def _item(request: Request, desk: Desk, visitor: Session, item: int) -> Response:
    message = desk.queue.message(item)
    found = view(desk.queue, desk.model, message, visitor.reviewer)
    audit.seen(desk.queue, visitor.reviewer, item, found.others)
    renew = round(desk.queue.rules.lease_minutes * 60 / 4)
    return desk.page(request, "item.html", view=found, message=message, reasons=REASONS, renew=renew, longest=MAX_NOTE)


@router.post("/messages/{item}", dependencies=checked)
def act(
    desk: AtDesk,
    visitor: Visitor,
    item: int,
    do: Annotated[str, Form()] = "",
    labels: Annotated[list[str] | None, Form()] = None,
    note: Annotated[str, Form(max_length=10 * MAX_NOTE)] = "",
) -> Response:
    """Do what a button says. A reason to skip is in its name, ``skip-REASON``, or else, ``skip``, in the note."""
    queue, name, here = desk.queue, visitor.reviewer, f"/messages/{item}"
    verb, _, reason = do.partition("-")
    if verb == "decide" and not labels:
        visitor.notify("notice.nothing_chosen")
        return _see_other(here)
    if do == "skip" and not note.strip():
        visitor.notify("notice.no_reason")
        return _see_other(here)
    try:
        match verb:
            case "decide":
                queue.decide(item, name, labels or (), note)
            case "clean":
                queue.decide(item, name, (), note)
            case "skip" if not reason or reason in REASONS:
                queue.skip(item, name, reason or note)
            case "escalate":
                queue.escalate(item, name, note)
            case "appeal":
                queue.appeal(item, name, note)
            case "take":
                queue.take(item, name)
                return _see_other(here)
            case _:
                raise UsageError("no such button")
    except ConflictError:
        visitor.notify(*_conflict(queue, item, name))
        return _see_other("/")
    chosen = [category for category in CATEGORIES if category in (labels or ())] if verb == "decide" else []
    visitor.notify(f"notice.{verb}", undo=True, item=item, labels=chosen)
    return _see_other("/")


@router.post("/messages/{item}/renew", dependencies=checked)
def renew(desk: AtDesk, visitor: Visitor, item: int) -> Response:
    """Keep a message for longer, since somebody works on it."""
    try:
        desk.queue.take(item, visitor.reviewer)
    except ConflictError:
        visitor.notify(*_conflict(desk.queue, item, visitor.reviewer))
        return Response(status_code=409)
    return Response(status_code=204)


@router.post("/undo", dependencies=checked)
def undo(desk: AtDesk, visitor: Visitor) -> Response:
    """Take the last action back, and return to its message."""
    try:
        item = desk.queue.undo(visitor.reviewer)
    except ConflictError:
        visitor.notify("notice.cannot_undo")
        return _see_other("/")
    visitor.notify("notice.undone", item=item)
    return _see_other(f"/messages/{item}")


@router.get("/queue")
def listing(request: Request, desk: AtDesk, visitor: Visitor, category: str = "") -> Response:
    """The top of the queue."""
    messages = list(desk.queue.ranked(category or None, limit=LISTED))
    audit.seen(desk.queue, visitor.reviewer, None, [message.id for message in messages])
    rows = [(message, snippet(message.text), is_grave(message, desk.queue.policy)) for message in messages]
    return desk.page(request, "queue.html", rows=rows, category=category)


@router.get("/figures")
def show_figures(request: Request, desk: AtDesk, visitor: Visitor) -> Response:
    """How the queue, the moderators and the model are doing."""
    return desk.page(request, "figures.html", figures=figures(desk.queue), estimates=estimates(desk.queue))


def _see_other(path: str) -> Response:
    return RedirectResponse(path, 303)


def _conflict(queue: Queue, item: int, reviewer: str) -> tuple[str]:
    """Why a message cannot be acted on, without saying what others decided."""
    message = queue.message(item)
    if message.stage is Stage.done:
        return ("notice.already_decided",)
    return ("notice.with_somebody",) if message.holder not in (None, reviewer) else ("notice.needs_another",)


def _on_signed_out(request: Request, _: Exception) -> Response:
    # htmx would put the login form in the place of a message.
    return Response(headers={"HX-Redirect": "/login"}) if "HX-Request" in request.headers else _see_other("/login")


def _on_error(request: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NoInputError) else 503 if isinstance(error, OutputError) else 400
    if isinstance(error, HTTPException):
        status = error.status_code
    key = {403: "error.token", 404: "error.not_found", 503: "error.store"}.get(status, "error.request")
    return _desk(request).page(request, "error.html", status, error=key)


def make_app(
    queue: Queue, model: Model, gate: Gate, names: Collection[str], *, lang: str = "id", secure: bool = False
) -> FastAPI:
    """The page of a queue.

    Args:
        queue: Whose messages.
        model: Explains them.
        gate: Who may come in.
        names: Names and addresses that the server answers to.
        lang: ``id`` or ``en``, until somebody chooses.
        secure: Whether it is reached over HTTPS.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.desk = Desk(queue, model, gate, Sessions(gate.standing), Failures(), lang, secure)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC))
    app.add_middleware(Guard, names=names)
    app.add_exception_handler(_SignedOutError, _on_signed_out)
    app.add_exception_handler(ModerationError, _on_error)
    app.add_exception_handler(HTTPException, _on_error)
    app.add_exception_handler(RequestValidationError, _on_error)
    return app
