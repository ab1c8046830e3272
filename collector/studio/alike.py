"""What looks the same, or nearly: groups to settle, the twins of a picture, and all pictures by likeness to one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.dataset import embeddings
from collector.errors import InputError, UsageError
from collector.images.embed import directions
from collector.images.known_models import embedder_of
from collector.images.pdq import NEAR, RELIABLE
from collector.ledger import Ledger
from collector.ledger.looks import Looks
from collector.ledger.rows import PICTURES
from collector.report.alike import MOST, groups_of
from collector.settings import LookSettings


class AlikeView:
    """Looks, and what was found in them, kept until the ledger changes."""

    def __init__(self, ledger: Callable[[], Ledger], folder: Path, look: LookSettings) -> None:
        """`look` says whose embeddings are meant."""
        self._ledger, self._folder, self._look = ledger, folder, look
        self._version: tuple[int, int] | None = None
        self._looks: Looks | None = None
        self._groups: list[list[int]] | None = None

    def looks(self) -> Looks:
        """The hashes that the ledger has, of all pictures."""
        ledger = self._ledger()
        version = (ledger.version, id(ledger))
        if self._looks is None or version != self._version:
            self._looks, self._groups, self._version = ledger.alike.read(mirrored=False), None, version
        return self._looks

    def groups(self) -> list[list[int]] | None:
        """As `groups_of` has them; None when there are too many to look."""
        if self._ledger().alike.hashed(RELIABLE) > MOST:
            return None
        looks = self.looks()
        if self._groups is None:
            self._groups = groups_of(self._ledger(), looks)
        return self._groups

    def twins(self, identity: int) -> list[int]:
        """`Row.id`s of pictures that look the same as one."""
        looks = self.looks()
        apart = _apart(looks, identity)
        if apart is None or looks.quality[np.searchsorted(looks.ids, identity)] < RELIABLE:
            return []
        near = (apart <= NEAR) & (looks.quality >= RELIABLE) & (looks.ids != identity)
        return [int(one) for one in looks.ids[near]]

    def likeness(self, identity: int, ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        """(n,) of each of `ids` with one picture, higher for what shows more of the same: by embeddings where the
        set has them, by hashes else. NaN where nothing is known."""
        by_shows = self._by_embedding(identity, ids)
        if by_shows is not None:
            return by_shows
        looks, found = self.looks(), np.full(len(ids), np.nan, np.float32)
        apart = _apart(looks, identity)
        if apart is not None and len(looks):
            places = np.searchsorted(looks.ids, ids).clip(max=len(looks) - 1)
            known = looks.ids[places] == ids
            found[known] = 1 - apart[places[known]] / 256
        return found

    def _by_embedding(self, identity: int, ids: NDArray[np.uint32]) -> NDArray[np.float32] | None:
        try:
            model = embedder_of(self._look.model, self._look.models)
            stored = embeddings.read(self._folder, model)
        except (UsageError, InputError):  # The extra is not installed, or the model not there.
            return None
        cells = self._ledger().dataset.cells(("id", "sha256"), PICTURES)
        names: dict[int, str] = {number: sha256 for number, sha256 in cells if sha256 in stored.places}
        if identity not in names:
            return None
        asked = directions(stored.of([names[identity]]), model)[0]
        numbers = np.array(list(names), np.int64)
        cosines = embeddings.cosines(stored, list(names.values()), asked, model)
        found = np.full(len(ids), np.nan, np.float32)
        places = np.searchsorted(numbers, ids).clip(max=len(numbers) - 1)
        known = numbers[places] == ids
        found[known] = cosines[places[known]]
        return found


def _apart(looks: Looks, identity: int) -> NDArray[np.int32] | None:
    """(n,): bits in which each hash differs from that of one picture; None when it has none."""
    place = int(np.searchsorted(looks.ids, identity))
    if place >= len(looks) or looks.ids[place] != identity:
        return None
    different = looks.words ^ looks.words[place]
    apart: NDArray[np.int32] = np.unpackbits(different.view(np.uint8), axis=1).sum(axis=1, dtype=np.int32)
    return apart
