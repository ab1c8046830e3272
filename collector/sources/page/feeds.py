"""Pictures of what a page points to: RSS and Atom feeds, oEmbed answers, web app manifests, site maps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from collector.http.decoding import json_of
from collector.model import Media
from collector.sources.json_helpers import tables
from collector.sources.page import markup
from collector.sources.page.address import is_picture
from collector.sources.page.candidates import Candidate, Figure, Rank, figures
from collector.urls import resolved

_TEXTS: Final = frozenset({"description", "encoded", "content", "summary"})


def read(body: bytes, base: str) -> list[Figure]:
    """The pictures of a feed, an oEmbed answer or a manifest, told apart by what they hold; [] for anything else."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        try:
            return list(_json(json_of(body), base))
        except (ValueError, RecursionError):
            return []
    return list(_xml(body, base)) if start == b"<" else []


def _json(value: Any, base: str) -> Iterator[Figure]:
    if not isinstance(value, dict):
        return
    photo = value.get("url") if value.get("type") == "photo" else None
    yield from _made(photo, base, Rank.LARGE, value, "width", "height", thumbnail=value.get("thumbnail_url"))
    if photo is None:
        yield from _made(value.get("thumbnail_url"), base, Rank.SET, value, "thumbnail_width", "thumbnail_height")
    for name in ("icons", "screenshots", "shortcuts"):
        for item in tables(value.get(name)):
            yield from _made(item.get("src"), base, Rank.SET, item, "", "", icon=name != "screenshots")
    for item in tables(value.get("items")):  # JSON Feed
        yield from _made(item.get("image") or item.get("banner_image"), base, Rank.SET, item, "", "")
        yield from markup.read(str(item.get("content_html") or ""), base).figures


def _made(
    url: Any,
    base: str,
    rank: Rank,
    around: Mapping[str, Any],
    width: str,
    height: str,
    icon: bool = False,
    thumbnail: Any = None,
) -> Iterator[Figure]:
    if not isinstance(url, str) or not (whole := resolved(url, base)):
        return
    sizes = [around.get(name) for name in (width, height)]
    w, h = (size if isinstance(size, int) and 0 < size < 100_000 else 0 for size in sizes)
    found = [Candidate(whole, rank, w, h)]
    if isinstance(thumbnail, str) and (small := resolved(thumbnail, base)):
        found.append(Candidate(small, Rank.THUMBNAIL, thumbnail=True))
    title = around.get("title") or around.get("label") or ""
    yield from figures(found, place="feed", icon=icon, title=str(title)[:500])


def _xml(body: bytes, base: str) -> Iterator[Figure]:
    """Elements by their local names, so that prefixes and versions of the formats do not matter."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    root = etree.fromstring(body, parser)
    if root is None:
        return
    title = ""
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        name, text = etree.QName(element).localname.lower(), element.text or ""
        if name in ("item", "entry"):
            title = _title(element)
        if name in ("content", "thumbnail", "enclosure", "image", "link") and (found := _medium(name, element, base)):
            yield from figures([found[0]], place="feed", title=title, media=found[1])
        elif name in ("thumbnail_url", "url", "loc") and (url := resolved(text, base)) and is_picture(url):
            yield from figures([Candidate(url, Rank.SET)], place="feed", title=title)
        if name in _TEXTS and "<" in text:
            yield from markup.read(text, base).figures


def _title(item: Any) -> str:
    from lxml import etree

    texts = (child.text for child in item if isinstance(child.tag, str) and etree.QName(child).localname == "title")
    return " ".join(next((text for text in texts if text), "").split())[:500]


def _medium(name: str, element: Any, base: str) -> tuple[Candidate, Media] | None:
    """The file that an element points to, when it is a picture or a video."""
    raw = element.get("url") or element.get("href") or ""
    if name == "link" and element.get("rel") != "enclosure":
        return None
    url, kind = resolved(raw, base), f"{element.get('type') or ''} {element.get('medium') or ''}"
    if not url:
        return None
    if "video" in kind:
        return Candidate(url, Rank.SET), Media.VIDEO
    if "image" in kind or name in ("thumbnail", "image") or is_picture(url):
        sizes = [element.get(side) or "" for side in ("width", "height")]
        w, h = (int(size) if size.isascii() and size.isdigit() and len(size) < 6 else 0 for size in sizes)
        return Candidate(url, Rank.THUMBNAIL if name == "thumbnail" else Rank.SET, w, h), Media.PICTURE
    return None
