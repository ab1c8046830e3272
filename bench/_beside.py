"""Edited copies among other photographs: what collector's own commands find of them, and what others find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import _copy_finders as finders
import numpy as np
from _edited_copies import Edit

from collector.dataset.near import components
from collector.images.pixels import upright
from collector.images.same_scene import compared


def beside(originals: list[Path], photographs: list[Path], edits: dict[str, Edit], peers: Path | None,
           folder: Path) -> None:  # fmt: skip
    """All copies among all photographs, as JPEG in one folder; a line for each finder: the share of each edit that it
    puts into one group with its original, and of the pairs that make its groups those that show the same.

    `peers` is a folder for their environments; None leaves them out. Photographs of one name, or mirrored ones of it,
    are taken for the same.
    """
    (files := folder / "pictures").mkdir()
    copies: dict[str, list[tuple[Path, Path]]] = {edit: [] for edit in edits}
    for number, path in enumerate(dict.fromkeys([*originals, *photographs])):
        upright(path).save(whole := files / f"{path.stem}+{number}.jpg", quality=95)
        for place, (edit, change) in enumerate(edits.items() if number < len(originals) else ()):
            change(upright(path)).save(copy := files / f"{path.stem}+{number}+{place}.jpg", quality=90)
            copies[edit].append((whole, copy))
    names = [finders.PDQ, finders.COLLECTOR, *(finders.SCRIPTS if peers else ())]
    if peers:
        finders.prepare(peers)
    print(f"\n{len(originals)} originals, {len(list(files.iterdir()))} files\n")
    print(f"| | {' | '.join(edits)} | pairs | of these, right | CPU ms a picture |\n{'|---' * (len(edits) + 4)}|")
    notes = []
    for name in names:
        (work := folder / name.replace(" ", "-")).mkdir()
        began = finders.cpu()
        found = finders.others(peers, name, files, work) if peers and name in finders.SCRIPTS else (
            finders.ours(name, files, work))  # fmt: skip
        spent = 1000 * (finders.cpu() - began) / len(list(files.iterdir()))
        if isinstance(found, str):
            notes.append(f"{name} was not run: {found}")
            continue
        together = _together(files, found)
        wrong = sorted(sorted(pair) for pair in found if len({_shown(one) for one in pair}) > 1)
        share = f"{1 - len(wrong) / len(found):.1%}" if found else "–"
        cells = [f"{np.mean([together(*pair) for pair in pairs]):.0%}" for pairs in copies.values()]
        print(f"| {' | '.join([name, *cells, str(len(found)), share, f'{spent:.0f}'])} |", flush=True)
        if name == finders.COLLECTOR:
            lost = [pair for pairs in copies.values() for pair in pairs if not together(*pair)]
            proved = sum(compared(pair)[0].times >= 0 for pair in lost)
            notes.append(f"of collector's {len(lost)} missed copies the proof would find {proved}: no candidates")
            notes.append(f"collector's wrong pairs: {wrong}")
    print("\n" + "\n".join(notes))


def _together(files: Path, found: finders.Pairs) -> Callable[[Path, Path], bool]:
    """Whether two files are in one of the groups that these pairs make."""
    places = {path.name: place for place, path in enumerate(sorted(files.iterdir()))}
    pairs = np.array([[places[name] for name in pair] for pair in found], np.int64).reshape(-1, 2)
    group = components(len(places), [pairs])
    return lambda one, other: bool(group[places[one.name]] == group[places[other.name]])


def _shown(name: str) -> str:
    return name.split("+")[0].removesuffix("_mirror")
