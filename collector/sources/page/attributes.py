"""The attributes of one element that name its picture, and what is written about it. Pure; knows no document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice, pairwise
from typing import Any, Final

from collector.http.decoding import json_of
from collector.sources.page import srcset
from collector.sources.page.address import DRAWING, PICTURE, is_picture, named
from collector.sources.page.candidates import Candidate, Rank
from collector.urls import resolved

_SETS: Final = named(
    "srcset data-srcset data-lazy-srcset data-original-set data-lazy-set data-src-set imagesrcset data-sizes-srcset"
)
_LAZY: Final = named(
    "data-src data-original data-lazy data-lazy-src data-lazyload data-echo data-image data-img data-real-src"
    " data-actualsrc data-srcs data-load-src data-delayed-url data-cfsrc data-ll-src data-hi-res-src data-highres"
    " data-retina data-src-retina data-fallback-src"
)
"""What script libraries call the URL that they put into `src` later: any URL on an image, a file's elsewhere."""
_BACKGROUNDS: Final = named(
    "data-bg data-background data-background-image data-bg-src data-bgset data-image-src data-parallax-image"
)
_LARGE: Final = named(
    "data-full data-full-src data-large data-large-src data-large_image data-large-image data-zoom-image data-zoom"
    " data-zoom-src data-hi-res data-hires data-original-src data-orig-file data-large-file data-pin-media data-max"
    " data-lightbox-src data-fancybox-href data-highres-src data-download-url data-mfp-src data-full-image"
)
_THUMBNAILS: Final = named("data-thumb data-thumbnail data-low-src data-small data-preview data-medium-file lowsrc")
BOXES: Final = ("data-lightbox", "data-fancybox", "data-full", "data-gallery", "data-pswp-width", "data-featherlight")
"""Attributes by which scripts know links whose target they show in a box."""
_TEXT: Final = named("alt title href style class id name content value placeholder summary label srcdoc action cite")
"""Attributes that speak of pictures or pages without being one."""
_NOT_OURS: Final = frozenset(
    {"iframe", "script", "video", "audio", "track", "frame", "portal", "form", "meta", "link", "html"}
)
_IMAGES: Final = frozenset({"img", "image", "source", "amp-img", "amp-anim", "g-img", "input"})
MOST_ATTRIBUTES: Final = 300
"""Of one element."""
MOST_INSIDE: Final = 200
"""Elements inside of a picture, film, figure or link that are looked at for it."""
_FILE: Final = re.compile(r".\.(?:jpe?g|png|webp|gif|avif|bmp|tiff?|hei[cf]|jxl)(?:[?#]|$)", re.IGNORECASE)
_BLANK: Final = re.compile(r"\s")
_GAP: Final = re.compile(r"\{\{|\$\{|\{(?:width|height|size|quality)\}")
"""What a template leaves open."""
_ENDS_AS_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|hei[cf]|jxl)(?:\?|$)", re.IGNORECASE)
_PLAIN: Final = re.compile(r"\s*+(\d{1,5})(?:\.\d++)?\s*+(?:px\s*+)?$")
_NAME: Final = re.compile(r"[\w.-]+")


def candidates(element: Any, base: str) -> Iterator[Candidate]:
    """The URLs of one element's picture, in no order: src, srcset, lazy attributes, and whatever looks like a file."""
    tag = str(element.tag).lower()
    if tag in _NOT_OURS:
        return
    image = tag in _IMAGES
    for name, value in islice(element.attrib.items(), MOST_ATTRIBUTES):
        name = name.rpartition("}")[2].lower()
        if not value or len(value) > 12_000_000:
            continue
        if "{" in value and not (value := _completed(value, element)):
            continue
        if name in _SETS or name == "data-bgset":
            yield from _set(value, base)
        elif name in ("src", "href", "xlink:href") and image:
            yield from _single(value, base, Rank.SHOWN)
        elif name not in _TEXT and name not in ("src", "poster", "background", "data"):
            yield from _named(name, value, base, image)
        elif name in ("src", "poster") and "-" in tag:  # a custom element
            yield from _single(value, base, Rank.SHOWN) if is_picture(value) else ()


def _completed(value: str, element: Any) -> str:
    """What a script makes of `cat_{width}x.jpg`, with the largest of the `data-widths`; "" where only the script knows
    what belongs there."""
    if "{width}" in value and (widths := re.findall(r"\d{1,5}", element.get("data-widths") or "")):
        value = value.replace("{width}", max(widths, key=int))
    return "" if _GAP.search(value) else value


def _named(name: str, value: str, base: str, image: bool) -> Iterator[Candidate]:
    """An attribute by its name, and by its value where the name is unknown."""
    looks = _looks(value)
    if name in _LARGE:
        yield from _single(value, base, Rank.LARGE) if looks or _url_like(value) else ()
    elif name in _THUMBNAILS:
        yield from _single(value, base, Rank.THUMBNAIL) if looks else ()
    elif name in _BACKGROUNDS:
        yield from _single(value, base, Rank.SET) if looks or _url_like(value) else ()
    elif name in _LAZY:
        yield from _single(value, base, Rank.SET) if looks or (image and _url_like(value)) else ()
    elif value.lstrip()[:1] in ("{", "[") and "." in value:
        yield from _held(value, base)
    elif looks:
        yield from _single(value, base, Rank.SET)
    elif "," not in name and _is_set(value):
        yield from _set(value, base)


