"""Paths that come out of a ledger: the only door between what a row says and a file that is opened, moved or deleted.

People share folders with their ledgers, so a row is believed only where it cannot lead out of its folder.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from collector.errors import LedgerError
from collector.ledger import layout
from collector.ledger.db import REPAIR

REJECTED: Final = "-rejected"
"""What the folder beside an output folder is called, behind that one's own name: `dedupe --apply` moves files there."""

_LONGEST: Final = 255
"""Bytes of a name, beyond which no file system has it."""
_USUAL = re.compile(r"[^./\\:\0][^/\\:\0]{0,62}/[0-9a-f]{32}\.[a-z0-9]{1,10}")
"""CLASS/FILE as nearly every row has it; the rest is taken apart."""


class LinkOut(LedgerError):
    """A path that is fine in itself leads out of its folder by a link."""


def stored_path(text: str) -> Path:
    """A path as a row has it: below the output folder, or one of its rejects. LedgerError for any other."""
    if _USUAL.fullmatch(text):
        return Path(text)
    parts = PurePosixPath(text).parts
    if parts[:1] == ("..",):
        beside = len(parts) == 4 and parts[1].endswith(REJECTED)
        parts = parts[2:] if beside else parts
    strange = any(sign in text for sign in "\\:\0") or any(len(os.fsencode(part)) > _LONGEST for part in parts)
    if not parts or ".." in parts or parts[0].startswith("/") or layout.is_ours(parts[0]) or strange:
        raise _outside(text)
    return Path(text)


@lru_cache(maxsize=4096)
def stored_folder(name: str) -> str:
    """The name of a class folder as a row has it. LedgerError when it is anything but one plain name."""
    if stored_path(name).parts != (name,):
        raise _outside(name)
    return name


def inside(folder: Path, path: Path) -> Path:
    """Where a row's file lies, links followed. LedgerError when that is outside of the output folder and its rejects.

    Everything that opens, moves, writes or deletes a file that a row names asks here.
    """
    base, rest = folder.absolute(), stored_path(path.as_posix())
    if rest.parts[0] == "..":
        base, rest = base.with_name(rest.parts[1]), Path(*rest.parts[2:])
        root = os.path.join(os.path.realpath(base.parent), base.name)  # noqa: PTH118 - a link here leads elsewhere.
    else:
        root = os.path.realpath(base)
    if not os.path.realpath(base / rest).startswith(root.rstrip(os.sep) + os.sep):
        raise LinkOut(
            f"{base / rest}: a link on the way leads out of {base}, where no picture is read or written; nothing was "
            "touched; put what it leads to in the place of the link"
        )
    return base / rest


def drop_if_empty(place: Path) -> None:
    """No empty class folder stays: a loader would take it for a class."""
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()


def _outside(text: str) -> LedgerError:
    return LedgerError(
        f"{layout.LEDGER}: damaged ({text[:200]!r} does not lie inside its folder); nothing was touched; {REPAIR}"
    )
