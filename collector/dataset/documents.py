"""What explains an export, written into its folder: lock, attribution, data card.

The same set makes the same bytes: no date of today, no machine's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from collector.dataset.attribution import ATTRIBUTION, write_attribution
from collector.dataset.card import CARD, Asked, Patterns, card
from collector.dataset.export import LOCK
from collector.dataset.lock import write_lock
from collector.dataset.samples import Plan, Sample


def write_all(
    folder: Path,
    plan: Plan,
    names: Sequence[tuple[Sample, str]],
    asked: Sequence[Asked],
    format: str,
    patterns: Patterns | None = None,
) -> None:
    """`names`: (sample, sha256 of its exported bytes); `patterns`: where Hugging Face can load the format."""
    samples = [sample for sample, _ in names]
    write_lock(folder / LOCK, plan, names, format)
    write_attribution(folder / ATTRIBUTION, samples)
    (folder / CARD).write_text(card(plan, samples, asked, patterns), encoding="utf-8")
