"""What a simulated listener sees of a page: its kind, its forms, its sounds; no script runs there."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

from hits.judgment import Rate, Scale


class PageUnexpected(RuntimeError):
    """A page was not the one that comes next on a worker's way."""

    def __init__(self, url: str, found: str, expected: str) -> None:
        super().__init__(f"a simulated listener found {found} at {url}; expected {expected}")


@dataclass
class Form:
    """A form of a page: where it goes, and its hidden fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)

    def filled(self, **fields: str) -> Form:
        """The form with what a listener puts into it."""
        return Form(self.action, self.method, {**self.fields, **fields})


class Page(HTMLParser):
    """What a listener sees of a page: its kind, what it asks, its forms, its sounds, its frame."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url = response.url
        self.kind = ""
        self.reason = ""
        self.asks = ""
        self.forms: list[Form] = []
        self.sources: list[str] = []
        self.lengths_s: list[float] = []
        self.frame: str | None = None
        self.rate: Rate = "noisy-if-different"
        self.scale: Scale = "manikins"
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters on a worker's way."""
        at = {name: value or "" for name, value in attrs}
        if tag == "main":
            self.kind, self.reason = at.get("data-page", ""), at.get("data-reason", "")
            self.asks = at.get("data-asks", "")
        elif tag == "form":
            self.forms.append(Form(urljoin(self.url, at.get("action", "")), at.get("method", "get")))
        elif tag == "input" and self.forms:
            self._note_input(at)
        elif tag == "iframe":
            self.frame = urljoin(self.url, at.get("src", ""))
        elif "data-length-s" in at:
            self.sources.append(urljoin(self.url, at["data-src"]))
            self.lengths_s.append(float(at["data-length-s"]))

    def _note_input(self, at: dict[str, str]) -> None:
        if at.get("type") == "hidden":
            self.forms[-1].fields[at["name"]] = at.get("value", "")
        if at.get("type") == "range":
            self.scale = "slider"
        if at.get("name") == "first_activation_rating":
            self.rate = "both"

    def form(self, part_of_action: str) -> Form:
        """The first form whose action has that part.

        Raises:
            PageUnexpected: there is none.
        """
        for form in self.forms:
            if part_of_action in form.action:
                return form
        raise PageUnexpected(self.url, f"no form for {part_of_action!r} on a page {self.kind!r}", "that form")
