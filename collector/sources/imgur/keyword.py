"""What an imgur keyword asks for: a subreddit, tag, user, album, picture, or a search. Pure; asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from collector.sources.pasted import words_alone


class Kind(StrEnum):
    """The kinds of things that can be asked for."""

    SUBREDDIT = "subreddit"
    TAG = "tag"
    USER = "user"
    FAVORITES = "favorites"
    ALBUM = "album"
    GALLERY = "gallery"
    """An album or a single picture: only asking tells."""
    PICTURE = "picture"
    SEARCH = "search"

    @property
    def feed(self) -> bool:
        """Whether it comes in pages, and grows."""
        return self not in (Kind.ALBUM, Kind.GALLERY, Kind.PICTURE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A keyword that was understood."""

    kind: Kind
    name: str
    """Subreddit, tag, user, hash, or the words of a search."""
    sort: str = ""
    window: str = ""
    folder: str = ""
    """The number of one folder of a user's favorites."""
    extension: str = ""
    """Of a picture whose own address is given: `jpg`, `gif`, `mp4`; then nobody has to be asked for it."""
    fault: str = ""
    """What is wrong with it, "" when nothing is."""


SORTS: Final = ("time", "viral", "top")
WINDOWS: Final = ("day", "week", "month", "year", "all")

_HASH: Final = re.compile(r"[A-Za-z0-9]{5}(?:[A-Za-z0-9]{2})?")
_FILE: Final = re.compile(r"([A-Za-z0-9]{5,8})(?:_d)?(\.[A-Za-z0-9]{2,5})?")
_SIZE_LETTERS: Final = "sbtmlhrg"
"""`<hash>m.jpg` is a thumbnail of `<hash>`: s b t m l h, and r g of older days."""
_ADDRESS: Final = re.compile(r"(?:https?://)?(?:(?:www|m|i)\.)?imgur\.(?:com|io)(?:/|$)", re.IGNORECASE)
_OF_USER: Final = re.compile(r"(?:https?://)?([A-Za-z0-9-]{1,63})\.imgur\.(?:com|io)/?(?:all/?)?", re.IGNORECASE)
"""The address of a user's own pages."""
_NO_USERS: Final = frozenset(("api", "apidocs", "blog", "community", "help", "s", "store", "status"))
_PAGES: Final = frozenset(
    ("about", "login", "rules", "privacy", "signin", "memegen", "upload", "register", "jobs", "terms", "apps", "random")
)
"""Pages of the site that are named as pictures could be."""
_PICTURES: Final = {"jpeg": "jpg", "jpe": "jpg", "gifv": "gif", "webm": "mp4"}
_FORMS: Final = {
    "r": Kind.SUBREDDIT,
    "t": Kind.TAG,
    "topic": Kind.TAG,
    "u": Kind.USER,
    "user": Kind.USER,
    "a": Kind.ALBUM,
    "album": Kind.ALBUM,
    "gallery": Kind.GALLERY,
    "g": Kind.GALLERY,
    "i": Kind.PICTURE,
    "q": Kind.SEARCH,
}


def understand(keyword: str) -> Asked:
    """What a keyword asks for; everything that is none of the forms is a search."""
    text = keyword.strip().lstrip("/")
    if _ADDRESS.match(text):
        return _address(text)
    if (of_user := _OF_USER.fullmatch(text)) and of_user[1].lower() not in _NO_USERS:
        return _formed(Kind.USER, of_user[1], "user")
    form, slash, rest = text.partition("/")
    if slash and form in _FORMS:
        return _formed(_FORMS[form], rest.strip("/"), form)
    if looks_like_hash(text):
        return Asked(Kind.PICTURE, text)
    return Asked(Kind.SEARCH, text, fault=words_alone(keyword) or "")


def looks_like_hash(text: str) -> bool:
    """Whether a bare word is taken for a picture's id: five or seven letters and digits, mixed as no word is."""
    mixed = re.search(r"[a-z]", text) and re.search(r"[A-Z]", text) and re.search(r"[0-9]", text)
    return bool(_HASH.fullmatch(text) and mixed)


def label(asked: Asked) -> str:
    """The class of rows that name none."""
    if asked.kind in (Kind.ALBUM, Kind.GALLERY, Kind.PICTURE):
        return f"imgur {asked.name}"
    return f"{asked.name} favorites {asked.folder}".strip() if asked.kind is Kind.FAVORITES else asked.name


