"""Collections whose labels are the ones that break loaders, and their exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.dataset import formats
from collector.dataset.export import LOCK, Published, publish
from collector.dataset.samples import ExportPlan, Sample, plan
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
    items = list(collection.ledger.dataset.pictures())
    given = {item.sha256: splits[place % len(splits)] for place, item in enumerate(items)} if splits != ("",) else {}
    return plan(
        "practice", items, out={}, further={}, kept=frozenset(), splits=given, order=splits, scheme="x", **options
    )


def lock_only(folder: Path, plan: ExportPlan, names: Sequence[tuple[Sample, str]]) -> None:
    """The least that makes a folder ours."""
    lines = sorted(f"{sample.key} {sample.split} {sample.labels[0]} {sha256}" for sample, sha256 in names)
    (folder / LOCK).write_text("\n".join(lines) + "\n", encoding="utf-8")


def exported(
    collection: Collection, format: str, dest: Path, made: ExportPlan | None = None
) -> tuple[ExportPlan, Published]:
    """Export in one process."""
    made = made or planned(collection)
    return made, publish(made, collection.folder, dest, formats.load(format), lock_only, processes=1)


def form(**changes: Any) -> Form:
    return Form(**changes)
