"""Class folders, as most loaders want them: `<split>/<class>/<key>.<ext>`. Two formats, and what others made of them
share.

Rules: torchvision/datasets/folder.py (IMG_EXTENSIONS, find_classes); keras/src/utils/image_dataset_utils.py
(ALLOWLIST_FORMATS).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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


def by_split(first: str, plan: ExportPlan, loaded: Callable[[str], str], whole: str = "dataset") -> str:
    """Lines of Python: the `first`, then what each split is `loaded` by, under its name; `whole` of an unsplit set."""
    names = [variable(split) if split else whole for split in plan.splits]
    return "\n".join([first, *(f"{name} = {loaded(split)}" for name, split in zip(names, plan.splits, strict=True))])


def variable(split: str) -> str:
    """A split's name as Python takes it."""
    name = "".join(letter if letter.isalnum() else "_" for letter in split)
    return name if name.isidentifier() else f"split_{name}"


def _is_root(folder: Path, labels: dict[str, str]) -> bool:
    """Whether the classes lie here, not below splits: then files lie one level deep."""
    return any(path.is_file() for place in _folders(folder) if place.name in labels for path in place.iterdir())


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """A format of class folders alone; see Exporter."""

    READABLE: frozenset[str]
    module: str
    loader: str
    """What loads the folder of a split, and where that is imported from."""

    def write(self, folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
        """See Exporter."""
        write(folder, plan, pictures)

    def check(self, folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
        """See Exporter."""
        return check(folder, plan.classes, self.READABLE)

    def patterns(self, plan: ExportPlan) -> list[tuple[str, str]]:
        """(split, glob) for Hugging Face, which would guess splits from words in class names otherwise."""
        return [(split, f"{split}/*/*" if split else "*/*") for split in plan.splits]

    def loading(self, folder: Path, plan: ExportPlan) -> str:
        """See Exporter."""
        first = f"from {self.module} import {self.loader}"
        return by_split(first, plan, lambda split: f"{self.loader}({str(folder / split)!r})")


IMAGEFOLDER: Final = ClassFolders(
    frozenset({"jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"}), "torchvision.datasets", "ImageFolder"
)
"""It reads what IMG_EXTENSIONS has of the formats we keep."""
KERAS: Final = ClassFolders(frozenset({"jpg", "jpeg", "png", "bmp"}), "keras.utils", "image_dataset_from_directory")
"""GIFs are left out: TensorFlow reads them as four-dimensional."""
