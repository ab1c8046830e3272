"""A collection of random parts and edits of photographs, taken in and looked through for edited copies by collector's
own commands: what each command costs, all of its processes together."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from _copy_finders import cpu
from _edited_copies import Edit, part_of
from _processes import Watch
from PIL import Image

from collector.api.collection import Collection
from collector.images.pixels import upright
from collector.images.sniff import Unusable

SIDE = 1024
"""Pixels of the long side that photographs are reduced to: what pictures of the web have."""
LEAST = 250
"""Pixels of the short side of photographs that are taken."""
FOLDERS = 100
"""Classes of the collection."""


def whole_run(pictures: list[Path], count: int, edits: list[Edit], folder: Path) -> None:
    """So many files, as JPEG, and a line for each command: CPU time and the peak of resident memory of all processes
    that it starts, pages that they share counted for each. Then how many pairs are of two photographs."""
    files = folder / "pictures"
    pictures = [path for path in pictures if _is_large(path)]
    for number in range(FOLDERS):
        (files / f"class {number:02}").mkdir(parents=True)
    share = np.diff(np.linspace(0, count, len(pictures) + 1).astype(int)).tolist()
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(partial(_make, files, edits), range(len(pictures)), pictures, share):
            pass
    measured(files, folder / "collection")


def measured(files: Path, out: Path) -> None:
    """The same of files that are there."""
    made = sum(1 for _ in files.rglob("*.jpg"))
    print(f"{made} files\n\n| | CPU minutes | CPU ms a picture | minutes | peak MiB |")
    print("|---|---|---|---|---|")
    for command in (("import", str(files), "--link"), ("embed",), ("dedupe",), ("dedupe", "--edited")):
        before = cpu()
        with Watch() as usage:
            subprocess.run([sys.executable, "-m", "collector", *command, "--out", str(out)], check=True,
                           stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[1])  # fmt: skip
        spent, named = cpu() - before, " ".join(word for word in command if "/" not in word)
        print(f"| {named} | {spent / 60:.1f} | {1000 * spent / made:.1f} | {usage.wall / 60:.0f}"
              f" | {usage.peak_memory >> 20} |", flush=True)  # fmt: skip
    with Collection(out).reading() as ledger:
        of = {row.id: row.url.rpartition("/")[2].partition("-")[0] for row in ledger.dataset.pictures()}
        pairs = ledger.alike.copies()
    print(f"\n{len(pairs)} pairs proved, {sum(of[one] != of[other] for one, other, _ in pairs)} of two photographs")


def _is_large(picture: Path) -> bool:
    with Image.open(picture) as opened:
        return min(opened.size) >= LEAST


def _make(files: Path, edits: list[Edit], number: int, picture: Path, count: int) -> None:
    """So many files of a picture: itself, then parts of it, and an edit in the place of each fourth part."""
    dice = np.random.default_rng(number)
    try:
        image = upright(picture)
    except Unusable:
        return
    image.thumbnail((SIDE, SIDE))
    for place in range(count):
        made = image
        if place % 4 == 1:
            made = edits[int(dice.integers(len(edits)))](image)
        elif place:
            made = part_of(image, dice)
        made.save(files / f"class {number % FOLDERS:02}" / f"{number:05}-{place:04}.jpg", quality=90)