def _is_set(value: str) -> bool:
    """Whether it is written as a srcset: a picture's name, and a number behind it."""
    words = value.split()
    return any(after[0].isdigit() and _ENDS_AS_PICTURE.search(word) for word, after in pairwise(words))


def _looks(value: str) -> bool:
    """`x.jpg`, alone: no sentence that ends in a name."""
    text = value.strip()
    single = not _BLANK.search(text) and _FILE.search(text) and "," not in text.rpartition("/")[2].partition(".")[0]
    return bool(single) or _css_url(value) != ""


def _url_like(value: str) -> bool:
    text = value.strip()
    return (
        ("/" in text or text.startswith("data:image/"))
        and not re.search(r"[\s<>{}]", text)
        and not DRAWING.search(text)
    )


def _css_url(value: str) -> str:
    """What stands in `url(...)`, alone; "" for anything else."""
    text = value.strip()
    if text[:4].lower() != "url(" or not text.endswith(")"):
        return ""
    inner = text[4:-1].strip()
    quoted = len(inner) > 1 and inner[0] in "'\"" and inner[0] == inner[-1]
    return inner[1:-1] if quoted else inner


def _single(value: str, base: str, rank: Rank) -> Iterator[Candidate]:
    if url := resolved(_css_url(value) or value, base):
        yield Candidate(url, rank, thumbnail=rank is Rank.THUMBNAIL)


def _set(value: str, base: str) -> Iterator[Candidate]:
    for choice in srcset.choices(value):
        if url := resolved(choice.url, base):
            yield Candidate(url, Rank.SET, choice.width, choice.height, choice.density)


def _held(value: str, base: str) -> Iterator[Candidate]:
    """JSON in an attribute: URL -> size, or lists of URLs, as galleries hold their sets of sizes."""
    from collector.sources.page.data import pictures

    try:
        held = json_of(value)
    except ValueError:
        return
    if isinstance(held, dict):
        for name, size in held.items():
            if is_picture(str(name)) and (url := resolved(str(name), base)):
                numbers = size if isinstance(size, list) and all(isinstance(part, int) for part in size) else []
                yield Candidate(url, Rank.SET, *numbers[:2])
    for one in pictures(held, base):
        yield from one.candidates


def is_lazy(element: Any) -> bool:
    """Whether its `src` may stand in for another URL that it names."""
    held = {str(name).lower(): value for name, value in element.attrib.items()}  # a name may be none that `get` takes
    names = set(held)
    return bool(names & (_LAZY | _SETS - {"srcset"})) or (
        "lazy" in (element.get("class") or "").lower() and any(_looks(held[name]) for name in names - _TEXT - {"src"})
    )


# --------------------------------------------------------------------------- around the element


def size(element: Any) -> tuple[int, int]:
    """The `width` and `height` attributes, or those of its style; (0, 0) unless both are plain pixels."""
    found = [_PLAIN.match(element.get(name) or "") for name in ("width", "height")]
    if all(found):
        return tuple(int(match[1]) for match in found if match)  # type: ignore[return-value]
    return (0, 0)


def linked_size(link: Any) -> tuple[int, int]:
    """What a link says of the file it opens (PhotoSwipe's attributes, or `data-size="1600x1200"`)."""
    pair = re.fullmatch(r"\s*(\d{2,5})\s*[x×]\s*(\d{2,5})\s*", link.get("data-size") or "")
    if pair:
        return int(pair[1]), int(pair[2])
    numbers = [
        _PLAIN.match(link.get(f"data-{start}{side}") or "") for start in ("pswp-", "") for side in ("width", "height")
    ]
    for first, second in (numbers[:2], numbers[2:]):
        if first and second:
            return int(first[1]), int(second[1])
    return 0, 0


def link_around(element: Any) -> Any:
    """The link that the image alone, or first of several, stands in; None when there is none."""
    for ancestor in element.iterancestors():
        if ancestor.tag == "a":
            first = next(ancestor.iter("img", "image", "amp-img", "amp-anim", "g-img", "input"), element)
            return ancestor if first is element else None
        if ancestor.tag in ("body", "table", "ul", "ol", "main", "article", "section"):
            return None
    return None


def _captions(element: Any) -> Iterator[Any]:
    """Of the two figures around it: their last child and the first ones inside, among which captions belong."""
    for around in islice(element.iterancestors("figure"), 2):
        inside = chain(islice(around.iterchildren(reversed=True), 1), islice(around.iter(), MOST_INSIDE))
        yield from (one for one in inside if one.tag == "figcaption")


def title(element: Any, link: Any = None) -> str:
    """alt, title, the caption of the figure around it, or the link's title; at most 500 characters."""
    found = element.get("alt") or element.get("title") or element.get("aria-label") or ""
    if not found.strip():
        found = next(("".join(caption.itertext()) for caption in _captions(element)), "")
    if not found.strip() and link is not None:
        found = link.get("title") or link.get("data-title") or link.get("data-caption") or link.get("aria-label") or ""
    if _NAME.fullmatch(found.strip()) and PICTURE.search(found):
        return ""  # a file's name says nothing
    return " ".join(found.split())[:500]
