"""Pictures named in the data of a page: JSON-LD, the state that programs leave in scripts, API answers. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from collector.http.decoding import json_of
from collector.model import Media
from collector.sources import javascript
from collector.sources.page.address import VIDEO, is_drawing, is_picture
from collector.sources.page.candidates import Candidate, Figure, Rank, figures
from collector.urls import resolved

DEEPEST: Final = 60
"""Levels of JSON that are looked into."""

_LD_PICTURES: Final = (
    "image",
    "photo",
    "photos",
    "contentUrl",
    "thumbnailUrl",
    "primaryImageOfPage",
    "thumbnail",
    "logo",
)
_ICON_KEYS: Final = frozenset({"logo", "icon", "icons", "avatar", "favicon", "profilepicture"})
_LARGE_NAMES: Final = re.compile(r"orig|full|raw|large|big|max|hi[-_]?res|\bxl|download", re.IGNORECASE)
_SMALL_NAMES: Final = re.compile(r"thumb|small|tiny|mini|preview|icon|blur|low|placeholder|lqip|sm$|xs$", re.IGNORECASE)
SHORTEST: Final = 5
LONGEST: Final = 8192
"""Characters of a string in a script that may be the URL of a picture, or hold one."""
NESTED: Final = 2
"""Strings in strings that are looked into."""
_ROOTED: Final = re.compile(r"(?:https?:)?//|/[^/\s]|\.{1,2}/")


def linked_data(text: str, base: str) -> list[Figure]:
    """The pictures of one `application/ld+json` block; [] for one that is no JSON."""
    return list(_ld(_loaded(text), base, 0))


def state(text: str, base: str, depth: int = 0) -> list[Figure]:
    """Pictures of a script, whatever it assigns them to: JSON as JSON, else every string that is a picture's URL."""
    value = _loaded(text)
    if value is not None:
        return list(pictures(value, base))
    found: list[Figure] = []
    for raw in javascript.strings(text):
        if not SHORTEST <= len(raw) <= LONGEST or "." not in raw:
            continue
        url = javascript.unescaped(raw)
        if '"' in url or "<" in url:  # JSON or HTML inside of a string
            found += state(url, base, depth + 1) if depth < NESTED else []
        else:
            found += _figures({"": url}, base)
    return found


def pictures(value: Any, base: str, depth: int = 0) -> Iterator[Figure]:
    """Pictures anywhere in JSON. URLs side by side in one object are one picture when their names speak of sizes."""
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        texts = {str(name): item for name, item in value.items() if isinstance(item, str)}
        sizes = _renditions(texts)
        yield from _figures(sizes, base, value)
        for name, item in value.items():
            if not isinstance(item, str):
                yield from pictures(item, base, depth + 1)
            elif name not in sizes:
                yield from _figures({str(name): item}, base, value)
    elif isinstance(value, list):
        for item in value:
            yield from _figures({"": item}, base) if isinstance(item, str) else pictures(item, base, depth + 1)


def _renditions(texts: Mapping[str, str]) -> dict[str, str]:
    """Those of an object's URLs that are one picture in several sizes."""
    urls = {name: text for name, text in texts.items() if _looks(text)}
    telling = [name for name in urls if _LARGE_NAMES.search(name) or _SMALL_NAMES.search(name)]
    plain = [name for name in urls if name.lower() in ("url", "src", "href", "image", "regular", "medium", "source")]
    names = [*telling, *plain]
    return {name: urls[name] for name in names} if telling and len(set(names)) > 1 else {}


def _looks(text: str) -> bool:
    """Whether a string is the URL of a picture or video, and not a sentence that names one."""
    text = text.strip()
    if not 5 <= len(text) <= 8192 or any(letter in text for letter in "\n<>{}|"):
        return False
    return bool(_ROOTED.match(text)) and (is_picture(text) or bool(VIDEO.search(text)))


def _figures(urls: Mapping[str, str], base: str, around: Mapping[str, Any] = MappingProxyType({})) -> list[Figure]:
    found = []
    video = icon = False
    for name, text in urls.items():
        text = html.unescape(text.strip())
        url = resolved(text, base) if _looks(text) else ""
        if not url or is_drawing(url):
            continue
        video |= bool(VIDEO.search(url))
        icon |= name.lower() in _ICON_KEYS
        rank = Rank.LARGE if _LARGE_NAMES.search(name) else Rank.THUMBNAIL if _SMALL_NAMES.search(name) else Rank.SET
        width, height = (0, 0) if len(urls) > 1 else (_number(around, "width", "w"), _number(around, "height", "h"))
        found.append(Candidate(url, rank, width, height, thumbnail=rank is Rank.THUMBNAIL))
    media = Media.VIDEO if video else Media.PICTURE
    return figures(found, place="data", title=_text(around, "alt", "title", "caption", "name"), icon=icon, media=media)


