"""From a work's media to the URLs worth asking for, best first. Pure: makes nothing up that the site did not sign.

The site hands out signed addresses; each token says which path, which size and which service it is for. Only such
tokens are used, as they came: no forged ones, no tiles, and what is blurred stays blurred.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from collector.http.decoding import json_of
from collector.sources.json_helpers import number, table, tables
from collector.urls import hostname

LAST_INTERMEDIARY: Final = 790_677_560
"""The last work (about March 2019) whose unsigned recompressed copy in full size may exist."""
_FILE: Final = "urn:service:file.download"
_BLUR: Final = re.compile(r",blur_(\d{1,9})")
_QUALITY: Final = re.compile(r",q_\d+")
_OLD_HOST: Final = re.compile(r"(?:img|pre|th|fc|orig)\d*\.deviantart\.net", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What to ask for one picture or video."""

    urls: tuple[str, ...] = ()
    """Best first, none twice; empty when the media names nothing."""
    width: int = 0
    height: int = 0
    """Pixels of the last, which is the one that is promised; 0 is unknown."""
    moving: bool = False
    """A video."""
    blurred: bool = False
    thumbnail: str = ""


def ladder(media: Mapping[str, Any], work: int = 0, download: str = "") -> Ladder:
    """Candidates for one `media` of a work with this number; `download` is what is behind its button, if anything.

    1 the download; 2 a token for the untouched file; 3 a view that was not transformed; 4 the recompressed copy in
    full size of old works; 5 the view at the token's size, then quality 100, then PNG; 6 the view as given.
    """
    there = _Media(media)
    video, gif, view = there.type("video", "b"), there.type("gif", "b"), there.type("fullview") or there.type("preview")
    if video:
        urls = [*([download] if download else ()), *there.own(video)]
        return Ladder(_once(urls), number(video, "w"), number(video, "h"), moving=True)
    if view is None and gif is None:
        return Ladder(_once([download] if download else ()))
    scaled = there.scaled(view) if view else ""
    if _BLUR.search(scaled):
        size = number(view or {}, "w"), number(view or {}, "h")
        return Ladder((there.signed(scaled, view),), *size, blurred=True)
    urls = [*([download] if download else ()), *there.untouched()]
    urls += there.own(gif) if gif else ()
    if view:
        urls += there.views(view, scaled, 0 < work <= LAST_INTERMEDIARY and not there.animated)
    shown = view or gif or {}
    return Ladder(_once(urls), number(shown, "w"), number(shown, "h"), thumbnail=there.thumbnail())


