"""Class numbers, the same in every export of a set, and class folders that sort in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from collector.ledger.layout import Folders, folder_name


def ordered(labels: Iterable[str], numbers: Mapping[str, int]) -> tuple[str, ...]:
    """Classes by the numbers they were given once; those without one behind them, as their folders sort."""
    known = set(labels)
    folders = _folders(known)
    return tuple(sorted(known, key=lambda label: (numbers.get(label, len(numbers)), folders[label])))


def class_folders(classes: Sequence[str]) -> dict[str, str]:
    """Class -> its folder, for classes in the order of their numbers; each once, whatever the file system.

    Loaders of folders number classes as the folders sort. Where that is another order, because classes came later, the
    number stands in front of every name.
    """
    folders = _folders(classes)
    names = [folders[label] for label in classes]
    if names != sorted(names):
        width = len(str(len(names) - 1))
        names = [f"{number:0{width}} {name}" for number, name in enumerate(names)]
    return dict(zip(classes, names, strict=True))


def _folders(labels: Iterable[str]) -> dict[str, str]:
    """Class -> a folder that every loader reads: Hugging Face passes over those that begin with `__` or a dot."""
    folders: dict[str, str] = {}
    taken = Folders()
    for label in sorted(labels):
        name = folder_name(label, taken)
        folders[label] = folder_name(f"class {name}", taken) if name.startswith(("__", ".")) else name
        taken.add(folders[label])
    return folders
