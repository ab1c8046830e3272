"""FiftyOne's image classification dataset: `<split>/data/` and `<split>/labels.json` with classes and labels.

Rules: docs.voxel51.com/user_guide/import_datasets.html#fiftyoneimageclassificationdataset
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from collector.dataset.formats.folders import variable
from collector.dataset.formats.rows import READABLE as READABLE
from collector.dataset.samples import EncodedSample, ExportPlan

LABELS: Final = "labels.json"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        place = folder / split
        (place / "data").mkdir(parents=True)
        labels = {}
        for written in group:
            (place / "data" / f"{written.sample.key}.{written.extension}").write_bytes(written.body)
            labels[written.sample.key] = plan.number(written.sample.labels[0])
        document = {"classes": list(plan.classes), "labels": labels}
        (place / LABELS).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As FiftyOne pairs them: files and labels by the file's name without its extension."""
    counts: Counter[tuple[str, str]] = Counter()
    for split in plan.splits:
        path = folder / split / LABELS
        if not path.is_file():
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        files = {file.stem for file in (path.parent / "data").iterdir()}
        if files != document["labels"].keys():
            raise ValueError(f"files and labels of {split or 'the set'} are not the same")
        counts.update((split, document["classes"][number]) for number in document["labels"].values())
    return counts


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    lines = ["import fiftyone as fo"]
    for split in plan.splits:
        name, kind = variable(split) if split else "dataset", "fo.types.FiftyOneImageClassificationDataset"
        lines.append(f"{name} = fo.Dataset.from_dir({str(folder / split)!r}, dataset_type={kind})")
    return "\n".join(lines)
