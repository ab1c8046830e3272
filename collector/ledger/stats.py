"""Sums: how keywords stand, what every host, reason and class brought, and what is known of one URL. Reads only.

Everything is summed up by SQLite, which sorts on disk when it must: no list of all rows is ever made here.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from collector.ledger import rows, summary
from collector.ledger.db import cell
from collector.ledger.names import number_of
from collector.ledger.rows import Row, Which
from collector.ledger.summary import STATES
from collector.model import Digest, Tally
from collector.urls import hostname, url_key

_OUT = "EXISTS (SELECT 1 FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label)"
_STEPS = f"""{STATES},
  sum(CASE WHEN o.state = 'saved' THEN {_OUT} ELSE 0 END),
  sum(CASE WHEN o.state = 'saved' THEN NOT {_OUT} ELSE 0 END),
  sum(max(o.bytes, 0)),
  sum(CASE WHEN o.state = 'saved' AND NOT {_OUT} THEN max(o.bytes, 0) END)"""
_COUNTED = ("found", "duplicate", "rejected", "failed", "skipped", "waiting", "left_out", "kept", "bytes", "kept_bytes")
"""Fields of Yield in the order of `_STEPS`; the seconds are the last."""
_KEYWORDS = f"""
SELECT q.keyword, q.label, {_STEPS},
  coalesce(sum(max(o.seconds, 0)), 0)
  + (SELECT coalesce(sum(max(seconds, 0)), 0) FROM search WHERE query_id = q.id)
FROM {summary.JOINED} GROUP BY q.id ORDER BY q.position, q.id
"""
_HOSTS = f"""
SELECT host_of(f.url) AS host, '', {_STEPS}, coalesce(sum(max(o.seconds, 0)), 0)
FROM {summary.JOINED} WHERE f.id IS NOT NULL GROUP BY host
"""

_LEFT_OUT_COUNT = """
SELECT count(*) FROM verdict v JOIN outcome o ON o.sha256 = v.sha256 AND o.state = 'saved'
JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id AND q.label = v.label
"""

_LOSSES = """
SELECT CASE o.state WHEN 'retry' THEN 'failed' ELSE o.state END,
       o.reason, count(*), coalesce(sum(max(o.bytes, 0)), 0), coalesce(sum(max(o.seconds, 0)), 0)
FROM outcome o WHERE o.state <> 'saved' GROUP BY 1, 2
UNION ALL
SELECT 'left_out', v.reason, count(*), coalesce(sum(max(o.bytes, 0)), 0), coalesce(sum(max(o.seconds, 0)), 0)
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
    """Asked for, and could not be downloaded whole, for good or for now."""
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
    """Of downloading, and for a keyword of searching, too; summed over workers."""

    @property
    def fetched(self) -> int:
        """Whole answers came."""
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