def _formed(kind: Kind, rest: str, form: str) -> Asked:
    parts = [part for part in rest.split("/") if part]
    name = parts[0] if parts else ""
    if kind is Kind.SEARCH:
        return Asked(kind, rest, fault="" if rest else "q/ wants words behind it, such as q/iPhone7")
    if not re.fullmatch(r"[\w.-]+", name):
        return Asked(kind, name, fault=f"{form}/ wants one name behind it, such as {form}/{_example(kind)}")
    if kind in (Kind.SUBREDDIT, Kind.TAG):
        return _ordered(kind, name, parts[1:])
    if kind is Kind.USER:
        return _of_user(name, parts[1:])
    found = identity(name)
    return Asked(
        kind, found, fault="" if found else f"{name} is no imgur id: they have five or seven letters and digits"
    )


def _of_user(name: str, rest: list[str]) -> Asked:
    if name == "me":
        return Asked(Kind.USER, name, fault="user/me is whoever is logged in; give the user's name")
    match rest:
        case [] | ["favorites" | "favourites" | "posts" | "submitted" | "all"]:
            return Asked(Kind.FAVORITES if rest and rest[0].startswith("favo") else Kind.USER, name)
        case ["favorites" | "favourites", "folder", number, *_] if number.isascii() and number.isdecimal():
            return Asked(Kind.FAVORITES, name, folder=number)
    shown = "/".join(rest)[:60]
    return Asked(Kind.USER, name, fault=f"{shown} of a user cannot be asked for; u/{name}, u/{name}/favorites can")


def _ordered(kind: Kind, name: str, order: list[str]) -> Asked:
    """`r/funny/top/week`; a hash behind the name is one post of it."""
    if order and order[0] not in (*SORTS, "new", "hot"):
        found = identity(order[0])
        return Asked(Kind.GALLERY, found) if found else Asked(kind, name, fault=f"no order {order[0]!r}: {_orders()}")
    sort = {"new": "time", "hot": "viral"}.get(order[0], order[0]) if order else ""
    window = order[1] if len(order) > 1 else ""
    fault = f"no time {window!r}: {_orders()}" if window not in ("", *WINDOWS) else ""
    if order[2:]:
        fault = f"{'/'.join(order[2:])[:60]} behind the order cannot be used"
    return Asked(kind, name, sort, window, fault=fault)


def identity(text: str) -> str:
    """The id in a hash, a file name or a title with the id at its end; "" when there is none."""
    last = text.rpartition("-")[2]
    if file := _FILE.fullmatch(last):
        name = file[1]
        if file[2] and len(name) in (6, 8) and name[-1] in _SIZE_LETTERS:
            name = name[:-1]
        return name if _HASH.fullmatch(name) else ""
    return ""


def _address(text: str) -> Asked:
    parts = urlsplit(text if "://" in text else f"https://{text}")
    path = unquote(parts.path).strip("/")
    if path.partition("/")[0] == "search":
        words = parse_qs(parts.query).get("q", [""])[0].strip()
        return Asked(Kind.SEARCH, words, fault="" if words else "an imgur search address without words (?q=)")
    if path.lower() in _PAGES:
        return Asked(Kind.PICTURE, path, fault=f"{path} is a page of imgur's own, with no pictures to collect")
    form, slash, rest = path.partition("/")
    if slash and form in _FORMS and form not in ("i", "q"):
        return _formed(_FORMS[form], rest, form)
    found = identity(path) if not slash else ""
    if not found:
        return Asked(
            Kind.PICTURE, path, fault="an imgur address of no kind that is known: r/, t/, user/, a/, gallery/, or an id"
        )
    return Asked(Kind.PICTURE, found, extension=_extension(path))


def _extension(path: str) -> str:
    """What a picture's own address says it is; "" for the address of a page about it. Resized ones are jpg."""
    end = path.rpartition(".")[2].lower() if "." in path else ""
    return "jpg" if "_d." in path else _PICTURES.get(end, end)


def _example(kind: Kind) -> str:
    return {Kind.SUBREDDIT: "funny", Kind.TAG: "dogs", Kind.USER: "somebody"}.get(kind, "aB3dE5f")


def _orders() -> str:
    return f"{' or '.join(SORTS)}, then {', '.join(WINDOWS)}"
