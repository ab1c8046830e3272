"""One picture of a page, however many URLs it has there; which of them is the biggest, and which pictures are none.

Pure. Parses nothing and asks for nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice
from typing import Final

from collector.model import Media
from collector.sources.page.address import is_drawing
from collector.urls import url_key


class Rank(IntEnum):
    """How big the place of a URL promises the picture to be; a claimed width counts only between equals."""

    THUMBNAIL = 1
    SHOWN = 2
    """`src`, `poster`, a background: at least what the page shows."""
    SET = 3
    """Lazy attributes and srcset: the same picture in its own size."""
    LARGE = 4
    """`data-full`, `data-zoom-image`, ...: named as the larger one."""
    LINKED = 5
    """The file that a link around the picture opens."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One URL of a picture."""

    url: str
    """Absolute, http(s) or data:."""
    rank: Rank = Rank.SHOWN
    width: int = 0
    height: int = 0
    """Pixels as this URL is claimed to have; 0 is unknown."""
    density: float = 0.0
    thumbnail: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture; never without a candidate."""

    candidates: tuple[Candidate, ...]
    place: str = "img"
    """Where it was found: img, lazy, link, css, head, data, feed, network, ..."""
    title: str = ""
    shown: tuple[int, int] = (0, 0)
    """The `width` and `height` attributes in CSS pixels; (0, 0) when they are not both plain numbers."""
    icon: bool = False
    """Its place says that it is an icon, a pointer or a logo."""
    lazy: bool = False
    """It has a lazy attribute, so that its `src` may be a placeholder."""
    media: Media = Media.PICTURE
    behind: str = ""
    """The page that a link around it opens, where that is no picture."""
    times: int = 1
    """How often it stands in the page."""


MOST_URLS: Final = 40
"""URLs of one picture that are looked at."""
FALLBACKS: Final = 5
"""Further URLs kept for a picture."""
TRACKER: Final = 2
"""Pixels of a side, in attributes, up to which a picture is there to count visitors."""
OFTEN: Final = 3
"""Times that one picture with a telling name stands in a page before it is a placeholder."""
ICON_SIDE: Final = 256
TINY_DATA: Final = 133
"""Characters of a data: URL below which it is a blank (the rule of Mozilla's Readability)."""

_BLANK_NAMES: Final = re.compile(
    r"(?:^|[/_.-])(?:spacer|blank|transparent|pixel|1x1|clear|grey|gray|placeholder|lazy-?load|loading|loader|spinner|ajax-loader|"
    r"lazy|empty|dot|trans)(?:[_.-]?(?:\d+x\d+|\d+))?\.(?:gif|png|svg|jpe?g|webp)(?:$|[?#])",
    re.IGNORECASE,
)
_ICON_NAMES: Final = re.compile(
    r"(?:^|/)(?:favicon|apple-touch-icon|mstile|android-chrome|sprite)[^/]*$", re.IGNORECASE
)


def figures(found: Iterable[Candidate], **more: object) -> list[Figure]:
    """The one figure of these URLs, biggest first, no URL twice; none when there is no URL."""
    best: dict[str, Candidate] = {}
    for candidate in islice(found, MOST_URLS):
        key = url_key(candidate.url)
        if candidate.url and (key not in best or _order(candidate) > _order(best[key])):
            best[key] = candidate
    ordered = sorted(best.values(), key=_order, reverse=True)
    return [replace(Figure(tuple(ordered)), **more)] if ordered else []  # type: ignore[arg-type]


def _order(candidate: Candidate) -> tuple[bool, int, int, float]:
    blank = is_blank(candidate.url)
    return (not blank, int(candidate.rank), candidate.width, candidate.density)


def is_blank(url: str) -> bool:
    """Whether a URL is a placeholder by itself: a tiny or drawn data: URL."""
    return url[:5].lower() == "data:" and (len(url) < TINY_DATA or is_drawing(url))


def _is_placeholder(one: Figure) -> bool:
    """Whether a picture only holds a place. A name alone (`sneaker-grey.jpg`) never says so: it has to stand there
    again and again, or in the place of a lazy picture that named no other."""
    best = one.candidates[0]
    if is_blank(best.url):
        return True
    witness = one.times >= OFTEN or (one.lazy and best.rank <= Rank.SHOWN)
    return witness and bool(_BLANK_NAMES.search(best.url.partition("?")[0]))


def _is_icon(one: Figure) -> bool:
    """Whether its place says that it is an icon, or its name and its size together do."""
    named = bool(_ICON_NAMES.search(one.candidates[0].url.partition("?")[0]))
    return one.icon or (named and 0 < max(one.shown) <= ICON_SIDE)


def merged(found: Iterable[Figure]) -> list[Figure]:
    """The figures with those that share a URL as one, at the place of the first; placeholders do not count.

    A `src` beside a lazy attribute that several different pictures have is a placeholder, whatever its name.
    """
    listed = list(found)
    shared = _shared_placeholders(listed)
    kept: list[Figure] = []
    at: dict[str, int] = {}
    for one in listed:
        candidates = tuple(c for c in one.candidates if url_key(c.url) not in shared) or one.candidates[:1]
        one = replace(one, candidates=candidates)
        keys = [url_key(c.url) for c in candidates if not is_blank(c.url)]
        place = next((at[key] for key in keys if key in at), None)
        if place is None:
            place = len(kept)
            kept.append(one)
        else:
            kept[place] = _joined(kept[place], one)
        for key in keys:
            at.setdefault(key, place)
    return kept


def _shared_placeholders(found: Iterable[Figure]) -> frozenset[str]:
    counted: Counter[str] = Counter()
    for one in found:
        if one.lazy and len(one.candidates) > 1:
            counted.update({url_key(c.url) for c in one.candidates[1:] if c.rank <= Rank.SHOWN})
    return frozenset(key for key, count in counted.items() if count > 1)


def _joined(first: Figure, second: Figure) -> Figure:
    [joined] = figures((*first.candidates, *second.candidates))
    return replace(
        first,
        candidates=joined.candidates,
        title=first.title or second.title,
        shown=first.shown if any(first.shown) else second.shown,
        icon=first.icon and second.icon,
        lazy=first.lazy or second.lazy,
        behind=first.behind or second.behind,
        times=first.times + second.times,
    )


# --------------------------------------------------------------------------- what is left out


def left_out(one: Figure, min_side: int, icons: bool) -> str:
    """Why a figure is no picture to collect, in two or three words; "" when it is one.

    By what the page says of it, never by a name alone: what the bytes are, the fetch stage finds out.
    """
    best = one.candidates[0]
    width, height = one.shown
    alone = len(one.candidates) == 1 and best.rank <= Rank.SHOWN
    if alone and max(width, height) > 0 and min(width, height) <= TRACKER:
        return "trackers"
    if is_drawing(best.url):
        return "drawings (SVG)"
    if _is_placeholder(one):
        return "placeholders"
    if not icons and _is_icon(one):
        return "icons"
    if best.rank <= Rank.SHOWN and best.width == 0 and 0 < max(width, height) < min_side:
        return f"smaller than {min_side} pixels"
    if 0 < max(best.width, best.height) < min_side:
        return f"smaller than {min_side} pixels"
    return ""


def claim(one: Figure) -> tuple[int, int]:
    """(width, height) that the best URL is claimed to have, 0 where nothing says so.

    A width alone is completed by the shape of the attributes; the attributes themselves count for the URL that
    is shown, which must have about as many pixels.
    """
    best, (width, height) = one.candidates[0], one.shown
    if best.width and best.height:
        return best.width, best.height
    if best.width and width and height:
        return best.width, round(best.width * height / width)
    if best.width or best.height:
        return best.width, best.height
    return one.shown if best.rank <= Rank.SHOWN else (0, 0)


Counts = Mapping[str, int]
"""Why figures were left out -> how many."""
