"""What happened, as it happens: hits, ends of searches, one outcome per URL. Never decides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

from collector.ledger.db import Store, now
from collector.model import (
    Attempt,
    Duplicate,
    Failed,
    Found,
    Outcome,
    Picture,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchState,
    Skipped,
    Task,
)


class Recording(Store):
    """The ledger's side that is written while a run goes on."""

    def search_started(self, search: Search) -> None:
        """A search was taken up."""
        self._db.execute("UPDATE search SET tries = tries + 1, started_at = ? WHERE id = ?", (now(), search.id))

    def found(self, event: Found, query_id: int) -> Task | None:
        """Enter a hit; the task to fetch it, or None when the query has that URL already."""
        values = {"query_id": query_id, **_row(event), "found_at": now()}
        cursor = self._db.execute(
            f"""INSERT INTO found ({", ".join(values)}) VALUES ({", ".join(":" + name for name in values)})
                ON CONFLICT (query_id, url_key) DO NOTHING""",
            values,
        )
        if cursor.rowcount == 0 or cursor.lastrowid is None:
            return None
        return _task(event, cursor.lastrowid, event.search.id, 1)

    def seen_again(self, event: Found, query_id: int, order: Mapping[int, int]) -> tuple[Task, bool] | None:
        """A hit that the query has already, and that is still to do: what changed about it, as a task, or None.

        The task comes with whether it is to do again only now.

        Its own search brings fresh URLs, because signed ones expire; where the first request was refused for that,
        there is a second. Another search of the query that ranks it before its own takes it over; `order` gives
        the places of searches that are merged by rank, by number.
        """
        row = self._db.execute(
            f"""SELECT found.id, search_id, rank, url, fallbacks, cookies, is_thumbnail, coalesce(attempts, 0),
                  outcome.state = 'failed'
                FROM found LEFT JOIN outcome ON found_id = found.id WHERE query_id = :query AND url_key = :key
                AND (outcome.state IS NULL OR outcome.state = 'retry' OR (outcome.state = 'failed' AND
                  {_REFUSED} AND attempts = 1 AND search_id = :search AND url <> :url))""",
            {"query": query_id, "key": event.hit.key, "search": event.search.id, "url": event.hit.url},
        ).fetchone()
        if row is None:
            return None
        number, owner, rank, *brought, thumbnail, attempts, refused = row
        values, own = _row(event), owner == event.search.id
        if own:
            fresh = [values[name] for name in _EXPIRING]
            if fresh == brought or (event.hit.is_thumbnail and not thumbnail):
                return None
            values = {name: values[name] for name in (*_EXPIRING, "thumbnail_url", "is_thumbnail")}
        elif not _before(event, owner, rank, order):
            return None
        sets = ", ".join(f"{name} = :{name}" for name in values)
        self._db.execute(f"UPDATE found SET {sets} WHERE id = :id", {**values, "id": number})
        if refused:
            self._db.execute("UPDATE outcome SET state = 'retry' WHERE found_id = ?", (number,))
        return _task(event, number, owner if own else event.search.id, attempts + 1), bool(refused)

    def search_ended(self, event: SearchEnded) -> None:
        """How a search stands now; at a true end, that everything it brought so far is all there was."""
        self._db.execute(
            """UPDATE search SET state = ?, reason = ?, detail = ?, seconds = seconds + ?, ended_at = ?,
               found = (SELECT count(*) FROM found WHERE search_id = search.id) WHERE id = ?""",
            (event.state.value, event.reason, event.detail, event.seconds, now(), event.search.id),
        )
        if event.state is SearchState.EXHAUSTED:
            self._db.execute(
                """UPDATE search SET complete = coalesce((SELECT max(id) FROM found WHERE search_id = search.id), 0)
                   WHERE id = ?""",
                (event.search.id,),
            )

    def outcome(self, outcome: Outcome) -> None:
        """The one outcome of a URL; a later one (after "retry") takes the place of the earlier."""
        task = outcome.task
        values: dict[str, object] = {
            "found_id": task.id,
            "attempts": task.attempt,
            "ended_at": now(),
            **_facts(outcome),
        }
        self._db.execute(_replacing(*values), tuple(values.values()))
        if isinstance(outcome, Saved):  # In the same commit: whoever finds the row knows it may not be on disk yet.
            self._db.execute("INSERT INTO unsynced (found_id) VALUES (?)", (task.id,))

    def close_query(self, query_id: int) -> None:
        """Nothing more to do for it at its present limit."""
        self._db.execute("UPDATE query SET state = 'done' WHERE id = ?", (query_id,))


