"""FiftyOne's image classification dataset: `<split>/data/` and `<split>/labels.json` with classes and labels.

Rules: docs.voxel51.com/user_guide/import_datasets.html#fiftyoneimageclassificationdataset
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from collector.dataset.formats.folders import by_split
from collector.dataset.formats.json_stream import elements, encode
from collector.dataset.formats.rows import READABLE as READABLE
from collector.dataset.formats.rows import Seen
from collector.dataset.samples import EncodedSample, ExportPlan

LABELS: Final = "labels.json"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        place = folder / split
        (place / "data").mkdir(parents=True)
        with (place / LABELS).open("w", encoding="utf-8") as file:
            file.write(f'{{"classes": {encode(plan.classes)}, "labels": {{')
            for number, written in enumerate(group):
                (place / "data" / f"{written.sample.key}.{written.extension}").write_bytes(written.body)
                label = plan.number(written.sample.labels[0])
                file.write(f"{', ' if number else ''}{encode(written.sample.key)}: {label}")
            file.write("}}")


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As FiftyOne pairs them: files and labels by the file's name without its extension."""
    counts: Counter[tuple[str, str]] = Counter()
    for split in plan.splits:
        path = folder / split / LABELS
        if not path.is_file():
            continue
        classes: list[str] = []
        files, labelled = Seen(), Seen()
        for name, element in elements(path):
            if name == "classes":
                classes.append(element)
            else:
                labelled.add(element[0])
                counts[split, classes[element[1]]] += 1
        with os.scandir(path.parent / "data") as found:
            for file in found:
                files.add(Path(file.name).stem)
        if not files.same(labelled):
            raise ValueError(f"files and labels of {split or 'the set'} are not the same")
    return counts


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    kind = "fo.types.FiftyOneImageClassificationDataset"
    return by_split(
        "import fiftyone as fo",
        plan,
        lambda split: f"fo.Dataset.from_dir({str(folder / split)!r}, dataset_type={kind})",
    )
