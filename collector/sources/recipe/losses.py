"""What a walk met and lost, counted while it goes, and told in a few bounded lines at its end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

EXAMPLES = 3
LONGEST = 120
"""Characters of an example."""


class Losses:
    """Counts with a few examples each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.pages = self.pictures = 0
        self._lost: Counter[str] = Counter()
        self._where: defaultdict[str, list[str]] = defaultdict(list)

    def note(self, what: str, where: str) -> None:
        """One more of a kind of loss."""
        self._lost[what] += 1
        if len(self._where[what]) < EXAMPLES:
            self._where[what].append(where if len(where) <= LONGEST else f"{where[: LONGEST - 3]}...")

    def count(self, what: str) -> int:
        """How many of a kind."""
        return self._lost[what]

    @property
    def losses(self) -> int:
        """Of all kinds."""
        return sum(self._lost.values())

    def lines(self) -> Iterator[str]:
        """One about everything, and one per kind of loss; none when nothing was lost."""
        if not self._lost:
            return
        yield f"{self._name}: {self.pages:,} pages read, {self.pictures:,} pictures; what was lost follows"
        for what, count in self._lost.most_common(12):
            more = ", ..." if count > len(self._where[what]) else ""
            yield f"{self._name}: {what}: {count:,} ({', '.join(self._where[what])}{more})"
