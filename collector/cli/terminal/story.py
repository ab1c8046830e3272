"""One URL's story in lines for people. Never shows a data: URL whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from collector.cli.terminal.text import meaning

_VIA: Final = {
    "fallback": "another URL of the picture",
    "thumbnail": "its thumbnail, in the place of the picture",
    "browser": "a browser",
}
SHOWN: Final = 20
"""Others with the same bytes that are worth a line each."""


class Told(Protocol):
    """What the ledger tells; see `collector.ledger.why`."""

    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def same_bytes(self) -> tuple[tuple[str, str], ...]: ...


def story(told: Told, trouble: str) -> list[str]:
    """The lines; `trouble` is what is wrong with the file on disk, "" when nothing is or there is none."""
    facts = told.facts
    source = f"{facts['source']} {facts['variant']}".rstrip()
    way = f", by {facts['way']}" if facts["way"] else ""
    lines = [
        shortened(facts["url"]),
        f"  keyword   {facts['keyword']}"
        + (f" (label {facts['label']})" if facts["label"] != facts["keyword"] else ""),
        f"  found     {source}, rank {facts['rank']}{way}, {facts['found_at']}",
    ]
    lines += [
        f"  {name:<9} {shortened(facts[column])}"
        for name, column in (("page", "page"), ("title", "title"), ("licence", "licence_url"))
        if facts[column]
    ]
    lines.append(f"  outcome   {facts['state']}{_reason(facts)}")
    if facts["via"]:
        came = f": {shortened(facts['final_url'])}" if facts["final_url"] else ""
        lines.append(f"  via       {_VIA.get(facts['via'], facts['via'])}{came}")
    if facts["overrides"]:
        lines.append(f"  ignored   {facts['overrides']}")
    lines += [f"  {name:<9} {text}" for name, text in json.loads(facts["rights"] or "[]")]
    if facts["attempts"]:
        last = f", the last {facts['ended_at']}, {facts['seconds']:.1f} s"
        lines.append(f"  attempts  {facts['attempts']}{last}")
    if facts["path"]:
        kind = f"{facts['format']} {facts['width']} x {facts['height']}, {facts['bytes'] or 0:,} bytes"
        lines.append(f"  file      {facts['path']}, {kind}" + (f"; now {trouble}" if trouble else ""))
    for keyword, url in told.same_bytes[:SHOWN]:
        lines.append(f"  same      {shortened(url)} ({keyword})")
    if len(told.same_bytes) > SHOWN:
        lines.append(f"  same      and {len(told.same_bytes) - SHOWN} more")
    return lines


def shortened(url: str) -> str:
    """The text itself; a data: URL as its kind, length and hash."""
    if url[:5].lower() != "data:":
        return url
    kind = url[:64].partition(",")[0].partition(";")[0]
    return (
        f"{kind} ({len(url):,} characters, sha256 {hashlib.sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()})"
    )


def _reason(facts: Mapping[str, Any]) -> str:
    parts = [facts["reason"], meaning(facts["reason"]), facts["detail"]]
    return "".join(f": {part}" for part in parts if part)
