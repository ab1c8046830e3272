"""What the practice web does and how badly it behaves: one frozen value. Data only, no behaviour of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

LAYOUTS = ("2026", "2024", "2020")
"""The result page of July 2026, of September 2024 and of 2020 to 2022."""

HIDDEN = ("nothing", "pages", "pictures")
PANELS = ("original", "copy", "unseen")
REDIRECTS = ("plain", "odd", "mute")
LANDINGS = ("mixed", "plain", "decoys", "gallery", "lazy")

STATES: dict[str, str] = {
    "results": "a page of pictures",
    "empty": "the search truly has no results",
    "consent": "a full consent page stands before the results; rejecting or accepting leads on",
    "consent_overlay": "a consent dialog covers the results until one of its buttons is pressed",
    "captcha": "redirected to /sorry/index, status 429; its button plays the person who solves it",
    "captcha_iframe": "good results, but the first batch is challenged in a full-window frame",
    "reload": "the page reloads itself once, when the first batch is asked for",
    "script_wall": "an empty shell that asks for JavaScript",
    "app_shell": "92 KB of application shell, status 200, no results",
    "legacy": "the old page without scripts: thumbnails only",
    "unknown": "a page of pictures in markup nobody knows",
    "blocked": "status 403 and a short page",
    "silent": "the request is accepted and never answered",
    "reset": "the connection is reset instead of an answer",
    "hung": "a script that waits for ever: the tab stops answering after the results are shown",
    "crash": "a script kills the tab after the results are shown",
    "alert": "an alert box opens over the results",
    "popups": "tries to open windows when loaded and at every click",
}
"""Every state a keyword's result page can be in, with what happens."""

TROUBLES: dict[str, str] = {
    "not_found": "404",
    "forbidden": "403 unless a Referer is sent",
    "hotlink": "403 when the Referer is not the picture's own page (no Referer is let through)",
    "rate_limited": "429 with Retry-After: 1 the first time, then the picture",
    "unavailable": "503 the first time, then the picture",
    "slow": "half of the bytes, a pause of `slow` seconds, the rest",
    "drip": "one kilobyte a second",
    "dead": "never answered",
    "truncated": "two thirds of the announced bytes, then the connection is closed",
    "reset": "a first part of the bytes, then the connection is reset",
    "bad_framing": "not a valid HTTP answer",
    "html": "200 and a web page, honestly typed text/html",
    "html_as_jpeg": "200 and a web page that says it is image/jpeg",
    "empty": "200 and no bytes",
    "corrupt": "all the bytes, with garbage in the middle of the picture",
    "svg": "a vector drawing",
    "redirect": "302 to the picture at another address",
    "redirect_loop": "302 to itself, for ever",
    "placeholder_302": "302 to a stand-in picture, the same for everyone",
    "placeholder_200": "200 with the stand-in picture's bytes",
    "chunked": "the picture without Content-Length: harmless, and some clients stumble",
}
"""Every trouble a picture can have, with what a client sees."""

