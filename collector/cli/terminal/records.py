"""Events as flat JSON-ready records: what `--events` promises. Never holds a data: URL whole."""

from __future__ import annotations

import hashlib
from typing import Any

from collector.model import (
    Attempt,
    Duplicate,
    Event,
    Failed,
    Found,
    Hit,
    Noticed,
    Picture,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchStarted,
    Skipped,
    Task,
)

Record = dict[str, Any]


def record(event: Event) -> Record:
    """`event` first, then the event's own fields; unknown ones are "", 0 or null as in the model."""
    match event:
        case SearchStarted(search):
            return {"event": "search_started", **_search(search), "wanted": search.wanted}
        case Found(search, rank, hit):
            return {"event": "found", **_search(search), "rank": rank, **_hit(hit)}
        case SearchEnded(search):
            return {"event": "search_ended", **_search(search), **_ending(event)}
        case Saved():
            arrival = {**_arrival(event), "via": event.attempt.via or "", "ignored": event.attempt.overrides or ""}
            return {"event": "saved", **_task(event.task), **_picture(event.picture), **arrival}
        case Duplicate():
            same = {"event": "duplicate", **_task(event.task), "reason": event.reason}
            return same | _picture(event.picture) | _arrival(event)
        case Rejected() | Failed():
            missed = {"event": type(event).__name__.lower(), **_task(event.task), "reason": event.reason}
            missed |= {"detail": event.detail, **_attempt(event.attempt)}
            if isinstance(event, Failed):
                return missed | {"retry": event.retry}
            return missed | {"bytes": event.attempt.bytes or 0}
        case Skipped(task, reason, detail):
            return {"event": "skipped", **_task(task), "reason": reason, "detail": detail}
        case Noticed(text, level):
            return {"event": "noticed", "level": level, "text": text}


def _url(url: str) -> Record:
    if url[:5].lower() != "data:":
        return {"url": url}
    raw = url.encode("utf-8", "surrogatepass")
    kind = url[5:64].partition(",")[0].partition(";")[0]
    return {"url": f"data:{kind}", "url_sha256": hashlib.sha256(raw).hexdigest(), "url_length": len(url)}


def _search(search: Search) -> Record:
    query = search.query
    return {"search_id": search.id, "keyword": query.keyword, "label": query.label, "source": search.source}


def _ending(event: SearchEnded) -> Record:
    return {
        "state": event.state.value,
        "reason": event.reason,
        "detail": event.detail,
        "found": event.found,
        "seconds": round(event.seconds, 3),
        "diagnosis": None if event.diagnosis is None else str(event.diagnosis),
    }


def _hit(hit: Hit) -> Record:
    return {
        **_url(hit.url),
        "page": hit.page,
        "title": hit.title,
        "width": hit.width,
        "height": hit.height,
        "is_thumbnail": hit.is_thumbnail,
        "kind": hit.kind,
        "way": hit.way,
        "media": hit.media.value,
        "licence_url": hit.licence.url,
    }


def _task(task: Task) -> Record:
    return {"task_id": task.id, "search_id": task.search_id, **_url(task.url), "attempt": task.attempt}


def _picture(picture: Picture) -> Record:
    return {
        "sha256": picture.sha256,
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "media": picture.media.value,
    }


def _arrival(event: Saved | Duplicate) -> Record:
    return {
        "path": event.path.as_posix(),
        "final_url": _url(event.attempt.final_url or "")["url"],
        **_attempt(event.attempt),
    }


def _attempt(attempt: Attempt) -> Record:
    return {"http_status": attempt.status or 0, "seconds": round(attempt.seconds, 3)}
