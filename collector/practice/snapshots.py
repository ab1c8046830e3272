"""Small pictures for doubles of pages: drawn at once, any size, the same bytes for the same name. Knows no HTTP."""

from __future__ import annotations

import io
import zlib
from functools import lru_cache

from collector.practice.drawing import composed


@lru_cache(maxsize=4096)
def snapshot(name: str, width: int = 320, height: int = 240, format: str = "JPEG") -> bytes:
    """The encoded picture called `name`; other names show something else."""
    file = io.BytesIO()
    composed(name, zlib.crc32(name.encode()) % 10_000, width, height).save(file, format)
    return file.getvalue()
