"""robots.txt (RFC 9309): the request for it, what it says to us, and one memory of it for pictures and pages.

Asks for nothing itself; whoever fetches a file hands the answer in.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from protego import Protego

from collector.http.limits import doubling
from collector.http.transport import Ask, FetchError, Reply, one_line, retry_after
from collector.reasons import Fate, fate, http_reason

TOKEN = "collector"
"""The product token that a site names to speak to us."""
MOST_BYTES = 512_000
"""What is read of a file; the RFC (2.5) asks for at least 500 KiB."""
SECONDS = 10.0
"""Longest wait for a file, all tries and redirects included."""
LONGEST_DELAY = 10.0
"""Seconds of Crawl-delay that are obeyed; more is taken for a mistake."""
KEEP = 86_400.0
"""Seconds for which rules hold (2.4: not more than a day)."""
FIRST_TROUBLE, LONGEST_TROUBLE = 1.0, 600.0
"""Seconds after which a file that could not be had is asked for again: doubling from the first to the second."""
SLOW_TROUBLE = 30.0
"""The first of them for a file that did not come in time: meanwhile nobody waits for it once more."""
TEXT = 2_097_152
"""Characters of rules remembered; beyond, the memory starts anew. Origins that forbid nothing cost nearly nothing."""
ORIGINS = 20_000

_PATH = "/robots.txt"
_SAYS_SOMETHING = re.compile(r"(?:^|[\r\n])[ \t]*(?:di[a-z]+|crawl-?delay)[ \t]*:[ \t]*[^\s#]", re.IGNORECASE)
"""A Disallow line with a value, in the spellings that Protego bears with, or a delay. Lines may end in CR alone."""
_NO_FILE = frozenset(
    ("net.redirect_loop", "net.redirect_blocked", "policy.blocked_host", "http.bad_framing", "body.too_big")
)
"""Troubles that say "there is no such file" (2.3.1.2), not "the server is in trouble"."""
_SLOW = frozenset(("net.deadline", "net.too_slow", "net.read_timeout"))
_LINES_TOLD = 1000


def robots_ask(origin: str, seconds: float) -> Ask:
    """The request for an origin's robots.txt on behalf of pictures, within so many seconds and never over `SECONDS`."""
    seconds = max(0.01, min(seconds, SECONDS))
    return Ask(origin + _PATH, accept="text/plain,*/*;q=0.8", seconds=seconds, limit=MOST_BYTES, robots=True)


