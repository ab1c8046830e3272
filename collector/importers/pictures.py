"""Files become saved pictures: looked at as downloads are, named by their hash, each with one outcome.

Files are copied or hard-linked, and moved only when that is asked for. One thread writes; others look.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from collector.fetch.parts import part_path, write_part
from collector.images.decode import inspect_file
from collector.images.processes import FileTrouble, Workers
from collector.importers.entry import Entry
from collector.ledger import Ledger, disk, layout
from collector.ledger.paths import inside
from collector.model import Attempt, Duplicate, Failed, Outcome, Picture, Rejected, Saved, Skipped, Task
from collector.settings import FetchSettings

How = Literal["copy", "link", "move"]
GROUP = 64
"""Files of one commit."""
VIA = "import"


@dataclass(frozen=True, slots=True)
class Known:
    """A file that an earlier import has settled; it was not read."""

    entry: Entry


class Intake:
    """Takes entries with a file into the ledger and the class folders. `tick` is told of saved ones after each commit.

    Once the iterator is through, every class is closed. OSError when the disk refuses; what came before it is kept.
    """

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        settings: FetchSettings,
        how: How = "copy",
        tick: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._ledger, self._folder, self._settings = ledger, folder, settings
        self._how, self._tick = how, tick
        self._labels: dict[str, tuple[int, int, int]] = {}

    def take(
        self, entries: Iterable[Entry], stopped: Callable[[], bool] = lambda: False
    ) -> Generator[Outcome | Known, None, None]:
        """One value per entry that has a file, in their order; `stopped` is looked at before each commit."""
        pending = ((entry, entry.file) for entry in entries if entry.file is not None)
        try:
            with (
                ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="intake") as pool,
                Workers(inspect_file, self._settings, seconds=self._settings.decode_timeout) as lookers,
            ):
                while not stopped() and (group := list(islice(pending, GROUP))):
                    yield from self._group(group, pool, lookers)
        finally:
            with self._ledger.transaction():
                for query_id, search_id, _ in self._labels.values():
                    self._ledger.intake.end(query_id, search_id)

    def _group(
        self, group: list[tuple[Entry, Path]], pool: ThreadPoolExecutor, lookers: Workers[Picture]
    ) -> list[Outcome | Known]:
        """One commit. A part that got no name is gone afterwards, whatever happens."""
        todo: list[tuple[Task, Entry, Path]] = []
        settled: dict[Path, Outcome] = {}
        try:
            with self._ledger.transaction():
                for entry, file in group:
                    if (task := self._enter(entry)) is not None:
                        todo.append((task, entry, file))
                parts = pool.map(lambda one: self._part_of(one[0], one[2]), todo)
                for (task, entry, file), looked in zip(todo, self._looked_at(todo, list(parts), lookers), strict=True):
                    outcome = self._place(task, looked, entry.label) if isinstance(looked, Picture) else looked
                    self._ledger.work.outcome(outcome)
                    settled[file] = outcome
        finally:
            for task, _, _ in todo:
                self._part(task).unlink(missing_ok=True)
        self._tick(sum(isinstance(outcome, Saved) for outcome in settled.values()))
        if self._how == "move":
            self._remove(settled)
        return [settled.get(file, Known(entry)) for entry, file in group]

    def _enter(self, entry: Entry) -> Task | None:
        if entry.label not in self._labels:
            self._labels[entry.label] = self._ledger.intake.begin(entry.label)
        query_id, search_id, rank = self._labels[entry.label]
        self._labels[entry.label] = (query_id, search_id, rank + 1)
        return self._ledger.intake.take(query_id, search_id, rank + 1, entry.hit)

    def _looked_at(
        self, todo: list[tuple[Task, Entry, Path]], parts: list[Path | Rejected | Failed], lookers: Workers[Picture]
    ) -> Iterator[Picture | Rejected | Failed]:
        """What each part file is, found out in processes of their own."""
        found = lookers.map((None, part) for part in parts if isinstance(part, Path))
        for (task, _, _), part in zip(todo, parts, strict=True):
            if not isinstance(part, Path):
                yield part
                continue
            _, looked = next(found)
            if isinstance(looked, FileTrouble):
                size = Attempt(bytes=part.stat().st_size)
                yield Rejected(task, looked.reason, looked.detail, attempt=size)
            else:
                yield looked

    # ------------------------------------------------------------------ in the threads

    def _part_of(self, task: Task, file: Path) -> Path | Rejected | Failed:
        """A part file with its bytes, or why there is none."""
        limit = self._settings.max_bytes
        try:
            with file.open("rb") as stream:
                body = stream.read(limit + 1)
        except OSError as error:
            return Failed(task, "file.unreadable", error.strerror or type(error).__name__)
        if len(body) > limit:
            return Rejected(task, "body.too_big", f"more than {limit:,} bytes", attempt=Attempt(bytes=len(body)))
        return self._written(file, task, body)

    def _written(self, file: Path, task: Task, body: bytes) -> Path:
        """A link where that was asked for and is possible, else a copy."""
        part = self._part(task)
        part.unlink(missing_ok=True)
        if self._how != "copy":
            with contextlib.suppress(OSError):  # Another file system, or one without links.
                os.link(file.resolve(), part)
                return part
        return write_part(self._folder, f"import-{task.id}", body)

    def _part(self, task: Task) -> Path:
        return part_path(self._folder, f"import-{task.id}")

    # ------------------------------------------------------------------ in the calling thread

    def _place(self, task: Task, picture: Picture, label: str) -> Saved | Duplicate | Skipped:
        """The part gets its name, unless its bytes are here already or were forgotten."""
        if (known := self._ledger.work.already(task, picture, label)) is not None:
            return known
        path = Path(self._ledger.work.folder(label), layout.file_name(picture))
        file = inside(self._folder, path)
        file.parent.mkdir(exist_ok=True)
        self._part(task).replace(file)
        return Saved(task, picture, path, Attempt(via=VIA))

    def _remove(self, settled: Mapping[Path, Outcome]) -> None:
        """The originals of what is saved, once that is on the disk itself. Everything else stays where it was."""
        saved = {file: outcome.path for file, outcome in settled.items() if isinstance(outcome, Saved)}
        disk.flush(self._folder, saved.values())
        for file in saved:
            file.unlink(missing_ok=True)
