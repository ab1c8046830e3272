"""What must hold of an output folder after every kind of death, read from the disk itself and by plain SQL."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

STATES = ("saved", "duplicate", "rejected", "failed", "skipped", "retry")


@dataclass(slots=True)
class Verdict:
    """What was found wrong; empty lists are what everybody hopes for."""

    lost: list[str] = field(default_factory=list)
    """Rows that say saved, without their file."""
    corrupt: list[str] = field(default_factory=list)
    """Files whose bytes are not the recorded ones, or that do not decode."""
    orphans: list[str] = field(default_factory=list)
    """Final names without a row."""
    parts: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    """URLs twice in a query, bytes twice on disk."""
    sums: list[str] = field(default_factory=list)
    """Accounting that does not close, or damage inside the ledger."""

    def __bool__(self) -> bool:
        return any((self.lost, self.corrupt, self.orphans, self.parts, self.duplicated, self.sums))


def judge(folder: Path, *, settled: bool = True, decode: bool = True) -> Verdict:
    """N1 to N6 of a folder. `settled`: a clean start or end has happened, so that nothing is left lying about.

    Before that, parts and orphans are allowed: the next start sweeps them.
    """
    verdict = Verdict()
    if not (folder / "collector.db").is_file():
        return verdict
    with closing(sqlite3.connect(folder / "collector.db", timeout=10)) as db:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outcome'").fetchone():
            verdict.orphans += sorted(str(file) for file in folder.glob("*/*"))  # Died before its tables were made.
            return verdict
        _judge_rows(db, verdict)
        saved = db.execute("SELECT path, sha256, bytes, format, width, height FROM outcome WHERE state = 'saved'")
        recorded = {row[0]: row[1:] for row in saved}
    for path, facts in recorded.items():
        _judge_file(folder / path, facts, decode, verdict)
    if settled:
        files = {str(file.relative_to(folder)) for file in folder.glob("*/*") if file.is_file()}
        verdict.orphans += sorted(files - set(recorded))
        verdict.parts += [part.name for part in folder.glob("*.part")]
        verdict.orphans += [entry.name for entry in folder.iterdir() if entry.is_dir() and not any(entry.iterdir())]
    return verdict


def _judge_file(file: Path, facts: tuple[object, ...], decode: bool, verdict: Verdict) -> None:
    sha256, size, form, width, height = facts
    if not file.is_file():
        verdict.lost.append(file.name)
        return
    body = file.read_bytes()
    if len(body) != size or hashlib.sha256(body).hexdigest() != sha256 or not str(sha256).startswith(file.stem):
        verdict.corrupt.append(file.name)
    elif decode:
        with Image.open(file) as image:
            image.load()
            if (image.format, *image.size) != (form, width, height):
                verdict.corrupt.append(file.name)


def _judge_rows(db: sqlite3.Connection, verdict: Verdict) -> None:
    if (word := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        verdict.sums.append(word)
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'outcome'").fetchone():
        return
    verdict.sums += [str(row) for row in db.execute("PRAGMA foreign_key_check")]
    for sql in (
        "SELECT url FROM found GROUP BY query_id, url_key HAVING count(*) > 1",
        "SELECT path FROM outcome WHERE state = 'saved' GROUP BY sha256 HAVING count(*) > 1",
        "SELECT keyword FROM query GROUP BY keyword, label, filters HAVING count(*) > 1",
    ):
        verdict.duplicated += [str(row[0]) for row in db.execute(sql)]
    counts = dict(db.execute("SELECT state, count(*) FROM outcome GROUP BY state"))
    (found,) = db.execute("SELECT count(*) FROM found").fetchone()
    (waiting,) = db.execute(
        "SELECT count(*) FROM found WHERE NOT EXISTS (SELECT 1 FROM outcome WHERE found_id = found.id)"
    ).fetchone()
    if sum(counts.get(state, 0) for state in STATES) + waiting != found or set(counts) - set(STATES):
        verdict.sums.append(f"{counts} and {waiting} waiting are not {found} found")
    for (path,) in db.execute(
        """SELECT url FROM outcome d JOIN found ON id = found_id WHERE d.state = 'duplicate' AND NOT EXISTS
           (SELECT 1 FROM outcome s WHERE s.state = 'saved' AND s.sha256 = d.sha256 AND s.path = d.path)"""
    ):
        verdict.sums.append(f"{path}: duplicate of nothing")
    (over,) = db.execute(
        """SELECT count(*) FROM (SELECT query.id FROM query JOIN found ON query_id = query.id
           JOIN outcome ON found_id = found.id WHERE outcome.state = 'saved' GROUP BY query.id
           HAVING count(*) > max(wanted, 1))"""
    ).fetchone()
    if over:
        verdict.sums.append(f"{over} keywords have more than their limit")


def saved_urls(folder: Path) -> dict[str, str]:
    """URL -> path of every saved picture."""
    with closing(sqlite3.connect(folder / "collector.db", timeout=10)) as db:
        return dict(db.execute("SELECT url, path FROM picture WHERE state = 'saved'"))
