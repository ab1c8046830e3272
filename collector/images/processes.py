"""Work on many picture files in processes of their own: one per core, each file within bounds of time and memory.

What a file does to its process, hang, crash or fill the memory, costs that file alone. The processes end with the one
that started them, however that ends. They read tasks as lines and answer in MessagePack: bytes from strangers are
decoded there, so nothing that comes back is ever unpickled. Imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Final, Generic, TypeVar, get_type_hints

import msgspec

from collector.errors import InputError
from collector.images import child
from collector.reasons import meaning

SECONDS: Final = 60.0
"""What one file may take: a minute of one core is more than the largest honest picture needs."""
MEMORY: Final = 3 << 30
"""Bytes that a process may allocate: the largest picture in 32 bits, and what is made of it."""
READY, DONE, UNUSABLE, REFUSED, FAILED = b"+", b"=", b"!", b"R", b"E"
"""What an answer begins with."""
HEAD: Final = struct.Struct(">Ic")
"""Of an answer: bytes that follow, and which kind it is."""
_QUEUE: Final = 8
"""Files given to a process before another one is started, and at most at a time."""
_TICK: Final = 0.2
_START: Final = 120.0
"""Seconds in which a process has to come up."""

K = TypeVar("K")
R = TypeVar("R")
Work = Path | tuple[Path, ...]
"""What a function is called with: a file, or a few that are cheaper together."""


@dataclass(frozen=True, slots=True)
class FileTrouble:
    """Why nothing came of a file."""

    reason: str
    """A slug of `collector.reasons`."""
    detail: str

    def __str__(self) -> str:
        return self.detail or meaning(self.reason) or self.reason


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_files(
    function: Callable[..., R],
    files: Iterable[tuple[K, Work]],
    *arguments: object,
    processes: int = 0,
    gently: bool = False,
) -> Iterator[tuple[K, R | FileTrouble]]:
    """`function(file, *arguments)` of each (key, file), in their order, by `Workers` that are gone afterwards."""
    with Workers(function, *arguments, processes=processes, gently=gently) as workers:
        yield from workers.map(files)


def map_batches(
    function: Callable[..., list[R]],
    files: Iterable[tuple[K, Path]],
    size: int,
    *arguments: object,
    processes: int = 0,
    gently: bool = False,
) -> Iterator[tuple[K, R | FileTrouble]]:
    """`map_files` for a function that takes many files at once, so many each time, and gives a list.

    Those of a batch that did not come through are tried one by one.
    """
    source = iter(files)
    batches = iter(lambda: tuple(islice(source, size)), ())
    tasks = ((batch, tuple(path for _, path in batch)) for batch in batches)
    for batch, found in map_files(function, tasks, *arguments, processes=processes, gently=gently):
        if not isinstance(found, FileTrouble):
            yield from zip((key for key, _ in batch), found, strict=True)
        elif size > 1:
            yield from map_batches(function, batch, 1, *arguments, processes=processes, gently=gently)
        else:
            yield batch[0][0], found


class Workers(Generic[R]):
    """Processes that call one function, started as files come in. Use them in a `with`.

    The function stands at the top of a module, its annotations say what it takes and gives (values that msgspec
    knows), and it raises `Unusable` for a file that is no good. A process that dies has one more try with the file it
    had; a second death is the file's fault (image.decoder_crash), and so is an overrun of `seconds`
    (image.decoder_timeout). InputError is raised here, too, and anything else as RuntimeError. With `gently` they
    take only the time of a core that nobody else wants.
    """

    def __init__(
        self,
        function: Callable[..., R],
        *arguments: object,
        processes: int = 0,
        seconds: float = SECONDS,
        gently: bool = False,
    ) -> None:
        self._result = msgspec.msgpack.Decoder(get_type_hints(function)["return"])
        named = f"{function.__module__}:{function.__qualname__}"
        self._order = msgspec.json.encode([named, arguments, MEMORY, gently]) + b"\n"
        self._most, self._seconds = processes or cores(), seconds
        self._messages: SimpleQueue[tuple[_Process, bytes, bytes]] = SimpleQueue()
        self._processes: list[_Process] = []
        self._suspects: set[int] = set()
        """Files whose process died once."""
        self._count = 0

    def __enter__(self) -> Workers[R]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._processes:
            process.end()

    def map(self, files: Iterable[tuple[K, Work]]) -> Iterator[tuple[K, R | FileTrouble]]:
        """What the function makes of each (key, file), in their order. To be read to its end before the next call."""
        source, keys, answers = iter(files), deque[K](), dict[int, bytes | FileTrouble]()
        while True:
            while len(keys) < self._most * _QUEUE and (pair := next(source, None)) is not None:
                self._give(self._count, pair[1])
                self._count += 1
                keys.append(pair[0])
            if not keys:
                return
            first = self._count - len(keys)
            while first not in answers:
                answers.update(self._take())
            answer = answers.pop(first)
            yield keys.popleft(), answer if isinstance(answer, FileTrouble) else self._result.decode(answer)

    def _give(self, number: int, file: Work) -> None:
        """To the process with the least to do, or to a new one while they are few and busy."""
        process = min(self._processes, key=lambda one: len(one.waiting), default=None)
        if process is None or (len(process.waiting) >= _QUEUE and len(self._processes) < self._most):
            process = _Process(self._order, self._messages)
            self._processes.append(process)
        process.give(number, file)

    def _take(self) -> dict[int, bytes | FileTrouble]:
        """What has come, waiting a tick for it at most: file number -> answer."""
        try:
            process, kind, body = self._messages.get(timeout=_TICK)
        except Empty:
            for process in self._processes:
                process.end_if_overdue(self._seconds)
            return {}
        if kind == REFUSED:
            raise InputError(body.decode())
        if kind == FAILED:
            raise RuntimeError(f"in a process for pictures:\n{body.decode(errors='replace')}")
        if not kind:
            return self._died(process)
        number, _ = process.waiting.popleft()
        return {number: FileTrouble(*json.loads(body)) if kind == UNUSABLE else body}

    def _died(self, process: _Process) -> dict[int, bytes | FileTrouble]:
        """Its files go to others; the one it had in hand may be why."""
        process.end()
        self._processes.remove(process)
        if not process.ready:
            raise RuntimeError(f"a process for pictures did not start (exit code {process.code})")
        answer: dict[int, bytes | FileTrouble] = {}
        for place, (number, file) in enumerate(process.waiting):
            if place == 0 and process.overdue:
                answer[number] = FileTrouble("image.decoder_timeout", f"more than {self._seconds:g} seconds")
            elif place == 0 and number in self._suspects:
                answer[number] = FileTrouble("image.decoder_crash", f"the process ended with code {process.code}")
            else:
                if place == 0:
                    self._suspects.add(number)
                self._give(number, file)
        return answer


class _Process:
    """One process and the thread that reads from it."""

    def __init__(self, order: bytes, messages: SimpleQueue[tuple[_Process, bytes, bytes]]) -> None:
        self.waiting: deque[tuple[int, Work]] = deque()
        """What it has been given and not answered, in order."""
        self.ready = self.overdue = False
        self._since = time.monotonic()
        """When it took up the first of these."""
        self._messages = messages
        one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        self._process = child.start("collector.images.worker", one_thread)
        child.send(self._process, order)
        threading.Thread(target=self._read, name="pictures", daemon=True).start()

    @property
    def code(self) -> int | None:
        """Exit code, once it has ended."""
        return self._process.poll()

    def give(self, number: int, file: Work) -> None:
        """One more file; a dead process takes none, and its reader says so."""
        if not self.waiting:
            self._since = time.monotonic()
        self.waiting.append((number, file))
        names = str(file) if isinstance(file, Path) else [str(one) for one in file]
        child.send(self._process, json.dumps(names).encode() + b"\n")

    def end_if_overdue(self, seconds: float) -> None:
        """Kill it when the file in hand takes too long, or when it does not come up."""
        if self.waiting and time.monotonic() - self._since > (seconds if self.ready else _START):
            self.overdue = True
            self._process.kill()

    def end(self) -> None:
        """At once: it only reads, so nothing is lost."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with os.fdopen(os.dup(self._process.stdout.fileno()), "rb") as stream:
            while len(head := stream.read(HEAD.size)) == HEAD.size:
                size, kind = HEAD.unpack(head)
                body = stream.read(size)
                if len(body) < size:
                    break
                self._since, self.ready = time.monotonic(), True
                if kind != READY:
                    self._messages.put((self, kind, body))
        self._process.stdout.close()
        self._messages.put((self, b"", b""))
