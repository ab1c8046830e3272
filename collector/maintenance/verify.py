"""All pictures against the ledger: what is missing, altered, moved or unknown; the lost can be fetched again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.ledger import Ledger, Row
from collector.ledger.rows import SAVED
from collector.maintenance import files

ALTERED = ".altered"
"""Put behind the name of a picture that somebody changed, before its URL is fetched again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that is not as recorded."""

    kind: str
    """`missing`, `altered`, `moved` (the same bytes under another path) or `unknown` (ours by name, in no row)."""
    path: Path
    """Relative to the folder: where it should be; for `unknown`, where it is."""
    now: Path | None = None
    """For `moved`: where it is."""
    saved: Row | None = None


def findings(ledger: Ledger, folder: Path, bytes_too: bool = True) -> Iterator[Finding]:
    """Everything that is not as it should be. LedgerError when the ledger itself is damaged.

    Without `bytes_too` a file of the right size is believed; then a flipped byte is not seen.
    """
    ledger.maintenance.check(thorough=True)
    missing: dict[str, Row] = {}
    for saved in ledger.dataset.rows(SAVED):
        kind = files.trouble(folder, saved, bytes_too)
        if kind == "missing":
            missing[(folder / saved.file).name] = saved
        elif kind:
            yield Finding(kind, saved.file, saved=saved)
    for file in files.pictures(folder):
        path = file.relative_to(folder)
        lost = missing.get(file.name)
        if lost is not None and files.sha256(file) == lost.sha256:
            del missing[file.name]
            yield Finding("moved", lost.file, path, lost)
        elif ledger.maintenance.owner_of(file.name) != path and not (
            lost is None and ledger.maintenance.owner_of(file.name)
        ):
            yield Finding("unknown", path)
    for saved in missing.values():
        yield Finding("missing", saved.file, saved=saved)


def fetch_again(ledger: Ledger, folder: Path, found: list[Finding]) -> int:
    """Put the missing and altered ones back to do; how many URLs. Altered files stay, under another name."""
    lost = [finding.saved for finding in found if finding.kind in ("missing", "altered") and finding.saved]
    for finding in found:
        if finding.kind == "altered":
            file = folder / finding.path
            file.rename(file.with_name(file.name + ALTERED))
    return ledger.maintenance.lost(lost)
