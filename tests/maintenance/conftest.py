"""A small folder with real files, made without the web."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from collector.ledger import Ledger, layout
from collector.maintenance import startup
from collector.model import Attempt, Duplicate, Failed, Found, Picture, Query, Rejected, Saved, Skipped, Task
from tests.support.values import hit, search


class Shelf:
    """An output folder whose keyword has `saved` pictures, a duplicate, a failure, a rejection, a spare, one to try."""

    def __init__(self, folder: Path, saved: int = 4, keyword: str = "cat") -> None:
        self.folder = folder
        self.query = Query(keyword, keyword, saved + 3, ("google",))
        with Ledger.open(folder) as ledger:
            run = ledger.work.plan([self.query])
            ((_, opened),) = ledger.work.open_queries(run, -1, 10)
            of = search(opened.searches[0].id, self.query)
            with ledger.transaction():
                tasks = [ledger.work.found(Found(of, n, hit(n, keyword)), opened.id) for n in range(1, saved + 6)]
                self.tasks = [task for task in tasks if task is not None]
                for task in self.tasks[:saved]:
                    self.save(ledger, task)
                again = Path(ledger.work.folder(keyword)) / layout.file_name(self.picture(self.tasks[0]))
                ledger.work.outcome(Duplicate(self.tasks[saved], self.picture(self.tasks[0]), again))
                ledger.work.outcome(Failed(self.tasks[saved + 1], "http.404", "gone", Attempt(404)))
                ledger.work.outcome(Rejected(self.tasks[saved + 2], "body.html", "<!doctype"))
                ledger.work.outcome(Skipped(self.tasks[saved + 3], "policy.limit"))

    def save(self, ledger: Ledger, task: Task) -> Path:
        """Its picture on disk and in the ledger."""
        picture = self.picture(task)
        path = Path(ledger.work.folder(self.query.label)) / layout.file_name(picture)
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_bytes(self.body(task))
        ledger.work.outcome(Saved(task, picture, path))
        return path

    def body(self, task: Task) -> bytes:
        return f"bytes of {task.url}".encode() * 20

    def picture(self, task: Task) -> Picture:
        body = self.body(task)
        return Picture(sha256(body).hexdigest(), "JPEG", "jpg", 640, 480, len(body))

    def files(self) -> list[Path]:
        return sorted(file for file in self.folder.glob("*/*") if file.is_file())

    def die(self) -> None:
        """As if a run had begun and never ended."""
        with Ledger.open(self.folder) as ledger:
            startup.begin(ledger)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "images")
