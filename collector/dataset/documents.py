"""What explains an export, written into its folder: lock, attribution, data card.

The same set makes the same bytes: no date of today, no machine's name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from collector.dataset.attribution import ATTRIBUTION, write_attribution
from collector.dataset.card import CARD, CollectedQuery, Patterns, card, split_name
from collector.dataset.export import LOCK
from collector.dataset.lock import write_lock
from collector.dataset.samples import ExportPlan, Sample

INDEX: Final = "index"
"""The folder of the lists, one for each split."""


def write_all(
    folder: Path,
    plan: ExportPlan,
    names: Sequence[tuple[Sample, str]],
    asked: Sequence[CollectedQuery],
    format: str,
    patterns: Patterns | None = None,
) -> None:
    """`names`: (sample, sha256 of its exported bytes); `patterns`: where Hugging Face can load the format itself.

    Where it cannot, it would guess, and take any folder for a class: it is shown a list of the pictures instead.
    """
    samples = [sample for sample, _ in names]
    write_lock(folder / LOCK, plan, names, format)
    write_attribution(folder / ATTRIBUTION, samples)
    if patterns is None or not patterns(plan):
        _write_index(folder / INDEX, plan, names)
        patterns = _index
    (folder / CARD).write_text(card(plan, samples, asked, patterns), encoding="utf-8")


def _write_index(place: Path, plan: ExportPlan, names: Sequence[tuple[Sample, str]]) -> None:
    place.mkdir()
    files = {split: (place / f"{split_name(split)}.jsonl").open("w", encoding="utf-8") for split in plan.splits}
    try:
        for sample, sha256 in names:
            label = sample.labels[0]
            row = {"id": sample.key, "label": label, "label_id": plan.number(label), "labels": list(sample.labels),
                   "split": sample.split, "url": sample.item.url, "exported_sha256": sha256}  # fmt: skip
            files[sample.split].write(json.dumps(row, ensure_ascii=False) + "\n")
    finally:
        for file in files.values():
            file.close()


def _index(plan: ExportPlan) -> list[tuple[str, str]]:
    return [(split, f"{INDEX}/{split_name(split)}.jsonl") for split in plan.splits]
