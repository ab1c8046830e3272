"""Stills of saved videos, put as pictures into the video's own class folder. Asks nobody; leaves the videos alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from collector import urls
from collector.fetch.parts import write_part
from collector.images.decode import inspect_file
from collector.images.processes import FileTrouble, Workers
from collector.images.video_frames import StillFile, read_stills, write_stills
from collector.ledger import Ledger, Row, Which, layout
from collector.ledger.paths import inside
from collector.model import Attempt, Found, Hit, Media, Picture, Saved
from collector.settings import FetchSettings

_SECONDS = 1800.0
"""What one video may take."""
_VIDEOS = Which(state="saved", media=Media.VIDEO)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one video."""

    video: Row
    saved: int = 0
    known: int = 0
    """Stills that were there already, or are the same picture as another."""
    trouble: str = ""


def take(ledger: Ledger, folder: Path, every: float = 0.0, count: int = 0) -> Iterator[Taken]:
    """Stills of every saved video, one commit a video; those of an earlier call are known and not taken again.

    A still's URL is the video's with the time as a media fragment (`clip.mp4#t=1.5`, W3C Media Fragments), and it
    has all that is known of the video, its licence among it.
    """
    with Workers(inspect_file, FetchSettings(verify="full"), processes=1) as lookers:
        for video in list(ledger.dataset.rows(_VIDEOS)):
            film = inside(folder, video.file)
            if film.is_file():
                yield _of_video(ledger, folder, video, _Asked(film, every, count), lookers)
            else:
                yield Taken(video, trouble="the file is not there")


@dataclass(frozen=True, slots=True)
class _Asked:
    film: Path
    every: float
    count: int


def _of_video(ledger: Ledger, folder: Path, video: Row, asked: _Asked, lookers: Workers[Picture]) -> Taken:
    with TemporaryDirectory(prefix="collector-stills-") as place:
        [(_, made)] = _decoded(asked, place)
        looked = lookers.map((still, still.file) for still in read_stills(Path(place)))
        entered = [
            _enter(ledger, folder, video, still, picture) for still, picture in looked if isinstance(picture, Picture)
        ]
    trouble = f"{made.reason}: {made.detail}" if isinstance(made, FileTrouble) else ""
    return Taken(video, sum(entered), len(entered) - sum(entered), trouble)


def _decoded(asked: _Asked, place: str) -> list[tuple[None, int | FileTrouble]]:
    """In a process of its own: a video from the web may hang its decoder, or crash it."""
    with Workers(write_stills, asked.every, asked.count, place, processes=1, seconds=_SECONDS) as workers:
        return list(workers.map([(None, asked.film)]))


def _enter(ledger: Ledger, folder: Path, video: Row, still: StillFile, picture: Picture) -> bool:
    """Whether the still is a new picture on disk now. File and row are one transaction: the name comes first, and
    a file without a row is what `verify` calls unknown."""
    with ledger.transaction():
        entered = ledger.intake.begin_stills(video.keyword, video.label)
        task = ledger.work.found(
            Found(entered.search, entered.count + 1, _hit(video, still, picture)), entered.query_id
        )
        if task is None:
            return False
        ledger.intake.still_entered(entered)
        if (known := ledger.work.already(task, picture, video.label)) is not None:
            ledger.work.outcome(known)
            return False
        path = Path(ledger.work.folder(video.label), layout.file_name(picture))
        part = write_part(folder, f"still-{task.id}", still.file.read_bytes())
        file = inside(folder, path)
        file.parent.mkdir(exist_ok=True)
        part.replace(file)
        ledger.work.outcome(Saved(task, picture, path, Attempt(via="still")))
    return True


def _hit(video: Row, still: StillFile, picture: Picture) -> Hit:
    at = f"{still.at:.3f}".rstrip("0").rstrip(".") or "0"
    return Hit(
        url=f"{video.url.partition('#')[0]}#t={at}",
        key=urls.id_key("still", f"{video.sha256}@{round(still.at * 1000)}"),
        id=video.source_id,
        page=video.page,
        title=video.title,
        site=video.site,
        width=picture.width,
        height=picture.height,
        licence=video.licence,
        published=video.published,
        kind="video",
        way="still",
        fields=(("video", str(video.path and video.path.as_posix())), ("at", at), *video.fields),
    )
