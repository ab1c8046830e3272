"""What came of all that was found: per keyword, per domain, per reason, per class. Reads only; memory stays flat.

Everything is summed up by SQLite, which sorts on disk when it must: no list of all rows is ever made here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from collector.ledger.db import Store
from collector.urls import host

_CAME = "(o.reason GLOB 'image.*' OR o.reason GLOB 'video.*' OR o.reason GLOB 'body.*')"
"""Bytes came, whatever became of the URL."""
_OUT = "EXISTS (SELECT 1 FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label)"

_STEPS = f"""
  count(f.id),
  sum(f.id IS NOT NULL AND o.state IS NULL),
  sum(o.state = 'skipped'),
  sum(o.state IN ('failed', 'retry') AND NOT {_CAME}),
  sum(o.state = 'rejected' OR (o.state IN ('failed', 'retry') AND {_CAME})),
  sum(o.state = 'duplicate'),
  sum(CASE WHEN o.state = 'saved' THEN {_OUT} ELSE 0 END),
  sum(CASE WHEN o.state = 'saved' THEN NOT {_OUT} ELSE 0 END),
  sum(o.bytes),
  sum(CASE WHEN o.state = 'saved' AND NOT {_OUT} THEN o.bytes END),
  sum(o.seconds)
"""
_ROWS = "query q LEFT JOIN found f ON f.query_id = q.id LEFT JOIN outcome o ON o.found_id = f.id"

_LEFT_OUT_COUNT = """
SELECT count(*) FROM verdict v JOIN outcome o ON o.sha256 = v.sha256 AND o.state = 'saved'
JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id AND q.label = v.label
"""

_LOSSES = f"""
SELECT CASE WHEN o.state NOT IN ('failed', 'retry') THEN o.state WHEN {_CAME} THEN 'rejected' ELSE 'failed' END,
       o.reason, count(*), coalesce(sum(o.bytes), 0), coalesce(sum(o.seconds), 0)
FROM outcome o WHERE o.state <> 'saved' GROUP BY 1, 2
UNION ALL
SELECT 'left_out', v.reason, count(*), coalesce(sum(o.bytes), 0), coalesce(sum(o.seconds), 0)
FROM verdict v JOIN outcome o ON o.sha256 = v.sha256 AND o.state = 'saved' JOIN found f ON f.id = o.found_id
JOIN query q ON q.id = f.query_id AND q.label = v.label GROUP BY v.reason
ORDER BY 3 DESC, 2
"""

_KEPT = """FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
WHERE o.state = 'saved' AND o.media = 'picture'
  AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label)"""

_LICENCES = f"""
SELECT CASE WHEN f.licence_url <> '' OR o.rights = '' THEN f.licence_url ELSE coalesce((
         SELECT json_extract(value, '$[1]') FROM json_each(o.rights) WHERE json_extract(value, '$[0]') = 'licence'
       ), '') END AS licence, count(*) {_KEPT} GROUP BY licence ORDER BY 2 DESC, 1
