"""What is taken in: a picture's class, what is known of it, and its file where there is one. Values only.

By themselves, so that readers of folders and manifests do not load what decodes pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from collector.model import Hit


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of somebody's collection."""

    label: str
    """The class, which is its keyword too."""
    hit: Hit
    file: Path | None = None
    """Its bytes on this machine; None when they are only at its URL."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file that is passed over without a look, by its name or its place."""

    file: Path
    why: str
    """hidden, description, or not a file."""
