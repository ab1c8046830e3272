"""Flags of the pictures of a set: nudity and pages of writing. Listed; left out only where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.dataset.service import candidates, keep_found
from collector.images.flags import FLAGS, flagged
from collector.images.processes import map_files
from collector.ledger import Ledger, Row
from collector.ledger.paths import inside
from collector.model import Verdict

REASONS: Final = {"nsfw": "set.nsfw", "text": "set.text"}
THRESHOLDS: Final = {"nsfw": 0.8, "text": 0.5}
"""Scores from which a picture is flagged: open_nsfw's own, and what pages of writing have."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A picture and how surely it is what the flag says."""

    row: Row
    flag: str
    """One of FLAGS."""
    score: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What was found."""

    looked_at: int
    """Pictures looked at this time; the scores of others were known."""
    unreadable: int
    found: tuple[Flagged, ...]
    """By flag, the surest first."""
    asked: tuple[str, ...]
    """Flags that were looked for."""
    dropped: frozenset[str]
    """Flags whose pictures are left out of the set now."""


def flag_set(
    ledger: Ledger,
    folder: Path,
    model: Path | None,
    drop: Collection[str] = (),
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Flags:
    """Score what has no score yet, and leave out the flags of `drop`; what earlier calls left out is open again.

    `model`: of nudity, None to look for writing alone. No file is moved, and a person's `keep` is never overruled.
    """
    asked = FLAGS if model is not None else ("text",)
    paths = {sha256: path for flag in asked for sha256, path in ledger.dataset.unscored(flag)}
    files = ((sha256, inside(folder, path)) for sha256, path in paths.items())

    def keep(found: list[tuple[str, tuple[float, float]]]) -> None:
        ledger.dataset.remember_scores(
            (sha256, flag, score)
            for sha256, scores in found
            for flag, score in zip(FLAGS, scores, strict=True)
            if flag in asked
        )

    looked_at = map_files(flagged, files, str(model or ""))
    broken = keep_found(ledger, looked_at, keep, lambda done: tell(done, len(paths)))
    found = _found(ledger, asked)
    with ledger.transaction():
        said = ledger.dataset.reviews()
        ledger.dataset.decide(
            REASONS.values(),
            {
                one.row.sha256: Verdict(one.row.sha256, one.row.label, REASONS[one.flag], f"{one.flag} {one.score:.2f}")
                for one in found
                if one.flag in drop and said.get((one.row.sha256, one.row.label)) != "keep"
            }.values(),
        )
    return Flags(len(paths) - len(broken), len(broken), found, asked, frozenset(drop))


def _found(ledger: Ledger, asked: Collection[str]) -> tuple[Flagged, ...]:
    scores = {flag: ledger.dataset.scores(flag) for flag in asked}
    rows = list(candidates(ledger, tuple(REASONS.values())))
    found = [Flagged(row, flag, scores[flag].get(row.sha256, 0.0)) for flag in asked for row in rows]
    sure = [one for one in found if one.score >= THRESHOLDS[one.flag]]
    return tuple(sorted(sure, key=lambda one: (one.flag, -one.score)))
