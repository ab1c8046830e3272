"""The data card: README.md of an export, with the head that Hugging Face reads. Writes text only."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from collector.dataset.attribution import ATTRIBUTION, UNKNOWN, licence_name
from collector.dataset.samples import ExportPlan, Sample
from collector.ledger.candidates import Item

CARD: Final = "README.md"
PRACTICE: Final = "Practice pictures, drawn by collector's own practice web: they show nothing real."
_SPELLED_OUT: Final = {ord(letter): f"&#{ord(letter)};" for letter in "\\`*_[]<>|&#"}
Patterns = Callable[[ExportPlan], Sequence[tuple[str, str | list[str]]]]
"""(split, glob or globs) of each split for Hugging Face's `configs`."""


@dataclass(frozen=True, slots=True)
class CollectedQuery:
    """One query that the set was collected with."""

    keyword: str
    label: str
    sources: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]


class Tallies:
    """What the card says of all pictures together, counted as they pass."""

    def __init__(self) -> None:
        self.first = self.last = ""
        """When pictures were collected, as the ledger writes it."""
        self.kinds: Counter[tuple[str, tuple[str, ...]]] = Counter()
        """(split, the classes of a picture)."""
        self.sources: Counter[str] = Counter()
        self.sites: Counter[str] = Counter()
        self.licences: Counter[str] = Counter()

    def add(self, sample: Sample) -> None:
        """One more picture."""
        item = sample.item
        if item.ended_at < self.first or not self.kinds:
            self.first = item.ended_at
        if item.ended_at > self.last:
            self.last = item.ended_at
        self.kinds[sample.split, sample.labels] += 1
        self.sources[item.source] += 1
        self.sites[_site(item)] += 1
        self.licences[licence_name(item)] += 1

    @property
    def classes(self) -> Counter[tuple[str, str]]:
        """(split, class); a picture counts in each of its classes."""
        found: Counter[tuple[str, str]] = Counter()
        for (split, labels), count in self.kinds.items():
            for label in labels:
                found[split, label] += count
        return found

    @property
    def span(self) -> str:
        """The first and the last day on which pictures were collected."""
        first, last = (text[:10] if self.kinds else "-" for text in (self.first, self.last))
        return first if first == last else f"{first} to {last}"


def card(plan: ExportPlan, tallies: Tallies, asked: Sequence[CollectedQuery], patterns: Patterns) -> str:
    """README.md: YAML for Hugging Face, then what is in it, where it came from, and what is not known."""
    pictures = tallies.kinds.total()
    parts = [
        *_front(plan, pictures, patterns),
        f"# {_plain(plan.name)}",
        "",
        f"{pictures:,} pictures in {len(plan.classes):,} classes, collected {tallies.span}.",
        "",
        *((f"**{PRACTICE}**", "") if plan.practice else ()),
        "## Classes",
        "",
        *_table(("number", "class", *(split or "pictures" for split in plan.splits)), _class_rows(plan, tallies)),
        "## Where the pictures come from",
        "",
        *_table(("source", "pictures"), tallies.sources.most_common()),
        *_table(("site", "pictures"), tallies.sites.most_common(25)),
        "## Licences",
        "",
        "What sources and files say themselves; nobody checked it. Unknown is not free. Every picture's line is in",
        f"`{ATTRIBUTION}`.",
        "",
        *_table(("licence", "pictures"), tallies.licences.most_common(25)),
        "## How it was asked for",
        "",
        *_table(("keyword", "class", "sources", "filters"), [_asked_row(one) for one in asked]),
        "## What was left out",
        "",
        *_table(("why", "pictures"), sorted(plan.left.items())),
        "## Known limits",
        "",
        *((f"- Purity: {plan.purity} (95 % interval; of the whole set, not of each split).",) if plan.purity else ()),
        "- Classes are search words: nobody has looked at every picture. Search engines show what is popular, not",
        "  what is representative.",
        "- Near-duplicates are found by a perceptual hash (PDQ); crops, mirrored and heavily edited copies can remain.",
        "- People may be shown who did not agree to it. Pictures can be taken out again: `collector forget`.",
        "",
    ]
    return "\n".join(parts)


def _front(plan: ExportPlan, count: int, patterns: Patterns) -> list[str]:
    """The YAML head that Hugging Face reads; JSON strings are YAML strings."""
    sizes = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    size = next((name for most, name in sizes if count < most), "1M<n<10M")
    lines = [
        "---",
        f"pretty_name: {_quoted(plan.name)}",
        "license: other",
        "task_categories:",
        "- image-classification",
    ]
    lines += ["size_categories:", f"- {size}"]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split, pattern in patterns(plan):
        lines += [f"  - split: {split_name(split)}", f"    path: {_quoted(pattern)}"]
    return [*lines, "---", ""]


def split_name(split: str) -> str:
    """As Hugging Face takes it: a word of letters, digits and underscores."""
    return re.sub(r"\W", "_", split) or "train"


def _class_rows(plan: ExportPlan, tallies: Tallies) -> Iterator[tuple[object, ...]]:
    counts = tallies.classes
    for number, label in enumerate(plan.classes):
        yield (number, label, *(counts[split, label] for split in plan.splits))


def _asked_row(one: CollectedQuery) -> tuple[object, ...]:
    return one.keyword, one.label, ", ".join(one.sources), ", ".join(f"{name}={value}" for name, value in one.filters)


def _site(item: Item) -> str:
    return item.site or urlsplit(item.page).hostname or urlsplit(item.url).hostname or UNKNOWN


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_plain(str(cell)) for cell in row)} |" for row in rows]
    return [*lines, ""] if len(lines) > 2 else ["Nothing.", ""]


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return " ".join(text.translate(_SPELLED_OUT).split())


def _quoted(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