class Stats:
    """The ledger's side that is shown."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def tallies(self, run: int | None = None) -> Generator[Tally, None, None]:
        """A row per query (of one run, or of all) in the order asked; few of them are in memory at a time."""
        return summary.tallies(self._db, run)

    def digest(self, run: int | None = None) -> Digest:
        """The summary of all queries (of one run, or of all) together."""
        return summary.digest(self._db, run)

    def progress(self, run: int) -> tuple[int, int | None, int, int]:
        """(queries, pictures wanted, queries searched to the end, pictures saved) of a run; wanted None is all."""
        return summary.progress(self._db, run)

    def why(self, what: str) -> list[Row]:
        """All rows of a URL in any spelling, or that of a saved picture's path or name."""
        name = Path(what).name
        stem = name.partition(".")[0]
        of_hash = "SELECT found_id FROM outcome WHERE state = 'saved' AND sha256 >= ? AND sha256 < ?"
        number = cell(self._db, of_hash, (stem, stem + "g"))
        if number is not None and len(stem) >= 16:
            return list(rows.rows(self._db, Which(id=number)))
        if "://" not in what and (numbered := number_of(name)) is not None:
            found = list(rows.rows(self._db, Which(id=numbered)))
            if found and found[0].path is not None and found[0].path.name == name:
                return found
        return list(rows.rows(self._db, Which(url=(what, url_key(what)))))

    def keyword_yields(self) -> list[Yield]:
        """A row per query, in the order asked."""
        return [_yield(row) for row in self._db.execute(_KEYWORDS)]

    def domain_yields(self, most: int) -> Domains:
        """The hosts of all URLs: how many there are, and the `most` largest and worst of them."""
        self._db.create_function("host_of", 1, host_label, deterministic=True)
        count = 0
        largest: list[tuple[int, int, Yield]] = []
        worst: list[tuple[int, int, Yield]] = []
        for count, row in enumerate(self._db.execute(_HOSTS), start=1):
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

    def example(self, reason: str) -> str:
        """A URL that ended with this reason, or was left out for it; "" when there is none."""
        found = self._db.execute(
            """SELECT url FROM outcome JOIN found ON found.id = found_id WHERE reason = ?1
               UNION ALL SELECT url FROM verdict v JOIN outcome o ON o.sha256 = v.sha256 AND o.state = 'saved'
               JOIN found ON found.id = o.found_id WHERE v.reason = ?1 LIMIT 1""",
            (reason,),
        ).fetchone()
        return "" if found is None else str(found[0])

    def newest(self, count: int) -> list[int]:
        """`Row.id` of the pictures that were saved last, the newest first."""
        found = self._db.execute(
            """SELECT found_id FROM outcome WHERE state = 'saved' AND media = 'picture'
               ORDER BY ended_at DESC, found_id DESC LIMIT ?""",
            (count,),
        )
        return [number for (number,) in found]

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
        steps_taken = dict(
            self._db.execute(
                f"SELECT CASE {steps} END AS step, count(*) FROM (SELECT min(o.width, o.height) AS side {_KEPT})"
                " GROUP BY step"
            ).fetchall()
        )
        return [steps_taken.get(place, 0) for place in range(len(SIDES))]

    def formats(self) -> list[tuple[str, int, int]]:
        """(format, pictures of the set, bytes), the most frequent first."""
        return self._db.execute(
            f"""SELECT o.format, count(*), coalesce(sum(max(o.bytes, 0)), 0) {_KEPT}
                GROUP BY o.format ORDER BY 2 DESC, 1"""
        ).fetchall()

    def licences(self) -> Iterator[tuple[str, int]]:
        """(address of the licence by source or bytes, pictures of the set); "" is unknown. The most frequent first."""
        yield from self._db.execute(_LICENCES)

    def audited(self) -> list[tuple[str, int, int]]:
        """(issue, pictures looked at, flagged) of the quality audit."""
        return self._db.execute(
            """SELECT issue, count(*), sum(flagged) FROM audit
               WHERE issue NOT IN ('relevance', 'synthetic', 'purity', 'nsfw', 'text') GROUP BY issue ORDER BY 1"""
        ).fetchall()

    def as_of(self) -> str:
        """When the last outcome was entered, ISO 8601; "" when there is none."""
        return str(self._db.execute("SELECT coalesce(max(ended_at), '') FROM outcome").fetchone()[0])


def _best_first(heap: list[tuple[int, int, Yield]]) -> tuple[Yield, ...]:
    return tuple(one for _, _, one in sorted(heap, key=lambda entry: entry[:2], reverse=True))


def _yield(row: tuple[Any, ...]) -> Yield:
    name, label, *numbers, seconds = row
    counts = {field: int(number or 0) for field, number in zip(_COUNTED, numbers, strict=True)}
    return Yield(name, label, **counts, seconds=float(seconds or 0.0))


def host_label(url: str) -> str:
    """The host of a URL as it is shown; the scheme of one that has none (`data:`)."""
    name = hostname(url)
    return f"[{name}]" if ":" in name else name or f"{url.partition(':')[0][:10].lower()}:"
