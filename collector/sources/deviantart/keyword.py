"""What a keyword asks of DeviantArt: an artist's gallery, a folder, favourites, a tag, a search or one work.

Pure: knows the spellings of addresses, old ones too, and asks nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit


class What(StrEnum):
    """The kinds of lists, and the single work."""

    GALLERY = "gallery"
    SCRAPS = "scraps"
    FOLDER = "folder"
    FAVOURITES = "favourites"
    COLLECTION = "collection"
    WITHIN = "search within a gallery"
    TAG = "tag"
    SEARCH = "search"
    DAILY = "daily deviations"
    HOME = "home"
    STASH = "stash"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Asked:
    """A keyword, understood."""

    what: What
    name: str = ""
    """The artist, the tag or the words; of a work its artist, where the address says it; the name of a thing in the
    stash; the day of daily deviations, "" for today."""
    id: int = 0
    """The number of a folder, a collection or a work."""
    words: str = ""
    """What is looked for within a gallery."""
    order: str = ""
    """The order that the address of a tag or a search asks for, as the site calls it."""


_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,29}[A-Za-z0-9_])?")
_SITE: Final = "deviantart.com"
_PLAIN: Final = ("", "www", "m", "mobile", "backend")
"""Names before the site's own that are no artist."""
_NOT_ARTISTS: Final = frozenset(
    (
        "about",
        "daily-deviations",
        "daily",
        "home",
        "watch",
        "stash",
        "core-membership",
        "join",
        "popular",
        "search",
        "tag",
        "topic",
        "users",
    )
)
_SHORT_ID: Final = re.compile(r"[-_/]d([0-9a-z]{5,8})(?=[-_.?]|$)")
"""How the names of picture files end: `_by_ann_devu2c1-2222.jpg`, `tower_by_ann-d4xyz12.png`; the number is base 36."""

