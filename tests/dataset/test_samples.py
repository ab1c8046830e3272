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

from collector.dataset import exporting, samples, spool
from collector.dataset.documents import documented
from collector.dataset.export import publish
from collector.dataset.samples import EncodedSample, ExportPlan
from collector.ledger import Ledger
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
