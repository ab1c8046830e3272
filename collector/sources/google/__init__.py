"""Google Images: one result page, harvested to its end. This file is the story; the pieces are beside it.

Follows structure that has lasted since 2020 (data-* ids, data rows, result addresses), never class names
or translated text. Must not count, dedupe URLs, store or sleep for politeness: the host does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta

from collector.errors import UsageError
from collector.model import Hit, Search
from collector.sources.contract import Source, Value, Web
from collector.sources.google import states
from collector.sources.google.filters import FACETS, FILTERS, RESULT_PAGE, address
from collector.sources.google.harvest import CHOICES, Harvest
from collector.sources.google.page import Look, Page
from collector.sources.google.states import State

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "https://www.google.com",
    "harvest": "auto",
    "panel_timeout": 6.0,
    "redirect_rate": 2.0,
    "thumbnails": False,
    "hl": "",
    "gl": "",
    "safe": "",
    "video": True,
    "product": True,
}
"""home: where /search is; harvest: auto, or one way alone; panel_timeout: seconds for a clicked picture, at most 7;
redirect_rate: tokens a second that Google is asked to resolve, 0 for none; thumbnails: small pictures where the page
hides the addresses and no way leads to them; hl, gl: language and country of the page; safe: on, blur or off (""
leaves it to Google); video, product: keep video stills and product pictures, where the page tells them apart."""

_STEP: Final = 100
_ADVANCE: Final = 7000
"""Milliseconds of one look further; below the browser's limit for scripts."""
_ATTEMPTS: Final = 4
"""Looks in a row for which a batch under way, or one that was asked for again, is waited for."""
_LOOKS: Final = (500, 800, 1200, 1800)
"""Milliseconds at the bottom without anything new before the end is believed, one look after the other."""
_SURE_LOOKS: Final = (400, 600)
"""The same once batches were seen to come by requests, which are waited for anyway."""
_RELOADS: Final = 5


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits in the page's order. SourceError for every page that is not a result page."""
    settings = web.settings
    if settings["harvest"] not in CHOICES:
        raise UsageError(f"google.harvest is {settings['harvest']!r}; choices: {', '.join(CHOICES)}")
    page = Page(web.browser, str(settings["home"]))
    page.open(address(search.query, settings, classic=search.doubted))
    harvest = Harvest(page, web, settings)
    look = _arrive(harvest)
    if look is None:
        return
    while look is not None:
        yield from harvest.resolve(harvest.known.take())
        if look.layout != "mosaic" and harvest.reads_rows:
            yield from harvest.resolve(harvest.known.loose())
        look = _further(harvest) if web.wanted() > 0 else None


def _arrive(harvest: Harvest) -> Look | None:
    """The first look at a page of results; None when the search truly has none."""
    began: dict[State, float] = {}
    while True:
        look = _look(harvest)
        state = states.classify(look, len(harvest.known.rows))
        if state is State.RESULTS and (look.count or harvest.reads_rows):
            return look
        since = began.setdefault(state, time.monotonic())
        if time.monotonic() - since < states.patience(state) and harvest.web.remaining() > 0:
            harvest.page.pause(_STEP)
        elif state is State.EMPTY:
            return None
        else:
            states.overcome(state, look, harvest.page, harvest.web)
            began.clear()


def _further(harvest: Harvest) -> Look | None:
    """The next look that shows new cards, or None at the end of the results."""
    page, web = harvest.page, harvest.web
    stagnant = attempts = challenges = 0
    waits: tuple[int, ...] = _LOOKS
    while stagnant < len(waits) and web.remaining() > 0 and page.loads <= _RELOADS:
        loads = page.loads
        step = page.advance(waits[stagnant], min(_ADVANCE, max(int(web.remaining() * 1000), _STEP)))
        look = _look(harvest)
        if states.classify(look, len(harvest.known.rows)) is not State.RESULTS:
            look = _recovered(harvest)
        if harvest.known.fresh:
            return look
        if step.challenged and page.loads == loads:
            challenges += 1
            if challenges > _ATTEMPTS:  # the page shows nothing of it, but it gets no more either
                raise states.failure(State.CAPTCHA, look)
            continue
        if step.ended:
            return None
        if step.asks:
            waits = _SURE_LOOKS
        busy = step.pending > 0 or (step.pressed and not step.futile)
        attempts = attempts + 1 if busy else 0
        if step.grown or page.loads != loads:
            stagnant = 0
        elif not 0 < attempts < _ATTEMPTS:
            stagnant += 2 if step.futile else 1
    return None


def _recovered(harvest: Harvest) -> Look:
    """The page after something came between; raises when it does not go away."""
    look = _arrive(harvest)
    if look is None:
        raise states.failure(State.UNKNOWN, Look())
    return look


def _look(harvest: Harvest) -> Look:
    """Look at the page; learn its rows and note the cards that were never seen."""
    look = harvest.page.look()
    for text in look.inline:
        harvest.known.learn(text)
    for text in look.batches:
        harvest.known.learn(text, batch=True)
    harvest.known.note(look.cards)
    keys = [card.key for card in look.cards if card.key and card.id not in harvest.known.rows]
    for text in harvest.page.runtime_rows(keys) if keys else ():
        harvest.known.learn(text, batch=True)
    return look


SOURCE: Final = Source(
    search=search,
    about="Google Images, read in a real browser",
    settings=_SETTINGS,
    kinds={
        "harvest": Literal["auto", "rows", "hover", "click", "network", "redirect", "page"],
        "panel_timeout": Annotated[float, Meta(gt=0, le=7)],
        "redirect_rate": Annotated[float, Meta(ge=0, le=20)],
        "safe": Literal["", "on", "blur", "off"],
    },
    filters=FILTERS,
    result_page=RESULT_PAGE,
    facets=FACETS,
    strategies=("rows", "batch", "hover", "click", "network", "redirect", "page"),
    needs_browser=True,
)
