"""Which Referer to send, in which order, and how hotlink protection's stand-ins look. Pure but for its memory.

Servers that protect pictures want their own page, their own host, no Referer at all, or the very page
(nginx's valid_referers, Apache's recipes, Cloudflare and others), so one refusal says little.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from collector.http.transport import Reply
from collector.model import Picture, Task
from collector.urls import browser_referer, origin, whole_page

REFUSALS = frozenset((401, 403))
GIVE_UP = 3
"""Pictures of a host for which every strategy was refused before only one is asked for each."""
DOUBTS = 2
"""Pictures of a host that may be asked for again with its own Referer in vain, when it says 404 or hangs up."""
FORGET = 10_000
"""Hosts remembered; then the memory starts anew."""
CLAIM = 200
"""Claimed pixels below which a claim says nothing about a stand-in."""

_STRATEGIES = ("browser", "own", "none", "page")
_ORDERS = {name: tuple(sorted(_STRATEGIES, key=lambda one: one != name)) for name in ("", *_STRATEGIES)}
_STAND_IN = re.compile(
    r"(?<![a-z])(?:removed|deleted|no-?hot-?link(?:ing)?|hot-?link(?:ing)?|hotlinked|go-?away|place-?holder|denied"
    r"|forbidden|no-?image|not-?found|image-?not-?available|stolen)(?![a-z])"
)
_STAND_IN_WHOLE = frozenset(("403", "404", "default", "blank", "spacer", "error"))
_GONE = frozenset(("removed", "deleted"))
_KNOWN = frozenset(((503, "d835884373f4d6c8f24742ceabe74946"),))
"""(bytes, MD5): Imgur's removed.png, as cyberdrop-dl and RedditImageGrab know it."""


def _referer(strategy: str, task: Task, host: str) -> str:
    match strategy:
        case "browser":
            return browser_referer(task.page, task.url)
        case "own":
            return host + "/"
        case "page":
            insecure = task.url.startswith("http:") and task.page.startswith("https:")
            return "" if insecure else whole_page(task.page)
    return ""


class Referers:
    """The Referers worth trying for a picture; remembers per host what worked. For one thread."""

    def __init__(self) -> None:
        self._worked: dict[str, str] = {}
        self._refused: Counter[str] = Counter()
        self._doubted: Counter[str] = Counter()
        self._disguised: set[str] = set()
        self._brought: dict[tuple[str, str], str] = {}
        self._broken: dict[str, bytes] = {}

    def strategies(self, task: Task) -> Iterable[tuple[str, str]]:
        """(name, Referer) in the order to try, no Referer twice; the one that worked last comes first.

        Each is made when it is asked for: the first one nearly always does.
        """
        host = origin(task.url)
        worked, hopeless = self._worked.get(host, ""), self._refused[host] >= GIVE_UP
        tried = set()
        for name in _ORDERS[worked]:
            referer = _referer(name, task, host)
            if referer not in tried:
                tried.add(referer)
                yield name, referer
            if hopeless:
                return

    def worked(self, task: Task, name: str, disguised: bool = False) -> None:
        """A strategy brought a picture; `disguised` says that an answer before it only looked like no refusal."""
        host = origin(task.url)
        if len(self._worked) >= FORGET:
            self._worked.clear()
            self._disguised.clear()
        self._worked[host] = name
        self._refused.pop(host, None)
        if disguised:
            self._disguised.add(host)
            self._doubted.pop(host, None)

    def doubtful(self, task: Task, referer: str) -> bool:
        """Whether an answer to this Referer may be a refusal in disguise: 404, a page, a broken connection.

        Only foreign Referers are refused so, and hosts for which the doubt was twice in vain are believed.
        """
        host = origin(task.url)
        return bool(referer) and origin(referer) != host and self._doubted[host] < DOUBTS

    def in_vain(self, task: Task) -> None:
        """The host's own Referer brought nothing better: the answer was an honest one."""
        host = origin(task.url)
        if len(self._doubted) >= FORGET:
            self._doubted.clear()
        if host not in self._disguised:
            self._doubted[host] += 1

    def repeated(self, task: Task, referer: str, sha256: str) -> bool:
        """Whether these bytes came for another URL of the host too, and with a foreign Referer: like a stand-in."""
        host = origin(task.url)
        if not referer or origin(referer) == host:
            return False
        if len(self._brought) >= FORGET:
            self._brought.clear()
        first = self._brought.setdefault((host, sha256), task.url)
        return first not in ("", task.url)

    def broken_again(self, url: str, body: bytes) -> bool:
        """Whether these bytes, no whole picture, came from the URL before: another try brings no others."""
        if len(self._broken) >= FORGET:
            self._broken.clear()
        before, self._broken[url] = self._broken.get(url), hashlib.sha256(body).digest()
        return before == self._broken[url]

    def genuine(self, task: Task, sha256: str) -> None:
        """The host's own Referer brings nothing else: two names of one picture, no longer asked about."""
        self._brought[origin(task.url), sha256] = ""

    def refused(self, task: Task) -> None:
        """Every strategy was refused."""
        host = origin(task.url)
        if len(self._refused) >= FORGET:
            self._refused.clear()
        self._refused[host] += 1


def stand_in(task: Task, reply: Reply) -> str:
    """The name of a stand-in that a redirect led to, or that the bytes are; "" when it looks like none.

    Only a redirect to a telling name counts: a picture that is itself called placeholder.png is one.
    """
    if len(reply.body) in {size for size, _ in _KNOWN}:
        digest = hashlib.md5(reply.body, usedforsecurity=False).hexdigest()
        if (len(reply.body), digest) in _KNOWN:
            return "removed"
    name = _telling(reply.url) if reply.hops else ""
    return "" if name and name == _telling(task.url) else name


def gone(name: str) -> bool:
    """Whether a stand-in says that the picture is no more, so that no other Referer helps."""
    return name in _GONE


def contradicts(task: Task, reply: Reply, picture: Picture) -> bool:
    """Whether a picture is far too small for its claim, and came in a way that stand-ins come.

    Careful on purpose: both sides claimed at least 200 pixels, both came under a quarter of that, and
    there was a redirect or a Referer of another host. Without these the server simply has it smaller.
    """
    if min(task.width, task.height) < CLAIM:
        return False
    foreign = bool(reply.referer) and origin(reply.referer) != origin(reply.url)
    small = picture.width * 4 < task.width and picture.height * 4 < task.height
    return small and (foreign or reply.hops > 0)


def _telling(url: str) -> str:
    stem = PurePosixPath(unquote(urlsplit(url).path)).stem.lower().replace("_", "-")
    if stem in _STAND_IN_WHOLE:
        return stem
    match = _STAND_IN.search(stem)
    return match.group(0) if match else ""
