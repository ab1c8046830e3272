"""One Task from its URL to a verified picture in memory, or to a DownloadFailed: the only place that knows the order.

Never touches the disk and never sleeps; waiting and trying again are the caller's decisions.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from collector.fetch.referers import REFUSALS, Referers, contradicts, gone, stand_in
from collector.http.opt_out import opt_out, prohibited
from collector.http.response_checks import WITH_BODY
from collector.http.robots import Rules
from collector.http.safety import check_host, check_url
from collector.http.transport import Ask, Download, FetchError, Reply, one_line, retry_after
from collector.images.sniff import Unusable, decode_data, is_data
from collector.model import Attempt, DownloadFailed, Media, Picture, Task
from collector.reasons import Fate, fate, http_reason
from collector.settings import FetchSettings
from collector.urls import mended, origin

_ACCEPT = {Media.VIDEO: "video/*,image/*;q=0.9,*/*;q=0.8", Media.FILE: "*/*"}
DEADLINES = 3
"""All URLs of a picture together may take so many times the deadline of one."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A picture in memory, looked at."""

    picture: Picture
    body: bytes
    reply: Reply
    via: str | None = None
    """See `Attempt`, here and below."""
    overrides: str | None = None

    @property
    def attempt(self) -> Attempt:
        """All that is known of how it came."""
        reply = self.reply
        led_to = reply.url or None
        return Attempt(reply.status or None, led_to, reply.seconds, self.via, self.overrides, len(self.body))


@dataclass(frozen=True, slots=True)
class GetRobots:
    """Wants the rules of an origin sent, or the FetchError there was instead of them."""

    origin: str
    seconds: float