def _number(around: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = around.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100_000:
            return int(value)
    return 0


def _loaded(text: str) -> Any:
    """JSON as pages hold it: with a comment or CDATA around, a guard before it, or a semicolon behind; else None."""
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip()
    text = text.removeprefix("//<![CDATA[").removesuffix("//]]>").removeprefix("<![CDATA[").removesuffix("]]>").strip()
    text = re.sub(r"^(?:\)\]\}',?|for ?\(;;\);|while ?\(1\);)\s*", "", text)
    assigned = re.match(r"(?:window\.|var |let |const |self\.)?[\w$.\[\]\"']{1,80}\s*=\s*(?=[{\[])", text)
    text = text[assigned.end() :].rstrip("; \n") if assigned else text
    if text[:1] not in ("{", "["):
        return None
    try:
        return json_of(text)
    except ValueError:
        return None


# --------------------------------------------------------------------------- schema.org


def _ld(value: Any, base: str, depth: int) -> Iterator[Figure]:
    """JSON-LD by its own names: an image may be a string, a list, or an ImageObject with sizes."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _ld(item, base, depth + 1)
    if not isinstance(value, Mapping):
        return
    kinds = _kinds(value)
    if "ImageObject" in kinds or "Photograph" in kinds:
        yield from _ld_object(value, base)
        return
    for name, item in value.items():
        if name in _LD_PICTURES and not (name == "contentUrl" and "VideoObject" in kinds):
            yield from _ld_pictures(item, base, icon=name == "logo", title=_text(value, "name", "headline"))
        elif isinstance(item, Mapping | list):
            yield from _ld(item, base, depth + 1)
        elif name == "contentUrl" and isinstance(item, str) and (url := resolved(html.unescape(item), base)):
            yield from figures((Candidate(url, Rank.SET),), place="data", title=_text(value, "name"), media=Media.VIDEO)


def _ld_pictures(value: Any, base: str, icon: bool, title: str) -> Iterator[Figure]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            url = resolved(html.unescape(item), base)
            yield from figures((Candidate(url, Rank.SET),), place="data", title=title, icon=icon)
        elif isinstance(item, Mapping):
            yield from _ld_object(item, base, icon, title)


def _ld_object(value: Mapping[str, Any], base: str, icon: bool = False, title: str = "") -> list[Figure]:
    width, height = (_ld_number(value.get(name)) for name in ("width", "height"))
    found: list[Candidate] = []
    for name, rank in (
        ("contentUrl", Rank.LARGE),
        ("url", Rank.SET),
        ("@id", Rank.SHOWN),
        ("thumbnailUrl", Rank.THUMBNAIL),
    ):
        text = value.get(name)
        if isinstance(text, Mapping):
            text = text.get("url")
        url = resolved(html.unescape(text), base) if isinstance(text, str) else ""
        if url and (name in ("contentUrl", "thumbnailUrl") or is_picture(url) or (name == "url" and not found)):
            size = (0, 0) if name == "thumbnailUrl" else (width, height)
            found.append(Candidate(url, rank, *size, thumbnail=name == "thumbnailUrl"))
    return figures(found, place="data", title=_text(value, "caption", "name", "description") or title, icon=icon)


def _kinds(value: Mapping[str, Any]) -> list[str]:
    kind = value.get("@type")
    return [str(item) for item in kind] if isinstance(kind, list) else [str(kind)]


def _ld_number(value: Any) -> int:
    """A number of pixels as a number, as text, or as a QuantitativeValue."""
    if isinstance(value, Mapping):
        value = value.get("value")
    match = re.match(r"\s*+(\d{1,5})(?:\.\d++)?\s*+(?:px\s*+)?$", str(value)) if value is not None else None
    return int(match[1]) if match else 0


def _text(value: Mapping[str, Any], *names: str) -> str:
    return next((value[name][:500] for name in names if isinstance(value.get(name), str)), "")
