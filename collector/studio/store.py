"""The studio's hand on the ledger, used by one thread: pictures to show, and a person's word, kept at once.

A run may write meanwhile: SQLite lets one of them wait for the other, and what a rule decides never overrules a word.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from collector.errors import InputError
from collector.ledger import Ledger, Row
from collector.ledger.db import plain_words
from collector.ledger.layout import LEDGER
from collector.ledger.rows import PICTURES
from collector.studio.columns import Columns

DECISIONS = ("keep", "drop", "")
"""What can be said of a picture; "" takes the word back."""


class Store:
    """One folder's ledger and its columns. Made, used and closed in the same thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ledger, self._file = self._opened()
        self._seen, self._again = self._ledger.version, 0.0
        self._columns = self._read()

    def _opened(self) -> tuple[Ledger, int]:
        with plain_words(self.folder / LEDGER):
            return Ledger.read(self.folder), (self.folder / LEDGER).stat().st_ino

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened anew when another file took its place, as `collector repair` does."""
        if (self.folder / LEDGER).stat().st_ino != self._file:
            self._ledger.close()
            self._ledger, self._file = self._opened()
        return self._ledger

    @property
    def columns(self) -> Columns:
        """The pictures as they are now, or were a moment ago: read again when somebody else wrote, but in a run, which
        always does, at most a tenth of the time goes into that."""
        if self.ledger.version != self._seen and time.monotonic() >= self._again:
            self._seen = self.ledger.version
            self._columns = self._read()
        return self._columns

    def _read(self) -> Columns:
        began = time.monotonic()
        columns = Columns(self._ledger)
        ended = time.monotonic()
        self._again = ended + 9 * (ended - began)
        return columns

    def picture(self, identity: int) -> Row:
        """A saved picture. InputError when there is none."""
        with plain_words(self.folder / LEDGER):
            row = next(self.ledger.dataset.rows(replace(PICTURES, id=identity)), None)
        if row is None:
            raise InputError("no such picture")
        return row

    def decide(self, decisions: Mapping[int, str]) -> dict[int, str]:
        """Keep a person's words, all of them or none; what was said before. InputError when one is not possible."""
        if set(decisions.values()) - set(DECISIONS):
            raise InputError("a decision is keep, drop or nothing")
        rows = [self.picture(identity) for identity in decisions]
        with self.ledger.transaction():
            before = {row.id: self.ledger.dataset.reviewed(row.sha256, row.label) for row in rows}
            for row in rows:
                self.ledger.dataset.review(row.sha256, row.label, decisions[row.id])
        self._take_over(decisions)
        return before

    def _take_over(self, identities: Iterable[int]) -> None:
        which = replace(PICTURES, ids=list(identities))
        for identity, left_out, review in self.ledger.dataset.cells(("id", "left_out", "review"), which):
            self._columns.update(identity, left_out or "", review or "")