_REFUSED = "reason IN ('http.401', 'http.403', 'http.404', 'http.410') AND substr(url_key, 1, 3) = 'id:'"
"""What an expired address is answered with."""
_EXPIRING = ("url", "fallbacks", "cookies")
"""Columns that a source may give anew with every look."""


def _row(event: Found) -> dict[str, object]:
    """A hit's columns."""
    hit, licence = event.hit, event.hit.licence
    return {
        "search_id": event.search.id,
        "rank": event.rank,
        "url": hit.url,
        "url_key": hit.key,
        "source_id": hit.id,
        "page": hit.page,
        "title": hit.title,
        "site": hit.site,
        "width": hit.width,
        "height": hit.height,
        "thumbnail_url": hit.thumbnail_url,
        "is_thumbnail": int(hit.is_thumbnail),
        "kind": hit.kind,
        "way": hit.way,
        "licence_url": licence.url,
        "licence_page": licence.page,
        "licensor": licence.licensor,
        "creators": _list(licence.creators),
        "credit": licence.credit,
        "notice": licence.notice,
        "fallbacks": _list(hit.fallbacks),
        "media": hit.media.value,
        "cookies": hit.cookies,
        "published": hit.published,
        "fields": _list(hit.fields),
    }


def _task(event: Found, number: int, search_id: int, attempt: int) -> Task:
    hit = event.hit
    return Task(
        id=number,
        search_id=search_id,
        url=hit.url,
        page=hit.page,
        width=hit.width,
        height=hit.height,
        is_thumbnail=hit.is_thumbnail,
        attempt=attempt,
        fallbacks=hit.fallbacks,
        media=hit.media,
        cookies=hit.cookies,
        thumbnail_url=hit.thumbnail_url,
    )


def _before(event: Found, owner: int, rank: int, order: Mapping[int, int]) -> bool:
    """Whether the event's search comes before the owner of the row when both are merged by rank."""
    mine = event.search.id
    return mine in order and owner in order and (event.rank, order[mine]) < (rank, order[owner])


@cache
def _replacing(*columns: str) -> str:
    """The statement for these columns; there are no more sets of them than kinds of outcomes."""
    return f"INSERT OR REPLACE INTO outcome ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _facts(outcome: Outcome) -> dict[str, object]:
    """The columns that depend on the kind of outcome."""
    match outcome:
        case Saved(picture=picture, path=path, attempt=attempt):
            return {"state": "saved", **_attempt(attempt), **_picture(picture, path)}
        case Duplicate(picture=picture, path=path, reason=why, attempt=attempt):
            return {"state": "duplicate", "reason": why, **_attempt(attempt), **_picture(picture, path)}
        case Rejected(reason=why, detail=detail, attempt=attempt):
            return {"state": "rejected", "reason": why, "detail": detail, **_attempt(attempt)}
        case Failed(reason=why, detail=detail, attempt=attempt, retry=retry):
            return {"state": "retry" if retry else "failed", "reason": why, "detail": detail, **_attempt(attempt)}
        case Skipped(task=task, reason=why, detail=detail):
            return {"state": "skipped", "reason": why, "detail": detail, "attempts": task.attempt - 1}


def _picture(picture: Picture, path: Path) -> dict[str, object]:
    return {
        "path": path.as_posix(),
        "sha256": picture.sha256,
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "mode": picture.mode,
        "orientation": picture.orientation,
        "frames": picture.frames,
        "phash": picture.phash,
        "media": picture.media.value,
        "rights": _list(picture.rights),
    }


def _list(values: Sequence[object]) -> str:
    """As JSON; an empty one is nothing at all."""
    return json.dumps(values, ensure_ascii=False) if values else ""


_ATTEMPT = {field.name: "http_status" if field.name == "status" else field.name for field in fields(Attempt)}
"""Field -> column."""


def _attempt(attempt: Attempt) -> dict[str, object]:
    """The columns of what is known of it; the others keep their defaults."""
    return {column: value for name, column in _ATTEMPT.items() if (value := getattr(attempt, name)) is not None}
