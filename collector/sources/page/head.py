"""Pictures named in the head of a page: `meta` and `link` elements. Pure; fills the page's sights."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from collector.sources.page import srcset
from collector.sources.page.address import named
from collector.sources.page.candidates import Candidate, Figure, Rank, figures
from collector.urls import resolved

if TYPE_CHECKING:
    from collector.sources.page.markup import Sights

_PICTURES: Final = named(
    "og:image og:image:url og:image:secure_url twitter:image twitter:image:src image thumbnail thumbnailurl"
    " primaryimageofpage sailthru.image.full sailthru.image.thumb parsely-image-url image_src"
)
_ICONS: Final = frozenset(
    {"msapplication-tileimage", "msapplication-square150x150logo", "msapplication-square310x310logo"}
)
_ICON_LINKS: Final = frozenset(
    {"icon", "shortcut", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "fluid-icon"}
)
_FEEDS: Final = ("rss+xml", "atom+xml", "json+oembed", "xml+oembed", "feed+json")


def meta(element: Any, sights: Sights) -> None:
    """Open Graph, Twitter cards, microdata and tiles; `og:image:width` and `og:image:alt` belong to the one before."""
    name = (element.get("property") or element.get("name") or element.get("itemprop") or "").strip().lower()
    content = element.get("content") or ""
    if name in ("og:image:width", "og:image:height", "og:image:alt"):
        _complete(name.rpartition(":")[2], content, sights)
    elif name in _PICTURES | _ICONS and (url := resolved(content, sights.base)):
        rank = Rank.THUMBNAIL if "thumb" in name else Rank.SET
        sights.heads += figures((Candidate(url, rank),), place="head", icon=name in _ICONS)


def _complete(part: str, content: str, sights: Sights) -> None:
    if not sights.heads or sights.heads[-1].place != "head":
        return
    last = sights.heads[-1]
    if part == "alt":
        sights.heads[-1] = replace(last, title=last.title or content.strip()[:500])
    elif re.fullmatch(r"[1-9]\d{0,4}", content.strip()):
        best = last.candidates[0]
        number = int(content)
        sized = replace(best, width=number) if part == "width" else replace(best, height=number)
        sights.heads[-1] = replace(last, candidates=(sized, *last.candidates[1:]))


def link(element: Any, sights: Sights) -> None:
    """Sheets, feeds, icons, and pictures that are loaded beforehand."""
    kinds = frozenset((element.get("rel") or "").lower().split())
    url = resolved(element.get("href") or "", sights.base)
    if element.get("itemprop") in ("image", "thumbnailUrl", "contentUrl") and url:
        _picture(url, sights)
    if "stylesheet" in kinds and url and not url.startswith("data:"):
        sights.sheets.append(url)
    elif url and ("manifest" in kinds or ("alternate" in kinds and _is_feed(element))):
        sights.feeds.append(url)
    elif kinds & _ICON_LINKS and url:
        _picture(url, sights, icon=True)
    elif "image_src" in kinds and url:
        _picture(url, sights)
    elif kinds & {"preload", "prefetch"} and (element.get("as") or "").lower() == "image":
        choices = srcset.choices(element.get("imagesrcset") or "")
        found = [Candidate(resolved(c.url, sights.base), Rank.SET, c.width, c.height, c.density) for c in choices]
        sights.heads += figures([*found, Candidate(url)] if url else found, place="head")


def _is_feed(element: Any) -> bool:
    return any(kind in (element.get("type") or "") for kind in _FEEDS)


def _picture(url: str, sights: Sights, icon: bool = False) -> None:
    sights.heads += figures((Candidate(url, Rank.SET),), place="head", icon=icon)


def header(value: str, base: str) -> list[Figure]:
    """What an HTTP `Link` header preloads as pictures (RFC 8288)."""
    found: list[Figure] = []
    for match in re.finditer(r"<([^<>]*)>((?:\s*;\s*[\w*]+(?:\s*=\s*(?:\"[^\"]*\"|[^\",;\s]*))?)*)", value):
        parameters = re.sub(r"[\s\"]", "", match[2].lower())
        if "rel=preload" in parameters and "as=image" in parameters and (url := resolved(match[1], base)):
            found += figures((Candidate(url),), place="head")
    return found