ORDERS: Final = (
    "newest",
    "popular-24-hours",
    "popular-1-week",
    "popular-1-month",
    "popular-all-time",
    "undiscovered",
    "whats-hot",
)
_ADDRESSED: Final = {"most-recent": "newest", "popular": "popular-all-time", **{name: name for name in ORDERS}}
"""Order in an address -> what we call it."""
FORMS: Final = (
    "an artist (ann), ann/gallery, ann/gallery/12345, ann/gallery?q=tower, ann/scraps, ann/favourites, tag:fantasy, "
    "search:tower, daily-deviations, home, or an address of DeviantArt"
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse(keyword: str) -> Asked:
    """What is asked for. ValueError with one line for a keyword that is none of `FORMS`."""
    text = keyword.strip()
    if match := re.fullmatch(r"(tag|search):(.*)", text, re.DOTALL | re.IGNORECASE):
        words = match[2].strip().lstrip("#") if match[1].lower() == "tag" else match[2].strip()
        if not words:
            raise ValueError(f"nothing behind {match[1]}:")
        return Asked(What(match[1].lower()), words)
    if match := re.fullmatch(r"daily(?:-deviations)?(?::(.*))?", text, re.IGNORECASE):
        return _daily(match[1] or "")
    text = text.removeprefix("//")
    if _is_address(text):
        return _of_address(text if "://" in text else f"https://{text}")
    path, _, query = text.partition("?")
    return _of_path([part for part in path.split("/") if part], text, _parameters(query))


def label(asked: Asked) -> str:
    """The folder of its pictures: the artist's, or the tag or words looked for."""
    if asked.what in (What.DAILY, What.HOME, What.STASH):
        return "sta.sh" if asked.what is What.STASH else str(asked.what)
    return asked.name or "deviantart"


def work_id(text: str) -> int:
    """The number of the work that an address, a file name or a bare number means; 0 for none."""
    if re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
        return int(text)
    try:
        asked = parse(text)
    except ValueError:
        return 0
    return asked.id if asked.what is What.WORK else 0


def _is_address(text: str) -> bool:
    host = re.split(r"[/?#:]", text, maxsplit=1)[0].lower()
    return "://" in text or host.endswith((_SITE, ".deviantart.net", ".wixmp.com")) or host in ("fav.me", "sta.sh")


def _of_address(url: str) -> Asked:
    parts = urlsplit(url)
    host, segments = (parts.hostname or "").lower(), [unquote(part) for part in parts.path.split("/") if part]
    if host == "sta.sh":
        return _of_path(["stash", *segments], url)
    if host == "fav.me":
        return Asked(What.WORK, id=_base36(segments[0] if segments else "", url))
    if host.endswith((".deviantart.net", ".wixmp.com")):
        return Asked(What.WORK, id=_of_file(parts.path))
    sub = host.removesuffix(_SITE).removesuffix(".")
    if not host.endswith(_SITE) or (sub and host != f"{sub}.{_SITE}"):
        raise ValueError(f"{host} is not DeviantArt; possible are {FORMS}")
    if sub not in _PLAIN:
        segments.insert(0, sub)
    return _of_path(segments or ["home"], url, _parameters(parts.query))


def _parameters(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _of_path(segments: list[str], text: str, query: dict[str, str] | None = None) -> Asked:
    """What a path with its parameters means; those that would change it are used, or refused by name."""
    query = query or {}
    order = query.get("order") or query.get("sort") or ""
    if order and order not in _ADDRESSED:
        raise ValueError(f"no order {order[:40]!r}; there are {', '.join(ORDERS)}")
    asked = replace(_of_segments(segments, text, query), order=_ADDRESSED.get(order, ""))
    ordered = asked.what in (What.TAG, What.SEARCH, What.WITHIN)
    if asked.order not in ("", "newest") and not ordered:
        raise ValueError(f"order={order} is for tags, searches and words within a gallery; remove it")
    if query.get("q") and asked.what not in (What.SEARCH, What.WITHIN):
        raise ValueError(f"words (q=) cannot be looked for in this {asked.what}; ann/gallery?q=WORDS, search:WORDS can")
    return asked


def _of_segments(segments: list[str], text: str, query: dict[str, str]) -> Asked:
    match segments:
        case ["search"] | ["search", "deviations" | "all", *_] if query.get("q"):
            return Asked(What.SEARCH, query["q"])
        case ["tag", tag, *_]:
            return Asked(What.TAG, tag)
        case ["home"] | ["home", "all"]:
            return Asked(What.HOME)
        case ["daily-deviations" | "dailydeviations" | "daily"]:
            return _daily(query.get("date") or query.get("day") or "")
        case ["stash", name, *_] if re.fullmatch(r"[a-z0-9]{2,40}", name):
            return Asked(What.STASH, name)
        case ["view" | "deviation", number, *_] | [_, "view" | "deviation", number, *_] if number.isdecimal():
            return Asked(What.WORK, id=int(number))
        case [*_, "view.php" | "view-full.php"] if query.get("id", "").isdecimal():
            return Asked(What.WORK, id=int(query["id"]))
    if not segments or not _NAME.fullmatch(segments[0]) or segments[0].lower() in _NOT_ARTISTS:
        raise ValueError(f'"{text[:60]}" is none of: {FORMS}')
    return _of_artist(segments[0], segments[1:], text, query)


def _of_artist(name: str, rest: list[str], text: str, query: dict[str, str]) -> Asked:
    """Below an artist's own address."""
    match rest:
        case [] | ["gallery"] | ["gallery", "all"] if query.get("catpath", "").strip("/") == "scraps":
            return Asked(What.SCRAPS, name)
        case [] | ["gallery"] | ["gallery", "all"] if query.get("q"):
            return Asked(What.WITHIN, name, words=query["q"])
        case [] | ["gallery"] | ["gallery", "all"]:
            return Asked(What.GALLERY, name)
        case ["scraps"] | ["gallery", "scraps"]:
            return Asked(What.SCRAPS, name)
        case ["gallery", number, *_] if number.isdecimal():
            return Asked(What.FOLDER, name, int(number))
        case ["favourites" | "favorites"] | ["favourites" | "favorites", "all"]:
            return Asked(What.FAVOURITES, name)
        case ["favourites" | "favorites", number, *_] if number.isdecimal():
            return Asked(What.COLLECTION, name, int(number))
        case ["art", slug, *_] if found := re.search(r"(?:^|-)(\d+)$", slug):
            return Asked(What.WORK, name, int(found[1]))
    raise ValueError(f'"{text[:60]}" is none of: {FORMS}')


def _daily(day: str) -> Asked:
    if day and not _DAY.fullmatch(day):
        raise ValueError(f"a day is written as 2024-05-18, not {day[:40]!r}")
    return Asked(What.DAILY, day)


def _base36(text: str, url: str) -> int:
    if not re.fullmatch(r"d[0-9a-z]{1,8}", text, re.IGNORECASE):
        raise ValueError(f'"{url[:60]}" names no work')
    return int(text[1:], 36)


def _of_file(path: str) -> int:
    """The work that a picture's file belongs to: hosts like img00, pre00 and th00 only ever show it scaled."""
    found = _SHORT_ID.findall(path.lower())
    if not found:
        raise ValueError("the address of a picture that does not tell its work; give the address of the work's page")
    return int(found[-1], 36)
