"""What a site's robots.txt says to us (RFC 9309). Asks for nothing itself; whoever fetches the file hands it in."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from urllib.parse import urlsplit

from protego import Protego

TOKEN = "collector"
"""The product token that a site names to speak to us."""
MOST_BYTES = 512_000
"""What is read of a file; the RFC (2.5) asks for at least 500 KiB."""
LONGEST_DELAY = 10.0
"""Seconds of Crawl-delay that are obeyed; more is taken for a mistake."""
ASK_AGAIN = 600.0
"""Seconds after which a file that could not be had is asked for again."""
_LINES_TOLD = 1000


@dataclass(frozen=True)
class Rules:
    """The rules of one origin."""

    host: str
    text: str = ""
    missing: str = ""
    """Why the file could not be had, in a few words; then everything is forbidden (2.3.1.4)."""

    @classmethod
    def answered(cls, host: str, status: int, body: bytes) -> Self:
        """From the answer to GET /robots.txt: rules, none at all for 4xx (2.3.1.3), everything forbidden otherwise."""
        if 200 <= status < 300:
            return cls(host, body[:MOST_BYTES].decode("utf-8-sig", "replace"))
        return cls(host) if 400 <= status < 500 else cls(host, missing=f"HTTP {status}")

    def forbids(self, url: str) -> str:
        """Why the URL must not be asked, with the rule, in one line; "" when it may."""
        if self.missing:
            return f"{self.host} robots.txt: could not be had ({self.missing}), so nothing may be asked for now"
        if self._parsed.can_fetch(url, TOKEN):
            return ""
        return f"{self.host} robots.txt: {self._rule(url)}"

    @property
    def delay(self) -> float:
        """Seconds between two requests; 0 for no wish."""
        return min(LONGEST_DELAY, self._parsed.crawl_delay(TOKEN) or 0.0)

    @cached_property
    def _parsed(self) -> Protego:
        return Protego.parse(self.text)

    def _rule(self, url: str) -> str:
        """The line that forbids: the longest one that does so when it is the only Disallow in the file.

        Each candidate costs a reading of the file: of a large one the rule is not told.
        """
        lines = self.text.splitlines()
        if len(lines) > _LINES_TOLD:
            return "forbidden"
        disallows = {number for number, line in enumerate(lines) if line.strip().lower().startswith("disallow")}
        plain = [line if number not in disallows else "Disallow:" for number, line in enumerate(lines)]
        path = urlsplit(url).path or "/"
        for number in sorted(disallows, key=lambda at: len(lines[at]), reverse=True):
            value = lines[number].partition("#")[0].partition(":")[2].strip()
            if "*" in value or "$" in value or "%" in value or (path + "?" + urlsplit(url).query).startswith(value):
                alone = "\n".join([*plain[:number], lines[number], *plain[number + 1 :]])
                if not Protego.parse(alone).can_fetch(url, TOKEN):
                    return f"Disallow: {value}"
        return "forbidden"


class RobotsBook:
    """The rules of every origin, asked for once a run. Thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Rules, float]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def rules(self, origin: str, ask: Callable[[str], Rules]) -> Rules:
        """The rules of `scheme://host:port`; `ask(url of robots.txt)` gets those not known yet."""
        with self._lock:
            lock = self._locks[origin]
        with lock:
            rules, until = self._known.get(origin, (None, 0.0))
            if rules is None or self._clock() >= until:
                rules = ask(f"{origin}/robots.txt")
                self._known[origin] = rules, self._clock() + ASK_AGAIN if rules.missing else float("inf")
            return rules
