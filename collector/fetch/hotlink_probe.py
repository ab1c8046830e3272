"""What a picture's host wants of those who ask for it, found out with a few requests and put into one word.

Classifying is pure; `probe` asks, one request after the other, and stops as soon as it knows. Keeps no bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from collector.fetch.referers import stand_in
from collector.http.transport import Ask, Download, FetchError, Reply
from collector.images.sniff import Unusable, identify
from collector.model import Task
from collector.settings import FetchSettings
from collector.urls import browser_referer, hostname, origin

FOREIGN: Final = "https://www.example.com/"
"""Some other site's page; reserved for examples by RFC 2606."""


class State(StrEnum):
    """What a host needs before it gives a picture."""

    OPEN = "open"
    """Any page may show it."""
    REFERER = "needs Referer"
    """Only a Referer of the right site brings it; none does not."""
    AGENT = "needs User-Agent"
    """Browsers get it, programs that do not say who they are do not."""
    COOKIE = "needs cookie"
    """Only with the cookies of its page."""
    FOREIGN = "refuses foreign Referer"
    """A page of another site does not get it; without a Referer it comes."""
    SIGNED = "signed"
    """The URL carries a signature, without which it is refused; it will expire."""
    LIMITED = "rate-limited"
    GONE = "gone"
    REFUSED = "refused"
    """Nothing that was tried brought it."""
    UNREACHABLE = "unreachable"

    @property
    def shows_elsewhere(self) -> bool:
        """Whether a page of another site can show it from its host."""
        return self in (State.OPEN, State.AGENT)


@dataclass(frozen=True, slots=True)
class Subject:
    """One picture to be asked for."""

    url: str
    page: str = ""
    """The page that showed it."""
    cookies: str = ""
    sha256: str = ""
    """Of the right bytes, when they are known."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one request brought."""

    status: int
    """0 when there was no answer."""
    sha256: str = ""
    """Of the bytes, "" when they are no picture."""
    detail: str = ""
    """The reason of a request without an answer, or what came in place of a picture."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one picture."""

    state: State
    tries: tuple[tuple[str, str], ...] = ()
    """(what was sent, what came), in order, for people."""


_SIGNATURES: Final = re.compile(
    r"(?:^|[?&;])(?:x-amz-signature|signature|sig|expires|exp|token|hmac|hash|md5|policy|key-pair-id|st|se|hdnts|"
    r"__token__|oh|oe|verify|wm?signature)=",
    re.IGNORECASE,
)


def looks_signed(url: str) -> bool:
    """Whether a URL's query has the parameters that signatures go by (S3, CloudFront, secure_link, JWT, ...)."""
    return bool(_SIGNATURES.search(urlsplit(url).query and f"?{urlsplit(url).query}"))


def classify(looks: Mapping[str, Look], right: str) -> State | None:
    """The state that these looks prove; None when more have to be taken.

    Names of looks: foreign, unsigned, bare, none, own, cookie. `right` is the hash of the right bytes; "" takes
    any picture for it. A picture with other bytes is a stand-in, and so a refusal.
    """

    def good(name: str) -> bool:
        sha256 = looks[name].sha256 if name in looks else ""
        return bool(sha256) and (not right or sha256 == right)

    if any(look.status in (429, 503) for look in looks.values()):
        return State.LIMITED
    if "unsigned" in looks and not good("unsigned") and any(map(good, ("foreign", "none", "own", "cookie"))):
        return State.SIGNED
    if good("foreign"):
        return None if "bare" not in looks else State.OPEN if good("bare") else State.AGENT
    if "none" in looks:
        for name, state in (("none", State.FOREIGN), ("own", State.REFERER), ("cookie", State.COOKIE)):
            if good(name):
                return state
    return _refusal(looks) if {"foreign", "none", "own", "cookie"} <= looks.keys() else None


def _refusal(looks: Mapping[str, Look]) -> State:
    """Why nothing brought it."""
    statuses = {look.status for look in looks.values()}
    if statuses <= {0}:
        return State.UNREACHABLE
    if statuses <= {404, 410}:
        return State.SIGNED if 410 in statuses and "unsigned" in looks else State.GONE
    return State.SIGNED if "unsigned" in looks else State.REFUSED


_ANSWERED: Final = Look(200)
_SILENT: Final = frozenset({"net.dns", "net.connect", "net.read_timeout", "net.deadline", "net.too_slow", "net.tls"})
"""Reasons that have nothing to do with who asks; a closed connection may have."""


