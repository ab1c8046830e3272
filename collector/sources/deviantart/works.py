"""Works: what the site's JSON or the API's says about one, as one value, and the hits that come of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from collector.model import Hit, Licence, Media
from collector.sources.deviantart.candidates import Ladder, entries, ladder, media_of
from collector.sources.json_helpers import number, table, tables
from collector.urls import id_key

NAME: Final = "deviantart"
PICTURES: Final = frozenset(("jpg", "jpeg", "png", "gif", "webp", "bmp", "avif", "tif", "tiff"))
VIDEOS: Final = frozenset(("mp4", "webm", "mov"))
_TEXTS: Final = frozenset(("literature", "journal", "status", "poll"))
_OPENED_BY_LOGIN: Final = frozenset(("mature_filter", "mature_loggedout", "mature_content"))
_TAG: Final = re.compile(r"<[^<>]+>")


@dataclass(frozen=True, slots=True)
class Details:
    """What only a look at the single work tells."""

    uuid: str = ""
    tags: tuple[str, ...] = ()
    licence: str = ""
    download: str = ""
    """Where the file behind the download button is."""
    file_type: str = ""
    """The extension of that file, in lower case; "" is unknown."""
    further: tuple[Mapping[str, Any], ...] = ()
    """The `media` of further pictures, in their order."""


@dataclass(frozen=True, slots=True)
class Work:
    """One entry of a list."""

    id: int
    page: str
    title: str = ""
    author: str = ""
    published: str = ""
    """ISO 8601 with its zone."""
    media: Mapping[str, Any] = field(default_factory=dict)
    text: bool = False
    """A story, poem or journal: no picture."""
    downloadable: bool = False
    original: bool = False
    """The view is known to be the untouched file already."""
    mature: bool = False
    made_by_ai: bool = False
    skip_reason: str | None = None
    """Why it cannot be had, a reason; "" when nothing is known to stand in the way."""
    skipped: str = ""
    uuid: str = ""

    @property
    def key(self) -> str:
        """Its first hit's. What cannot be had has another: should it be opened one day, it counts as new."""
        return id_key(NAME, f"{self.id}/{self.skip_reason.rpartition('.')[2]}" if self.skip_reason else str(self.id))


# --------------------------------------------------------------------------- JSON -> Work


def of_site(entry: Mapping[str, Any]) -> Work | None:
    """The work of an entry of the site's lists, bare or wrapped; None when it is none."""
    one = table(entry.get("deviation", entry))
    if not isinstance(one.get("deviationId"), int):
        return None
    skip, skipped = _barred(one, "isDeleted", "isBlocked", "tierAccess", "premiumFolderData", "hasAccess")
    return Work(
        id=one["deviationId"],
        page=str(one.get("url") or ""),
        title=str(one.get("title") or ""),
        author=str(table(one.get("author")).get("username") or ""),
        published=_iso(str(one.get("publishedTime") or "")),
        media=table(one.get("media")),
        text=str(one.get("type") or "") in _TEXTS or bool(one.get("isJournal")),
        downloadable=bool(one.get("isDownloadable")),
        mature=bool(one.get("isMature")),
        made_by_ai=bool(one.get("isAiGenerated")),
        skip_reason=skip,
        skipped=skipped,
    )


def of_api(one: Mapping[str, Any]) -> Work | None:
    """The work of an entry of the API's lists; None when it is none or its address tells no number."""
    id = re.search(r"-(\d{1,18})$", str(one.get("url") or ""))
    if not one.get("deviationid") or id is None:
        return None
    skip, skipped = _barred(one, "is_deleted", "is_blocked", "tier_access", "premium_folder_data", "has_access")
    shown = table(one.get("content"))
    media = media_of(str(shown.get("src") or ""), number(shown, "width"), number(shown, "height")) if shown else {}
    if videos := [video for video in tables(one.get("videos")) if video.get("src")]:
        types = [
            {"t": "video", "b": video["src"], "f": video.get("filesize"), "h": _lines(str(video.get("quality") or ""))}
            for video in videos
        ]
        media = {"baseUri": "", "token": [], "types": types}
    downloadable = bool(one.get("is_downloadable"))
    return Work(
        id=int(id[1]),
        page=str(one["url"]),
        title=str(one.get("title") or ""),
        author=str(table(one.get("author")).get("username") or ""),
        published=_epoch(str(one.get("published_time") or "")),
        media=media,
        text=not shown and not videos and not one.get("flash") and "excerpt" in one,
        downloadable=downloadable,
        original=downloadable and bool(shown) and shown.get("filesize") == one.get("download_filesize"),
        mature=bool(one.get("is_mature")),
        made_by_ai=bool(one.get("is_ai_generated")),
        skip_reason=skip,
        skipped=skipped,
        uuid=str(one["deviationid"]),
    )


