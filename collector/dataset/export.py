"""Writes an export beside its place, checks it by reading it back, and puts it there whole: the old one or the new one.

Same pictures, same choices: the same bytes. Knows no format and no ledger.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.dataset.formats import Exporter, readable
from collector.dataset.samples import EncodedSample, ExportPlan, Sample
from collector.errors import InputError, MissingPictures
from collector.images.pixels import encoded
from collector.images.processes import FileTrouble, map_files
from collector.ledger.paths import inside

LOCK: Final = "dataset.lock"
"""In every export: what it was made of. A folder with it is ours to replace."""

Documents = Callable[[Path, ExportPlan], AbstractContextManager[Callable[[Sample, str], None]]]
"""Writes what explains an export into its folder: is told of each sample with the sha256 of its exported bytes, in
order, and has written all at its end."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was written."""

    pictures: int
    bytes: int
    unreadable: tuple[tuple[Path, str], ...]
    """Files that could not be read any more, and why; they are in no list of the export."""
    counts: Counter[tuple[str, str]]
    """(split, class) -> pictures, as the check read them back."""


def publish(
    plan: ExportPlan,
    folder: Path,
    dest: Path,
    exporter: Exporter,
    documents: Documents,
    missing_ok: int = 0,
) -> Published:
    """Write `plan` of the pictures below `folder` to `dest`.

    InputError when `dest` holds something that is no export of ours, or when the check reads back anything but what
    was written, and MissingPictures when more than `missing_ok` pictures cannot be read, or all: then nothing is put in
    place. OSError when the disk is at fault.
    """
    _refuse_strangers(dest)
    dest.parent.mkdir(parents=True, exist_ok=True)
    part = dest.with_name(f".{dest.name}.collector-part")
    shutil.rmtree(part, ignore_errors=True)  # of an export that was killed
    part.mkdir()
    try:
        published = _written(plan, folder, part, exporter, documents, missing_ok)
        _put_in_place(part, dest)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return published


def _written(
    plan: ExportPlan,
    folder: Path,
    part: Path,
    exporter: Exporter,
    documents: Documents,
    missing_ok: int,
) -> Published:
    unreadable: list[tuple[Path, str]] = []
    expected: Counter[tuple[str, str]] = Counter()
    size = 0

    def pictures(told: Callable[[Sample, str], None]) -> Iterator[EncodedSample]:
        nonlocal size
        for sample, made in rendered(plan, folder, exporter):
            if isinstance(made, str):
                unreadable.append((sample.item.file, made))
                continue
            told(sample, made.sha256)
            expected[sample.split, sample.labels[0]] += 1
            size += len(made.body)
            yield made

    with documents(part, plan) as told:
        exporter.write(part, plan, pictures(told))
        if len(unreadable) > missing_ok or not expected:
            raise missing(unreadable, len(plan.samples))
    try:
        found = exporter.check(part, plan)
    except ValueError as error:
        raise InputError(f"the export was not put in place: its own check says: {error}") from None
    if found != expected:
        raise InputError(f"the export was not put in place: {_difference(expected, found)}")
    return Published(expected.total(), size, tuple(unreadable), found)


def missing(unreadable: Sequence[tuple[Path, str]], of: int) -> MissingPictures:
    """What the user is told of (file, what is wrong with it) when these are too many of so many pictures."""
    path, trouble = unreadable[0]
    return MissingPictures(
        f"nothing was exported: {len(unreadable):,} of {of:,} pictures cannot be read, such as {path} ({trouble});"
        f" bring them back, or allow it with --missing-ok {len(unreadable)}"
    )


def rendered(plan: ExportPlan, folder: Path, exporter: Exporter) -> Iterator[tuple[Sample, EncodedSample | str]]:
    """Every sample in order with its bytes, or with what is wrong with its file."""
    if not exporter.READABLE:
        yield from (
            (sample, EncodedSample(sample, b"", "", *_upright(sample), sample.item.sha256)) for sample in plan.samples
        )
        return
    files = ((sample, inside(folder, sample.item.file)) for sample in plan.samples)
    for sample, made in map_files(encoded, files, plan.form, readable(exporter, plan.form)):
        if isinstance(made, FileTrouble):
            yield sample, str(made)
        elif made.kept and made.sha256 != sample.item.sha256:
            yield sample, "the file is not the one that was saved"
        else:
            yield sample, EncodedSample(sample, made.body, made.extension, made.width, made.height, made.sha256)


def _upright(sample: Sample) -> tuple[int, int]:
    item = sample.item
    return (item.height, item.width) if item.orientation >= 5 else (item.width, item.height)


def _difference(expected: Counter[tuple[str, str]], found: Counter[tuple[str, str]]) -> str:
    for place in sorted(expected | found):
        if expected[place] != found[place]:
            where = f"{place[1]!r}" + (f" in {place[0]}" if place[0] else "")
            return f"{expected[place]} pictures of {where} were written, {found[place]} are read back"
    return "what is read back differs"


# --------------------------------------------------------------------------- putting it in place


def _refuse_strangers(dest: Path) -> None:
    """Only an empty place, or an earlier export, is written to."""
    if dest.is_dir() and any(dest.iterdir()) and not (dest / LOCK).is_file():
        raise InputError(f"{dest}: holds something that is no export of collector; give an empty or a new folder")
    if dest.exists() and not dest.is_dir():
        raise InputError(f"{dest}: is a file; give a folder")


def _put_in_place(part: Path, dest: Path) -> None:
    """One step where the system can exchange two folders; else the old one is moved away first."""
    if not dest.exists():
        part.replace(dest)
        return
    if _exchange(part, dest):
        return  # the old one is at `part` now, which the caller removes
    old = dest.with_name(f".{dest.name}.collector-old")
    shutil.rmtree(old, ignore_errors=True)
    dest.replace(old)
    part.replace(dest)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """renameat2(2) with RENAME_EXCHANGE; False where it is not to be had."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2
    return bool(renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)
