"""Every saved picture as columns in memory, about 50 bytes each, so that a filter over a million answers at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.dataset.relevance import FEWEST
from collector.ledger import Ledger
from collector.ledger.rows import PICTURES

_STORED: Final = ("label", "split", "source", "site", "licence_url", "left_out", "review")
FACETS: Final = (*_STORED, "size", "relevance", "found")
"""What pictures can be filtered by: columns of few different values."""
SORTS: Final = ("newest", "doubtful", "relevance", "rank", "largest")
_NAMES: Final = ("id", "width", "height", "orientation", "rank", "doubt", "relevance", "found_at", *_STORED)
_CHUNK: Final = 20_000
_RATIOS: Final = (0.2, 5.0)
"""Narrower and wider pictures are laid out as these."""
_SIDES: Final = (256, 512, 1024)
_SIZES: Final = ("side under 256", "side 256 to 511", "side 512 to 1023", "side 1024 and more")
"""Words for the shorter side in pixels."""
NONE, OUT, KEEP, DROP = range(4)
"""State of a picture: in the set, left out by a rule, kept by a person, dropped by a person."""


class Columns:
    """The pictures of one ledger as they stood when it was read."""

    def __init__(self, ledger: Ledger) -> None:
        self._words: dict[str, list[str]] = {name: [] for name in FACETS}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in FACETS}
        parts = [self._part(chunk) for chunk in _chunks(ledger)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        self.ids: NDArray[np.uint32] = joined.pop("id")
        self._ratios: NDArray[np.uint16] = joined.pop("ratio")
        self._keys = {name: joined.pop(name) for name in SORTS if name != "newest"}
        self._facets: dict[str, NDArray[np.int32]] = {name: joined[f"facet {name}"] for name in FACETS}
        self._tell_few()

    def __len__(self) -> int:
        return len(self.ids)

    def _part(self, chunk: Sequence[tuple[Any, ...]]) -> dict[str, NDArray[Any]]:
        columns = zip(*chunk, strict=True) if chunk else [()] * len(_NAMES)
        cells: dict[str, Sequence[Any]] = dict(zip(_NAMES, columns, strict=True))
        width, height = (np.array([value or 1 for value in cells[name]], np.int64) for name in ("width", "height"))
        turned = np.array([(value or 0) >= 5 for value in cells["orientation"]], bool)
        ratios = np.where(turned, height / width, width / height).clip(*_RATIOS) * 1000
        words = {name: cells[name] for name in _STORED} | {
            "size": [_SIZES[step] for step in np.digitize(np.minimum(width, height), _SIDES).tolist()],
            "relevance": [_band(value) for value in cells["relevance"]],
            "found": [(value or "")[:10] for value in cells["found_at"]],
        }
        made: dict[str, NDArray[Any]] = {
            "id": np.array(cells["id"], np.uint32),
            "ratio": ratios.astype(np.uint16),
            "largest": -(width * height),
            "rank": np.array(cells["rank"], np.int32),
            "doubtful": np.array([1.0 if value is None else value for value in cells["doubt"]], np.float32),
            "relevance": np.array([1.0 if value is None else value for value in cells["relevance"]], np.float32),
        }
        for name in FACETS:
            made[f"facet {name}"] = np.array([self._code(name, word or "") for word in words[name]], np.int32)
        return made

    def _code(self, name: str, word: str) -> int:
        codes = self._codes[name]
        if word not in codes:
            codes[word] = len(codes)
            self._words[name].append(word)
        return codes[word]

    def _tell_few(self) -> None:
        """Say of classes too small for it why they have no relevance, where others have one."""
        known = self._facets["relevance"] != self._codes["relevance"].get("", -1)
        judged = self._facets["left_out"] == self._codes["left_out"].get("", -1)
        few = judged & ~known & (np.bincount(self._facets["label"], judged)[self._facets["label"]] < FEWEST)
        if known.any() and few.any():
            self._facets["relevance"][few] = self._code("relevance", "too few to judge")

    def state(self) -> NDArray[np.uint8]:
        """(n,): NONE, OUT, KEEP or DROP of each picture."""
        left_out, review = self._facets["left_out"], self._facets["review"]
        state = np.where(left_out == self._codes["left_out"].get("", -1), NONE, OUT).astype(np.uint8)
        for word, value in (("keep", KEEP), ("drop", DROP)):
            state[review == self._codes["review"].get(word, -1)] = value
        return state

    def update(self, identity: int, **words: str) -> None:
        """What a person has just said about a picture: filter -> its value now."""
        place = np.flatnonzero(self.ids == identity)
        for name, word in words.items():
            self._facets[name][place] = self._code(name, word)

    def select(self, wanted: Mapping[str, str], sort: str) -> NDArray[np.int64]:
        """The places of the pictures for which all that is wanted is true, in this order (one of SORTS)."""
        mask = np.ones(len(self), bool)
        for name, word in wanted.items():
            mask &= self._facets[name] == self._codes[name].get(word, -1)
        places = np.flatnonzero(mask)[::-1]  # Newest first; equal ones stay so.
        return places[np.argsort(self._keys[sort][places], kind="stable")] if sort in self._keys else places

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
            named = [(word, count) for word, count in zip(self._words[name], counts, strict=True) if count]
            found[name] = sorted(named, key=lambda pair: (-pair[1], pair[0]))[:most]
        return found


def _band(relevance: float | None) -> str:
    """How likely it shows its class, in words; "" when nobody looked."""
    if relevance is None:
        return ""
    return "unlikely" if relevance < 1 / 3 else "doubtful" if relevance < 2 / 3 else "likely"


def _chunks(ledger: Ledger) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The pictures' cells, some at a time; at least one chunk, which may be empty."""
    rows = ledger.dataset.cells(_NAMES, PICTURES)
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
