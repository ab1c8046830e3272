"""What servers and pictures say about being collected: opt-out headers and marks, robots.txt per origin.

Pure but for its memory of robots.txt. It reads what was said; whether it is obeyed is the settings' business.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from collector.http.robots import MOST_BYTES, TOKEN, Rules
from collector.http.transport import Ask, FetchError, Reply, one_line, retry_after
from collector.reasons import Fate, fate, http_reason

OPT_OUTS = frozenset(("noai", "noimageai", "noml", "noindex", "noimageindex", "none"))
"""Directives of X-Robots-Tag that keep a picture out: img2dataset's four, `none` (noindex and nofollow, by Google's
definition) and `noml`, which several art sites send beside `noai`."""
_WITH_VALUE = frozenset(("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"))
"""Directives that have a colon of their own (Google's robots meta tag specification)."""

ROBOTS_SECONDS = 10.0
"""Longest wait for a robots.txt."""
KEEP = 86_400.0
"""Seconds for which rules hold (RFC 9309, 2.4: not more than a day)."""
KEEP_TROUBLE = 1.0
"""Seconds for which a robots.txt that could not be had is not asked for again: those who waited share the news, and
the next try of a picture, which comes after a back-off, asks anew."""
TEXT = 2_097_152
"""Bytes of rules remembered; beyond, the memory starts anew. Origins that forbid nothing cost nearly nothing."""
ORIGINS = 20_000

_PATH = "/robots.txt"
_FORBIDS = re.compile(r"^[ \t]*di[a-z]+[ \t]*:[ \t]*[^\s#]", re.IGNORECASE | re.MULTILINE)
"""A Disallow line with a value, in the spellings that Protego bears with."""
_UNUSABLE = frozenset(
    ("net.redirect_loop", "net.redirect_blocked", "policy.blocked_host", "http.bad_framing", "body.too_big")
)
"""Troubles that say "there is no such file" (RFC 9309, 2.3.1.2), not "the server is in trouble"."""


def opt_out(headers: Mapping[str, str]) -> str:
    """The header by which a server keeps its answer out, as `Name: value`; "" when it does not."""
    if "x-robots-tag" in headers:
        for line in headers["x-robots-tag"].split("\n"):
            if _keeps_out(line):
                return one_line(f"X-Robots-Tag: {line}")
    # W3C TDM Reservation Protocol, 5.1: "1" reserves the rights of text and data mining.
    if "tdm-reservation" in headers:
        value = headers["tdm-reservation"]
        if "1" in (part.strip() for part in value.split(",")):
            return one_line(f"TDM-Reservation: {value}")
    return ""


def _keeps_out(line: str) -> bool:
    """One X-Robots-Tag: directives, each for the user agent named last before it, for all when none was."""
    for_us = True
    for part in line.lower().split(","):
        name, colon, rest = (text.strip() for text in part.partition(":"))
        if colon and name not in _WITH_VALUE:
            for_us = name in (TOKEN, "*")
            name = rest
        if for_us and name in OPT_OUTS:
            return True
    return False


def prohibited(rights: Iterable[tuple[str, str]]) -> str:
    """The mark inside a picture that prohibits mining it (see `rights`); "" when there is none.

    PLUS' data mining vocabulary begins every prohibition with DMI-PROHIBITED; some leave exceptions or conditions
    that no program can judge, so each of them counts.
    """
    for name, text in rights:
        if name == "data_mining" and ("DMI-PROHIBITED" in text or text.strip() == "1"):
            return one_line(f"data mining mark: {text}")
    return ""


class Robots:
    """The rules of origins that pictures lie at; a memory for one process. Thread-safe.

    Who finds nothing known of an origin asks for its robots.txt and says what came; that only one asks at a time is
    seen to by those who carry the requests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Rules | FetchError, float]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def known(self, origin: str) -> Rules | FetchError | None:
        """Its rules, the trouble there was a moment ago, or None: to be asked for."""
        entry = self._known.get(origin)
        return None if entry is None or self._clock() >= entry[1] else entry[0]

    def learn(self, origin: str, answer: Reply | FetchError) -> None:
        """What came of asking for its robots.txt."""
        rules = _rules(urlsplit(origin).netloc, answer)
        size = len(rules.text) if isinstance(rules, Rules) else 0
        keep = KEEP if isinstance(rules, Rules) and not rules.missing else KEEP_TROUBLE
        with self._lock:
            if self._size + size > TEXT or len(self._known) >= ORIGINS:
                self._known.clear()
                self._size = 0
            self._size += size
            self._known[origin] = rules, self._clock() + keep


def asked_of(url: str) -> str:
    """The origin whose robots.txt lies at a URL."""
    return url.removesuffix(_PATH)


def robots_ask(origin: str, seconds: float) -> Ask:
    """The request for an origin's robots.txt."""
    seconds = max(0.01, min(seconds, ROBOTS_SECONDS))
    return Ask(origin + _PATH, accept="text/plain,*/*;q=0.8", seconds=seconds, limit=MOST_BYTES, robots=True)


def forbidden(rules: Rules, url: str) -> str:
    """The rule that forbids a URL, in one line; "" when it may be asked for."""
    if not rules.text and not rules.missing:
        return ""
    try:
        return one_line(rules.forbids(url))
    except ValueError:  # No URL that could be asked for; the transport will say so.
        return ""


def _rules(host: str, answer: Reply | FetchError) -> Rules | FetchError:
    """RFC 9309, 2.3.1: an answer is rules, 4xx is no rules, and a server in trouble forbids everything for now.

    Trouble that passes (5xx, 429, the network) is the picture's trouble too: it is tried again later like any other,
    as often as `fetch.attempts` allows, and robots.txt is asked for again each time.
    """
    if isinstance(answer, FetchError):
        if answer.reason in _UNUSABLE:
            return Rules(host)
        return FetchError(answer.reason, f"robots.txt: {answer.detail}", answer.status, answer.retry_after)
    reason = http_reason(answer.status)
    if answer.status == 429 or (answer.status >= 500 and fate(reason) is Fate.RETRY):
        return FetchError(reason, "robots.txt", answer.status, retry_after(answer.headers.get("retry-after")))
    if 300 <= answer.status < 400:
        return Rules(host)
    rules = Rules.answered(host, answer.status, answer.body)
    return rules if rules.missing or _FORBIDS.search(rules.text) else Rules(host)
