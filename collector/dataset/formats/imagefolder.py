"""torchvision's ImageFolder: `<split>/<class>/<key>.<ext>`; every sub-folder of a root is a class.

Rules: torchvision/datasets/folder.py (IMG_EXTENSIONS, find_classes).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from collector.dataset.formats import folders
from collector.dataset.formats.folders import patterns as patterns
from collector.dataset.formats.folders import write as write
from collector.dataset.samples import ExportPlan

READABLE: Final = frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"})
"""What IMG_EXTENSIONS has of the formats we keep."""


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    return folders.check(folder, plan.classes, READABLE)


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    lines = ["from torchvision.datasets import ImageFolder"]
    for split in plan.splits:
        name = folders.variable(split) if split else "dataset"
        lines.append(f"{name} = ImageFolder({str(folder / split)!r})")
    return "\n".join(lines)
