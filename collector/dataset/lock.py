"""dataset.lock: what an export was made of, and what differs between two of them. Reads and writes no picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from collector import __version__
from collector.dataset.export import LOCK
from collector.dataset.samples import ExportPlan, Sample
from collector.errors import InputError


@dataclass(frozen=True, slots=True)
class LockEntry:
    """One line of a lock."""

    id: str
    sha256: str
    """Of the original."""
    exported: str
    """sha256 of the exported bytes."""
    split: str
    labels: tuple[str, ...]


def head(plan: ExportPlan, format: str) -> str:
    """The first line: JSON of what was chosen. One for each picture follows, by id."""
    return _line({
        "lock": 1,
        "collector": __version__,
        "name": plan.name,
        "format": format,
        "form": {name: getattr(plan.form, name) for name in plan.form.__dataclass_fields__},
        "choice": {name: getattr(plan.choice, name) for name in plan.choice.__dataclass_fields__},
        "splits": list(plan.splits),
        "scheme": plan.scheme,
        "classes": list(plan.classes),
        **({"practice": True} if plan.practice else {}),
    })  # fmt: skip


def line(sample: Sample, exported: str) -> str:
    """The line of a picture; `exported`: sha256 of its exported bytes."""
    cells = (sample.key, sample.item.sha256, exported, sample.split, sample.labels)
    return f"{msgspec.json.encode(cells).decode()}\n"


def read_lock(path: Path) -> tuple[dict[str, Any], Iterator[LockEntry]]:
    """(what was chosen, the pictures by id). InputError when it is no lock of ours."""
    place = path / LOCK if path.is_dir() else path
    try:
        file = place.open(encoding="utf-8")
        head = json.loads(file.readline())
        if head["lock"] != 1:
            raise ValueError(f"lock version {head['lock']}")
        head["form"] = {"animations": "first", **head["form"]}  # Older versions had no such choice.
    except FileNotFoundError:
        raise InputError(f"{place}: no such file; give an export of collector or its {LOCK}") from None
    except (ValueError, KeyError, TypeError):
        file.close()
        raise InputError(f"{place}: not a {LOCK} that this version can read") from None

    def entries() -> Iterator[LockEntry]:
        with file:
            for number, line in enumerate(file, start=2):
                try:
                    id, sha256, exported, split, labels = json.loads(line)
                except ValueError:
                    raise InputError(f"{place}, line {number}: broken; export again") from None
                yield LockEntry(id, sha256, exported, split, tuple(labels))

    return head, entries()


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two exports."""

    added: tuple[LockEntry, ...]
    removed: tuple[LockEntry, ...]
    relabelled: tuple[tuple[LockEntry, LockEntry], ...]
    moved: tuple[tuple[LockEntry, LockEntry], ...]
    """Into another split."""
    rewritten: int
    """The same picture in other bytes."""
    settings: tuple[tuple[str, Any, Any], ...]
    """(what, before, after) of the choices."""

    @property
    def step(self) -> str:
        """What a version number should step by: major when results are no longer comparable, minor when it only grew,
        patch when only bytes or texts changed, "" when nothing did."""
        if self.removed or self.relabelled or self.moved or any(what in _MAJOR for what, _, _ in self.settings):
            return "major"
        return "minor" if self.added else "patch" if self.rewritten or self.settings else ""


_MAJOR: Final = ("splits", "form")


def compare(before: Path, after: Path) -> Diff:
    """Of two locks, or exports that hold them."""
    first, old = read_lock(before)
    second, new = read_lock(after)
    known = {entry.id: entry for entry in old}
    added, relabelled, moved, rewritten = [], [], [], 0
    for entry in new:
        was = known.pop(entry.id, None)
        if was is None:
            added.append(entry)
            continue
        if was.labels != entry.labels:
            relabelled.append((was, entry))
        if was.split != entry.split:
            moved.append((was, entry))
        rewritten += was.exported != entry.exported
    keys = ("name", "format", "form", "choice", "splits", "scheme")
    changed = tuple((key, first.get(key), second.get(key)) for key in keys if first.get(key) != second.get(key))
    return Diff(tuple(added), tuple(known.values()), tuple(relabelled), tuple(moved), rewritten, changed)


def _line(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