@dataclass(frozen=True, slots=True)
class GetPicture:
    """Wants the Reply sent, or the FetchError thrown."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Decode:
    """Wants the Picture sent that the bytes are, or the Unusable thrown; see `decode`, which may take its time."""

    media: Media
    reply: Reply


Request = GetRobots | GetPicture | Decode
Steps = Generator[Request, Any, "Verified | DownloadFailed"]
"""One task: yields what it needs next, and returns how it ended."""


def fetch(task: Task, settings: FetchSettings, download: Download, referers: Referers) -> Verified | DownloadFailed:
    """One task, each request answered at once, and robots.txt taken for asked. What is raised is a bug."""
    going = steps(task, settings, referers)
    answer: Rules | Reply | Picture | None = None
    error: FetchError | Unusable | None = None
    while True:
        try:
            request = going.throw(error) if error is not None else going.send(answer)
        except StopIteration as end:
            result: Verified | DownloadFailed = end.value
            return result
        answer = error = None
        try:
            match request:
                case GetRobots():
                    answer = Rules(request.origin)
                case GetPicture():
                    answer = download(request.ask)
                case Decode():
                    answer = decode(request, settings)
        except (FetchError, Unusable) as trouble:
            error = trouble


def decode(wanted: Decode, settings: FetchSettings) -> Picture:
    """What the bytes of an answer are. Unusable when they are not what was wanted. Thread-safe."""
    reply = wanted.reply
    if wanted.media is Media.PICTURE:
        from collector.images.decode import inspect

        return inspect(reply.body, settings)
    from collector.images.media import inspect_file, inspect_video

    if wanted.media is Media.VIDEO:
        return inspect_video(reply.body, settings)
    return inspect_file(reply.body, reply.headers, reply.url)


def steps(task: Task, settings: FetchSettings, referers: Referers, blocked: frozenset[str] = frozenset()) -> Steps:
    """One task, request by request, whoever answers them. Nothing is asked of a `blocked` host."""
    if (url := mended(task.url)) != task.url:
        task = replace(task, url=url)
    ended = yield from _one(task, settings, referers, blocked)
    if isinstance(ended, Verified) or not (task.fallbacks or settings.thumbnails == "fallback"):
        return ended
    return (yield from _others(task, settings, referers, blocked, ended))


def _others(
    task: Task, settings: FetchSettings, referers: Referers, blocked: frozenset[str], first: DownloadFailed
) -> Steps:
    """The other URLs of a picture, each when the one before ended for good; told is why the best one failed."""
    missed, decided = first, False
    seconds, most = first.attempt.seconds, DEADLINES * _deadline(task, settings)
    for via, url in _candidates(task, settings):
        decided |= missed.reason.startswith("policy.")
        if via == "thumbnail" and (decided or (settings.browser and first.attempt.status in REFUSALS)):
            break  # A decision is kept; and what a browser may get yet needs no stand-in.
        if not _ended_for_good(missed, settings) or seconds > most:
            break
        cookies = task.cookies if origin(url) == origin(task.url) else ""
        other = replace(task, url=url, width=0, height=0, is_thumbnail=False, cookies=cookies)
        ended = yield from _one(other, settings, referers, blocked)
        if isinstance(ended, Verified):
            return replace(ended, via=via)
        missed, seconds = ended, seconds + ended.attempt.seconds
    if _ended_for_good(missed, settings):
        return replace(first, attempt=replace(first.attempt, seconds=seconds))
    detail = missed.detail if missed is first else one_line(f"another URL of it: {missed.detail}")
    return replace(missed, task=task, detail=detail, attempt=replace(missed.attempt, seconds=seconds))


def _candidates(task: Task, settings: FetchSettings) -> Iterator[tuple[str, str]]:
    """(via, URL), best first; the stand-in last, for a picture whose thumbnail is not the very thing asked for."""
    seen = {task.url}
    for url in map(mended, task.fallbacks):
        if url not in seen:
            seen.add(url)
            yield "fallback", url
    wanted = settings.thumbnails == "fallback" and task.media is Media.PICTURE and not task.is_thumbnail
    if wanted and task.thumbnail_url and task.thumbnail_url not in seen:
        yield "thumbnail", task.thumbnail_url


def _ended_for_good(missed: DownloadFailed, settings: FetchSettings) -> bool:
    """Whether another URL may take its place: not after a hiccup that a later try may get over, so that the best one
    is not lost to it, and not after an opt-out, which means the picture, wherever it lies."""
    if missed.reason in ("policy.opt_out", "policy.thumbnail"):
        return False
    return fate(missed.reason) is not Fate.RETRY or missed.task.attempt >= settings.attempts


def _one(task: Task, settings: FetchSettings, referers: Referers, blocked: frozenset[str]) -> Steps:
    """One URL."""
    started = time.monotonic()
    reply = Reply(0, task.url)
    try:
        if task.is_thumbnail and settings.thumbnails == "no":
            raise FetchError("policy.thumbnail", "only a thumbnail is known")
        if "url=" in task.url and _is_opaque(task.url):
            raise FetchError("url.opaque", "a token that only the search engine can resolve")
        if is_data(task.url):
            reply = Reply(0, "", body=decode_data(task.url, settings.max_data_url))
            picture: Picture = yield Decode(task.media, reply)
            return Verified(picture, reply.body, reply)
        if blocked:
            check_host(check_url(task.url, settings.allow_private), blocked)
        overridden = yield from _permitted(task.url, settings)
        verified = yield from _asked(task, settings, referers, started)
        if verified.reply.hops and origin(verified.reply.url) != origin(task.url):
            overridden = overridden or (yield from _permitted(verified.reply.url, settings))
        return replace(verified, overrides=_joined(overridden, verified.overrides)) if overridden else verified
    except _Bad as bad:
        reason, detail, reply, wait = bad.reason, bad.detail, bad.reply, bad.retry_after
    except FetchError as error:
        reason, detail, wait = error.reason, error.detail, error.retry_after
        reply = Reply(error.status, task.url)
    except Unusable as unusable:
        reason, detail, wait = _data_reason(task, unusable), unusable.detail, None
    seconds = time.monotonic() - started
    attempt = Attempt(reply.status or None, seconds=seconds, bytes=len(reply.body))
    return DownloadFailed(task, reason, one_line(detail), attempt, wait)


def _is_opaque(url: str) -> bool:
    """Whether it comes from a list or an old ledger, and only a browser on its page may resolve it."""
    from collector.sources.opaque import is_opaque  # Which few URLs look like.

    return is_opaque(url)


def _permitted(url: str, settings: FetchSettings) -> Generator[Request, Any, str | None]:
    """Go on when robots.txt of the URL's origin allows it, else FetchError; the rule that is overridden, if any."""
    url = check_url(url, settings.allow_private)
    rules: Rules | FetchError = yield GetRobots(origin(url), settings.deadline)
    if isinstance(rules, Rules):
        rule = rules.forbids(url)
        if rule and settings.robots:
            raise FetchError("policy.robots", rule)
        return rule or None
    if settings.robots:
        raise FetchError(rules.reason, rules.detail, rules.status, rules.retry_after)
    return None


def _joined(*signals: str | None) -> str | None:
    return one_line("; ".join(filter(None, signals))) or None


def _deadline(task: Task, settings: FetchSettings) -> float:
    return settings.deadline if task.media is Media.PICTURE else settings.video_deadline


def _ask(task: Task, settings: FetchSettings, referer: str, seconds: float) -> Ask:
    if task.media is Media.PICTURE:
        return Ask(task.url, referer, seconds=seconds, cookies=_header(task.cookies))
    accept, limit = _ACCEPT[task.media], settings.max_video_bytes
    return Ask(task.url, referer, accept, seconds, _header(task.cookies), limit)


