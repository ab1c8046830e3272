"""A bounded memory of encoded pictures, so that serving thousands costs little. For any thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class BytesCache:
    """Least recently used out first, bounded by the bytes it holds."""

    def __init__(self, limit: int) -> None:
        """`limit` is in bytes."""
        self._limit = limit
        self._held = 0
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable) -> bytes | None:
        """The bytes under the key, None when they are not (or no longer) there."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key]

    def put(self, key: Hashable, value: bytes) -> None:
        """Remember; the oldest go when there is too much."""
        with self._lock:
            self._held += len(value) - len(self._entries.pop(key, b""))
            self._entries[key] = value
            while self._held > self._limit:
                self._held -= len(self._entries.popitem(last=False)[1])
