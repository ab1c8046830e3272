"""Pictures that the page has asked the network for, matched to the cards whose panel was open: by time, and then by
what they show, or by their size where there is nothing to compare. Google's own copies are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.browser.contract import Browser, PageRequest
from collector.images.likeness import Sight, likeness, sight
from collector.images.sniff import Unusable, decode_data, is_data
from collector.sources.google.known import Find
from collector.sources.google.page import Shown
from collector.sources.opaque import is_thumbnail, read

_KINDS: Final = ("Image", "Fetch", "XHR", "Other")
_SLACK: Final = 0.1
"""Seconds by which the clocks of page and network may differ."""
_BEFORE: Final = 20.0
"""Seconds before a panel opens in which the page may have asked for its picture already, as for a neighbour's."""
_MOST: Final = 12
"""Pictures looked at for one card."""
_COPY_BYTES: Final = 4_000_000


@dataclass(slots=True)
class Requested:
    """The pictures of one page, each given to one card at most."""

    browser: Browser
    home: str
    _taken: set[str] = field(default_factory=set)
    _sights: dict[str, Sight | None] = field(default_factory=dict)

    def pictures(self) -> list[PageRequest]:
        """Pictures asked for so far, each address once, oldest first; none of the engine's own."""
        newest = {request.url: request for request in self.browser.requests() if self._is_picture(request)}
        return sorted(newest.values(), key=lambda request: request.at)

    def match(
        self, shown: Shown, pictures: Sequence[PageRequest], size: tuple[int, int], copy: str | None
    ) -> Find | None:
        """The picture of a card: asked for while its panel was open, or shortly before."""
        until = shown.ended + _SLACK
        open_ones = [one for one in pictures if shown.began - _BEFORE <= one.at <= until and one.url not in self._taken]
        likeliest = sorted(open_ones, key=lambda one: (one.url != shown.url, one.at < shown.began - _SLACK, -one.at))
        seen = [(one, found) for one in likeliest[:_MOST] if (found := self._sight(one)) is not None]
        small = self._copy(copy)
        chosen = _by_look(seen, small) if small is not None else _by_size(seen, size)
        if chosen is None:
            return None
        request, found = chosen
        self._taken.add(request.url)
        return Find(request.url, "network", width=found.width, height=found.height)

    def _is_picture(self, request: PageRequest) -> bool:
        address = read(request.url, self.home)
        if request.kind not in _KINDS or address.url is None or is_thumbnail(request.url):
            return False
        return request.loaded and request.mime.startswith("image/") and not request.mime.startswith("image/svg")

    def _sight(self, request: PageRequest) -> Sight | None:
        if request.id not in self._sights:
            self._sights[request.id] = _seen(self.browser.body(request))
        return self._sights[request.id]

    def _copy(self, address: str | None) -> Sight | None:
        """The card's small picture, out of the page."""
        if not address:
            return None
        try:
            body = decode_data(address, _COPY_BYTES) if is_data(address) else self.browser.resource(address)
        except Unusable:
            return None
        return _seen(body)


def _by_look(seen: Sequence[tuple[PageRequest, Sight]], small: Sight) -> tuple[PageRequest, Sight] | None:
    scored = [(likeness(small, found), request, found) for request, found in seen]
    best = max(scored, key=lambda item: item[0], default=None)
    return best[1:] if best is not None and best[0] > 0 else None


def _by_size(seen: Sequence[tuple[PageRequest, Sight]], size: tuple[int, int]) -> tuple[PageRequest, Sight] | None:
    if not all(size):
        return seen[0] if len(seen) == 1 else None
    return next((item for item in seen if (item[1].width, item[1].height) == size), None)


def _seen(body: bytes) -> Sight | None:
    try:
        return sight(body) if body else None
    except Unusable:
        return None
