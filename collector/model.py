"""The values that flow from a keyword to a picture; imports nothing of ours, does nothing.

Every value is frozen and complete from birth: there is no half-filled record anywhere. Nouns are
values, past participles are events; the stream of events that is stored is the stream that is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class InWords:
    """A value that a notebook shows as `print` does, in words; `repr` has every field."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))


# --------------------------------------------------------------------------- what the user asks


@dataclass(frozen=True, slots=True)
class Query:
    """One row of `queries.csv`: what to look for, where, how many, and the class it belongs to."""

    keyword: str
    """As the user wrote it, NFC-normalised and stripped; 1 to 512 characters."""
    label: str
    """The class (folder) its pictures belong to; the keyword itself unless the row says otherwise."""
    limit: int | None
    """How many usable pictures are wanted; at least 1, None for everything there is."""
    sources: tuple[str, ...] = ("google",)
    filters: tuple[tuple[str, str], ...] = ()
    """Search filters as sorted (name, value) pairs; which ones exist is the source's business."""

    def filter(self, name: str) -> str:
        """The value of one filter, or "" when the row does not set it."""
        return dict(self.filters).get(name, "")


@dataclass(frozen=True, slots=True)
class Search:
    """One query to be put to one source: the unit of work of stage one."""

    id: int
    """The ledger's number for it."""
    query: Query
    source: str
    wanted: int | None
    """How many different URLs (known ones included) stage one should end up with: limit plus spares. None: all."""
    known: frozenset[str] = frozenset()
    """`Hit.key`s that the ledger already has for this query; finding them again is not progress."""
    doubted: bool = False
    """It has just come back empty: ask by another page, where there is one."""
    complete: bool = False
    """An earlier walk of this search came to its true end; what it had found by then is `known_before`."""
    known_before: frozenset[str] = frozenset()
    """`Hit.key`s that this source had brought by its last walk that came to its true end; a part of `known`.

    The stop rule of a source whose answer grows (`Source.incremental`): after a whole page of these there is nothing
    new behind. `known` will not do for it: a walk that was cut short has left its newest hits there, and not the
    ones behind.
    """


# --------------------------------------------------------------------------- what a source finds


class Media(StrEnum):
    """What the bytes behind a URL are meant to be, and so what is accepted."""

    PICTURE = "picture"
    VIDEO = "video"
    """MP4, WebM or QuickTime; saved as it is, counted apart, never part of a picture export."""
    FILE = "file"
    """Anything its maker offers for download (zip, psd, ...); never opened."""


@dataclass(frozen=True, slots=True)
class Licence:
    """What the source says about rights; an empty string is "unknown", never "free"."""

    url: str = ""
    page: str = ""
    """Where a licence can be bought or read about."""
    licensor: str = ""
    creators: tuple[str, ...] = ()
    credit: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a source claims to have seen. Only `url` is certain; everything else may be empty."""

    url: str
    """http, https, or a whole data: URL when that is all the page had."""
    key: str
    """What makes it the same picture for the ledger; see `collector.urls.url_key`."""
    id: str = ""
    """The source's own id of the picture (Google's docid)."""
    page: str = ""
    title: str = ""
    site: str = ""
    width: int = 0
    height: int = 0
    """Pixels as the source claims them; 0 is unknown."""
    thumbnail_url: str = ""
    is_thumbnail: bool = False
    """True when `url` is the small stand-in because the full picture could not be had."""
    kind: str = "photo"
    """What the source says is shown, in its own word: photo, product, video, ..."""
    way: str = ""
    """How it was harvested: rows, batch, hover, click, thumbnail, api, ..."""
    licence: Licence = Licence()
    fallbacks: tuple[str, ...] = ()
    """URLs of the same picture, best first, each asked for when the one before it does not bring one."""
    media: Media = Media.PICTURE
    cookies: str = ""
    """A Cookie header that the page gave for the picture's own host; sent to no other."""
    published: str = ""
    """ISO 8601 date or date and time, as precise as the source knows it."""
    fields: tuple[tuple[str, str], ...] = ()
    """What else the source says about it, as (name, value) in its own order."""
    skip_reason: str | None = None
    """Why it cannot be had, known beforehand: a reason whose fate is `skipped`. It is then never asked for; the
    field "skipped" says more, for people."""


# --------------------------------------------------------------------------- what fetching does


