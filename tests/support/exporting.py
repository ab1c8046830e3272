"""Collections whose labels are the ones that break loaders, and their exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector.dataset import formats
from collector.dataset.choosing import plan
from collector.dataset.export import LOCK, Published, publish
from collector.dataset.samples import ExportPlan, Sample
from collector.images.form import Form
from tests.support.collection import Collection, drawn

HOSTILE = ("test tube", "dev board", "steam train", "val d'isère", "cat", "a/b", "..", "日本語 🐱", "CON", "Cat")
"""Split words, quotes, accents, separators, devices, and two labels that differ in case only."""


def collected(folder: Path, labels: Sequence[str] = HOSTILE, each: int = 4) -> Collection:
    """`each` pictures a label; every fourth one is no JPEG."""
    collection = Collection(folder)
    for place, label in enumerate(labels):
        for number in range(each):
            format = ("JPEG", "JPEG", "PNG", "WEBP")[number % 4]
            collection.add(label, drawn(place * 100 + number, (96, 64)), format, title=f'{label} {number}, "x"\n')
    return collection


def planned(collection: Collection, splits: Sequence[str] = ("train", "val", "test"), **options: Any) -> ExportPlan:
    """A plan of everything; the pictures of each label take turns in the splits."""
    found = list(collection.ledger.dataset.candidates("x"))
    items = {one.id: one for one in collection.ledger.dataset.items([one.id for one in found])}
    candidates = (one._replace(split=splits[place % len(splits)]) for place, one in enumerate(found))
    return plan(
        "practice", candidates, lambda ids: map(items.__getitem__, ids), further={}, order=splits, scheme="x", **options
    )


@contextmanager
def lock_only(folder: Path, plan: ExportPlan) -> Iterator[Callable[[Sample, str], None]]:
    """The least that makes a folder ours."""
    told: list[tuple[Sample, str]] = []
    yield lambda sample, sha256: told.append((sample, sha256))
    lines = sorted(f"{sample.key} {sample.split} {sample.labels[0]} {sha256}" for sample, sha256 in told)
    (folder / LOCK).write_text("\n".join(lines) + "\n", encoding="utf-8")


def exported(
    collection: Collection, format: str, dest: Path, made: ExportPlan | None = None
) -> tuple[ExportPlan, Published]:
    """Export in one process."""
    made = made or planned(collection)
    return made, publish(made, collection.folder, dest, formats.load(format), lock_only)


def form(**changes: Any) -> Form:
    return Form(**changes)
