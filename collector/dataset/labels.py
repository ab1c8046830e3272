"""Keywords and classes follow the file that lists them, or a person's word: files move, the ledger says so.

Nothing is deleted and nothing is fetched again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.errors import InputError
from collector.ledger import Ledger
from collector.ledger.keywords import REMOVED, Keyword
from collector.ledger.paths import inside, move
from collector.model import Query, Verdict

BEFORE = "?"
"""The file of runs before files were kept."""
_BATCH = 100
"""Keywords moved in one commit: what a stop may leave to do again."""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A keyword that is of another class now."""

    keyword: str
    old: str
    new: str
    files: int
    """Saved pictures that went with it."""


def relabel(ledger: Ledger, folder: Path, changes: Sequence[tuple[Keyword, str]]) -> list[Relabelled]:
    """Put keywords into other classes: their files first, then the ledger, so that a stop between is made good by
    doing it again. Splits stay. OSError when a file cannot be moved; what was moved before is kept."""
    done: list[Relabelled] = []
    for start in range(0, len(changes), _BATCH):
        trouble: OSError | None = None
        with ledger.transaction():
            for keyword, label in changes[start : start + _BATCH]:
                try:
                    done.append(_relabel(ledger, folder, keyword, label))
                except OSError as error:
                    trouble = error
                    break
        if trouble is not None:
            raise trouble
    return done


def _relabel(ledger: Ledger, folder: Path, keyword: Keyword, label: str) -> Relabelled:
    moved = 0
    for one in (keyword, *ledger.keywords.stills_of(keyword)):
        moved += _move(ledger, folder, one, label)
        ledger.keywords.relabel(one.id, label)
    return Relabelled(keyword.keyword, keyword.label, label, moved)


def follow(ledger: Ledger, folder: Path, file: str, queries: Sequence[Query]) -> list[Relabelled]:
    """Before a run plans the rows of a file: keywords whose rows name another class now are put there.

    Filters make no difference: they may come from flags, and say nothing about classes. A row that was gone and comes
    back with another class has its pictures there.
    """
    wanted = {(query.keyword, query.label): None for query in queries}
    earlier = ledger.keywords.listed(file) or ledger.keywords.listed(BEFORE)
    earlier += ledger.keywords.gone(file)
    before = {(one.keyword, one.label): None for one in earlier}
    fresh: dict[str, list[str]] = {}
    for keyword, label in wanted:
        if (keyword, label) not in before:
            fresh.setdefault(keyword, []).append(label)
    with ledger.transaction():
        ledger.keywords.reopen()
    becomes: dict[tuple[str, str], str] = {}
    for keyword, label in before:
        if (keyword, label) not in wanted and fresh.get(keyword):
            becomes[keyword, label] = fresh[keyword].pop(0)
    places = [(one, becomes[one.keyword, one.label]) for one in earlier if (one.keyword, one.label) in becomes]
    moved: Counter[tuple[str, str]] = Counter()
    for done in relabel(ledger, folder, places):
        moved[done.keyword, done.old] += done.files
    return [Relabelled(*place, becomes[place], count) for place, count in moved.items()]


def listed(
    ledger: Ledger, file: str, queries: Sequence[Query], keep_removed: bool, passed_over: Collection[str] = ()
) -> tuple[list[Keyword], int]:
    """After a run planned the rows of a file: (keywords that the file no longer lists, how many pictures left the set).

    `keep_removed`: they stay in the set. `passed_over`: keywords that the file lists, and that are not asked for.
    """
    wanted = {(query.keyword, query.label) for query in queries}
    earlier = ledger.keywords.listed(file)
    still = [one for one in earlier if (one.keyword, one.label) in wanted or one.keyword in passed_over]
    ids = {one.id for one in still}
    removed = [one for one in earlier if one.id not in ids]
    with ledger.transaction():
        ledger.keywords.set_listed(file, queries)
        ledger.keywords.list_still(file, [one.id for one in still])
        if keep_removed:
            ledger.keywords.keep(file, [one.id for one in removed])
        ledger.keywords.keep(BEFORE, [one.id for one in ledger.keywords.listed(BEFORE)])
    return removed, leave_out_removed(ledger)


def leave_out_removed(ledger: Ledger) -> int:
    """Leave the pictures of keywords that nobody lists out of the set, and take back those that are listed again; how
    many pictures are left out now and were not before."""
    before = {(one.sha256, one.label) for one in ledger.dataset.verdicts() if one.reason == REMOVED}
    with ledger.transaction():
        ledger.keywords.close()
        pictures = ledger.keywords.removed_pictures()
        ledger.dataset.decide((REMOVED,), (Verdict(sha256, label, REMOVED) for sha256, label in pictures), of_all=True)
    return len(set(pictures) - before)


def chosen(ledger: Ledger, keyword: str, label: str | None = None) -> list[Keyword]:
    """The queries that a person means by a keyword. InputError when there is none."""
    found = ledger.keywords.of(keyword, label)
    if not found:
        of = f" of class {label!r}" if label else ""
        raise InputError(f"no keyword {keyword!r}{of} here; `collector status` lists them; nothing was changed")
    return found


def _move(ledger: Ledger, folder: Path, keyword: Keyword, label: str) -> int:
    name = ledger.work.folder(label)
    files = ledger.keywords.files(keyword.id)
    for _, path in files:  # All of them, before the first is moved.
        inside(folder, path)
    for sha256, path in files:
        target = path.parent.parent / name / path.name
        move(folder, path, target)
        ledger.keywords.place(sha256, target)
    return len(files)
