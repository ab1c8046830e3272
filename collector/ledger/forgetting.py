"""Tombstones: pictures, URLs and hosts that are not wanted, by the user's word, now or ever. Touches no file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from collector.ledger.db import now
from collector.ledger.upkeep import Upkeep
from collector.urls import blocked, host

_HOSTS = "forgotten.hosts"
"""The note of hosts, with commas between them."""
_TRACES = ("pdq", "verdict", "extra_label", "audit", "split", "review")
"""Tables that hold what was found out and decided about a picture."""


class Forgetting(Upkeep):
    """The ledger's side that forgets."""

    def files_with(self, shas: Sequence[str]) -> list[tuple[str, Path]]:
        """(sha256, path) of the saved files among these hashes, or beginnings of hashes."""
        found: dict[str, Path] = {}
        for sha256 in shas:
            rows = self._db.execute(
                "SELECT sha256, path FROM outcome WHERE state = 'saved' AND sha256 >= ? AND sha256 < ?",
                (sha256, sha256 + "g"),
            )
            found.update((name, Path(path)) for name, path in rows)
        return sorted(found.items())

    def files_from(self, name: str) -> list[tuple[str, Path]]:
        """(sha256, path) of saved files with bytes from a host or one below it, or from a page there."""
        self._define(name)
        rows = self._db.execute(
            """SELECT sha256, path FROM outcome WHERE state = 'saved' AND sha256 IN (
                 SELECT sha256 FROM outcome JOIN found ON found.id = found_id
                 WHERE state IN ('saved', 'duplicate') AND (of_host(url) OR of_host(page) OR of_host(final_url))
               ) ORDER BY sha256"""
        )
        return [(sha256, Path(path)) for sha256, path in rows]

    def urls_from(self, name: str) -> list[int]:
        """Numbers of the URLs of a host or one below it, or on a page there, that are not saved and may still be."""
        self._define(name)
        rows = self._db.execute(
            """SELECT found.id FROM found LEFT JOIN outcome ON found_id = found.id
               WHERE coalesce(state, '') NOT IN ('saved', 'duplicate') AND coalesce(reason, '') <> 'policy.forgotten'
               AND (of_host(url) OR of_host(page)) ORDER BY found.id"""
        )
        return [number for (number,) in rows]

    def urls_unsaved(self, url: str, key: str) -> list[int]:
        """Numbers of the rows of one URL that are not saved; `key` as `layout.url_key` makes it."""
        rows = self._db.execute(
            """SELECT found.id FROM found LEFT JOIN outcome ON found_id = found.id WHERE (url = ? OR url_key = ?)
               AND coalesce(state, '') NOT IN ('saved', 'duplicate') AND coalesce(reason, '') <> 'policy.forgotten'""",
            (url, key),
        )
        return [number for (number,) in rows]

    def forget_picture(self, sha256: str) -> int:
        """As `forget`, with every trace of what it looked like and what was decided about it; how many URLs."""
        urls = self.forget(sha256)
        with self.transaction():
            for table in _TRACES:
                self._db.execute(f"DELETE FROM {table} WHERE sha256 = ?", (sha256,))
            self._db.execute("UPDATE verdict SET kept = '' WHERE kept = ?", (sha256,))
            self._db.execute(
                """UPDATE outcome SET phash = NULL, rights = '', final_url = '' WHERE sha256 = ?
                   AND state = 'skipped' AND reason = 'policy.forgotten'""",
                (sha256,),
            )
        return urls

    def forget_urls(self, numbers: Sequence[int]) -> None:
        """These URLs, of which nothing is saved, are never asked for."""
        with self.transaction():
            self._db.executemany(
                """INSERT INTO outcome (found_id, state, reason, ended_at) VALUES (?, 'skipped', 'policy.forgotten', ?)
                   ON CONFLICT (found_id) DO UPDATE SET state = 'skipped', reason = 'policy.forgotten', detail = '',
                   path = NULL, sha256 = NULL, ended_at = excluded.ended_at""",
                ((number, now()) for number in numbers),
            )

    def forget_host(self, name: str) -> None:
        """Nothing is fetched from a host, those below it, or pages there again."""
        hosts = self.forgotten_hosts() | {name}
        self.remember(_HOSTS, ",".join(sorted(hosts)))

    def forgotten_hosts(self) -> frozenset[str]:
        """What `forget_host` was told."""
        return frozenset(filter(None, self.note(_HOSTS).split(",")))

    def _define(self, name: str) -> None:
        listed = frozenset((name,))
        self._db.create_function("of_host", 1, lambda url: bool(url and blocked(host(url), listed)))
