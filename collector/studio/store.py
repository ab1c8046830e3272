"""The studio's hand on the ledger, used by one thread: pictures to show, and a person's word, kept at once.

A run may write meanwhile: SQLite lets one of them wait for the other, and what a rule decides never overrules a word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

import numpy as np

from collector.api.queries import clean_text
from collector.errors import InputError, some
from collector.ledger import Ledger, Row
from collector.ledger.db import plain_words
from collector.ledger.layout import LEDGER
from collector.ledger.paths import inside
from collector.ledger.rows import PICTURES
from collector.maintenance import hands
from collector.settings import LookSettings
from collector.studio.alike import AlikeView
from collector.studio.columns import Columns

T = TypeVar("T")
DECISIONS: Final = ("keep", "drop", "")
"""What can be said of a picture; "" takes the word back."""
SHOWN: Final = 100
"""Groups that are handed out at a time; settled ones make room for others."""


class Store:
    """One folder's ledger and its columns. Made, used and closed in the same thread."""

    def __init__(self, folder: Path, look: LookSettings) -> None:
        self.folder = folder
        self._ledger, self._file = self._opened()
        self._seen, self._again = self._ledger.version, 0.0
        self._columns = Columns(self._ledger)
        self._next: Future[Columns] | None = None
        self._said: set[int] = set()
        self._once_beside: set[tuple[str, str]] = set()
        """(sha256, label) of classes that a move made a picture's own."""
        self.alike = AlikeView(lambda: self.ledger, folder, look)

    def _opened(self) -> tuple[Ledger, int]:
        with plain_words(self.folder / LEDGER):
            return Ledger.read(self.folder), (self.folder / LEDGER).stat().st_ino

    def close(self) -> None:
        """Let go of the ledger."""
        if self._next is not None:
            wait([self._next])
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
        """The pictures as they were a moment ago. When somebody else wrote they are read again, beside what is asked
        for, and what a person says meanwhile holds. In a run, which always writes, that takes a tenth of the time."""
        if self._next is not None and self._next.done():
            ready, self._next = self._next, None
            self._columns = ready.result()
            self._take_over(self._said)
        if self._next is None and self.ledger.version != self._seen and time.monotonic() >= self._again:
            self._seen, self._said, self._next = self.ledger.version, set(), Future()
            Thread(target=self._read, args=(self._next,), name="studio-columns", daemon=True).start()
        return self._columns

    def _read(self, future: Future[Columns]) -> None:
        began = time.monotonic()
        try:
            with Ledger.read(self.folder) as ledger:
                columns = Columns(ledger)
        except Exception as error:  # noqa: BLE001 - raised again where the columns are asked for.
            future.set_exception(error)
            return
        ended = time.monotonic()
        self._again = ended + 9 * (ended - began)
        future.set_result(columns)

    def packed(self, wanted: Mapping[str, str], sort: str, like: int = 0, unlike: int = 0) -> bytes:
        """What a filter leaves, packed as `Columns.packed` says; by likeness to a picture where one is given."""
        columns = self.columns
        places = columns.select(wanted, sort)
        if one := like or unlike:
            likeness = self.alike.likeness(one, columns.ids)[places]
            places = places[np.argsort(-likeness if like else likeness, kind="stable")]  # NaN goes last.
        return columns.packed(places)

    def picture(self, identity: int) -> Row:
        """A saved picture. InputError when there is none."""
        with plain_words(self.folder / LEDGER):
            row = next(self.ledger.dataset.rows(replace(PICTURES, id=identity)), None)
        if row is None:
            raise InputError("no such picture")
        return row

    # ------------------------------------------------------------------ a person's word

    def decide(self, decisions: Mapping[int, str]) -> dict[int, str]:
        """Keep a person's words, all of them or none; what was said before. InputError when one is not possible."""
        if set(decisions.values()) - set(DECISIONS):
            raise InputError("a decision is keep, drop or nothing")
        return self._kept(decisions, lambda row: self.ledger.dataset.reviewed(row.sha256, row.label),
                          lambda row, word: self.ledger.dataset.review(row.sha256, row.label, word))  # fmt: skip

    def label_beside(self, labels: Mapping[int, list[str]]) -> dict[int, list[str]]:
        """Say to which classes pictures belong beside their own; what was said before. InputError."""
        clean = {number: [clean_text(label, "class") for label in own] for number, own in labels.items()}
        return self._kept(
            clean,
            lambda row: self.ledger.dataset.labels_beside(row.sha256),
            lambda row, own: self.ledger.dataset.label_beside(row.sha256, set(own) - {row.label}),
        )

    def move(self, labels: Mapping[int, str]) -> dict[int, str]:
        """Put pictures into other classes; the classes they were in. InputError for what cannot be a class.

        A stop between two files leaves those done that were: the same again does the rest. One that leaves a class into
        which it was moved, and which it belonged to beside its own before, belongs to it beside its own again: so is a
        move undone.
        """
        clean = {number: clean_text(label, "class") for number, label in labels.items()}
        rows = [self.picture(number) for number in clean]
        gone = [row.file.as_posix() for row in rows if not inside(self.folder, row.file).is_file()]
        if gone:
            raise InputError(f"nothing was moved: no file at {some(gone, 1)}; `collector verify` says more")
        try:
            for row in rows:
                if row.label != clean[row.id]:
                    self._move(row, clean[row.id])
        finally:
            self._take_over(clean)
        return {row.id: row.label for row in rows}

    def _move(self, row: Row, label: str) -> None:
        beside = self.ledger.dataset.labels_beside(row.sha256)
        hands.relabel(self.ledger, self.folder, row, label)
        if label in beside:
            self._once_beside.add((row.sha256, label))
        if (row.sha256, row.label) in self._once_beside:
            self._once_beside.remove((row.sha256, row.label))
            with self.ledger.transaction():
                self.ledger.dataset.label_beside(row.sha256, {*beside, row.label} - {label})

    def _kept(self, words: Mapping[int, T], before: Callable[[Row], T], say: Callable[[Row, T], None]) -> dict[int, T]:
        rows = [self.picture(identity) for identity in words]
        with self.ledger.transaction():
            said = {row.id: before(row) for row in rows}
            for row in rows:
                say(row, words[row.id])
        self._take_over(words)
        return said

    def _take_over(self, identities: Iterable[int]) -> None:
        self._said.update(identities)
        names, which = ("id", "label", "left_out", "review"), replace(PICTURES, ids=list(identities))
        for identity, *words in self.ledger.dataset.cells(names, which):
            self._columns.update(identity, **{name: word or "" for name, word in zip(names[1:], words, strict=True)})

    # ------------------------------------------------------------------ groups

    def groups(self) -> dict[str, Any]:
        """Groups to settle, those under several classes first: pictures that look the same, and single ones that were
        found under another class with the very same bytes. A group of which each picture was judged is settled."""
        alike, both = self.alike.groups(), list(self.ledger.dataset.under_two_labels())
        wanted = [number for group in alike or [] for number in group] + [row.id for row in both]
        names, which = ("id", "label", "review", "width", "height"), replace(PICTURES, ids=wanted)
        rows = {cells[0]: dict(zip(names, cells, strict=True)) for cells in self.ledger.dataset.cells(names, which)}
        cards = [_card([rows[number] for number in group if number in rows]) for group in alike or []]
        grouped = {one["id"] for card in cards if len(card["labels"]) > 1 for one in card["pictures"]}
        cards += [_card([rows[row.id]], row.other_labels) for row in both if row.id in rows and row.id not in grouped]
        cards = [card for card in cards if _is_open(card)]
        cards.sort(key=lambda card: len(card["labels"]) == 1)
        looked = {"hashed": self.ledger.alike.hashed(0), "looked": alike is not None, "waiting": len(cards)}
        return {**looked, "cards": cards[:SHOWN]}


def _is_open(card: Mapping[str, Any]) -> bool:
    pictures, labels = card["pictures"], card["labels"]
    return (len(pictures) > 1 or len(labels) > 1) and any(not one["review"] for one in pictures)


def _card(pictures: list[dict[str, Any]], others: Iterable[str] = ()) -> dict[str, Any]:
    """A group as it is shown: the largest picture first."""
    pictures.sort(key=lambda one: (-(one["width"] or 0) * (one["height"] or 0), one["id"]))
    return {"labels": sorted({*(one["label"] for one in pictures), *others}), "pictures": pictures}