REALISTIC: dict[str, float] = {
    "not_found": 0.025,
    "forbidden": 0.02,
    "hotlink": 0.015,
    "rate_limited": 0.01,
    "unavailable": 0.005,
    "slow": 0.005,
    "dead": 0.003,
    "truncated": 0.007,
    "reset": 0.004,
    "html": 0.012,
    "html_as_jpeg": 0.004,
    "empty": 0.002,
    "corrupt": 0.004,
    "svg": 0.005,
    "redirect": 0.01,
    "redirect_loop": 0.003,
    "placeholder_302": 0.005,
    "placeholder_200": 0.005,
}
"""Shares of the default troubles: together about one picture in seven."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """Everything that can be set about the practice web. ValueError for a value that makes no sense."""

    layout: str = "2026"
    state: str = "results"
    state_times: int = 0
    """How often the state is met before the keyword turns to "results"; 0 is every time."""
    total: int = 240
    """Pictures a keyword has, 0 to 10,000."""
    first: int = 100
    """Cards in the page as it arrives (the 2020 layout puts 50 of them into the DOM)."""
    batch: int = 50
    """Cards that one scroll request brings."""
    auto: int = 2
    """Batches that scrolling brings before the button has to be pressed; 0 is never a button."""
    batch_failures: int = 0
    """How many of a page's scroll requests are answered 503 before they work."""
    rows: bool = True
    """False: no data rows in the page's scripts nor in the batches."""
    rowless: float = 0.0
    """Share of the cards whose data row is missing, 0 to 1."""
    hover: bool = True
    """False: mouseover (2020: mousedown) never writes the link that holds the original's URL."""
    click: bool = True
    """False: a click never opens the side panel."""
    hidden: str = "nothing"
    """What the page hides behind tokens, as Google does since autumn 2026: "nothing", "pages", or "pictures" and
    their pages."""
    panel: str = "original"
    """What the side panel brings: "original"; "copy", one of the engine's own, and the original is never asked for;
    "unseen", the original as a blob: that has no address, and that of the next card is asked for as well."""
    redirect: str = "plain"
    """How tokens are resolved: "plain" is a 302; "odd" is other statuses with Location, wrapped addresses and tokens
    of tokens; "mute" is a 200 that says nothing. Never without the cookie that the page gave, and only to GET."""
    redirect_wall: int = 0
    """Tokens resolved before /sorry/ is all that they lead to; 0 is no wall."""
    landing: str = "plain"
    """The pages that show the pictures: "plain"; "decoys", among look-alikes; "gallery", small ones that link to the
    files; "lazy", loaded late; "mixed", one kind after the other."""
    swap: tuple[float, float] = (0.1, 0.4)
    """Seconds between opening the panel and asking for the original, least and most."""
    stale: float = 0.08
    """Seconds that an open panel goes on showing the previous picture."""
    latency: tuple[float, float] = (0.005, 0.03)
    """Seconds before any answer, least and most."""
    slow: float = 3.0
    """Seconds of the pause in a "slow" picture."""
    troubles: Mapping[str, float] = field(default_factory=lambda: dict(REALISTIC))
    """Trouble -> share of the pictures that have it; together at most 1."""
    pinned: Mapping[int, str] = field(default_factory=dict)
    """Picture number -> its trouble ("" is none), whatever the shares say."""
    foreign: float = 0.0
    """Share of the pictures that show something else than their keyword, 0 to 1: writing, charts, forms."""
    seed: int = 0
    """Another seed gives the troubles to other pictures."""
    keywords: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Keyword -> fields of this class that are different for it."""

    def __post_init__(self) -> None:
        _one_of("layout", self.layout, LAYOUTS)
        _one_of("state", self.state, STATES)
        _one_of("hidden", self.hidden, HIDDEN)
        _one_of("panel", self.panel, PANELS)
        _one_of("redirect", self.redirect, REDIRECTS)
        _one_of("landing", self.landing, LANDINGS)
        for name in (*self.troubles, *filter(None, self.pinned.values())):
            _one_of("trouble", name, TROUBLES)
        if sum(self.troubles.values()) > 1.0 + 1e-9 or min(self.troubles.values(), default=0.0) < 0.0:
            raise ValueError("troubles: the shares must be 0 or more and together at most 1")
        if not 0 <= self.total <= 10_000 or self.first < 1 or self.batch < 1 or self.redirect_wall < 0:
            raise ValueError("total must be 0 to 10,000, first and batch at least 1, redirect_wall 0 or more")
        for keyword in self.keywords:
            self.of(keyword)

    @classmethod
    def calm(cls, **changes: Any) -> Knobs:
        """A web without troubles, without latency and with a quick panel: for tests of other things."""
        quiet: dict[str, Any] = {"troubles": {}, "latency": (0.0, 0.0), "swap": (0.02, 0.05), "stale": 0.02}
        return cls(**{**quiet, **changes})

    def of(self, keyword: str) -> Knobs:
        """The knobs of one keyword: these, with its own changes applied."""
        return self.changed(self.keywords.get(keyword, {}))

    def changed(self, changes: Mapping[str, Any]) -> Knobs:
        """These with some fields changed. ValueError for an unknown field."""
        unknown = set(changes) - {known.name for known in fields(self)}
        if unknown:
            raise ValueError(f"unknown knob: {', '.join(sorted(unknown))}")
        return replace(self, **{**changes, "keywords": {}})


def from_query(parameters: Mapping[str, str]) -> dict[str, Any]:
    """The `practice_<knob>=<value>` parameters of an address as changes for `Knobs.changed`.

    Simple knobs only; a pair is written "0.1,0.4", a switch as 0 or 1. ValueError for anything else.
    """
    changes: dict[str, Any] = {}
    defaults = Knobs.calm()
    for name, text in parameters.items():
        if not name.startswith("practice_"):
            continue
        knob = name.removeprefix("practice_")
        changes[knob] = _parsed(knob, text, getattr(defaults, knob, None))
    return changes


def _parsed(knob: str, text: str, like: object) -> Any:
    if isinstance(like, bool):
        return text.lower() not in ("0", "false", "no", "")
    if isinstance(like, tuple):
        low, high = text.split(",")
        return (float(low), float(high))
    if isinstance(like, str | int | float):
        return type(like)(text)
    raise ValueError(f"practice_{knob}: no such knob, or not one that an address can set")


def _one_of(what: str, value: str, known: Mapping[str, str] | tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}; one of {', '.join(known)}")
