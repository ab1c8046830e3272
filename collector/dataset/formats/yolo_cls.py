"""Ultralytics' classification folders: `train/`, `val/` and `test/` with a folder for each class.

Rules: docs.ultralytics.com/datasets/classify. Without splits everything is `train`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from collector.dataset.formats import folders
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"})
_WHOLE: Final = "train"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    if plan.splits == ("",):
        pictures = (replace(one, sample=replace(one.sample, split=_WHOLE)) for one in pictures)
    folders.write(folder, plan, pictures)


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    counts = folders.check(folder, plan.classes, READABLE)
    whole = plan.splits == ("",)
    return Counter({("" if whole else split, label): count for (split, label), count in counts.items()})


def patterns(plan: ExportPlan) -> list[tuple[str, str]]:
    """(split, glob) for Hugging Face."""
    return [(split, f"{split or _WHOLE}/*/*") for split in plan.splits]


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    return f"from ultralytics import YOLO\nYOLO('yolo11n-cls.pt').train(data={str(folder)!r})"