@dataclass(frozen=True, slots=True)
class Task:
    """One URL to be fetched: the unit of work of stage two. Small, because it may cross a process."""

    id: int
    """The ledger's number of the found URL."""
    search_id: int
    url: str
    page: str = ""
    """The page that showed the picture: the honest Referer."""
    width: int = 0
    height: int = 0
    is_thumbnail: bool = False
    attempt: int = 1
    """1 for the first request ever made for this URL."""
    fallbacks: tuple[str, ...] = ()
    """See Hit."""
    media: Media = Media.PICTURE
    cookies: str = ""
    thumbnail_url: str = ""
    """The small picture that is saved in its place when that is asked for (`fetch.thumbnails`)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the bytes are, as decoded; never what a name, a header or a page claims."""

    sha256: str
    """64 hex digits of the bytes as received."""
    format: str
    """JPEG, PNG, GIF, WEBP, BMP, AVIF, TIFF, HEIF or JXL; MP4, WEBM or MOV of a video; FILE of anything else."""
    extension: str
    """jpg, png, gif, webp, bmp, avif, tif, heic, jxl, mp4, webm, mov, or that of the file; without the dot."""
    width: int
    height: int
    """Pixels as stored, before any EXIF rotation."""
    bytes: int
    mode: str = "RGB"
    """Pillow's mode of the first frame."""
    orientation: int = 1
    """EXIF orientation, 1 to 8."""
    frames: int = 1
    phash: str = ""
    """64-bit difference hash of the first frame, 16 hex digits; "" when nothing was decoded."""
    media: Media = Media.PICTURE
    rights: tuple[tuple[str, str], ...] = ()
    """What the bytes say about rights, as (name, text): creator, credit, copyright, licence, ... (IPTC, XMP, EXIF)."""
    taken: str | None = None
    """When it was taken, as its EXIF says: ISO 8601, with the offset from UTC where it says that, too. Only when asked
    for (`fetch.exif`), and so is the place."""
    place: tuple[float, ...] = ()
    """Latitude and longitude in degrees, north and east positive."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of one try at a URL, whatever came of it; carried whole from the worker to the ledger."""

    status: int | None = None
    """Of the last HTTP answer."""
    final_url: str | None = None
    """Where redirects led to."""
    seconds: float = 0.0
    via: str | None = None
    """What brought it, if not its own URL: "fallback" another URL of it, "thumbnail" its stand-in, "browser" ..."""
    overrides: str | None = None
    """The opt-out signal that was overridden on the user's word, as it stood there."""
    bytes: int | None = None
    """Of the body that came, picture or not."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A verified picture that lies in a part file and waits for its name. Worker -> calling thread."""

    task: Task
    picture: Picture
    part: Path
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class DownloadFailed:
    """An attempt that brought no picture, with its reason. Worker -> calling thread."""

    task: Task
    reason: str
    """A slug of `collector.reasons`."""
    detail: str = ""
    """One line for people: at most 200 characters, no control characters, no secrets."""
    attempt: Attempt = Attempt()
    retry_after: float | None = None
    """Seconds the server asked us to wait, when it did."""


@dataclass(frozen=True, slots=True)
class WorkerError:
    """A worker met trouble that is no picture's: a full disk, or a bug. The run ends and raises it."""

    error: Exception


# --------------------------------------------------------------------------- events


class SearchState(StrEnum):
    """How a search stands. Only `enough`, `exhausted` and `empty` are done; the rest is taken up again."""

    PENDING = "pending"
    ENOUGH = "enough"
    EXHAUSTED = "exhausted"
    EMPTY = "empty"
    BLOCKED = "blocked"
    LAYOUT = "layout"
    UNREACHABLE = "unreachable"
    FAILED = "failed"

    @property
    def done(self) -> bool:
        """True when running again would bring nothing new at the same limit."""
        return self in (SearchState.ENOUGH, SearchState.EXHAUSTED, SearchState.EMPTY)


@dataclass(frozen=True, slots=True)
class SearchStarted:
    """A search worker took up a search."""

    search: Search


@dataclass(frozen=True, slots=True)
class Found:
    """A hit in its place: one row of the master keyword -> URLs map."""

    search: Search
    rank: int
    """Position in the source's own order, from 1."""
    hit: Hit


@dataclass(frozen=True, slots=True)
class SearchEnded:
    """A search came to its end, whichever."""

    search: Search
    state: SearchState
    reason: str = ""
    """A slug of `collector.reasons` unless the state is done."""
    detail: str = ""
    found: int = 0
    """Hits handed over by this try."""
    seconds: float = 0.0
    diagnosis: Path | None = None
    """Folder with the page's HTML and screenshot, kept when it was blocked or not recognised."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The picture is on disk under its final name."""

    task: Task
    picture: Picture
    path: Path
    """Relative to the output folder."""
    attempt: Attempt = Attempt()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The very same bytes are saved already, under this keyword or another."""

    task: Task
    picture: Picture
    path: Path
    """The file that has them, relative to the output folder."""
    reason: str = "duplicate.same_label"
    attempt: Attempt = Attempt()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes came, and they are not a picture we accept."""

    task: Task
    reason: str
    detail: str = ""
    attempt: Attempt = Attempt()


