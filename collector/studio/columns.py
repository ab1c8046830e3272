"""Every saved picture as columns in memory, about 40 bytes each, so that a filter over a million answers at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.ledger import Ledger
from collector.ledger.rows import PICTURES

FACETS: Final = ("label", "split", "source", "site", "licence_url", "left_out", "review")
"""What pictures can be filtered by: columns of few different values."""
SORTS: Final = ("newest", "doubtful", "rank", "largest")
_NAMES: Final = ("id", "width", "height", "orientation", "rank", "doubt", *FACETS)
_CHUNK: Final = 20_000
_RATIOS: Final = (0.2, 5.0)
"""Narrower and wider pictures are laid out as these."""
NONE, OUT, KEEP, DROP = range(4)
"""State of a picture: in the set, left out by a rule, kept by a person, dropped by a person."""


class Columns:
    """The pictures of one ledger as they stood when it was read."""

    def __init__(self, ledger: Ledger) -> None:
        self._words: dict[str, list[str]] = {name: [] for name in FACETS}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in FACETS}
        parts = [self._part(chunk) for chunk in _chunks(ledger)]
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        self.ids, self._pixels, self._rank, self._doubt, self._ratios = joined[:5]
        self._facets: dict[str, NDArray[np.int32]] = dict(zip(FACETS, joined[5:], strict=True))

    def __len__(self) -> int:
        return len(self.ids)

    def _part(self, chunk: Sequence[tuple[Any, ...]]) -> list[NDArray[Any]]:
        cells = list(zip(*chunk, strict=True)) or [()] * len(_NAMES)
        width, height = (np.array([value or 1 for value in column], np.int64) for column in cells[1:3])
        turned = np.array([(value or 0) >= 5 for value in cells[3]], bool)
        ratios = np.where(turned, height / width, width / height).clip(*_RATIOS) * 1000
        facets = [
            np.array([self._code(name, value or "") for value in column], np.int32)
            for name, column in zip(FACETS, cells[6:], strict=True)
        ]
        return [
            np.array(cells[0], np.uint32),
            width * height,
            np.array(cells[4], np.int32),
            np.array([1.0 if value is None else value for value in cells[5]], np.float32),
            ratios.astype(np.uint16),
            *facets,
        ]

    def _code(self, name: str, word: str) -> int:
        codes = self._codes[name]
        if word not in codes:
            codes[word] = len(codes)
            self._words[name].append(word)
        return codes[word]

    def state(self) -> NDArray[np.uint8]:
        """(n,): NONE, OUT, KEEP or DROP of each picture."""
        left_out, review = self._facets["left_out"], self._facets["review"]
        state = np.where(left_out == self._codes["left_out"].get("", -1), NONE, OUT).astype(np.uint8)
        for word, value in (("keep", KEEP), ("drop", DROP)):
            state[review == self._codes["review"].get(word, -1)] = value
        return state

    def update(self, identity: int, left_out: str, review: str) -> None:
        """What a person has just said about a picture."""
        place = np.flatnonzero(self.ids == identity)
        self._facets["left_out"][place] = self._code("left_out", left_out)
        self._facets["review"][place] = self._code("review", review)

    def select(self, wanted: Mapping[str, str], sort: str) -> NDArray[np.int64]:
        """The places of the pictures for which all that is wanted is true, in this order (one of SORTS)."""
        mask = np.ones(len(self), bool)
        for name, word in wanted.items():
            mask &= self._facets[name] == self._codes[name].get(word, -1)
        places = np.flatnonzero(mask)[::-1]  # Newest first; equal ones stay so.
        keys = {"doubtful": self._doubt, "rank": self._rank, "largest": -self._pixels}
        return places[np.argsort(keys[sort][places], kind="stable")] if sort in keys else places

    def packed(self, places: NDArray[np.int64]) -> bytes:
        """All that a page needs to lay these out: ids (4 bytes each), then 1000 x width / height (2), then state (1);
        little-endian."""
        ids, ratios = self.ids[places].astype("<u4"), self._ratios[places].astype("<u2")
        return ids.tobytes() + ratios.tobytes() + self.state()[places].tobytes()

    def facets(self, most: int = 200) -> dict[str, list[tuple[str, int]]]:
        """Filter -> (value, pictures) of its commonest values."""
        found = {}
        for name, codes in self._facets.items():
            counts = np.bincount(codes, minlength=len(self._words[name])).tolist()
            named = Counter({word: count for word, count in zip(self._words[name], counts, strict=True) if count})
            found[name] = named.most_common(most)
        return found


def _chunks(ledger: Ledger) -> Any:
    """The pictures' cells, some at a time; at least one chunk, which may be empty."""
    rows = ledger.dataset.cells(_NAMES, PICTURES)
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
