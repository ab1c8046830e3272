"""Keras' image_dataset_from_directory: `<split>/<class>/<key>.<ext>`, without WebP, TIFF and AVIF.

Rules: keras/src/utils/image_dataset_utils.py (ALLOWLIST_FORMATS: .bmp .gif .jpeg .jpg .png).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from collector.dataset.formats import folders
from collector.dataset.formats.folders import patterns as patterns
from collector.dataset.formats.folders import write as write
from collector.dataset.samples import ExportPlan

READABLE: Final = frozenset({"jpg", "jpeg", "png", "bmp"})
"""GIFs are left out: TensorFlow reads them as four-dimensional."""


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    return folders.check(folder, plan.classes, READABLE)


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    lines = ["from keras.utils import image_dataset_from_directory"]
    for split in plan.splits:
        name = folders.variable(split) if split else "dataset"
        lines.append(f"{name} = image_dataset_from_directory({str(folder / split)!r})")
    return "\n".join(lines)
