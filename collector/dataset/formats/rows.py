"""One row of facts for each picture, and the picture files beside a table; what the tabular formats share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from math import inf
from pathlib import Path
from typing import Any, Final

import numpy as np

from collector.dataset.attribution import attribution
from collector.dataset.samples import EncodedSample, ExportPlan

PICTURES: Final = "pictures"
READABLE: Final = frozenset({"jpg", "jpeg", "png", "webp", "bmp", "gif", "tif"})
"""Everything that Pillow and OpenCV read without a plug-in."""

COLUMNS: Final = (
    "id", "file_name", "label", "label_id", "labels", "split", "width", "height", "title", "keyword", "source", "rank",
    "url", "page", "published", "collected", "licence", "licence_url", "creator", "credit", "notice", "sha256",
    "exported_sha256",
)  # fmt: skip
"""Of a row, in this order."""
_EXIF: Final = ("taken", "latitude", "longitude")
"""Of a set that knows them: text and degrees, None where they are unknown."""

Row = dict[str, Any]
Entry = tuple[str, str, str]
"""(file name, split, class) of a row that was read back."""


class Seen:
    """Names that should come once each, or be the same as others: 16 bytes of each are held."""

    def __init__(self) -> None:
        self._digests = bytearray()

    def add(self, name: str) -> None:
        """One more."""
        self._digests += _digest(name)

    def _sorted(self) -> np.ndarray[tuple[int], np.dtype[np.bytes_]]:
        return np.sort(np.frombuffer(self._digests, "S16"))

    def repeated(self, names: Callable[[], Iterable[str]]) -> str | None:
        """One that came before, if there is one; `names` are those that were added, once more."""
        digests = self._sorted()
        if not (twice := frozenset(digests[1:][digests[1:] == digests[:-1]].tolist())):
            return None
        return next(name for name in names() if _digest(name).rstrip(b"\0") in twice)

    def same(self, other: Seen) -> bool:
        """Whether they are those of the other, each as often."""
        return np.array_equal(self._sorted(), other._sorted())


def _digest(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=16).digest()


def columns(plan: ExportPlan) -> tuple[str, ...]:
    """Of the rows of this set."""
    return COLUMNS + _EXIF if plan.exif else COLUMNS


def save(folder: Path, written: EncodedSample) -> str:
    """Write a picture as `pictures/<two digits>/<key>.<ext>`, never many thousands in one folder; its path."""
    name = f"{PICTURES}/{written.sample.item.sha256[:2]}/{written.sample.key}.{written.extension}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.body)
    return name


def shards(group: Iterable[EncodedSample], most_bytes: int, most: float = inf) -> Iterator[Iterator[EncodedSample]]:
    """Runs of about so many bytes and at most so many pictures, each read to its end before the next is asked for."""
    source = iter(group)
    for first in source:

        def run(first: EncodedSample = first) -> Iterator[EncodedSample]:
            size, count = len(first.body), 1
            yield first
            while size < most_bytes and count < most and (following := next(source, None)) is not None:
                size, count = size + len(following.body), count + 1
                yield following

        yield run()


def row(written: EncodedSample, plan: ExportPlan, file_name: str) -> Row:
    """Label and split, what the exported bytes are, where the picture came from and whose it is."""
    sample, item = written.sample, written.sample.item
    cells = attribution(sample)
    latitude, longitude = item.place or (None, None)
    exif = {"taken": item.taken or None, "latitude": latitude, "longitude": longitude} if plan.exif else {}
    return {
        "id": sample.key,
        "file_name": file_name,
        "label": sample.labels[0],
        "label_id": plan.number(sample.labels[0]),
        "labels": list(sample.labels),
        "split": sample.split,
        "width": written.width,
        "height": written.height,
        "title": item.title,
        "keyword": item.keyword,
        "source": item.source,
        "rank": item.rank,
        "url": cells[10],
        "page": item.page,
        "published": item.published,
        "collected": item.ended_at,
        "licence": cells[4],
        "licence_url": cells[5],
        "creator": cells[3],
        "credit": cells[7],
        "notice": cells[8],
        "sha256": item.sha256,
        "exported_sha256": written.sha256,
        **exif,
    }


def checked(folder: Path, table: Callable[[], Iterable[Entry]]) -> Counter[tuple[str, str]]:
    """Count rows whose picture is there, each file once. ValueError for a missing file, or one in two rows."""
    counts: Counter[tuple[str, str]] = Counter()
    seen = Seen()
    for name, split, label in table():
        seen.add(name)
        if not (folder / name).is_file():
            raise ValueError(f"{name} is in the table and not on disk")
        counts[split, label] += 1
    if twice := seen.repeated(lambda: (name for name, _, _ in table())):
        raise ValueError(f"{twice} stands in two rows")
    return counts
