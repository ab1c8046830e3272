"""Which kind of page is this? And what to do about it before any harvesting.

Decided by location, forms, visibility and the result root. A good page of 2026 holds the words captcha,
/sorry/ and enablejs in its own scripts: its source is never searched for words. Nothing here solves or
goes around a challenge: a person may, in a window, while we wait.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from collector.errors import SourceError
from collector.model import SearchState
from collector.sources.contract import Web
from collector.sources.google.page import Look, Page


class State(StrEnum):
    """The kinds of pages that Google answers with."""

    RESULTS = "results"
    EMPTY = "empty"
    CONSENT = "consent"
    CAPTCHA = "captcha"
    SCRIPT_WALL = "script_wall"
    LEGACY = "legacy"
    REFUSED = "refused"
    BROKEN = "broken"
    UNKNOWN = "unknown"


_FAILURES: Final = {
    State.CONSENT: (
        SearchState.BLOCKED,
        "page.consent",
        "Google's consent page does not let us past; open it once with --headed and a --profile",
    ),
    State.CAPTCHA: (SearchState.BLOCKED, "page.captcha", "Google asks for a captcha; wait, or solve it with --headed"),
    State.SCRIPT_WALL: (
        SearchState.BLOCKED,
        "page.script_wall",
        "Google answers with an empty shell that asks for JavaScript; --headed may help",
    ),
    State.LEGACY: (
        SearchState.LAYOUT,
        "page.legacy",
        "Google answers with its old page without scripts, which holds thumbnails only",
    ),
    State.REFUSED: (SearchState.BLOCKED, "page.blocked", "Google refuses to answer"),
    State.BROKEN: (SearchState.UNREACHABLE, "page.unreachable", "Google answers with a server error"),
    State.UNKNOWN: (
        SearchState.LAYOUT,
        "page.layout",
        "the result page is not recognised; Google may have changed it",
    ),
}
_REFUSALS: Final = frozenset({401, 403, 407, 429, 451})
_PATIENCE: Final = {State.SCRIPT_WALL: 5.0, State.UNKNOWN: 4.0, State.EMPTY: 2.0, State.LEGACY: 1.0}
"""Seconds that a page gets to turn into something better: its own scripts may still be at work."""
_STEP: Final = 0.1
_CONSENT_TIME: Final = 10.0
_HUMAN_STEP: Final = 1.0


def classify(look: Look, rows: int = 0) -> State:
    """The kind of page, from one look and the number of data rows in its scripts."""
    if look.consent or look.host.startswith("consent."):
        return State.CONSENT
    if look.captcha or look.path.startswith("/sorry/") or look.host.startswith("sorry."):
        return State.CAPTCHA
    if look.cover:
        return State.CONSENT if "//consent." in look.cover else State.CAPTCHA
    if look.count or rows:
        return State.RESULTS
    if look.status in _REFUSALS:
        return State.REFUSED
    if look.status >= 500:
        return State.BROKEN
    if look.legacy >= 3:
        return State.LEGACY
    if look.root or look.frame:
        return State.UNKNOWN if look.images >= 3 or look.links >= 12 else State.EMPTY
    return State.SCRIPT_WALL if look.wall else State.UNKNOWN


def failure(state: State, look: Look) -> SourceError:
    """The error that ends the search on a page of this kind."""
    outcome, reason, detail = _FAILURES[state]
    status = f" (HTTP {look.status})" if state in (State.REFUSED, State.BROKEN) else ""
    return SourceError(outcome, reason, f"{detail}{status}")


def overcome(state: State, look: Look, page: Page, web: Web) -> None:
    """Deal with a page that stands in the way; returns once another kind of page is there, or raises."""
    if state is State.CONSENT:
        _reject(look, page, web)
    elif state is State.CAPTCHA and web.browser.headed:
        _wait_for_person(look, page, web)
    else:
        raise failure(state, look)


def patience(state: State) -> float:
    """Seconds for which a page of this kind is looked at again before it is believed."""
    return _PATIENCE.get(state, 0.0)


def _reject(look: Look, page: Page, web: Web) -> None:
    if not page.reject():
        raise failure(State.CONSENT, look)
    loads = page.loads
    for _ in range(int(min(_CONSENT_TIME, max(web.remaining(), 0.0)) / _STEP)):
        page.pause(int(_STEP * 1000))
        if page.loads != loads or classify(page.peek()) is not State.CONSENT:
            return
    raise failure(State.CONSENT, look)


def _wait_for_person(look: Look, page: Page, web: Web) -> None:
    web.notice("Google asks for a captcha: please solve it in the browser window; the search goes on by itself")
    while web.remaining() > _HUMAN_STEP:
        page.pause(int(_HUMAN_STEP * 1000))
        if classify(page.peek()) is not State.CAPTCHA:
            return
    raise failure(State.CAPTCHA, look)