def details_of(one: Mapping[str, Any]) -> Details:
    """What the `extended` part of a single work of the site says."""
    more = table(one.get("extended"))
    button = table(more.get("download"))
    kind = button.get("type") or table(more.get("originalFile")).get("type")
    further = sorted(tables(more.get("additionalMedia")), key=lambda one: number(one, "position"))
    return Details(
        uuid=str(more.get("deviationUuid") or ""),
        tags=tags_of(more.get("tags"), "name"),
        licence=_TAG.sub("", str(more.get("license") or "")).strip(),
        download=str(button.get("url") or ""),
        file_type=str(kind or "").lower().lstrip("."),
        further=tuple(tables([one.get("media") for one in further])),
    )


def tags_of(tags: Any, name: str) -> tuple[str, ...]:
    """The names in a list of tags."""
    return tuple(str(tag[name]) for tag in tables(tags) if tag.get(name))


def _barred(
    one: Mapping[str, Any], deleted: str, blocked: str, tier: str, premium: str, access: str
) -> tuple[str | None, str]:
    """(reason, words for people) of what cannot be had."""
    if one.get(deleted):
        return "policy.withdrawn", "deleted"
    if one.get(tier) == "locked":
        return "policy.locked", "for subscribers of its artist"
    if table(one.get(premium)).get(access) is False:
        return "policy.locked", "in a premium folder"
    reasons = [str(why) for why in entries(one.get("blockReasons"))]
    if one.get(blocked) and not (reasons and _OPENED_BY_LOGIN.issuperset(reasons) and one.get("media")):
        return "policy.locked", f"blocked by the site ({', '.join(reasons) or 'no reason given'})"
    return None, ""


# --------------------------------------------------------------------------- Work -> hits


def hits(work: Work, details: Details, originals: bool) -> Iterator[Hit]:
    """Every picture of a work in its order; with `originals` what is behind the button too, when that is no picture.

    Nothing for texts. What cannot be had is one hit that says why.
    """
    if work.text:
        return
    if work.skip_reason:
        yield _hit(work, details, "", Ladder((work.page,)), work.skip_reason, work.skipped)
        return
    viewable = not details.file_type or details.file_type in PICTURES or details.file_type in VIDEOS
    download = details.download if viewable else ""
    first = ladder(work.media, work.id, download)
    if first.urls:
        yield _hit(work, details, "", first)
    for place, media in enumerate(details.further, start=2):
        if (more := ladder(media, work.id)).urls:
            yield _hit(work, details, f"/{place}", more)
    if originals and details.download and not viewable:
        yield _hit(work, details, "/file", Ladder((details.download,)))
    elif not first.urls and not details.further:
        why = "only behind its download button" if details.download else "the site shows no picture of it to guests"
        barred = Work(work.id, work.page, work.title, work.author, work.published, skip_reason="policy.locked")
        yield _hit(barred, details, "", Ladder((work.page,)), "policy.locked", why)


def _hit(work: Work, details: Details, part: str, there: Ladder, skip: str | None = None, skipped: str = "") -> Hit:
    media = Media.VIDEO if there.moving else Media.FILE if part == "/file" else Media.PICTURE
    facts = {
        "deviation": str(work.id),
        "uuid": work.uuid or details.uuid,
        "tags": ", ".join(details.tags),
        "mature": "true" if work.mature or there.blurred else "",
        "blurred": "true" if there.blurred else "",
        "ai": "true" if work.made_by_ai else "",
        "original": details.file_type if part in ("", "/file") else "",
        "skipped": skipped,
    }
    return Hit(
        url=there.urls[0],
        key=f"{work.key}{part}",
        id=f"{work.id}{part}",
        page=work.page,
        title=work.title,
        site="deviantart.com",
        width=there.width,
        height=there.height,
        thumbnail_url=there.thumbnail,
        way="api" if work.uuid else "site",
        licence=Licence(creators=(work.author,) if work.author else (), notice=details.licence),
        fallbacks=there.urls[1:],
        media=media,
        published=work.published,
        fields=tuple((name, value) for name, value in facts.items() if value),
        skip_reason=skip,
    )


# --------------------------------------------------------------------------- dates and numbers


def _iso(text: str) -> str:
    """2021-05-18T12:23:01-0700 with a colon in its zone; as it came when it is no date."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _epoch(text: str) -> str:
    return datetime.fromtimestamp(int(text), UTC).isoformat() if re.fullmatch(r"[0-9]{1,11}", text) else _iso(text)


def _lines(text: str) -> int:
    """720 of "720p"; 0 of anything else."""
    match = re.match(r"\d{1,9}", text)
    return int(match[0]) if match else 0
