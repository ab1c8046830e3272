"""Paths that come out of a ledger: the only door between what a row says and a file that is opened, moved or deleted.

People share folders with their ledgers, so a row is believed only where it cannot lead out of its folder.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
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
    top = base
    if rest.parts[0] == "..":  # Its folder of rejects is a step of the way: a link there leads elsewhere.
        top, base, rest = base.parent, base.with_name(rest.parts[1]), Path(*rest.parts[2:])
    place = base / rest
    if _has_link(top, place) and not _leads_into(top, base, place):
        raise LinkOut(
            f"{place}: a link on the way leads out of {base}, where no picture is read or written; nothing was "
            "touched; put what it leads to in the place of the link"
        )
    return place


def _has_link(top: Path, place: Path) -> bool:
    """Whether one of the steps from a folder down to a file is a link: two looks at the disk, as a rule.

    On Windows a junction leads elsewhere as well and is no link to Python: there, too, all is followed.
    """
    if os.name == "nt":
        return True
    way = os.fspath(top)
    for name in place.parts[len(top.parts) :]:
        way = f"{way}{os.sep}{name}"
        if os.path.islink(way):  # noqa: PTH114 - asked of every row; a Path costs more.
            return True
    return False


def _leads_into(top: Path, base: Path, place: Path) -> bool:
    """Whether a file lies below its folder once all links below `top` are followed."""
    root = os.path.join(os.path.realpath(top), *base.parts[len(top.parts) :])  # noqa: PTH118
    return os.path.realpath(place).startswith(root.rstrip(os.sep) + os.sep)


def move(folder: Path, old: Path, new: Path) -> bool:
    """Give a row's file another place, unless a stop came between file and ledger before: then it is there already.
    Whether it is there now. LedgerError as `inside`, OSError."""
    source, target = inside(folder, old), inside(folder, new)
    if source != target:
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
        drop_if_empty(source.parent)
        drop_if_empty(source.parent.parent)
    return target.is_file()


def drop_if_empty(place: Path) -> None:
    """No empty class folder stays: a loader would take it for a class."""
    with suppress(OSError):  # It holds something, or is none.
        place.rmdir()


def _outside(text: str) -> LedgerError:
    return LedgerError(
        f"{layout.LEDGER}: damaged ({text[:200]!r} does not lie inside its folder); nothing was touched; {REPAIR}"
    )
