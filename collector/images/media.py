"""Bytes that are no picture: videos, and files that nobody opens. Decodes nothing and writes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from collector.images.sniff import Unusable, is_page
from collector.images.video import examine, is_video
from collector.model import Media, Picture
from collector.settings import FetchSettings

_FILE_NAME = re.compile(r"""(?:^|[;\s])filename(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))""", re.IGNORECASE)
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")


def inspect_video(body: bytes, settings: FetchSettings) -> Picture:
    """A whole video, or the picture that its server has in its place. Unusable with a video.* or body.* slug.

    What is neither says so as a video: the picture's own troubles (image.*) keep their names.
    """
    if not is_video(body):
        from collector.images.decode import inspect

        try:
            return inspect(body, settings)
        except Unusable as unusable:
            if unusable.reason not in ("image.unidentified", "image.format_denied"):
                raise
            raise Unusable("video.unidentified", unusable.detail) from None
    facts = examine(body)
    return Picture(
        sha256=hashlib.sha256(body).hexdigest(),
        format=facts.format,
        extension=facts.extension,
        width=facts.width,
        height=facts.height,
        bytes=len(body),
        mode="",
        frames=facts.frames,
        media=Media.VIDEO,
    )


def inspect_file(body: bytes, headers: Mapping[str, str], url: str) -> Picture:
    """Any bytes but a web page. They are data and stay so: never opened, never run, never made executable."""
    if not body:
        raise Unusable("body.empty")
    if is_page(body, headers.get("content-type", "")):
        raise Unusable("body.html", "a page of markup")
    return Picture(
        sha256=hashlib.sha256(body).hexdigest(),
        format="FILE",
        extension=extension(headers.get("content-disposition", ""), url),
        width=0,
        height=0,
        bytes=len(body),
        mode="",
        frames=0,
        media=Media.FILE,
    )


def extension(disposition: str, url: str) -> str:
    """That of the name a server gives (RFC 6266), else of the URL: one to eight of a-z and 0-9; "bin" without one.

    Nothing else of the name is used.
    """
    names = {star: quoted or plain for star, quoted, plain in _FILE_NAME.findall(disposition)}
    extended = unquote(names.get("*", "").rpartition("'")[2])
    try:
        path = urlsplit(url).path
    except ValueError:
        path = ""
    for name in (extended, names.get("", ""), unquote(path)):
        suffix = PurePosixPath(name.replace("\\", "/").strip()).suffix[1:].lower()
        if _EXTENSION.fullmatch(suffix):
            return suffix
    return "bin"
