"""From imgur's files to hits: which form of an animation is wanted, where it lies, what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collector.model import Hit, Media
from collector.sources.imgur.parse import File, Post
from collector.urls import id_key, url_key


@dataclass(frozen=True, slots=True)
class FileRules:
    """How files are to be had."""

    files: str
    """https://i.imgur.com"""
    site: str
    """https://imgur.com"""
    gif: str = "mp4"
    """What is taken of an animated GIF."""
    videos: bool = True
    """Whether what was uploaded as a video is taken."""


def hits(post: Post, form: FileRules) -> Iterator[Hit]:
    """The hits of a post in its order."""
    for file in post.files:
        if file.is_video and not form.videos:
            continue
        yield from _of(file, post, form)


def _of(file: File, post: Post, form: FileRules) -> Iterator[Hit]:
    # Never the `link` of the answer: for GIFs over 20 MB it leads to a thumbnail of the same name with an h.
    address = f"{form.files}/{file.hash}.{file.extension}"
    if not file.is_animated_gif:
        media = Media.VIDEO if file.is_video else Media.PICTURE
        yield _hit(address, url_key(address), file, post, form, media)
        return
    video = f"{form.files}/{file.hash}.mp4"
    if form.gif == "both":
        yield _hit(address, url_key(address), file, post, form, Media.PICTURE)
        yield _hit(video, url_key(video), file, post, form, Media.VIDEO)
        return
    key = id_key("imgur", file.hash)  # one key for both forms, so that a change of mind does not fetch it anew
    if form.gif == "gif":
        yield _hit(address, key, file, post, form, Media.PICTURE)
    else:
        yield _hit(video, key, file, post, form, Media.VIDEO, (address,))


def _hit(
    url: str, key: str, file: File, post: Post, form: FileRules, media: Media, fallbacks: tuple[str, ...] = ()
) -> Hit:
    page = f"{form.site}/a/{post.id}" if post.is_album and post.id else f"{form.site}/{file.hash}"
    return Hit(
        url=url,
        key=key,
        id=file.hash,
        page=page,
        title=file.title or post.title,
        site="imgur.com",
        width=file.width,
        height=file.height,
        thumbnail_url=f"{form.files}/{file.hash}m.jpg",
        way="api",
        fallbacks=fallbacks,
        media=media,
        published=file.published,
        fields=tuple((name, value) for name, value in _known(file, post) if value),
    )


def _known(file: File, post: Post) -> Iterator[tuple[str, str]]:
    yield "author", file.author
    yield "nsfw", "" if file.nsfw is None else "yes" if file.nsfw else "no"
    yield "score", file.score
    yield "views", file.views
    yield "section", file.section
    yield "animated", "yes" if file.animated else ""
    yield "bytes", str(file.bytes or "")
    yield "mp4_bytes", str(file.mp4_bytes or "")
    if post.is_album:
        yield "album", post.id
        yield "album_title", post.title
