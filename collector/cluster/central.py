"""One ledger here, and the fetch workers on a cluster: each is a process of some machine, whose lines and pictures
come back over the line. Nothing here knows which cluster."""

from __future__ import annotations

import contextlib
import gc
import math
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec

from collector.cluster.piece import packed, scratch, with_cookies
from collector.fetch.messages import RESULTS, Begin, Came, line, trouble
from collector.fetch.parts import part_path, write_part
from collector.fetch.process import LocalProcess, Start
from collector.settings import FetchSettings

PATIENCE = 0.25
"""Seconds that a station waits for something to tell."""
COMPANY = 0.1
"""Seconds that it waits for more to tell at once: a message costs more than a picture."""
MOST = 16 << 20
"""Bytes of pictures after which it waits for no more of them."""
FRESH = 2.0
"""Seconds after which what was told of a decoder is no longer held against its picture: the line may be at fault."""
LAST_WORDS = 1.0
"""Seconds that a worker which was ended has to tell of it; then its machine is taken for lost."""


class Lost(Exception):
    """A station's machine is gone, or would not take it; how."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a station has to tell."""

    lines: tuple[bytes, ...]
    pictures: Mapping[int, bytes]
    """Serial -> bytes, of those that the lines say have come."""
    beats: int
    looked_at: tuple[int, ...]
    stopped: bool
    ending: str | None
    """How the worker ended, when these are its last lines."""


class StationDoor(Protocol):
    """What leads to a station."""

    def send(self, text: bytes, last: bool = False) -> None: ...
    def pull(self) -> Report | None:
        """The next report; None when there is none yet. Lost."""

    def kill(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Machines:
    """Where stations may be."""

    cores: int
    open: Callable[[Begin, bytes], StationDoor]
    """Opens a station for a worker that begins so, with the cookies of a file."""


class Station:
    """On a machine of the cluster: a worker process and its scratch folder."""

    def __init__(self, begin: Begin, cookies: bytes = b"") -> None:
        self._stack, self._token = ExitStack(), begin.token
        self._folder = self._stack.enter_context(scratch())
        settings = with_cookies(begin.settings, cookies, self._folder)
        self._process = LocalProcess(msgspec.structs.replace(begin, settings=settings, folder=str(self._folder)))
        self._said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._up = self._over = False
        """Whether the worker has said anything; whether it has ended."""
        self._orders: queue.SimpleQueue[tuple[bytes, bool] | None] = queue.SimpleQueue()
        for run in (self._listen, self._pass_on):
            threading.Thread(target=run, name="station", daemon=True).start()

    def send(self, text: bytes, last: bool = False) -> None:
        """See `WorkerProcess`. Waits for nothing: a worker that was stopped reads nothing."""
        self._orders.put((text, last))

    def pull(self) -> Report:
        """What came since the last one, within a moment. For one thread."""
        lines, pictures, size = list[bytes](), dict[int, bytes](), 0
        ends = time.monotonic() + PATIENCE
        with contextlib.suppress(queue.Empty):
            while size < MOST and (said := self._said.get(timeout=max(0.0, ends - time.monotonic()))) is not None:
                ends = ends if lines else time.monotonic() + COMPANY
                lines.append(said)
                pictures |= (taken := self._taken(said))
                size += sum(map(len, taken.values()))
                if not self._up:  # Told at once.
                    self._up = True
                    break
            else:
                self._over = size < MOST
        process = self._process
        looked_at, ending = tuple(process.looked_at()), process.ending if self._over else None
        return Report(tuple(lines), pictures, process.beats, looked_at, process.stopped, ending)

    def kill(self) -> None:
        """See `WorkerProcess`."""
        self._process.kill()

    def close(self) -> None:
        """See `WorkerProcess`."""
        self._process.kill()
        self._process.close()
        self._orders.put(None)
        self._stack.close()

    def _taken(self, said: bytes) -> dict[int, bytes]:
        """The pictures that a line tells of, out of the scratch folder."""
        found = dict[int, bytes]()
        with contextlib.suppress(msgspec.MsgspecError):  # For the other side to judge.
            for result in RESULTS.decode(said):
                if isinstance(result, Came):
                    part = part_path(self._folder, f"{self._token}-{result.serial}")
                    with contextlib.suppress(FileNotFoundError):
                        found[result.serial] = part.read_bytes()
                        part.unlink()
        return found

    def _pass_on(self) -> None:
        while order := self._orders.get():
            self._process.send(*order)

    def _listen(self) -> None:
        for said in self._process.lines():
            self._said.put(said)
        self._said.put(None)


class FarProcess:
    """A worker at a station, as the pool knows its workers; see `WorkerProcess`."""

    def __init__(self, station: StationDoor, begin: Begin) -> None:
        self._station, self._folder, self._token = station, Path(begin.folder), begin.token
        self._last = Report((), {}, 0, (), stopped=False, ending=None)
        self._heard = time.monotonic()
        self._killed = math.inf
        self._lost = ""
        """How its machine was lost."""
        self.running = True

    @property
    def ending(self) -> str:
        return self._lost or self._last.ending or "it runs"

    @property
    def lost(self) -> bool:
        return bool(self._lost)

    @property
    def stopped(self) -> bool:
        return self._last.stopped

    @property
    def beats(self) -> int:
        return self._last.beats

    def looked_at(self) -> list[int]:
        return list(self._last.looked_at) if time.monotonic() - self._heard < FRESH else []

    def send(self, text: bytes, last: bool = False) -> None:
        self._station.send(text, last)

    def lines(self) -> Generator[bytes, None, None]:
        try:
            while self._last.ending is None:
                if (report := self._station.pull()) is None:
                    if time.monotonic() - self._killed > LAST_WORDS:
                        raise Lost("nothing was heard of it")
                    continue
                self._last, self._heard = report, time.monotonic()
                yield from self._here(report)
        except Lost as error:
            self._lost = str(error) or "its machine is lost"
        finally:
            self.running = False

    def kill(self) -> None:
        self._killed = min(self._killed, time.monotonic())
        self._station.kill()

    def close(self) -> None:
        self._station.close()

    def _here(self, report: Report) -> tuple[bytes, ...]:
        """The lines, once their pictures lie in our folder; instead of them what is wrong with our disk."""
        try:
            for serial, body in report.pictures.items():
                write_part(self._folder, f"{self._token}-{serial}", body)
        except OSError as error:
            return (line([trouble(error)]),)
        return report.lines


@contextmanager
def workers(on: str, count: int | None, settings: FetchSettings) -> Iterator[tuple[FetchSettings, Start]]:
    """The settings of a pool of so many workers, one for each core where None is said, and what starts one.

    Downloads at a time and bytes in memory are each worker's. UsageError and InputError as engines have them.
    """
    from collector.cluster import engines

    with engines.machines(on) as found:
        many = count or found.cores
        wide = replace(
            settings,
            processes=many,
            threads=settings.threads * many,
            max_in_flight=settings.max_in_flight * many,
        )
        own, cookies = packed(settings)

        def start(begin: Begin) -> FarProcess:
            here = replace(begin.settings, contact=own.contact, cookies=own.cookies)
            return FarProcess(found.open(msgspec.structs.replace(begin, settings=here), cookies), begin)

        gc.freeze()  # What the engine loaded stays: it need not be looked through again and again.
        try:
            yield wide, start
        finally:
            gc.unfreeze()
