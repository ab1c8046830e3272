"""Every place of an HTML page where a picture can hide, as figures in the page's order. Pure; asks for nothing.

The places are the union of what page savers and readers know (monolith, SingleFile, Readability), by our own rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from collector.model import Media
from collector.sources.page import attributes, css, data, head
from collector.sources.page.address import VIDEO, is_picture
from collector.sources.page.candidates import MOST_URLS, Candidate, Figure, Rank, figures
from collector.urls import resolved

DEEPEST: Final = 3
"""Documents inside of documents (`srcdoc`, `noscript`) that are read."""
_IMAGES: Final = frozenset({"img", "image", "amp-img", "amp-anim", "g-img"})
_TEMPLATES: Final = re.compile(r"^text/(?:html|x-|template|ng-template)|handlebars|mustache|x-tmpl", re.IGNORECASE)
_STATE: Final = re.compile(r"json|javascript|ecmascript|^$|^module$|^text/babel$", re.IGNORECASE)
_ROOTS: Final = frozenset(
    {"root", "app", "__next", "__nuxt", "___gatsby", "svelte", "application", "main-app", "react-root"}
)


MOST_ELEMENTS: Final = 500_000
MOST_FIGURES: Final = 20_000
"""Of one page: more is looked at by nobody, and no page for people has them."""
_TAG: Final = re.compile(r"<[a-zA-Z][^<>]{4000,}+>")
_ATTRIBUTE: Final = re.compile(r"""(?:[^\s"']++|"[^"]*+"|'[^']*+')++""")
_ANY_TAG: Final = re.compile(r"<(/?+)([a-zA-Z][^\s/<>]*+)[^<>]*+>")
_KEPT: Final = frozenset(
    ("a", "script", "style", "textarea", "title", "img", "source", "br", "hr", "input", "link", "meta", "embed", "area",
     "base", "col", "track", "wbr", "param")
)  # fmt: skip
"""Tags that nothing can be inside of without end: links, texts, and those without an end tag."""
DEEPEST_ELEMENTS: Final = 500
"""Inside one another: about where browsers stop, and far from where libxml2 does (2048)."""
MOST_ATTRIBUTES: Final = 2000
"""Of one tag."""


@dataclass
class Sights:
    """What one document shows."""

    base: str
    """What its URLs are relative to."""
    figures: list[Figure] = field(default_factory=list)
    """In the page's order; not yet merged, nothing left out."""
    heads: list[Figure] = field(default_factory=list)
    """What its head and its data name: the same pictures again, mostly, or others that no place shows."""
    sheets: list[str] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)
    """RSS and Atom feeds, oEmbed answers and web app manifests."""
    frames: list[str] = field(default_factory=list)
    blobs: int = 0
    """Pictures that only a running page has: `blob:` addresses and canvases."""
    drawings: int = 0
    """Inline SVG."""
    scripts: int = 0
    app: bool = False
    """An element that is known as the root of a program that builds the page."""
    depth: int = 0
    offers: dict[Any, tuple[list[Candidate], bool]] = field(default_factory=dict)
    """`<picture>` -> what its sources offer."""


def read(text: str, address: str, depth: int = 0) -> Sights:
    """Look over a whole page, or over a piece of one."""
    root = _tree(text)
    sights = Sights(address, depth=depth)
    if root is None:
        return sights
    bases = (element.get("href") for element in root.iter("base") if element.get("href"))
    sights.base = resolved(next(bases, address), address) or address
    for element in islice(root.iter(), MOST_ELEMENTS):
        if isinstance(element.tag, str):
            _look(element, sights)
        if len(sights.figures) >= MOST_FIGURES:
            break
    return sights


def _tree(text: str) -> Any:
    """The document's element tree, or None when there is nothing in the text."""
    from lxml import etree, html

    if not text.strip():
        return None
    text = _TAG.sub(_shortened, text)
    parser = html.HTMLParser(huge_tree=True, encoding="utf-8", recover=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
        if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):  # It gave up half-way.
            root = html.document_fromstring(_flattened(text).encode("utf-8", "replace"), parser=parser)
        return root
    except etree.ParserError:  # nothing but comments or white space
        return None


def _flattened(text: str) -> str:
    """A page of more elements inside one another than the parser takes: those deeper than `DEEPEST_ELEMENTS` are beside
    one another, as browsers have them."""
    depth = 0

    def flat(tag: re.Match[str]) -> str:
        nonlocal depth
        name = tag[2].lower()
        if name in _KEPT:
            return tag[0]
        if tag[1]:
            depth = max(0, depth - 1)
            return tag[0] if depth < DEEPEST_ELEMENTS else ""
        depth += 1
        return tag[0] if depth <= DEEPEST_ELEMENTS else f"{tag[0]}</{name}>"

    return _ANY_TAG.sub(flat, text)


def _shortened(tag: re.Match[str]) -> str:
    """A tag as it is, or its beginning where it has attributes by the thousand, for which the parser takes its time."""
    text = tag[0]
    last = next(islice(_ATTRIBUTE.finditer(text), MOST_ATTRIBUTES, None), None)
    return text if last is None else f"{text[: last.start()]}>"


def _look(element: Any, sights: Sights) -> None:
    tag = element.tag.lower()
    if style := element.get("style"):
        sights.figures += _styled(style, sights)
    if tag in _IMAGES or (tag == "input" and (element.get("type") or "").lower() == "image"):
        _image(element, sights)
    elif tag in _ELEMENTS:
        _ELEMENTS[tag](element, sights)
    else:
        _other(element, sights)


# --------------------------------------------------------------------------- pictures


def _image(element: Any, sights: Sights) -> None:
    """An image with everything around it: the sources of its `<picture>`, the link, the caption."""
    base = sights.base
    if (element.get("src") or "").startswith("blob:"):
        sights.blobs += 1
    found = list(attributes.candidates(element, base))
    lazy = attributes.is_lazy(element)
    picture = next(element.iterancestors("picture"), None)
    if picture is not None:
        offers, waiting = _offers(picture, sights)
        found += offers
        lazy = lazy or waiting
    link = attributes.link_around(element)
    behind = ""
    if link is not None:
        linked, behind = _opened(link, base)
        found += linked
    shown = attributes.size(element)
    more = {"shown": shown, "lazy": lazy, "behind": behind, "title": attributes.title(element, link)}
    sights.figures += figures(found, place="lazy" if lazy else "img", **more)


def _offers(picture: Any, sights: Sights) -> tuple[list[Candidate], bool]:
    """(what the sources of a `<picture>` offer, whether one of them is lazy); the same for every image inside."""
    if picture not in sights.offers:
        inside = islice(picture.iter(), attributes.MOST_INSIDE)  # the parser may have put one source into the other
        sources = [element for element in inside if element.tag == "source"]
        found = list(islice((c for source in sources for c in _offered(source, sights.base)), MOST_URLS))
        sights.offers[picture] = (found, any(map(attributes.is_lazy, sources)))
    return sights.offers[picture]


def _offered(source: Any, base: str) -> Iterator[Candidate]:
    """What a `<source>` of a `<picture>` offers, unless it is of a kind that cannot be kept."""
    kind = (source.get("type") or "").lower()
    if not any(name in kind for name in ("svg", "jxl", "heic", "pdf")):
        yield from attributes.candidates(source, base)


def _opened(link: Any, base: str) -> tuple[list[Candidate], str]:
    """(the picture file that a link opens, the page that it opens): one of them, or neither."""
    found = [c for c in attributes.candidates(link, base) if c.rank >= Rank.LARGE]
    url = resolved(link.get("href") or "", base)
    if url and not url.startswith("data:"):
        boxed = any(link.get(name) is not None for name in attributes.BOXES)
        if is_picture(url) or (boxed and not VIDEO.search(url) and not url.endswith((".html", "/"))):
            width, height = attributes.linked_size(link)
            return [Candidate(url, Rank.LINKED, width, height), *found], ""
    return found, url if not found else ""


def _anchor(element: Any, sights: Sights) -> None:
    """A link to a picture's file that has no image inside; with one, the image speaks for both."""
    if element.tag == "a" and any(True for _ in element.iter(*_IMAGES)):
        return
    if (title := attributes.title(element)) == "" and element.tag == "a":
        title = " ".join("".join(islice(element.itertext(), attributes.MOST_INSIDE)).split())[:500]
    if found := figures(_opened(element, sights.base)[0], place="link", title=title):
        sights.figures += found
    else:
        _other(element, sights)


def _other(element: Any, sights: Sights) -> None:
    """Any element with a lazy attribute, or with one whose value looks like a picture's file."""
    if found := list(attributes.candidates(element, sights.base)):
        sights.figures += figures(found, place="lazy", title=attributes.title(element), lazy=True)


def _attribute(name: str, place: str) -> Any:
    """An element whose one attribute is a picture."""

    def look(element: Any, sights: Sights) -> None:
        url = resolved(element.get(name) or "", sights.base)
        kind = (element.get("type") or "").lower()
        if url and (place in ("background", "poster") or is_picture(url) or kind.startswith("image/")):
            shown, title = attributes.size(element), attributes.title(element)
            sights.figures += figures((Candidate(url),), place=place, title=title, shown=shown)
        else:
            _other(element, sights)

    return look


def _film(element: Any, sights: Sights) -> None:
    """A video: the picture that stands for it, and its files."""
    poster = element.get("poster") or element.get("data-poster") or ""
    if url := resolved(poster, sights.base):
        sights.figures += figures((Candidate(url),), place="poster", title=attributes.title(element))
    films = [element, *islice(element.iter("source"), attributes.MOST_INSIDE)]
    urls = [resolved(film.get("src") or film.get("data-src") or "", sights.base) for film in films]
    sights.blobs += sum((film.get("src") or "").startswith("blob:") for film in films)
    found = [Candidate(url) for url in urls if url and not url.startswith("data:")]
    sights.figures += figures(found, place="video", title=attributes.title(element), media=Media.VIDEO)


# --------------------------------------------------------------------------- drawings, documents, scripts


def _svg(element: Any, sights: Sights) -> None:
    parent = element.getparent()
    if parent is None or parent.tag != "svg":
        sights.drawings += 1


def _svg_image(element: Any, sights: Sights) -> None:
    """`feImage` and `use`, whose names may point into the page itself."""
    raw = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or element.get("xlink:href") or ""
    url = resolved(raw, sights.base)
    if url and (is_picture(url) or url.startswith("data:")):
        sights.figures += figures((Candidate(url),), place="svg")


def _canvas(_: Any, sights: Sights) -> None:
    sights.blobs += 1


def _inner(text: str, sights: Sights) -> None:
    """A document or a piece of one that is held as text."""
    if sights.depth < DEEPEST and "<" in text:
        inside = read(text, sights.base, sights.depth + 1)
        sights.figures += inside.figures
        sights.heads += inside.heads
        sights.frames += inside.frames


def _noscript(element: Any, sights: Sights) -> None:
    """With scripts on it is text, and the parser may have left it so."""
    if element.text and "<img" in element.text.lower():
        _inner(element.text, sights)


def _frame(element: Any, sights: Sights) -> None:
    if element.get("srcdoc"):
        _inner(element.get("srcdoc"), sights)
    elif url := resolved(element.get("src") or element.get("data-src") or "", sights.base):
        if is_picture(url):
            sights.figures += figures((Candidate(url),), place="frame")
        else:
            sights.frames.append(url)


def _script(element: Any, sights: Sights) -> None:
    kind, text = (element.get("type") or "").lower(), element.text or ""
    if _TEMPLATES.search(kind):
        _inner(text, sights)
        return
    sights.scripts += 1
    if kind == "application/ld+json":
        sights.heads += data.linked_data(text, sights.base)
    elif text and _STATE.search(kind):
        sights.heads += data.state(text, sights.base)


def _style(element: Any, sights: Sights) -> None:
    sights.figures += _styled(element.text or "", sights)


def _styled(text: str, sights: Sights) -> list[Figure]:
    """The pictures of a sheet that stands in the page; its imports are sheets of their own."""
    if "url(" not in text.lower() and "image-set" not in text and "@import" not in text:
        return []
    sheet = css.sheet(text)
    sights.sheets += filter(None, (resolved(url, sights.base) for url in sheet.imports))
    return drawn(sheet, sights.base)


def drawn(sheet: css.Sheet, base: str) -> list[Figure]:
    """The pictures of a sheet whose URLs are relative to `base`."""
    found: list[Figure] = []
    for one in sheet.drawn:
        urls = [resolved(url, base) for url in one.urls]
        candidates = [Candidate(url, density=float(len(urls) - at)) for at, url in enumerate(urls) if url]
        found += figures(candidates, place="css", icon=one.icon)
    return found


def _part(element: Any, sights: Sights) -> None:
    """What may be the root of a program."""
    name = (element.get("id") or "").lower()
    sights.app |= name in _ROOTS or any(element.get(a) is not None for a in ("ng-app", "ng-version", "data-reactroot"))
    _attribute("background", "background")(element, sights) if element.get("background") else _other(element, sights)


def _nothing(element: Any, sights: Sights) -> None:
    """Tracks, sources and the like, which their parents speak for."""


_ELEMENTS: Final[dict[str, Any]] = {
    "a": _anchor,
    "area": _anchor,
    "video": _film,
    "audio": _film,
    "amp-video": _film,
    "embed": _attribute("src", "embed"),
    "object": _attribute("data", "object"),
    **dict.fromkeys(("body", "table", "td", "tr", "th", "thead", "tbody", "div", "main", "section", "app-root"), _part),
    "svg": _svg,
    "use": _svg_image,
    "feimage": _svg_image,
    "canvas": _canvas,
    **dict.fromkeys(("iframe", "frame", "portal", "amp-iframe"), _frame),
    "script": _script,
    "style": _style,
    "noscript": _noscript,
    "link": head.link,
    "meta": head.meta,
    **dict.fromkeys(("source", "track", "base", "picture"), _nothing),
}
