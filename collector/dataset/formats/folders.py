"""Class folders, as most loaders want them: `<split>/<class>/<key>.<ext>`. What the formats made of them share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from collector.dataset.classes import class_folders as class_folders
from collector.dataset.samples import EncodedSample, ExportPlan


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """A folder for each class that has a picture, and no other."""
    names = class_folders(plan.classes)
    for written in pictures:
        place = folder / written.sample.split / names[written.sample.labels[0]]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{written.sample.key}.{written.extension}").write_bytes(written.body)


def check(folder: Path, classes: Sequence[str], readable: frozenset[str]) -> Counter[tuple[str, str]]:
    """As the loaders read it: classes are the sorted sub-folders of a root, pictures go by their extension.

    ValueError for a folder that would be read as a class and is none, for a class without a picture, and for a name
    that Hugging Face passes over.
    """
    labels = {name: label for label, name in class_folders(classes).items()}
    roots = [(folder, "")] if _is_root(folder, labels) else [(path, path.name) for path in _folders(folder)]
    counts: Counter[tuple[str, str]] = Counter()
    for root, split in roots:
        for place in _folders(root):
            if place.name not in labels:
                raise ValueError(f"{place.name} would be read as a class")
            if place.name.startswith(("__", ".")):
                raise ValueError(f"{place.name} would be passed over")
            files = [path for path in place.rglob("*") if path.suffix[1:].lower() in readable]
            if not files:
                raise ValueError(f"the class folder {place.name} is empty")
            counts[split, labels[place.name]] += len(files)
    return counts


def patterns(plan: ExportPlan) -> list[tuple[str, str]]:
    """(split, glob) for Hugging Face, which would guess splits from words in class names otherwise."""
    return [(split, f"{split}/*/*" if split else "*/*") for split in plan.splits]


def variable(split: str) -> str:
    """A split's name as Python takes it."""
    name = "".join(letter if letter.isalnum() else "_" for letter in split)
    return name if name.isidentifier() else f"split_{name}"


def _is_root(folder: Path, labels: dict[str, str]) -> bool:
    """Whether the classes lie here, not below splits: then files lie one level deep."""
    return any(path.is_file() for place in _folders(folder) if place.name in labels for path in place.iterdir())


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())
