"""A gate with a known secret, and a client that fills in forms as a browser does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser

BASE = "http://triage.test"


class Open:
    """Lets in whoever says ``open``."""

    asks = "link"

    def admits(self, reviewer: str, secret: str) -> bool:
        return secret == "open"

    def standing(self, reviewer: str) -> str:
        return ""


@dataclass
class Client:
    """A browser without a screen; keeps its cookies and the page it is on."""

    app: FastAPI
    page: str = ""
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def send(self, method: str, path: str, *, follow: bool = True, **given: object) -> httpx.Response:
        async def answer() -> httpx.Response:
            given_to_all = {"base_url": BASE, "cookies": self.cookies, "follow_redirects": follow, "verify": False}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), **given_to_all) as client:
                found = await client.request(method, path, **given)
                self.cookies = client.cookies
                return found

        answered = asyncio.run(answer())
        if answered.headers.get("content-type", "").startswith("text/html"):
            self.page = answered.text
        return answered

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, **fields: object) -> httpx.Response:
        """Send a form with the token of the page it is on."""
        return self.send("POST", path, data={"csrf": self.token, **fields})

    def act(self, do: str, item: int | None = None, **fields: object) -> httpx.Response:
        """Press a button under the message."""
        return self.post(f"/messages/{item or self.item}", do=do, **fields)

    @property
    def tree(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.page)

    @property
    def token(self) -> str:
        return self.tree.css_first("input[name=csrf]").attributes["value"]

    @property
    def item(self) -> int:
        return int(self.tree.css_first("#work").attributes["data-item"])

    @property
    def text(self) -> str:
        return self.tree.css_first("#text").text()

    @property
    def notices(self) -> list[str]:
        return [found.text().strip() for found in self.tree.css(".notice p")]