def _header(value: str) -> str:
    """A header's value as it may be sent; "" for one that could smuggle something in."""
    return value if not value or (value.isascii() and value.isprintable()) else ""


class _Bad(Exception):
    """A complete answer that is no success."""

    def __init__(self, reason: str, detail: str, reply: Reply) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.reply = reason, detail, reply
        self.retry_after = retry_after(reply.headers.get("retry-after")) if reply.status not in WITH_BODY else None


def _asked(
    task: Task, settings: FetchSettings, referers: Referers, started: float
) -> Generator[Request, Any, Verified]:
    """Try one Referer after the other while the host refuses; all of them share one deadline.

    An answer that may be a refusal in disguise is asked for once more, as if the host's own page showed the picture.
    """
    trouble: _Bad | FetchError | None = None
    repeated: Verified | None = None
    asked, doubted = 0, False
    for name, referer in referers.strategies(task):
        left = _deadline(task, settings) - (time.monotonic() - started)
        if (doubted and name != "own") or (left <= 0 and asked):
            continue
        try:
            reply: Reply = yield GetPicture(_ask(task, settings, referer, max(0.01, left)))
            asked += 1
            verified = yield from _judged(task, reply, settings, referers)
        except (_Bad, FetchError) as caught:
            if doubted:
                break
            trouble = caught
            if not _another_may_do(caught):
                if not (_in_disguise(caught) and referers.doubtful(task, referer)):
                    raise
                doubted = True
            continue
        if not doubted and referers.repeated(task, referer, verified.picture.sha256):
            repeated, doubted = verified, True
            continue
        if repeated is not None and repeated.picture.sha256 == verified.picture.sha256:
            referers.genuine(task, verified.picture.sha256)
            return repeated
        referers.worked(task, name, disguised=doubted)
        return verified
    if repeated is not None:
        referers.genuine(task, repeated.picture.sha256)
        return repeated
    if trouble is None:
        raise AssertionError("no strategy for a Referer")
    if doubted:
        referers.in_vain(task)
        raise trouble
    referers.refused(task)
    trouble.detail = trouble.detail or f"refused with {asked} different Referers"
    raise trouble


def _another_may_do(trouble: _Bad | FetchError) -> bool:
    """Whether another Referer may bring the picture: refused, or served with a stand-in."""
    if isinstance(trouble, FetchError):
        return False
    return trouble.reply.status in REFUSALS or (trouble.reason == "image.placeholder" and not gone(trouble.detail))


def _in_disguise(trouble: _Bad | FetchError) -> bool:
    """Whether a host may have meant a refusal: it hung up (nginx's 444), said there is nothing, or showed a page."""
    if isinstance(trouble, FetchError):
        return trouble.reason == "net.reset"
    return trouble.reply.status in (404, 406, 410) or trouble.reason == "body.html"


def _judged(task: Task, reply: Reply, settings: FetchSettings, referers: Referers) -> Generator[Request, Any, Verified]:
    """What an answer is worth; raises _Bad with the reason when it is not the picture."""
    if reply.status not in WITH_BODY:
        raise _Bad(http_reason(reply.status), "", reply)
    if name := stand_in(task, reply):
        raise _Bad("image.placeholder", name, reply)
    signal = opt_out(reply.headers)
    if signal and settings.opt_out:
        raise _Bad("policy.opt_out", signal, reply)
    try:
        picture: Picture = yield Decode(task.media, reply)
    except Unusable as unusable:
        if reply.status not in (200, 203):  # Such as 202 and "please wait".
            raise _Bad(http_reason(reply.status), unusable.detail, reply) from None
        if unusable.reason == "image.truncated" and referers.broken_again(task.url, reply.body):
            raise _Bad("image.broken", unusable.detail, reply) from None
        raise _Bad(unusable.reason, unusable.detail, reply) from None
    if picture.rights and (mark := prohibited(picture.rights)):
        if settings.opt_out:
            raise _Bad("policy.opt_out", mark, reply)
        signal = one_line(f"{signal}; {mark}" if signal else mark)
    if picture.media is Media.PICTURE and contradicts(task, reply, picture):
        detail = f"{picture.width} x {picture.height} instead of {task.width} x {task.height}"
        raise _Bad("image.placeholder", detail, reply)
    return Verified(picture, reply.body, reply, overrides=signal or None)


def _data_reason(task: Task, unusable: Unusable) -> str:
    """A data: URL that does not even claim to be a picture, and is none, has the wrong type."""
    claims = task.url[5:11].lower() == "image/"
    return "data.type" if unusable.reason in ("image.unidentified", "body.html") and not claims else unusable.reason
