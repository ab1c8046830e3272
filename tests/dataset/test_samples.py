"""An export of many pictures holds columns of them, and neither rows nor texts."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from collector.dataset import exporting, samples, spool
from collector.dataset.documents import documented
from collector.dataset.export import publish
from collector.dataset.samples import Choice, EncodedSample, ExportPlan
from collector.ledger import Ledger
from collector.ledger.candidates import Candidate
from collector.model import Hit

PICTURES = 4_000


class Nothing:
    """A format that writes nothing."""

    READABLE: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def write(self, folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
        for one in pictures:
            self.counts[one.sample.split, one.sample.labels[0]] += 1

    def check(self, folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
        return self.counts

    def loading(self, folder: Path, plan: ExportPlan) -> str:
        return ""


def fill(folder: Path) -> None:
    with Ledger.open(folder) as ledger:
        hits = (
            (f"class {n % 10}", Hit(f"http://p.test/{n}.jpg", f"p.test/{n}", title="t" * 100)) for n in range(PICTURES)
        )
        ledger.intake.import_hits(hits)
    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute(
            """INSERT INTO outcome (found_id, state, path, sha256, format, width, height, ended_at)
               SELECT id, 'saved', 'class/' || id || '.jpg', printf('%064x', id), 'JPEG', 640, 480,
                 '2026-01-01T00:00:00.000Z' FROM found"""
        )
    connection.close()


def held(folder: Path) -> int:
    """Bytes that an export of all pictures holds at most."""
    samples._CHUNK = spool._RUN = 100  # type: ignore[misc]
    with Ledger.open(folder) as ledger:
        order = exporting.Order("csv", folder.parent / "set", whole=True)
        exporting.preview(ledger, order)  # Imports and caches are no part of it.
        tracemalloc.start()
        made, _ = exporting.preview(ledger, order)
        documents = partial(documented, asked=[], format="none")
        published = publish(made, folder, order.dest, Nothing(), documents)
        _, most = tracemalloc.get_traced_memory()
    assert published.pictures == len(made.samples) == PICTURES
    return most


def test_an_export_holds_some_bytes_of_each_picture(tmp_path: Path) -> None:
    fill(tmp_path / "images")
    # In a process of its own: nothing that other tests left is counted.
    program = f"from pathlib import Path\nfrom {__name__} import held\nprint(held(Path({str(tmp_path / 'images')!r})))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True)
    assert int(done.stdout) / PICTURES < 900  # Rows would be 1,600; some 300 are interned texts.


# --------------------------------------------------------------------------- which, and in which order


def candidate(id: int, label: str = "cat", split: str = "", rank: int = 1) -> Candidate:
    return Candidate(id, f"{id:064x}", label, rank, 480, None, None, split, 0, "", "", "", "")


def planned(*candidates: Candidate, **more: Any) -> ExportPlan:
    return samples.plan("set", candidates, lambda ids: (), **{"further": {}, **more})


def test_a_class_that_a_split_lacks_is_left_out_where_that_is_asked_for() -> None:
    cats = candidate(1, split="train"), candidate(2, split="val")
    made = planned(*cats, candidate(3, "dog", "train"), order=("train", "val"), choice=Choice(skip_small=True))
    assert (sorted(made.samples.ids), made.classes) == ([1, 2], ("cat",))
    assert made.left == {"of a class too small for every split": 1}


def test_of_the_most_per_class_each_split_has_its_best_and_then_ranks_decide() -> None:
    ranks = {1: ("train", 5), 2: ("train", 1), 3: ("train", 2), 4: ("val", 9)}
    cats = [candidate(id, split=split, rank=rank) for id, (split, rank) in ranks.items()]
    for most, kept in ((1, [2]), (2, [2, 4]), (3, [2, 3, 4]), (4, [1, 2, 3, 4])):
        made = planned(*cats, order=("train", "val"), choice=Choice(max_per_class=most))
        assert sorted(made.samples.ids) == kept


def test_pictures_come_by_split_and_look_dealt_within() -> None:
    made = planned(*(candidate(id, split=("train", "val")[id % 2]) for id in range(40)), order=("train", "val"))
    ids = made.samples.ids.tolist()
    assert made.samples.parts.tolist() == [0] * 20 + [1] * 20
    assert ids[:20] != sorted(ids[:20])
    again = planned(
        *(candidate(id, split=("train", "val")[id % 2]) for id in range(39, -1, -1)), order=("train", "val")
    )
    assert again.samples.ids.tolist() == ids, "whatever the order they were found in"


def test_classes_beside_its_own_are_told_once_and_the_own_one_counts() -> None:
    made = planned(candidate(1), candidate(2), candidate(3, "dog"), further={f"{2:064x}": ("cat", "dog")})
    assert {made.samples.labels[kind] for kind in made.samples.kinds} == {("cat",), ("cat", "dog"), ("dog",)}
    assert made.counts() == {("", "cat"): 2, ("", "dog"): 1}
    assert planned(candidate(1, split="x"), order=("train",)).unsplit == 1
