"""From the figures of a page to hits, what is left out counted. Asks for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from collector.model import Hit, Media
from collector.sources.page import address
from collector.sources.page.candidates import FALLBACKS, Figure, claim, is_blank, left_out
from collector.urls import hostname, url_key

Cookies = Callable[[str], str]
"""URL -> the Cookie header that its host is sent, "" for none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user wants of a page."""

    min_side: int = 50
    icons: bool = False
    videos: bool = False
    originals: bool = False


@dataclass
class Hits:
    """Turns figures into hits, none twice."""

    page: str
    cookies: Cookies
    rules: Rules
    seen: set[str] = field(default_factory=set)
    """Keys of every URL of every figure so far."""
    left: Counter[str] = field(default_factory=Counter)
    """Why figures were left out -> how many."""

    def of(self, figures: Iterable[Figure], way: str = "") -> Iterator[Hit]:
        """The hits of figures that are new, in their order; what is left out has its reason and is never asked for."""
        for one in figures:
            if self._known(one):
                continue
            self.seen.update(url_key(c.url) for c in one.candidates if not is_blank(c.url))
            reason = left_out(one, self.rules.min_side, self.rules.icons)
            if not reason and one.media is Media.VIDEO and not self.rules.videos:
                reason = "videos"
            if reason:
                self.left[reason] += 1
                if not one.candidates[0].url.startswith("data:"):
                    yield replace(
                        self._hit(one, way or one.place), skip_reason="page.left_out", fields=(("skipped", reason),)
                    )
            else:
                yield self._hit(one, way or one.place)

    def _known(self, one: Figure) -> bool:
        """Seen before: by its best URL, or by any, unless it is a lazy one whose `src` may be everybody's."""
        keys = [url_key(c.url) for c in one.candidates if not is_blank(c.url)]
        return any(key in self.seen for key in (keys[:1] if one.lazy else keys))

    def _hit(self, one: Figure, way: str) -> Hit:
        best, *others = one.candidates
        fallbacks = [c.url for c in others if not is_blank(c.url)]
        url, (width, height) = best.url, claim(one)
        if self.rules.originals and (found := address.original(url)):
            url, fallbacks, width, height = found, [url, *fallbacks], 0, 0
            self.seen.add(url_key(found))
        small = next((c.url for c in reversed(others) if not c.url.startswith("data:") and not is_blank(c.url)), "")
        return Hit(
            url=url,
            key=url_key(url),
            page=self.page,
            title=one.title,
            site=hostname(self.page),
            width=width,
            height=height,
            thumbnail_url=small,
            way=way,
            fallbacks=tuple(fallbacks[:FALLBACKS]),
            media=one.media,
            cookies="" if url.startswith("data:") else self.cookies(url),
        )

    def summary(self) -> str:
        """What was left out, in one line; "" when nothing was."""
        return ", ".join(f"{reason}: {count:,}" for reason, count in sorted(self.left.items()))
