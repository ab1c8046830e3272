"""Models of pictures, and of words: which are known, which are here, and the download of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector.settings import FetchSettings

if TYPE_CHECKING:
    from collector.maintenance.models import Offer


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is known by name, or was downloaded."""

    name: str
    about: str
    licence: str
    here: bool
    folder: Path


def listed() -> Iterator[Model]:
    """All that have a name, then others that were downloaded."""
    from collector.images.hub_layout import is_model
    from collector.images.known_models import KNOWN, downloads
    from collector.maintenance.models import licence_of

    for one in KNOWN.values():
        folder = downloads() / one.name
        yield Model(one.name, one.about, one.licence, is_model(folder), folder)
    for folder in sorted(downloads().iterdir()) if downloads().is_dir() else []:
        if folder.name not in KNOWN and is_model(folder):
            yield Model(
                folder.name.replace("--", "/", 1), "of the hub", licence_of(folder) or "see its card", True, folder
            )


def get_model(
    name: str,
    agree: Callable[[Offer], bool],
    *,
    settings: FetchSettings | None = None,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Path | None:
    """Download a model of the Hugging Face Hub for `relevance`, `embed` and `similar`; its folder.

    `name`: one of `listed`, or `owner/name`. `agree` is shown what it is, its licence, size and hashes, before anything
    is fetched; None when it says no. One that is here is not asked for again, unless a
    revision is named: InputError when another one is here. `tell` hears (bytes, of how many).
    InputError, Incomplete, DiskError, SourceError.
    """
    from collector.images.known_models import downloads, folder_name
    from collector.maintenance.models import Hub, is_whole

    folder = downloads() / folder_name(name.partition("@")[0])
    if "@" not in name and is_whole(folder):
        return folder
    hub = Hub(settings or FetchSettings())
    offer = hub.offer(name)
    return hub.download(offer, tell) if agree(offer) else None