@dataclass
class Probe:
    """The requests for one picture."""

    subject: Subject
    download: Download
    seconds: float = 20.0
    looks: dict[str, Look] = field(default_factory=dict)

    def run(self) -> Finding:
        """Ask until the state is known: 2 requests for an open picture, 5 or 6 for one that nothing brings."""
        subject = self.subject
        own = browser_referer(subject.page, subject.url) if _same_site(subject) else f"{origin(subject.url)}/"
        order: list[tuple[str, Ask]] = [
            ("foreign", Ask(subject.url, FOREIGN)),
            ("own", Ask(subject.url, own)),
            ("none", Ask(subject.url)),
            ("cookie", Ask(subject.url, own, cookies=subject.cookies)),
            ("bare", Ask(subject.url, FOREIGN, agent="")),
        ]
        if looks_signed(subject.url):
            order.insert(1, ("unsigned", Ask(subject.url.partition("?")[0], own)))
        state: State | None = None
        for name, ask in order:
            if name not in self.looks and self._needed(name):
                self.looks[name] = self._look(ask)
                state = classify(self.looks, self._right())
            if state is not None or self.looks.get(name, _ANSWERED).detail in _SILENT:
                break
        return Finding(state or _refusal(self.looks), self.tries())

    def opens(self) -> bool:
        """Whether a page of another site gets the right bytes: one request, which `run` does not repeat."""
        self.looks["foreign"] = self._look(Ask(self.subject.url, FOREIGN))
        return self._good("foreign") and not looks_signed(self.subject.url)

    def tries(self) -> tuple[tuple[str, str], ...]:
        """See Finding."""
        return tuple((name, look.detail or str(look.status)) for name, look in self.looks.items())

    def _needed(self, name: str) -> bool:
        """Whether a request can still tell something."""
        came = self.looks.get("foreign", Look(0)).sha256 != ""
        if name == "own":  # with it the right bytes are known, and a stand-in shows
            return not self.subject.sha256 or not self._good("foreign")
        if name in ("none", "cookie"):
            return not (came and self._good("foreign")) and (name == "none" or self.subject.cookies != "")
        return name != "bare" or self._good("foreign")

    def _right(self) -> str:
        return self.subject.sha256 or self.looks.get("own", Look(0)).sha256

    def _good(self, name: str) -> bool:
        sha256 = self.looks[name].sha256
        return sha256 != "" and self._right() in ("", sha256)

    def _look(self, ask: Ask) -> Look:
        try:
            reply = self.download(replace(ask, seconds=self.seconds))
        except FetchError as error:
            return Look(error.status, detail=error.reason)
        return seen(Task(0, 0, ask.url), reply)


def seen(task: Task, reply: Reply) -> Look:
    """What an answer is worth, by its status, its first bytes and where it came from."""
    if reply.status not in (200, 203):
        return Look(reply.status)
    if name := stand_in(task, reply):
        return Look(reply.status, detail=f"{reply.status}, a stand-in ({name})")
    try:
        identify(reply.body)
    except Unusable as unusable:
        return Look(reply.status, detail=f"{reply.status}, {unusable.reason}")
    digest = hashlib.sha256(reply.body).hexdigest()
    return Look(reply.status, digest, f"{reply.status}, {len(reply.body):,} bytes")


def _same_site(subject: Subject) -> bool:
    """Whether page and picture are of one host but for a first label, such as www and img."""
    here, there = hostname(subject.page), hostname(subject.url)
    tail = there.partition(".")[2]
    return bool(here) and (here == there or ("." in tail and here.endswith(tail)) or there.endswith(f".{here}"))


def probe(subject: Subject, download: Download, seconds: float = 20.0) -> Finding:
    """Find out what the host of a picture wants; `seconds` for each request."""
    return Probe(subject, download, seconds).run()


# --------------------------------------------------------------------------- many pictures

FULL: Final = 12
"""Pictures of a host whose state is found out by all requests; the others are believed to be like them."""
HOSTS: Final = 8
"""Hosts asked at once; each is asked for one thing after the other."""


def survey(subjects: Iterable[Subject], settings: FetchSettings, each: bool = True) -> dict[str, Finding]:
    """URL -> finding. With `each`, every picture is asked for as a foreign page would; else one of every host."""
    hosts: dict[str, list[Subject]] = {}
    for subject in {subject.url: subject for subject in subjects}.values():
        hosts.setdefault(origin(subject.url), []).append(subject)
    with ThreadPoolExecutor(HOSTS, thread_name_prefix="hotlink") as pool:
        done = pool.map(lambda listed: _asked(listed, settings, each), hosts.values())
        return {url: finding for found in done for url, finding in found.items()}


def _asked(subjects: list[Subject], settings: FetchSettings, each: bool) -> dict[str, Finding]:
    from collector.http.curl_transport import CurlDownload

    with contextlib.closing(CurlDownload(settings)) as download:
        return _host(subjects, download, each)


def _host(subjects: list[Subject], download: Download, each: bool) -> dict[str, Finding]:
    """All pictures of one host, known bytes first; a host that asks to wait, or is silent, is left alone."""
    found: dict[str, Finding] = {}
    full = 0
    for subject in sorted(subjects, key=lambda one: one.sha256 == ""):
        states = Counter(finding.state for finding in found.values())
        usual = states.most_common(1)[0][0] if states else None
        left = next((state for state in (State.LIMITED, State.UNREACHABLE) if state in states), None)
        if usual is not None and (not each or left is not None):
            found[subject.url] = Finding(left or usual)
            continue
        one = Probe(subject, download)
        if subject.sha256 and usual in (State.OPEN, State.AGENT) and one.opens():
            found[subject.url] = Finding(usual, one.tries())
        elif full >= FULL and usual is not None:
            closed = [state for state, _ in states.most_common() if not state.shows_elsewhere]
            found[subject.url] = Finding(closed[0] if closed else State.REFUSED, one.tries())
        else:
            full += 1
            found[subject.url] = one.run()
    return found
