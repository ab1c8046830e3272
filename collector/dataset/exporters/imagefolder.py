"""torchvision's ImageFolder: `<split>/<class>/<key>.<ext>`. Class folders are named so that every loader takes them.

Rules: torchvision/datasets/folder.py. Every sub-folder of a root is a class, so nothing else lies in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from collector.dataset.samples import Plan, Written
from collector.layout import folder_name

READABLE: Final = frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"})
"""What torchvision's IMG_EXTENSIONS has of the formats we keep."""
ENCODING: Final = ""


def write(folder: Path, plan: Plan, pictures: Iterable[Written]) -> None:
    """See Exporter."""
    names = class_folders(plan.classes)
    for written in pictures:
        place = folder / written.sample.split / names[written.sample.labels[0]]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{written.sample.key}.{written.extension}").write_bytes(written.body)


def patterns(plan: Plan) -> list[tuple[str, str]]:
    """(split, glob) for Hugging Face, which would guess splits from words in class names otherwise."""
    return [(split, f"{split}/**" if split else "**") for split in plan.splits]


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """Class -> its folder; each once, whatever the file system."""
    names: dict[str, str] = {}
    for label in classes:
        names[label] = folder_name(label, names.values())
    return names


def check(folder: Path, classes: Sequence[str]) -> Counter[tuple[str, str]]:
    """See Exporter. As torchvision reads it: classes are the sorted sub-folders, pictures by their extension."""
    labels = {name: label for label, name in class_folders(classes).items()}
    roots = [(folder, "")] if _is_root(folder, labels) else [(path, path.name) for path in _folders(folder)]
    counts: Counter[tuple[str, str]] = Counter()
    for root, split in roots:
        for place in _folders(root):
            if place.name not in labels:
                raise ValueError(f"{place.name} would be read as a class")
            files = [path for path in place.rglob("*") if path.suffix[1:].lower() in READABLE]
            if not files:
                raise ValueError(f"the class folder {place.name} is empty")
            counts[split, labels[place.name]] += len(files)
    return counts


def _is_root(folder: Path, labels: dict[str, str]) -> bool:
    """Whether the classes lie here, not below splits: then files lie one level deep."""
    return any(path.is_file() for place in _folders(folder) if place.name in labels for path in place.iterdir())


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def loading(folder: Path, plan: Plan) -> str:
    """See Exporter."""
    lines = ["from torchvision.datasets import ImageFolder"]
    if plan.splits == ("",):
        return "\n".join([*lines, f"dataset = ImageFolder({str(folder)!r})"])
    return "\n".join([*lines, *(f"{_name(split)} = ImageFolder({str(folder / split)!r})" for split in plan.splits)])


def _name(split: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in split)
