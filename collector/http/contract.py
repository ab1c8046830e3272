"""What a source may ask of the web without a browser: protocols and the values that pass through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from collector.errors import SourceError
from collector.http.decoding import json_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to a `get`, whatever the status; redirects were followed."""

    url: str
    """Where it came from in the end."""
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; repeated headers joined by a comma."""
    body: bytes = b""
    """Unpacked; at most 16 MiB."""
    text: str = ""
    """The body as text, by byte order mark, header or `<meta>` as browsers decide; "" for pictures and other data."""

    def json(self) -> Any:
        """The body as JSON. ValueError when it is none, or is nested too deeply."""
        return json_of(self.body)


Throttled = Callable[[Answer], float | None]
"""Seconds that an answer asks everybody to wait before the host is asked again; None when it does not.
0 leaves the choice to the host, which doubles from 4 s to 300 s."""


@dataclass(frozen=True, slots=True)
class Request:
    """A page, or JSON, that a source asks for."""

    url: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    """Added to the URL's query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside the usual ones. A site that it is redirected to gets none of them but those that tell nothing of ours."""
    form: Mapping[str, str] | None = None
    """Makes it a POST."""
    json: Mapping[str, Any] | None = None
    """The same, as an object of JSON."""
    rate: float = 0.0
    """The most requests a second to the host; 0 for no limit."""
    throttled: Throttled | None = None
    """Says of an answer whether it asks to slow down; None: 429 and 503 do."""
    crawl: bool = False
    """Whether it is a page of a site that is not made for programs: its robots.txt is obeyed."""
    cut_at: int | None = None
    """Bytes after which a body is cut off, instead of refused when it is too big."""
    within: float = 90.0
    """Seconds for all tries together. The waits for the host's turns and pauses, and for its robots.txt, are beside."""


class Pages(Protocol):
    """Asks for pages and JSON over plain HTTP, on behalf of one search; cookies are kept for that search."""

    def get(self, request: Request) -> Answer:
        """The answer. Tries again by itself after network trouble and 5xx, and after answers that ask to slow down;
        the wait is shared by every search at that host. Any other answer is given back, 404 too; a 5xx that stays is
        not. SourceError: page.unreachable, page.rate_limited, policy.robots (BLOCKED), url.private_addr.
        """

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        """What `get` brings or raises for each request, in their order; at most `most` are under way at a time.

        Requests are taken lazily, up to twice `most` ahead of the answer that was handed over last. None among them
        says that there is none until the next answer has been looked at; with no answer to come it is the end.
        Close it, or use it up: nothing is under way afterwards.
        """

    def cookies(self, url: str) -> str:
        """The Cookie header that this search would send to a URL; "" for none."""


class Visit(Pages, Protocol):
    """Pages for one search, which its host closes."""

    def close(self) -> None:
        """Give connections and cookies back."""


OpenVisit = Callable[[Callable[[], float]], Visit]
"""Begins a visit; the argument says how many seconds the search has left, and raises when it is to stop."""
