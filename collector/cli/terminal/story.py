"""One URL's story in lines for people. Never shows a data: URL whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from collector.reasons import meaning

if TYPE_CHECKING:
    from collector.ledger import Row

_VIA: Final = {
    "fallback": "another URL of the picture",
    "thumbnail": "its thumbnail, in the place of the picture",
    "browser": "a browser",
}
SHOWN: Final = 20
"""Others with the same bytes that are worth a line each."""


def story(row: Row, same_bytes: Sequence[tuple[str, str]], trouble: str, made: str | None) -> list[str]:
    """The lines. `same_bytes`: (keyword, URL) of others that brought them; `trouble`: what is wrong with the file on
    disk, "" when nothing is or there is none; `made`: how a machine made it, as its bytes say."""
    way = f", by {row.way}" if row.way else ""
    lines = [
        shortened(row.url),
        f"  keyword   {row.keyword}" + (f" (label {row.label})" if row.label != row.keyword else ""),
        f"  found     {f'{row.source} {row.variant}'.rstrip()}, rank {row.rank}{way}, {row.found_at}",
    ]
    told = (("page", row.page), ("title", row.title), ("licence", row.licence.url))
    lines += [f"  {name:<9} {shortened(text)}" for name, text in told if text]
    lines.append(f"  outcome   {row.state}" + "".join(f": {part}" for part in _reason(row) if part))
    if row.attempt.via:
        came = f": {shortened(row.attempt.final_url)}" if row.attempt.final_url else ""
        lines.append(f"  via       {_VIA.get(row.attempt.via, row.attempt.via)}{came}")
    if row.attempt.overrides:
        lines.append(f"  ignored   {row.attempt.overrides}")
    lines += [f"  {name:<9} {text}" for name, text in row.rights]
    if row.taken or row.place:
        lines.append(f"  taken     {' '.join(filter(None, (row.taken, ', '.join(map(str, row.place)))))}")
    if row.attempts:
        lines.append(f"  attempts  {row.attempts}, the last {row.ended_at}, {row.attempt.seconds:.1f} s")
    if row.path:
        kind = f"{row.format} {row.width} x {row.height}, {row.bytes:,} bytes"
        lines.append(f"  file      {row.path}, {kind}" + (f"; now {trouble}" if trouble else ""))
    if made:
        lines.append(f"  synthetic by a machine, as its metadata say: {made}")
    lines += [f"  same      {shortened(url)} ({keyword})" for keyword, url in same_bytes[:SHOWN]]
    if len(same_bytes) > SHOWN:
        lines.append(f"  same      and {len(same_bytes) - SHOWN} more")
    return lines


def shortened(url: str) -> str:
    """The text itself; a data: URL as its kind, length and hash."""
    if url[:5].lower() != "data:":
        return url
    kind = url[:64].partition(",")[0].partition(";")[0]
    return (
        f"{kind} ({len(url):,} characters, sha256 {hashlib.sha256(url.encode('utf-8', 'surrogatepass')).hexdigest()})"
    )


def _reason(row: Row) -> tuple[str, str, str]:
    return row.reason, meaning(row.reason), row.detail
