"""Embeddings of pictures in a file for each model beside the ledger, memory-mapped: a head, then a record a picture.

A record has the hash of the picture, its vector in float16 and a checksum, so that a kill or a power cut costs records
and never says anything wrong. What is lost is computed again.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from collector.errors import GO_ON, DiskError
from collector.ledger import disk
from collector.ledger.layout import VECTORS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HEAD: Final = 256
"""Bytes of the head: a line of JSON, filled up with spaces."""
_CHUNK: Final = 4096
_MOST: Final = 1 << 16
"""Numbers of a vector that are believed: a damaged head may say anything."""
USUAL: Final = "efficientnet-lite0"
"""The model whose file has no name of a model."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """What was computed by one model."""

    model: str
    hash: str
    """Of the model; another one's vectors are none."""
    places: dict[str, int]
    """sha256 -> row of `numbers`."""
    numbers: NDArray[np.float16]
    """(rows, n), mapped from the file: only what is looked at is read."""

    def of(self, sha256s: Sequence[str]) -> NDArray[np.float32]:
        """(how many, n) of pictures that have one. KeyError for others."""
        import numpy as np

        return np.asarray(self.numbers[[self.places[sha256] for sha256 in sha256s]], np.float32)


def read(folder: Path, model: str, hash: str, numbers: int) -> Vectors:
    """What the file holds of this model; nothing when there is none, or it is another's."""
    import numpy as np

    kind, path = _record(numbers), _file(folder, model)
    if _head(path) != _named(model, hash, numbers):
        return Vectors(model, hash, {}, np.zeros((0, numbers), np.float16))
    count = (path.stat().st_size - _HEAD) // kind.itemsize
    if not count:
        return Vectors(model, hash, {}, np.zeros((0, numbers), np.float16))
    records = np.memmap(path, kind, "r", _HEAD, (count,))
    places: dict[str, int] = {}
    for start in range(0, count, _CHUNK):
        for place, record in enumerate(records[start : start + _CHUNK], start):
            if zlib.crc32(bytes(record["sha256"]) + record["vector"].tobytes()) == record["crc"]:
                places[bytes(record["sha256"]).hex()] = place
    return Vectors(model, hash, places, records["vector"])


def add(folder: Path, model: str, hash: str, vectors: Sequence[tuple[str, NDArray[np.float16]]]) -> None:
    """Keep (sha256, vector) of some pictures: on the disk when this returns. What other weights made gives way.
    DiskError."""
    if not vectors:
        return
    numbers = len(vectors[0][1])
    path, head = _file(folder, model), _named(model, hash, numbers)
    size = _record(numbers).itemsize
    try:
        if _head(path) != head:
            _begin(path, head, ())
        with path.open("r+b") as file:
            end = os.fstat(file.fileno()).st_size
            file.seek(end - (end - _HEAD) % size)  # What a kill left of a record.
            file.write(b"".join(_bytes(sha256, vector) for sha256, vector in vectors))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror or error}; the embeddings before are kept, {GO_ON}") from None


def keep_only(folder: Path, sha256s: Collection[str]) -> int:
    """Drop the vectors of all other pictures, of every model; how many."""
    return sum(_sift(path, lambda sha256: sha256 in sha256s) for path in _files(folder))


def forget(folder: Path, sha256s: Collection[str]) -> int:
    """Drop the vectors of these pictures, of every model; how many there were."""
    return sum(_sift(path, lambda sha256: sha256 not in sha256s) for path in _files(folder))


def _file(folder: Path, model: str) -> Path:
    return folder / (VECTORS if model == USUAL else f"collector.{model}.vectors")


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("collector*.vectors"))


def _sift(path: Path, wanted: Callable[[str], bool]) -> int:
    """Keep the records that are wanted, whichever model made them. The file is whole at any moment."""
    import numpy as np

    if (head := _head(path)) is None:
        return 0
    kind = _record(head["numbers"])
    count = (path.stat().st_size - _HEAD) // kind.itemsize
    if not count:
        return 0
    records = np.memmap(path, kind, "r", _HEAD, (count,))
    kept = [place for place in range(count) if wanted(bytes(records["sha256"][place]).hex())]
    if len(kept) < count:
        _begin(path, head, (records[place].tobytes() for place in kept))
    return count - len(kept)


def _record(numbers: int) -> np.dtype[Any]:
    import numpy as np

    return np.dtype([("sha256", "V32"), ("crc", "<u4"), ("vector", "<f2", (numbers,))])


def _bytes(sha256: str, vector: NDArray[np.float16]) -> bytes:
    key, body = bytes.fromhex(sha256), vector.astype("<f2").tobytes()
    return key + zlib.crc32(key + body).to_bytes(4, "little") + body


def _named(model: str, hash: str, numbers: int) -> dict[str, object]:
    return {"vectors": 1, "model": model, "hash": hash, "numbers": numbers}


def _head(path: Path) -> dict[str, Any] | None:
    """Whose file it is; None when it is none of ours."""
    try:
        with path.open("rb") as file:
            read = file.read(_HEAD)
        head = json.loads(read)
    except (OSError, ValueError):
        return None
    if len(read) < _HEAD or not isinstance(head, dict) or type(numbers := head.get("numbers")) is not int:
        return None
    return head if 0 < numbers <= _MOST else None


def _begin(path: Path, head: dict[str, Any], records: Iterable[bytes]) -> None:
    """A new file in the place of the old one."""
    with disk.replacing(path) as part, part.open("wb") as file:
        file.write(json.dumps(head).encode().ljust(_HEAD - 1) + b"\n")
        file.writelines(records)
