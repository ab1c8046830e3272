"""Stills of saved videos, put as pictures into the video's own class folder. Asks nobody; leaves the videos alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from collector import urls
from collector.fetch.parts import write_part
from collector.images.sniff import Unusable
from collector.images.video_frames import Still, stills
from collector.ledger import Ledger, layout
from collector.ledger.films import Film
from collector.model import Attempt, Duplicate, Found, Hit, Picture, Saved, Skipped
from collector.settings import FetchSettings


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one video."""

    film: Film
    saved: int = 0
    known: int = 0
    """Stills that were there already, or are the same picture as another."""
    trouble: str = ""


def take(ledger: Ledger, folder: Path, every: float = 0.0, count: int = 0) -> Iterator[Taken]:
    """Stills of every saved video, one commit a video; those of an earlier call are known and not taken again.

    A still's URL is the video's with the time as a media fragment (`clip.mp4#t=1.5`, W3C Media Fragments), and it
    has all that is known of the video, its licence among it.
    """
    for film in list(ledger.films()):
        saved = known = 0
        try:
            for still in stills(folder / film.path, every, count):
                entered = _enter(ledger, folder, film, still)
                saved, known = saved + entered, known + (not entered)
        except FileNotFoundError:
            yield Taken(film, saved, known, "the file is not there")
        except Unusable as error:
            yield Taken(film, saved, known, f"{error.reason}: {error.detail}")
        else:
            yield Taken(film, saved, known)


def _enter(ledger: Ledger, folder: Path, film: Film, still: Still) -> bool:
    """Whether the still is a new picture on disk now. File and row are one transaction: the name comes first, and
    a file without a row is what `verify` calls unknown."""
    from collector.images.decode import inspect

    picture = inspect(still.body, FetchSettings(verify="full"))
    with ledger.transaction():
        shelf = ledger.shelf_for(film)
        task = ledger.found(Found(shelf.search, shelf.has + 1, _hit(film, still, picture)), shelf.query_id)
        if task is None:
            return False
        ledger.shelved(shelf)
        if (there := ledger.file_of(picture.sha256)) is not None:
            reason = "duplicate.same_label" if there[1] == film.label else "duplicate.other_label"
            ledger.outcome(Duplicate(task, picture, there[0], reason))
            return False
        if ledger.forgotten(picture.sha256):
            ledger.outcome(Skipped(task, "policy.forgotten"))
            return False
        path = Path(ledger.folder(film.label), layout.file_name(picture))
        part = write_part(folder, f"still-{task.id}", still.body)
        (folder / path).parent.mkdir(exist_ok=True)
        part.replace(folder / path)
        ledger.outcome(Saved(task, picture, path, Attempt(via="still")))
    return True


def _hit(film: Film, still: Still, picture: Picture) -> Hit:
    at = f"{still.at:.3f}".rstrip("0").rstrip(".") or "0"
    return replace(
        film.hit,
        url=f"{film.hit.url.partition('#')[0]}#t={at}",
        key=urls.id_key("still", f"{film.sha256}@{round(still.at * 1000)}"),
        width=picture.width,
        height=picture.height,
        kind="video",
        way="still",
        fields=(("video", film.path.as_posix()), ("at", at), *film.hit.fields),
    )
