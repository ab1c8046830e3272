"""CPU seconds and memory of a whole process tree, sampled: what a browser costs, wherever it runs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psutil


@dataclass
class Usage:
    """Figures of this process and everything below it, from start to stop."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_memory: int = 0
    samples: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the start, resident bytes)."""


class Watch:
    """`with Watch() as usage:` samples five times a second; a process that ends keeps its last CPU figure."""

    def __init__(self, every: float = 0.2) -> None:
        self.usage = Usage()
        self._every, self._stop = every, threading.Event()
        self._cpu: dict[tuple[int, float], float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Usage:
        self._before = time.process_time()
        self._started = time.monotonic()
        self._thread.start()
        return self.usage

    def __exit__(self, *_: object) -> None:
        self._sample()
        self._stop.set()
        self._thread.join()
        self.usage.wall = time.monotonic() - self._started
        self.usage.cpu = sum(self._cpu.values()) + time.process_time() - self._before

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self._sample()

    def _sample(self) -> None:
        memory = 0
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
                memory += process.memory_info().rss
            except psutil.Error:
                continue
        self.usage.peak_memory = max(self.usage.peak_memory, memory)
        self.usage.samples.append((time.monotonic() - self._started, memory))
