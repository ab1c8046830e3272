"""What puts a collection right: second chances, checks against disk and web, repair, and forgetting."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector import reasons
from collector.errors import InputError, UsageError
from collector.settings import FetchSettings

if TYPE_CHECKING:
    from collector.api.collection import Collection
    from collector.maintenance.forget import Wanted
    from collector.maintenance.hands import Accepted
    from collector.maintenance.live import Checked
    from collector.maintenance.repair import Repaired
    from collector.maintenance.verify import Finding


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of all pictures found."""

    findings: tuple[Finding, ...]
    put_back: int
    """URLs that are to do again."""
    accepted: Accepted
    """What was taken as a person's word."""

    @property
    def broken(self) -> int:
        """Pictures that are missing or altered, or that rows count on and none has saved."""
        return sum(finding.kind in ("missing", "altered", "unbacked") for finding in self.findings)


class Mending:
    """The part of a collection that mends it; see `Collection.mend`."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._folder = collection.folder

    def retry(self, only: Iterable[str] = (), keyword: str = "") -> tuple[int, int]:
        """Put URLs that failed or were rejected back to do; (how many, how many of them are spares only).

        `only`: reasons or families of them, such as net or http.404; `keyword`: only its URLs, and its searches that
        came to an end are asked again. UsageError for a reason that does not exist.
        """
        slugs = tuple(only)
        for slug in slugs:
            if not reasons.known(slug):
                raise UsageError(f"--only {slug}: no such reason or family of reasons; docs/reasons.md lists them")
        with self._collection.writing() as ledger:
            return ledger.maintenance.put_back(slugs, keyword)

    def verify(
        self,
        *,
        bytes_too: bool = True,
        again: bool = False,
        accept: bool = False,
        tell: Callable[[Finding], None] = lambda _: None,
    ) -> Verified:
        """Check every picture and the ledger itself; `tell` hears of each finding at once.

        Without `bytes_too` only sizes are compared. `again` puts missing and altered pictures back to do, and
        closes the books of two runs that wrote one ledger; `accept`
        takes missing ones as dropped by a person, and moved ones as of the class that their folder is.
        """
        from collector.maintenance import hands
        from collector.maintenance.verify import fetch_again, findings

        with self._collection.writing() as ledger:
            found = []
            for finding in findings(ledger, self._folder, bytes_too=bytes_too):
                found.append(finding)
                tell(finding)
            taken = hands.accept(ledger, self._folder, found) if accept else hands.Accepted()
            left = [one for one in found if not accept or one.kind not in ("missing", "moved")]
            put_back = fetch_again(ledger, self._folder, left) if again else 0
        return Verified(tuple(left), put_back, taken)

    def verify_live(
        self, *, sample: int = 0, rate: float = 2.0, settings: FetchSettings | None = None
    ) -> Generator[Checked, None, None]:
        """Ask the web whether the pictures are still there, at most `rate` times a second of a host; nothing changes.

        `sample`: only so many, always the same ones; 0 is all.
        """
        from collector.http.page_client import PageClient
        from collector.maintenance.live import checked, on_the_web

        pages = PageClient(settings or FetchSettings(), self._collection.notice)
        with (
            self._collection.reading() as ledger,
            closing(checked(on_the_web(ledger, sample), pages.visit, rate)) as found,
        ):
            yield from found

    def repair(self) -> Repaired | None:
        """Rebuild a damaged ledger from what can be read of it, its backup and the pictures; None when it is sound."""
        from collector.maintenance.repair import repair

        if not self._folder.is_dir():
            raise InputError(f"{self._folder}: no such folder")
        return repair(self._folder)

    def forget(
        self,
        *named: str,
        hosts: Iterable[str] = (),
        sha256: Iterable[str] = (),
        near: Iterable[Path] = (),
        distance: int = 31,
        dry_run: bool = False,
        tell: Callable[[Path, int], None] = lambda _path, _urls: None,
    ) -> Wanted:
        """Delete pictures and never fetch them again; what was (or with `dry_run`: would be) forgotten.

        `named`: URLs, paths or names of files; `hosts`: all from there and from pages there; `sha256`: bytes, by 16
        digits or more; `near`: all that looks like these pictures, within `distance` of 256 bits. InputError for one
        that is not known: nothing is deleted then.
        """
        from collector.dataset import service
        from collector.maintenance import forget

        files = tuple(near)
        wanted = forget.Wanted()
        with self._collection.judging() if files else self._collection.writing() as ledger:
            forget.named(ledger, self._folder, named, wanted)
            forget.by_hash(ledger, self._folder, sha256, wanted)
            forget.by_host(ledger, hosts, wanted)
            if files:
                service.hash_set(ledger, self._folder)
                forget.by_likeness(ledger, files, distance, wanted)
            if not dry_run:
                forget.forget(ledger, self._folder, wanted, tell)
        return wanted
