"""Which host may be asked now, and how long to wait: for pictures and for pages. Pure bookkeeping; never sleeps.

Pictures, per host: a number of downloads at a time that halves when the host is overloaded and grows with success, a
rate that is learned when it says that there were too many, a pause that it asked for, a breaker after failures of
several URLs in a row; over all hosts: is the network there?
Pages, per host: turns at a rate, and a pause.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from collector.http.user_agent import WIKIMEDIA_CONNECTIONS, is_wikimedia
from collector.model import DownloadFailed
from collector.settings import FetchSettings

BREAKER_FAILURES = 5
"""URLs of a host that fail in a row before it is left alone. One that fails again and again says nothing new."""
BREAKER_SECONDS = 15.0
"""For so long at first, then one URL is tried; doubles each time that it fails."""
BREAKER_MOST = 1800.0
HOPELESS_SECONDS = 60.0
"""A host that is to be left alone for so long, after two tries in vain, is left to a later run."""
TOO_MANY_SECONDS = 1.0
"""First pause after a 429 or 503 that names none; doubles until there is a success."""
SLOWER, MOST_SLOWER = 1.1, 1.5
"""The time between two requests becomes so many times what the host was seen to bear, and grows at most so much."""
QUICK_CATCH_UP, CATCH_UP = 0.9, 0.995
"""What a success makes of that time: after one slow-down, which may mean little, and after several."""
NO_RATE = 0.01
"""Seconds between two requests below which the rate is no matter."""
LONGEST_INTERVAL = 30.0
NETWORK_FAILURES = 20
NETWORK_HOSTS = 5
PROBE_SECONDS = 30.0
"""Pause between probes while the network is down."""

FIRST_PAUSE = 4.0
LONGEST_PAUSE = 300.0
"""Seconds for which a host of pages is paused that asks to slow down and names no time: doubling from the first to the
second. One that asks for more is left to another run."""

_SILENT = frozenset(("net.dns", "net.connect", "net.proxy"))
"""Nobody was reached: the host's fault, or the network's."""
_TOO_MANY = frozenset(("http.429", "http.503"))
_OVERLOADED = _TOO_MANY | frozenset(("net.read_timeout", "net.deadline", "net.too_slow"))
_FAILURES = _SILENT | _OVERLOADED | {"net.reset", "net.tls", "http.401", "http.403"}


@dataclass(slots=True)
class _Host:
    """What is known of one host."""

    full: int
    """The most downloads at a time, when all is well."""
    limit: int
    active: int = 0
    too_many: int = 0
    """The limit at which it was last slowed down."""
    successes: int = 0
    """In a row since the limit last changed."""
    failed: set[int] = field(default_factory=set)
    """URLs that failed in a row."""
    slow_downs: int = 0
    """429 and 503 in a row."""
    slowed_at: float = float("-inf")
    interval: float = 0.0
    """Seconds between two requests, as learned; 0 for no limit."""
    next_start: float = float("-inf")
    answers: int = 0
    """Downloads that went well since `counted_from`."""
    counted_from: float = float("inf")
    """The first request since the last slow-down."""
    slowed: int = 0
    """Slow-downs in all."""
    paused_until: float = float("-inf")
    open_until: float = float("-inf")
    open_seconds: float = 0.0
    """How long the breaker was opened for; 0 while it is closed."""


class Hosts:
    """The hosts of pictures, for one calling thread. "" is always free and never counted.

    Times are those of `clock`, in seconds.
    """

    def __init__(
        self, settings: FetchSettings, clock: Callable[[], float], chance: random.Random | None = None
    ) -> None:
        self._settings, self._clock = settings, clock
        self._chance = chance or random.Random()
        self._hosts: dict[str, _Host] = {}
        self._silent = 0
        self._silent_hosts: set[str] = set()
        self._active = 0
        self._next_probe = float("-inf")

    @property
    def network_down(self) -> bool:
        """Twenty failures in a row to reach anybody, over five hosts: no URL is to blame for that."""
        return self._silent >= NETWORK_FAILURES and len(self._silent_hosts) >= NETWORK_HOSTS

    def free(self, host: str) -> bool:
        """Whether one more download may start at the host now."""
        if not host:
            return True
        now = self._clock()
        if self.network_down and (self._active or now < self._next_probe):
            return False
        known = self._hosts.get(host)
        if known is None:
            return True
        if known.open_seconds:
            return now >= max(known.open_until, known.paused_until) and not known.active  # One probe.
        return known.active < known.limit and now >= max(known.paused_until, known.next_start)

    def started(self, host: str) -> None:
        """A download at the host was handed out."""
        if not host:
            return
        self._active += 1
        known, now = self._hosts.get(host), self._clock()
        if known is None:
            known = self._hosts[host] = self._new(host)
        known.active += 1
        known.counted_from = min(known.counted_from, now)
        if pause := max(known.interval, self._settings.delay):
            known.next_start = now + pause
        if self.network_down:
            self._next_probe = now + PROBE_SECONDS

    def ended(self, host: str, missed: DownloadFailed | None, seconds: float = 0.0) -> None:
        """It came back after so many seconds: None for a picture, else why there is none."""
        if not host:
            return
        self._active -= 1
        known = self._hosts[host]
        known.active -= 1
        reason = missed.reason if missed is not None else ""
        self._judge_network(host, reason)
        if missed is not None and (reason in _FAILURES or _is_server_error(reason)):
            self._failed(known, missed)
        elif not reason.startswith(("url.", "policy.")):
            self._succeeded(known, self._clock() - seconds)
        if not known.active and known.limit == known.full and not (known.slowed or known.failed or known.open_seconds):
            del self._hosts[host]  # Nothing to remember: the book stays small over a million hosts.

    def next_free(self, host: str) -> float:
        """The earliest moment at which `free` may turn true; now when only a running download is in the way."""
        now = self._clock()
        known = self._hosts.get(host)
        moments = [now]
        if known is not None:
            moments += [known.paused_until, known.open_until, known.next_start]
        if self.network_down and host:
            moments.append(self._next_probe)
        return max(moments)

    def hopeless(self, host: str) -> bool:
        """Whether waiting for the host is not worth this run's time: its breaker opened again after two probes, or
        it asked for a longer pause than a run waits for."""
        known = self._hosts.get(host)
        if known is None:
            return False
        too_long = known.paused_until - self._clock() > self._settings.retry_after_max
        return too_long or known.open_seconds >= HOPELESS_SECONDS

    def backoff(self, attempt: int) -> float:
        """Seconds before the next attempt at the same URL after `attempt` of them: full jitter, doubling, capped."""
        return self._chance.uniform(0.0, doubling(1.0, attempt, self._settings.backoff_max))

    def _new(self, host: str) -> _Host:
        full = max(1, self._settings.per_host)
        full = min(full, WIKIMEDIA_CONNECTIONS) if is_wikimedia(host) else full
        return _Host(full, full)

    def _judge_network(self, host: str, reason: str) -> None:
        if reason.startswith(("url.", "policy.")):
            return
        was_down = self.network_down
        if reason in _SILENT:
            self._silent += 1
            self._silent_hosts.add(host)
            if self.network_down and not was_down:
                self._next_probe = self._clock() + PROBE_SECONDS
            return
        self._silent = 0
        self._silent_hosts.clear()
        if was_down:  # Back again: what the hosts seemed to fail at was not theirs.
            for known in self._hosts.values():
                known.failed.clear()
                known.open_seconds, known.open_until = 0.0, float("-inf")

    def _succeeded(self, known: _Host, started: float) -> None:
        """The host answered, even if with a 404: the breaker closes, the limit grows.

        Back to just below where it was too much it grows with each success, beyond that with care, as CUBIC does
        (RFC 9438, 4.1). Downloads that began before the host was slowed down prove nothing.
        """
        known.failed.clear()
        known.slow_downs = 0
        known.answers += started >= known.slowed_at
        known.interval *= CATCH_UP if known.slowed > 1 else QUICK_CATCH_UP
        if known.interval < NO_RATE:
            known.interval = 0.0
        known.open_seconds, known.open_until = 0.0, float("-inf")
        if known.limit >= known.full:
            known.successes = 0
        elif started >= known.slowed_at:
            known.successes += 1
            if known.limit + 1 < known.too_many or known.successes >= 2 * known.limit:
                known.limit, known.successes = known.limit + 1, 0

    def _failed(self, known: _Host, missed: DownloadFailed) -> None:
        now = self._clock()
        known.successes = 0
        fresh = now - missed.attempt.seconds >= known.slowed_at
        if missed.reason in _OVERLOADED:
            self._slow_down(known, missed, now, fresh)
        if known.open_seconds:
            if now >= known.open_until:  # The probe failed; late ones from before do not count again.
                self._open(known, min(BREAKER_MOST, known.open_seconds * 2), now)
            return
        if fresh or missed.reason not in _TOO_MANY:  # Those that were under way together say one thing.
            known.failed.add(missed.task.id)
        if len(known.failed) >= BREAKER_FAILURES:
            self._open(known, BREAKER_SECONDS, now)

    def _slow_down(self, known: _Host, missed: DownloadFailed, now: float, fresh: bool) -> None:
        """Half as many at a time, and what the host seems to bear at most, but once for all that were under way
        together; and the pause asked for."""
        if fresh:
            known.too_many, known.limit, known.slowed_at = known.limit, max(1, known.limit // 2), now
        if missed.reason not in _TOO_MANY:
            return
        if fresh:
            self._learn_rate(known, now)
            known.slow_downs += 1
        pause = doubling(TOO_MANY_SECONDS, known.slow_downs - 1, self._settings.backoff_max)
        known.paused_until = max(known.paused_until, now + (missed.retry_after or pause))

    def _learn_rate(self, known: _Host, now: float) -> None:
        """The host bears a little less than what went well between its last pause and now."""
        known.slowed += 1
        if known.answers:
            borne = max(1.0, now - known.counted_from) / known.answers
            if known.interval:  # One slow-down may be about something else, or about a longer time.
                borne = min(borne, MOST_SLOWER * known.interval)
            known.interval = min(LONGEST_INTERVAL, SLOWER * max(known.interval, borne))
            known.counted_from, known.answers = float("inf"), 0

    def _open(self, known: _Host, seconds: float, now: float) -> None:
        known.open_seconds, known.open_until = seconds, now + seconds
        known.failed.clear()


def _is_server_error(reason: str) -> bool:
    return reason.startswith("http.5") and reason[5:].isdigit()


def doubling(first: float, times: int, longest: float) -> float:
    """Seconds of a pause that has doubled so many times, from the first to the longest."""
    return min(longest, first * 2.0 ** min(times, 32))


# --------------------------------------------------------------------------- pages


@dataclass(slots=True)
class _PacedHost:
    next_turn: float = float("-inf")
    paused_until: float = float("-inf")
    slow_downs: int = 0
    """In a row."""
    slowed_at: float = float("-inf")


class RequestLimits:
    """Turns and pauses of the hosts that pages are asked of, by name and port; shared by all searches. Thread-safe.

    Times are those of `clock`, in seconds. Never sleeps.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _PacedHost] = {}
        self._lock = threading.Lock()

    def turn(self, host: str, rate: float) -> float:
        """0 when the turn is the caller's, taken now; else the seconds after which to ask again. `rate` 0: no limit."""
        with self._lock:
            known, now = self._known(host), self._clock()
            wait = max(known.next_turn, known.paused_until) - now
            if wait > 0:
                return wait
            if rate > 0:
                known.next_turn = now + 1 / rate
            return 0.0

    def pause(self, host: str) -> float:
        """Seconds for which nobody asks the host; 0 when it is not paused."""
        with self._lock:
            return max(0.0, self._known(host).paused_until - self._clock())

    def slow_down(self, host: str, seconds: float, began: float) -> None:
        """The host asked to slow down, for so long; 0: 4 s, doubling to 300 s. `began`: when its request was made.

        Requests that were under way together count once.
        """
        with self._lock:
            known, now = self._known(host), self._clock()
            if began >= known.slowed_at:
                known.slow_downs += 1
                known.slowed_at = now
            usual = doubling(FIRST_PAUSE, known.slow_downs - 1, LONGEST_PAUSE)
            known.paused_until = max(known.paused_until, now + (seconds or usual))

    def succeeded(self, host: str) -> None:
        """It answered as asked: the next pause is a short one again."""
        with self._lock:
            known = self._known(host)
            if self._clock() >= known.paused_until:
                known.slow_downs = 0

    def _known(self, host: str) -> _PacedHost:
        return self._hosts.setdefault(host, _PacedHost())