def claims(token: str) -> Mapping[str, Any]:
    """What a token says, unchecked; empty when it is none (RFC 7519: three parts, the second one JSON)."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json_of(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return table(payload)


def media_of(src: str, width: int = 0, height: int = 0) -> dict[str, Any]:
    """The `media` of a picture of which only a signed address is known, as the API gives it."""
    parts = urlsplit(_address(src))
    before, transform, after = parts.path.partition("/v1/")
    query = parse_qs(parts.query)
    view: dict[str, Any] = {"t": "fullview", "r": 0, "w": width, "h": height}
    if transform:
        view["c"] = transform + after
    base = urlunsplit((parts.scheme, parts.netloc, before, "", ""))
    kept = urlencode([(name, value) for name, values in query.items() if name != "token" for value in values])
    return {"baseUri": f"{base}?{kept}" if kept else base, "token": query.get("token", []), "types": [view]}


class _Media:
    """One `media` with its oddities evened out."""

    def __init__(self, media: Mapping[str, Any]) -> None:
        self.base = _address(media.get("baseUri"))
        self.name = _plain(media.get("prettyName"))
        self.tokens = [_plain(token) for token in entries(media.get("token"))]
        self._types = tables(media.get("types"))

    @property
    def animated(self) -> bool:
        return urlsplit(self.base).path.lower().endswith(".gif")

    def type(self, name: str, needed: str = "t") -> Mapping[str, Any] | None:
        """The largest type of this name that has the field needed."""
        found = [kind for kind in self._types if kind.get("t") == name and kind.get(needed)]
        return max(found, key=lambda kind: (number(kind, "h"), number(kind, "f"))) if found else None

    def scaled(self, kind: Mapping[str, Any]) -> str:
        """The path that a type appends to the file's, which begins with a slash or does not; "" for the file itself."""
        path = str(kind.get("c") or "").replace("<prettyName>", self.name)
        path = _BLUR.sub(lambda match: f",blur_{min(int(match[1]), 100)}", path)  # more than 100 is refused
        return path if not path or path.startswith("/") else f"/{path}"

    def signed(self, path: str, kind: Mapping[str, Any] | None) -> str:
        """The file's address with a path behind it and the type's own token; one out of range means the first."""
        index = number(kind or {}, "r")
        token = self.tokens[index if index < len(self.tokens) else 0] if self.tokens else ""
        return _with_token(self.base, path, token)

    def untouched(self) -> Iterator[str]:
        """The file itself by tokens that are made for it."""
        for token in self.tokens:
            if _FILE in entries(claims(token).get("aud")):
                yield _with_token(self.base, "", token)

    def own(self, kind: Mapping[str, Any]) -> Iterator[str]:
        """A video or animation has an address of its own, which a token may cover."""
        url = _address(kind["b"])
        path = urlsplit(url).path
        for token in self.tokens:
            if any(path.endswith(str(one.get("path") or "?")) for one in _objects(token)):
                yield _with_token(url, "", token)
        yield url

    def views(self, view: Mapping[str, Any], scaled: str, old: bool) -> Iterator[str]:
        """Rows 3 to 6."""
        if not scaled:
            yield self.signed("", view)
        elif self.base and _OLD_HOST.fullmatch(hostname(self.base)):
            yield self.base  # leads on to where the file lies today
        if scaled and old and (copy := _intermediary(self.base)):
            yield copy
        if scaled:
            if larger := self._at_most(view, scaled):
                yield self.signed(larger, view)
            yield self.signed(_QUALITY.sub(",q_100", scaled), view)
            if scaled.endswith("-fullview.jpg"):
                yield self.signed(scaled.removesuffix("jpg") + "png", view)
            yield self.signed(scaled, view)

    def _at_most(self, view: Mapping[str, Any], scaled: str) -> str:
        """The view in the size that its token allows, when that is more and of the same shape; "" otherwise."""
        width, height = number(view, "w"), number(view, "h")
        index = number(view, "r")
        token = self.tokens[index if index < len(self.tokens) else 0] if self.tokens else ""
        for one in _objects(token):
            most = _bound(one.get("width")), _bound(one.get("height"))
            same = width and height and abs(most[0] * height - most[1] * width) <= max(width, height) * 2
            if same and most[0] > width and most[1] > height:
                path = re.sub(r"w_\d+,h_\d+", f"w_{most[0]},h_{most[1]}", scaled, count=1)
                return re.sub(r",q_\d+|,strp", "", path)
        return ""

    def thumbnail(self) -> str:
        """A small one, for pages that show what was found."""
        for name in ("350T", "300W", "250T", "200H", "150", "preview"):
            if (kind := self.type(name, "c")) is not None:
                return self.signed(self.scaled(kind), kind)
        return ""


def _intermediary(base: str) -> str:
    parts = urlsplit(base)
    before, middle, after = parts.path.partition("/f/")
    if not middle:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, f"{before}/intermediary/f/{after}", "", ""))


def _with_token(base: str, path: str, token: str) -> str:
    parts = urlsplit(base)
    query = "&".join(filter(None, (parts.query, urlencode({"token": token}) if token else "")))
    return urlunsplit((parts.scheme, parts.netloc, parts.path + path, query, ""))


def _objects(token: str) -> Iterator[Mapping[str, Any]]:
    for group in entries(claims(token).get("obj")):
        yield from tables(group)


def _bound(text: object) -> int:
    """1280 of "<=1280"; 0 of anything else."""
    match = re.fullmatch(r"<=(\d{1,9})", str(text))
    return int(match[1]) if match else 0


def _address(value: object) -> str:
    """A text that can be taken apart as an address; "" for anything else."""
    try:
        urlsplit(text := _plain(value))
    except ValueError:
        return ""
    return text


def _plain(value: object) -> str:
    """A text without half characters, which no address can hold."""
    return str(value or "").encode("utf-8", "replace").decode()


def entries(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _once(urls: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, urls)))