"""

SIDES = (0, 64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096)
"""Lower bounds of the shorter side, in pixels, by which sizes are counted."""


@dataclass(frozen=True, slots=True)
class Yield:
    """One keyword's, or one host's, way from found to kept. Each URL is in exactly one of the seven counts."""

    name: str
    """The keyword, or the host of the picture's URL."""
    label: str = ""
    found: int = 0
    waiting: int = 0
    """Never asked for yet."""
    skipped: int = 0
    """Not asked for, by decision."""
    failed: int = 0
    """Asked for, and no bytes came."""
    rejected: int = 0
    """Bytes came, and they are no picture that is accepted."""
    duplicate: int = 0
    left_out: int = 0
    """Saved, and left out of the set."""
    kept: int = 0
    """Saved, and part of the set; videos and files, which have no verdicts, count here too."""
    bytes: int = 0
    """As far as they are known: of pictures, duplicates and what was rejected."""
    kept_bytes: int = 0
    seconds: float = 0.0
    """Of downloading, summed over workers."""

    @property
    def fetched(self) -> int:
        """Bytes came."""
        return self.found - self.waiting - self.skipped - self.failed

    @property
    def decoded(self) -> int:
        """The bytes are what they should be."""
        return self.fetched - self.rejected

    @property
    def unique(self) -> int:
        """The first with these bytes."""
        return self.decoded - self.duplicate

    @property
    def asked(self) -> int:
        """Asked for at least once."""
        return self.fetched + self.failed

    def plain(self) -> dict[str, object]:
        """For JSON: counts, then the steps."""
        steps = {"fetched": self.fetched, "decoded": self.decoded, "unique": self.unique}
        return {**asdict(self), **steps, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Loss:
    """What one reason cost."""

    state: str
    """skipped, failed, rejected, duplicate, or left_out."""
    reason: str
    count: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Size:
    """One class and how many pictures of the set it has."""

    label: str
    kept: int
    further: int
    """Pictures of other classes that belong to it as well."""


@dataclass(frozen=True, slots=True)
class Domains:
    """Hosts of pictures, of which only the largest and the worst are kept."""

    count: int
    largest: tuple[Yield, ...]
    """By how many URLs were found there."""
    worst: tuple[Yield, ...]
    """By how many were asked for in vain."""


class Yields(Store):
    """The ledger's side that reports are made from."""

    def keyword_yields(self) -> list[Yield]:
        """A row per query, in the order asked."""
        rows = self._db.execute(
            f"SELECT q.keyword, q.label, {_STEPS} FROM {_ROWS} GROUP BY q.id ORDER BY q.position, q.id"
        )
        return [_yield(row) for row in rows]

    def domain_yields(self, most: int) -> Domains:
        """The hosts of all URLs: how many there are, and the `most` largest and worst of them."""
        self._db.create_function("host_of", 1, host, deterministic=True)
        count = 0
        largest: list[tuple[int, int, Yield]] = []
        worst: list[tuple[int, int, Yield]] = []
        rows = self._db.execute(
            f"SELECT host_of(f.url) AS host, '', {_STEPS} FROM {_ROWS} WHERE f.id IS NOT NULL GROUP BY host"
        )
        for count, row in enumerate(rows, start=1):
            one = _yield(row)
            for heap, rank in ((largest, one.found), (worst, one.failed + one.rejected)):
                entry = (rank, -count, one)
                if len(heap) < most:
                    heapq.heappush(heap, entry)
                elif entry[:2] > heap[0][:2]:
                    heapq.heapreplace(heap, entry)
        return Domains(
            count, _best_first(largest), tuple(one for one in _best_first(worst) if one.failed + one.rejected)
        )

    def losses(self) -> list[Loss]:
        """What every reason cost, the most frequent first. Rows that wait have none."""
        return [Loss(*row) for row in self._db.execute(_LOSSES)]

    def count_left_out(self) -> int:
        """How many saved pictures the set leaves out."""
        return int(self._db.execute(_LEFT_OUT_COUNT).fetchone()[0])

    def class_sizes(self) -> list[Size]:
        """Every class, those without a picture too, by name."""
        sizes = {label: 0 for (label,) in self._db.execute("SELECT DISTINCT label FROM query")}
        sizes.update(self._db.execute(f"SELECT q.label, count(*) {_KEPT} GROUP BY q.label").fetchall())
        further: dict[str, int] = dict(
            self._db.execute("SELECT label, count(*) FROM extra_label GROUP BY label").fetchall()
        )
        return [
            Size(label, sizes.get(label, 0), further.get(label, 0)) for label in sorted(sizes.keys() | further.keys())
        ]

    def sides(self) -> list[int]:
        """How many pictures of the set have a shorter side in each step of `SIDES`."""
        steps = " ".join(f"WHEN side >= {least} THEN {place}" for place, least in reversed(list(enumerate(SIDES))))
        rows = dict(
            self._db.execute(
                f"SELECT CASE {steps} END AS step, count(*) FROM (SELECT min(o.width, o.height) AS side {_KEPT})"
                " GROUP BY step"
            ).fetchall()
        )
        return [rows.get(place, 0) for place in range(len(SIDES))]

    def formats(self) -> list[tuple[str, int, int]]:
        """(format, pictures of the set, bytes), the most frequent first."""
        return self._db.execute(
            f"SELECT o.format, count(*), coalesce(sum(o.bytes), 0) {_KEPT} GROUP BY o.format ORDER BY 2 DESC, 1"
        ).fetchall()

    def licences(self) -> Iterator[tuple[str, int]]:
        """(address of the licence by source or bytes, pictures of the set); "" is unknown. The most frequent first."""
        yield from self._db.execute(_LICENCES)

    def audited(self) -> list[tuple[str, int, int]]:
        """(issue, pictures looked at, flagged) of the quality audit."""
        return self._db.execute("SELECT issue, count(*), sum(flagged) FROM audit GROUP BY issue ORDER BY 1").fetchall()

    def as_of(self) -> str:
        """When the last outcome was entered, ISO 8601; "" when there is none."""
        return str(self._db.execute("SELECT coalesce(max(ended_at), '') FROM outcome").fetchone()[0])


def _best_first(heap: list[tuple[int, int, Yield]]) -> tuple[Yield, ...]:
    return tuple(one for _, _, one in sorted(heap, key=lambda entry: entry[:2], reverse=True))


_COUNTED = ("found", "waiting", "skipped", "failed", "rejected", "duplicate", "left_out", "kept", "bytes", "kept_bytes")
"""Fields of Yield in the order of `_STEPS`; the seconds are the last."""


def _yield(row: tuple[Any, ...]) -> Yield:
    name, label, *numbers, seconds = row
    counts = {field: int(number or 0) for field, number in zip(_COUNTED, numbers, strict=True)}
    return Yield(name, label, **counts, seconds=float(seconds or 0.0))