@dataclass(frozen=True)
class Rules:
    """The rules of one origin."""

    host: str
    text: str = ""

    def forbids(self, url: str) -> str:
        """Why the URL must not be asked, with the rule, in one line; "" when it may."""
        if not self.text:
            return ""
        try:
            if self._parsed.can_fetch(url, TOKEN):
                return ""
            return one_line(f"{self.host} robots.txt: {self._rule(url)}")
        except ValueError:  # No URL that could be asked for; the transport will say so.
            return ""

    @property
    def delay(self) -> float:
        """Seconds between two requests; 0 for no wish."""
        return min(LONGEST_DELAY, self._parsed.crawl_delay(TOKEN) or 0.0) if self.text else 0.0

    @cached_property
    def _parsed(self) -> Protego:
        return Protego.parse(self.text)

    def _rule(self, url: str) -> str:
        """The line that forbids: the longest of those for us that fits. Of a large file it is not told."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return next((f"Disallow: {value}" for value in self._disallowed if _fits(value, path)), "forbidden")

    @cached_property
    def _disallowed(self) -> tuple[str, ...]:
        """The values of the Disallow lines that are for us, the longest first; none of a large file.

        Found by reading the file once with another path in each of its rules, and asking for each path.
        """
        lines = self.text.splitlines()
        if len(lines) > _LINES_TOLD:
            return ()
        values: dict[str, str] = {}
        for number, line in enumerate(lines):
            name, _, value = (text.strip() for text in line.partition("#")[0].partition(":"))
            if value and name.lower().startswith(("disallow", "allow")):
                lines[number] = f"Disallow: /{number}/"
                if name[0] in "dD":
                    values[f"/{number}/"] = value
        ours = Protego.parse("\n".join(lines))
        told = (value for path, value in values.items() if not ours.can_fetch(f"http://{self.host}{path}", TOKEN))
        return tuple(sorted(told, key=len, reverse=True))


def _fits(pattern: str, path: str) -> bool:
    """Whether a path begins as a pattern says (RFC 9309, 2.2.3): `*` is anything, `$` at the end is the end."""
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for part in others:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not pattern.endswith("$") or at == len(path) or (bool(others) and path.endswith(others[-1]))


class Robots:
    """The rules of every origin, asked for once; a memory for one process. Times are those of `clock`. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Rules | FetchError, float]] = {}
        self._troubles: dict[str, int] = {}
        """How often in a row an origin's file could not be had."""
        self._size = 0
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def known(self, origin: str) -> Rules | FetchError | None:
        """The rules of `scheme://host:port`, the trouble there was a moment ago, or None: to be asked for."""
        entry = self._known.get(origin)
        return None if entry is None or self._clock() >= entry[1] else entry[0]

    def learn(self, origin: str, answer: Reply | FetchError) -> Rules | FetchError:
        """What came of asking for its robots.txt, and what that means. Trouble forbids everything until it is over."""
        rules = _rules(urlsplit(origin).netloc, answer)
        size = len(rules.text) if isinstance(rules, Rules) else 0
        with self._lock:
            if self._size + size > TEXT or len(self._known) >= ORIGINS:
                self._known.clear()
                self._troubles.clear()
                self._size = 0
            self._size += size
            keep = KEEP
            if isinstance(rules, Rules):
                self._troubles.pop(origin, None)
            else:
                before = self._troubles.get(origin, 0)
                self._troubles[origin] = before + 1
                keep = doubling(SLOW_TROUBLE if rules.reason in _SLOW else FIRST_TROUBLE, before, LONGEST_TROUBLE)
            self._known[origin] = rules, self._clock() + keep
        return rules

    def rules(self, origin: str, get: Callable[[str], Reply]) -> Rules | FetchError:
        """What is known, or comes of asking: `get(URL of robots.txt)` is called by one thread, others wait for it.

        FetchError(url.*) is raised: there is no such place to ask.
        """
        with self._lock:
            turn = self._turns[origin]
        with turn:
            if (known := self.known(origin)) is not None:
                return known
            try:
                answer: Reply | FetchError = get(origin + _PATH)
            except FetchError as error:
                if error.reason.startswith("url."):
                    raise
                answer = error
            return self.learn(origin, answer)


def _rules(host: str, answer: Reply | FetchError) -> Rules | FetchError:
    """An answer is rules, 4xx is no rules, and a server in trouble forbids everything for now (2.3.1).

    Trouble that passes (5xx, 429, the network) is a picture's trouble too: it is tried again later like any other,
    as often as `fetch.attempts` allows, and robots.txt is asked for again each time.
    """
    if isinstance(answer, FetchError):
        if answer.reason in _NO_FILE:
            return Rules(host)
        return FetchError(answer.reason, f"robots.txt: {answer.detail}", answer.status, answer.retry_after)
    status, reason = answer.status, http_reason(answer.status)
    if status == 429 or status >= 500:
        passes = fate(reason) is Fate.RETRY
        wait = retry_after(answer.headers.get("retry-after")) if passes else None
        return FetchError(reason if passes else "policy.robots", f"robots.txt: HTTP {status}", status, wait)
    if not 200 <= status < 300:
        return Rules(host)
    text = answer.body[:MOST_BYTES].decode("utf-8-sig", "replace")
    return Rules(host, text) if _SAYS_SOMETHING.search(text) else Rules(host)