@dataclass(frozen=True, slots=True)
class Failed:
    """The URL could not be fetched, for good or for now."""

    task: Task
    reason: str
    detail: str = ""
    attempt: Attempt = Attempt()
    retry: bool = False
    """True when a later run tries it again; such a URL is not done."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not fetched by decision: the limit was reached, or a rule of politeness or consent."""

    task: Task
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """One line the user should read once; changes no state."""

    text: str
    level: str = "info"
    """info or warning."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Something that a search found out and that no later one should ask for again."""

    name: str
    """Without a meaning outside of its source."""
    text: str


Outcome = Saved | Duplicate | Rejected | Failed | Skipped
Event = SearchStarted | Found | SearchEnded | Saved | Duplicate | Rejected | Failed | Skipped | Noticed


Message = SearchStarted | Found | SearchEnded | Downloaded | DownloadFailed | WorkerError | Remembered | Noticed
"""All that workers tell the calling thread."""
Emit = Callable[[Message], None]
"""How they tell it; may block while the results are not taken."""


# --------------------------------------------------------------------------- summary


@dataclass(frozen=True, slots=True)
class Tally(InWords):
    """One keyword's row of the summary table; the numbers come from the ledger alone."""

    keyword: str
    label: str
    limit: int | None
    """None when everything there is was wanted."""
    found: int = 0
    saved: int = 0
    """Pictures, videos and files together: what counts towards the limit."""
    duplicate: int = 0
    rejected: int = 0
    failed: int = 0
    skipped: int = 0
    retry: int = 0
    """How many of the failed are tried again by a later run."""
    waiting: int = 0
    """Found and never tried."""
    bytes: int = 0
    """Bytes of everything saved."""
    videos: int = 0
    """How many of the saved are videos."""
    files: int = 0
    """How many of the saved are files of another kind, never opened."""
    video_bytes: int = 0
    file_bytes: int = 0
    seconds: float = 0.0
    """Search plus download seconds, summed over workers."""
    searches: tuple[tuple[str, SearchState, str], ...] = ()
    """(source, state, reason) per source."""
    reasons: tuple[tuple[str, int], ...] = field(default=())
    """(reason, count) of everything that was not saved, most frequent first."""

    @property
    def short(self) -> int:
        """How many are missing to the limit; who wants everything misses nothing that is known of."""
        return 0 if self.limit is None else max(0, self.limit - self.saved)

    @property
    def pictures(self) -> int:
        """How many of the saved are pictures."""
        return self.saved - self.videos - self.files

    def __str__(self) -> str:
        name = self.keyword if self.label in ("", self.keyword) else f"{self.keyword} ({self.label})"
        others = ("found", "duplicate", "rejected", "failed", "skipped", "waiting")
        counts = [f"{getattr(self, other):,} {other}" for other in others if getattr(self, other)]
        wanted = "" if self.limit is None else f" of {self.limit:,}"
        return f"{name}: {', '.join([f'{self.saved:,}{wanted} saved', *counts])}"


@dataclass(frozen=True, slots=True)
class Digest(InWords):
    """How all keywords of a run stand together: what the summary shows and the exit code is made from."""

    keywords: int
    total: Tally
    """The sums, every search's state left out; its keyword says how many there are."""
    shown: tuple[Tally, ...]
    """Every keyword while they are few, else those that miss most, the worst first."""
    states: tuple[tuple[SearchState, int], ...] = ()
    """How many searches stand so."""
    exhausted: int = 0
    """Keywords below their limit whose sources have no more."""
    short: int = 0
    """Keywords below their limit with URLs to try again."""
    unfinished: int = 0
    """Keywords that want everything, with URLs to try again."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.shown if self.keywords == 1 == len(self.shown) else [*self.shown, self.total]))


# --------------------------------------------------------------------------- the set


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a picture is left out of the set, though it lies in the folder. Reversible."""

    sha256: str
    label: str
    reason: str
    """A slug of `collector.reasons` of the family `set`."""
    detail: str = ""
    kept: str = ""
    """sha256 of the picture that is kept in its place."""
