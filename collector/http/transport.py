"""The seam to HTTP for pictures: one Ask goes in, one Reply or FetchError comes out. Values only; no I/O here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

RETRY_AFTER_CAP = 21_600.0
"""Six hours, urllib3's own cap: a longer wish is a mistake or malice."""
DETAIL_LENGTH = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET, redirects included."""

    url: str
    referer: str = ""
    """As the first host is to see it; trimmed on the way as browsers do. "" sends none."""
    accept: str = "image/avif,image/webp,image/*,*/*;q=0.8"
    seconds: float = 60.0
    """Everything from name resolution to the last byte."""
    cookies: str = ""
    """A Cookie header for the URL's own origin; gone after the first redirect that leaves it."""
    limit: int = 0
    """Most bytes of the body, on the wire and unpacked; 0 is `fetch.max_bytes`."""
    agent: str | None = None
    """Another User-Agent than that of `fetch.user_agent`; "" sends none."""
    robots: bool = False
    """This is an origin's robots.txt: asked for once for all who wait for it, and cut off at `limit`, not refused."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. The body is there for a status of `WITH_BODY` only; other answers are told by their status."""

    status: int
    url: str
    """Where the answer came from, after redirects."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; repeated headers joined by a comma, some by a line break (see `joint`)."""
    body: bytes = b""
    """Unpacked, when the server packed it without being asked."""
    hops: int = 0
    """Redirects followed."""
    referer: str = ""
    """What the answering host was told."""
    seconds: float = 0.0


class FetchError(Exception):
    """No usable answer. `reason` is a slug of `collector.reasons`; `retry_after` is in seconds."""

    def __init__(self, reason: str, detail: str = "", status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = one_line(detail)
        self.status = status
        self.retry_after = retry_after


Download = Callable[[Ask], Reply]
"""Carries one Ask within `ask.seconds`. Raises FetchError and nothing else that a server can cause."""


def joint(name: str) -> str:
    """What stands between the values of a header that came more than once.

    In X-Robots-Tag a comma would put the second line under the first one's user agent; Set-Cookie has commas in dates.
    """
    return "\n" if name in ("x-robots-tag", "set-cookie") else ", "


def one_line(text: str) -> str:
    """Text from outside, fit for a terminal and a log: no control characters, at most 200 characters."""
    line = _CONTROLS.sub(" ", text).strip()
    return line if len(line) <= DETAIL_LENGTH else line[: DETAIL_LENGTH - 3] + "..."


def shown(url: str) -> str:
    """Scheme, host and path of a URL for messages: its query may hold a token, a data: URL is all payload."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "(not a URL)"
    if parts.scheme == "data":
        return f"data: URL of {len(url):,} characters"
    return one_line(f"{parts.scheme}://{host}{parts.path[:80]}")


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), capped; None without a usable one."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), RETRY_AFTER_CAP)
    from email.utils import parsedate_to_datetime  # Slow to import, and seldom needed.

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), RETRY_AFTER_CAP)
