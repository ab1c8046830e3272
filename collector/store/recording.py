"""What happened, as it happens: hits, ends of searches, one outcome per URL. Never decides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.model import (
    Duplicate,
    Failed,
    Found,
    Outcome,
    Picture,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    Skipped,
    Task,
)
from collector.store.connection import Store, now


class Recording(Store):
    """The ledger's side that is written while a run goes on."""

    def search_started(self, search: Search) -> None:
        """A search was taken up."""
        self._db.execute("UPDATE search SET tries = tries + 1, started_at = ? WHERE id = ?", (now(), search.id))

    def found(self, event: Found, query_id: int) -> Task | None:
        """Enter a hit; the task to fetch it, or None when the query has that URL already."""
        hit, licence = event.hit, event.hit.licence
        values: Mapping[str, object] = {
            "query_id": query_id,
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
            "kind": hit.kind.value,
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
            "found_at": now(),
        }
        cursor = self._db.execute(
            f"""INSERT INTO found ({", ".join(values)}) VALUES ({", ".join(":" + name for name in values)})
                ON CONFLICT (query_id, url_key) DO NOTHING""",
            values,
        )
        if cursor.rowcount == 0 or cursor.lastrowid is None:
            return None
        return Task(
            id=cursor.lastrowid,
            search_id=event.search.id,
            url=hit.url,
            page=hit.page,
            width=hit.width,
            height=hit.height,
            is_thumbnail=hit.is_thumbnail,
            fallbacks=hit.fallbacks,
            media=hit.media,
            cookies=hit.cookies,
            thumbnail_url=hit.thumbnail_url,
        )

    def search_ended(self, event: SearchEnded) -> None:
        """How a search stands now."""
        self._db.execute(
            """UPDATE search SET state = ?, reason = ?, detail = ?, seconds = seconds + ?, ended_at = ?,
               found = (SELECT count(*) FROM found WHERE search_id = search.id) WHERE id = ?""",
            (event.state.value, event.reason, event.detail, event.seconds, now(), event.search.id),
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
        self._db.execute(
            f"INSERT OR REPLACE INTO outcome ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})",
            values,
        )
        if isinstance(
            outcome, Saved
        ):  # In the same commit: whoever finds the row knows the file may not be on disk yet.
            self._db.execute("INSERT INTO unsynced (found_id) VALUES (?)", (task.id,))

    def close_query(self, query_id: int) -> None:
        """Nothing more to do for it at its present limit."""
        self._db.execute("UPDATE query SET state = 'done' WHERE id = ?", (query_id,))


def _facts(outcome: Outcome) -> dict[str, object]:
    """The columns that depend on the kind of outcome."""
    match outcome:
        case Saved(picture=picture, path=path, http_status=status, final_url=final, seconds=seconds):
            facts = {**_picture(picture, path), **_answer(status, final, seconds)}
            return {"state": "saved", "via": outcome.via, "ignored": outcome.ignored, **facts}
        case Duplicate(picture=picture, path=path, reason=why, http_status=status, final_url=final, seconds=seconds):
            facts = {**_picture(picture, path), **_answer(status, final, seconds)}
            return {"state": "duplicate", "reason": why, **facts}
        case Rejected(reason=why, detail=detail, http_status=status, seconds=seconds, bytes=size):
            return {"state": "rejected", "reason": why, "detail": detail, "bytes": size, **_answer(status, "", seconds)}
        case Failed(reason=why, detail=detail, http_status=status, seconds=seconds, retry=retry):
            state = "retry" if retry else "failed"
            return {"state": state, "reason": why, "detail": detail, **_answer(status, "", seconds)}
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
        "trailing_bytes": picture.trailing_bytes,
        "phash": picture.phash,
        "media": picture.media.value,
        "rights": _list(picture.rights),
    }


def _list(values: Sequence[object]) -> str:
    """As JSON; an empty one is nothing at all."""
    return json.dumps(values, ensure_ascii=False) if values else ""


def _answer(status: int, final_url: str, seconds: float) -> dict[str, object]:
    return {"http_status": status, "final_url": final_url, "seconds": seconds}
