"""One partition from its jobs to three objects in a store: a tar of pictures, a table of every fate, a marker.

The fetch is the product's own, with a ledger in a scratch folder. The marker is written last: a piece without one is
done again, under the same names.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from collector.cluster.partitions import Job, Partition, piece_name
from collector.cluster.store import Store
from collector.cookies import Cookies
from collector.crawl import assemble
from collector.dataset.formats import arrow
from collector.dataset.formats.webdataset import add
from collector.errors import InputError, Stopped
from collector.http.user_agent import contact
from collector.ledger.rows import Row
from collector.settings import FetchSettings, Settings

SCRATCH: Final = "collector-piece-"
PAUSES: Final = (1.0, 4.0, 15.0)
"""Seconds between two tries to put an object."""
TO_DO: Final = frozenset(("retry", "waiting"))
"""States that another run may change."""
HAVE_BYTES: Final = ("saved", "duplicate")
"""States of a URL whose bytes lie in the tar of its piece, once."""
TEXTS: Final = (
    "id", "keyword", "label", "source", "url", "url_key", "page", "title", "site", "licence_url", "licence_page",
    "creators", "credit", "published", "state", "reason", "detail", "sha256", "format", "mode", "ended_at", "tar",
)  # fmt: skip
NUMBERS: Final = ("rank", "wanted", "attempts", "http_status", "width", "height", "orientation", "frames", "bytes")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a piece came to; its file is the proof that the piece is whole."""

    piece: str
    partition: int
    given: int
    """Jobs, each a URL of a class."""
    states: Mapping[str, int]
    """State -> jobs; they add up to `given`."""
    reasons: Mapping[str, int]
    tar_bytes: int
    """0: there is no tar, because nothing was saved."""
    table_bytes: int | None = None
    """None: nobody wrote it down."""
    before: Mapping[str, int] = field(default_factory=dict)
    """State -> jobs that an earlier piece had left with it, and that are settled here."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    node: str = ""

    def stands(self, sizes: Mapping[str, int]) -> bool:
        """Whether a store with these objects has the others that it vouches for."""
        table = sizes.get(f"{self.piece}.parquet")
        whole = table is not None and self.table_bytes in (None, table)
        return whole and sizes.get(f"{self.piece}.tar", 0) == self.tar_bytes

    def dump(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def load(cls, body: bytes) -> Marker:
        """From JSON. msgspec.MsgspecError, a ValueError, for anything else."""
        return msgspec.json.decode(body, type=cls)


@dataclass(frozen=True, slots=True)
class Work:
    """What every worker needs beside its partition. Small: it goes to each of them."""

    settings: FetchSettings
    store: str
    again: bool = False
    """Whether what is to be tried again is tried again; else a URL with a fate is left alone."""
    node: str = ""
    cookies: bytes = field(default=b"", repr=False)
    """See `packed`."""

    def do(self, partition: Partition, stopping: Callable[[], bool] = lambda: False) -> list[Marker]:
        """Fetch what has no fate yet; the markers of all pieces of the partition, earlier ones first.

        A piece whose objects are gone or altered is done again, and what belongs to none goes away.
        """
        store = Store(self.store)
        earlier = list(_earlier(store, partition.number))
        known = _fates(store, earlier)
        jobs = [
            job
            for job in partition.jobs
            if (state := known.get(job.identity)) is None or (self.again and state in TO_DO)
        ]
        if not jobs:
            return earlier
        before = Counter(known[job.identity] for job in jobs if job.identity in known)
        _sweep(store, partition.number, earlier)
        name = piece_name(partition.number, len(earlier), jobs)
        made = self._fetch(store, name, replace(partition, jobs=tuple(jobs)), stopping)
        marker = replace(made, before=dict(before), node=self.node)
        _persistently(lambda: store.put(f"{name}.json", marker.dump()))
        return [*earlier, marker]

    def _fetch(self, store: Store, name: str, partition: Partition, stopping: Callable[[], bool]) -> Marker:
        started, cpu = time.monotonic(), _cpu()
        with scratch() as place:
            folder = place / "images"
            limits = replace(self.settings, per_host=partition.connections(self.settings.per_host))
            settings = Settings(out=folder, fetch=with_cookies(limits, self.cookies, place))
            with assemble.open_collection(folder, hurried=lambda: True) as ledger:
                ledger.intake.import_hits((job.label, job.hit) for job in partition.jobs)
                run = assemble.build_run(ledger, ledger.work.take_up_all(), settings, search=False, fetch=True)
                with closing(run.events(stopping)) as events:
                    for _ in events:
                        pass
                if stopping():
                    raise Stopped("stopped")
                tar = place / "pictures.tar"
                table = list(_packed(tar, name, folder, zip(partition.jobs, ledger.dataset.rows(), strict=True)))
            cells = ([row[name] for name in schema().names] for row in table)
            arrow.write(place / "fates.parquet", schema(), cells, group=10_000)
            states = Counter(row["state"] for row in table)
            size = tar.stat().st_size if states["saved"] else 0
            if size:
                _persistently(lambda: store.put_file(f"{name}.tar", str(tar)))
            fates = place / "fates.parquet"
            table_size = fates.stat().st_size
            _persistently(lambda: store.put_file(f"{name}.parquet", str(fates)))
        reasons = Counter(row["reason"] for row in table if row["reason"])
        seconds, spent = round(time.monotonic() - started, 3), round(_cpu() - cpu, 2)
        return Marker(
            name,
            partition.number,
            len(table),
            dict(states),
            dict(reasons),
            size,
            table_size,
            seconds=seconds,
            cpu_seconds=spent,
        )


def schema() -> Any:
    """The table of a piece: one row for every URL, whatever became of it."""
    library = arrow.pyarrow()
    return library.schema([(name, library.string()) for name in TEXTS] + [(name, library.int64()) for name in NUMBERS])


def markers(store: Store, names: Iterable[str], unreadable: list[str] | None = None) -> Iterator[Marker]:
    """The markers among these names, in their order; the names of those that are none go into `unreadable`."""
    for name in names:
        if name.startswith("part-") and name.endswith(".json"):
            try:
                yield Marker.load(store.read(name))
            except msgspec.MsgspecError:
                if unreadable is not None:
                    unreadable.append(name)


def packed(settings: FetchSettings) -> tuple[FetchSettings, bytes]:
    """The settings without what only this machine knows, and the cookies of its file. UsageError for no such file."""
    Cookies.read(settings.cookies)
    cookies = Path(settings.cookies).expanduser().read_bytes() if settings.cookies else b""
    return replace(settings, contact=contact({"contact": settings.contact}), cookies=""), cookies


def with_cookies(settings: FetchSettings, cookies: bytes, folder: Path) -> FetchSettings:
    """The settings as they are for this machine: the cookies, if any, lie in a file of the folder."""
    if not cookies:
        return settings
    file = folder / "cookies.txt"
    file.write_bytes(cookies)
    return replace(settings, cookies=str(file))


def _prefix(number: int) -> str:
    return f"part-{number:05}-"


def _earlier(store: Store, number: int) -> Iterator[Marker]:
    sizes = store.sizes()
    found = markers(store, (name for name in sizes if name.startswith(_prefix(number))))
    return (marker for marker in found if marker.stands(sizes))


def _sweep(store: Store, number: int, earlier: Sequence[Marker]) -> None:
    """Remove what pieces that were broken off or spoilt have left of a partition."""
    whole = {marker.piece for marker in earlier}
    left = {name for name in store.names() if name.startswith(_prefix(number)) and name.partition(".")[0] not in whole}
    store.remove(sorted(left, key=lambda name: (not name.endswith(".json"), name)))


def _persistently(put: Callable[[], None]) -> None:
    """Put an object, once more after a while when the store is away: a whole piece would be lost. InputError."""
    for pause in PAUSES:
        try:
            return put()
        except InputError:
            time.sleep(pause)
    return put()


def _fates(store: Store, earlier: Sequence[Marker]) -> dict[tuple[str, str], str]:
    """(label, key of the URL) -> state, as the last piece has it."""
    states: dict[tuple[str, str], str] = {}
    for marker in earlier:
        with store.open(f"{marker.piece}.parquet") as file:
            for row in arrow.pyarrow().parquet.read_table(file, columns=["label", "url_key", "state"]).to_pylist():
                states[row["label"], row["url_key"]] = row["state"]
    return states


def _packed(tar: Path, name: str, folder: Path, found: Iterable[tuple[Job, Row]]) -> Iterator[dict[str, Any]]:
    """The rows of the table; the pictures go into the tar meanwhile, as webdataset groups them."""
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as shard:
        for job, row in found:
            saved = row.state == "saved" and row.path is not None
            facts = _facts(job, row, f"{name}.tar" if row.state in HAVE_BYTES else "")
            if saved:
                extension = row.file.suffix.removeprefix(".").replace("jpeg", "jpg")
                add(shard, f"{facts['id']}.{extension}", (folder / row.file).read_bytes())
                add(shard, f"{facts['id']}.txt", job.label.encode("utf-8", "replace"))
                add(shard, f"{facts['id']}.json", json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"))
            yield facts


def _facts(job: Job, row: Row, tar: str) -> dict[str, Any]:
    hit, attempt = job.hit, row.attempt
    return {
        "id": row.sha256[:32] if tar else "", "keyword": job.keyword, "label": job.label, "source": job.source,
        "url": hit.url, "url_key": hit.key, "page": hit.page, "title": hit.title, "site": hit.site,
        "licence_url": hit.licence.url, "licence_page": hit.licence.page,
        "creators": ", ".join(hit.licence.creators), "credit": hit.licence.credit, "published": hit.published,
        "state": row.state, "reason": row.reason, "detail": row.detail, "sha256": row.sha256, "format": row.format,
        "mode": row.mode, "ended_at": row.ended_at, "tar": tar, "rank": job.rank, "wanted": job.wanted,
        "attempts": row.attempts, "http_status": attempt.status, "width": row.width, "height": row.height,
        "orientation": row.orientation, "frames": row.frames, "bytes": row.bytes,
    }  # fmt: skip


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one piece, after what dead workers of this machine left is gone."""
    for old in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        if not _alive(old.name.removeprefix(SCRATCH)):
            shutil.rmtree(old, ignore_errors=True)
    me = psutil.Process()
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{me.pid}-{int(me.create_time())}-") as path:
        yield Path(path)


def _alive(owner: str) -> bool:
    """Whether the process that a folder's name tells of still runs."""
    pid, _, rest = owner.partition("-")
    try:
        return str(int(psutil.Process(int(pid)).create_time())) == rest.partition("-")[0]
    except (psutil.Error, ValueError):
        return False


def _cpu() -> float:
    return sum(os.times()[:4])
