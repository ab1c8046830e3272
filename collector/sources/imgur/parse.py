"""imgur's answers as posts and files, whichever of its three interfaces gave them. Pure; builds no hits.

v3: api.imgur.com/models/gallery_image, /gallery_album and /image; post/v1: what the website's own program reads;
old: `hit.json` and `ajaxalbums` of 2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from collector.sources.json_helpers import number, table, tables, text, unknown

SITE: Final = "imgur"
_TYPES: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/apng": "png",
    "video/mp4": "mp4",
    "video/webm": "mp4",  # Uploads of any kind are served as mp4; webm was given up in 2016 (api.imgur.com/changelog).
    "video/quicktime": "mp4",
}


@dataclass(frozen=True, slots=True)
class File:
    """One picture, animation or video."""

    hash: str
    extension: str
    """jpg, png, gif, webp or mp4; what it was uploaded as."""
    title: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    animated: bool = False
    mp4_bytes: int = 0
    published: str = ""
    author: str = ""
    nsfw: bool | None = None
    score: str = ""
    views: str = ""
    section: str = ""

    @property
    def is_video(self) -> bool:
        """Whether it was uploaded as a video."""
        return self.extension == "mp4"

    @property
    def is_animated_gif(self) -> bool:
        """Whether there should be an mp4 of it; an animated PNG stays what it is."""
        return self.animated and self.extension == "gif"


@dataclass(frozen=True, slots=True)
class Post:
    """One entry of a list: a file, or an album with the files that came with it."""

    id: str
    is_album: bool
    files: tuple[File, ...] = ()
    count: int = 0
    """How many files an album says it has."""
    title: str = ""
    about: File = field(default_factory=lambda: File("", ""))
    """What the album says about itself, in the words of a file."""
    advertising: bool = False

    @property
    def whole(self) -> bool:
        """Whether all its files came with it: lists give a few of an album's, or none."""
        return not self.is_album or (len(self.files) >= self.count > 0)


# --------------------------------------------------------------------------- lists


def posts(answer: Any, api: str = "v3") -> list[Post]:
    """The posts of a list in its order. SourceError page.layout when it is no list of posts."""
    found = table(answer).get("data")
    if isinstance(found, dict):  # a tag: its posts lie beside its name and followers
        found = found.get("items")
    if not isinstance(found, list):
        unknown(SITE, "a list without data")
    entries = [_post(entry, api) for entry in tables(found)]
    if any(not entry.id for entry in entries):
        unknown(SITE, "an entry without an id")
    return entries


def album(answer: Any, api: str = "v3") -> Post:
    """An album with all its files. SourceError page.layout when it is none."""
    entry = table(answer) if api == "post" else table(answer).get("data")
    if api == "old":
        return _old_album(entry)
    if isinstance(entry, list):  # /3/album/{hash}/images
        entry = {"id": "album", "is_album": True, "images": entry, "images_count": len(entry)}
    entry = {"is_album": True, **table(entry)}
    if not isinstance(entry.get("media" if api == "post" else "images"), list):
        unknown(SITE, "an album without pictures")
    return _post(entry, api)


def single(answer: Any, api: str = "v3") -> Post:
    """One file. SourceError page.layout when it is none."""
    entry = table(answer) if api == "post" else table(table(answer).get("data"))
    made = _post({**entry, "is_album": False}, api)
    if not made.id or not made.files[0].extension:
        unknown(SITE, "a picture without id or type")
    return made


def is_album(answer: Any) -> bool:
    """What /post/v1/posts/{hash} says a post is."""
    said = table(answer).get("is_album")
    if not isinstance(said, bool):
        unknown(SITE, "a post that does not say whether it is an album")
    return said


# --------------------------------------------------------------------------- entries


def _post(entry: Mapping[str, Any], api: str) -> Post:
    name = text(entry, "hash", "id") if api == "old" else text(entry, "id")
    about = _file(entry, api)
    title, advertising = text(entry, "title"), entry.get("is_ad") is True
    if not entry.get("is_album"):
        found = tables(entry.get("media"))  # post/v1 keeps the file of a single picture below its post
        file = _inherited(_file(found[0], api), about) if found else about
        return Post(name, False, (file,), 1, title, about, advertising)
    files = tuple(_inherited(file, about) for file in _files(entry, api))
    return Post(
        name, True, files, number(entry, "images_count", "image_count", "num_images"), title, about, advertising
    )


def _files(entry: Mapping[str, Any], api: str) -> Iterator[File]:
    for value in tables(entry.get("media" if api == "post" else "images")):
        file = _file(value, api)
        if file.hash and file.extension:
            yield file


def _old_album(entry: Any) -> Post:
    """`{"count": 26, "images": [...]}`; `[]` for what is no album."""
    if entry == []:
        return Post("", True)
    images = table(entry).get("images")
    if not isinstance(images, list):
        unknown(SITE, "an album without pictures")
    files = tuple(file for value in tables(images) if (file := _file(value, "old")).hash)
    return Post("", True, files, number(table(entry), "count"))


def _inherited(file: File, about: File) -> File:
    """A file of a post knows less than the post: who, when, and for whom it is."""
    return replace(
        file,
        author=file.author or about.author,
        published=file.published or about.published,
        nsfw=about.nsfw if file.nsfw is None else file.nsfw,
        score=file.score or about.score,
        section=file.section or about.section,
    )


def _file(entry: Mapping[str, Any], api: str) -> File:
    more = table(entry.get("metadata"))
    mature = entry.get("nsfw", entry.get("is_mature"))
    return File(
        hash=text(entry, "hash", "id") if api == "old" else text(entry, "id"),
        extension=_extension(entry),
        title=text(entry, "title") or text(more, "title"),
        width=number(entry, "width"),
        height=number(entry, "height"),
        bytes=number(entry, "size"),
        animated=entry.get("animated") is True or more.get("is_animated") is True,
        mp4_bytes=number(entry, "mp4_size"),
        published=_moment(entry),
        author=text(entry, "account_url", "author") or text(table(entry.get("account")), "username"),
        nsfw=mature if isinstance(mature, bool) else None,
        score=text(entry, "score", "point_count"),
        views=text(entry, "views", "view_count"),
        section=text(entry, "section", "subreddit"),
    )


def _extension(entry: Mapping[str, Any]) -> str:
    """By its type where that is known, else by name: `.gif`, `jpeg`, or the end of its link."""
    by_type = _TYPES.get(text(entry, "type", "mime_type", "mimetype").lower(), "")
    link = text(entry, "link", "url").partition("?")[0].rpartition("/")[2]
    named = (
        text(entry, "ext").lstrip(".") or link.rpartition(".")[2] if "." in link or entry.get("ext") else ""
    ).lower()
    return by_type or {"jpeg": "jpg", "gifv": "gif", "webm": "mp4"}.get(named, named)


def _moment(entry: Mapping[str, Any]) -> str:
    """ISO 8601, from seconds since 1970 or from the two spellings of older and newer answers."""
    seconds = entry.get("datetime")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 2e10:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    written = text(entry, "created_at", "create_datetime", "timestamp") or (seconds if isinstance(seconds, str) else "")
    try:
        return datetime.fromisoformat(written).isoformat()
    except ValueError:
        return ""
