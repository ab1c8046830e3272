"""The door to Ray: each partition is a task for one core, and Ray gives it to another where a machine is lost; each
worker of one ledger is an actor, and is started anew elsewhere.

A partition is whole or not there at all, so that a task that is done again does no harm.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from collector.cluster.central import Lost, Machines, Report, Station
from collector.cluster.partitions import Partition
from collector.cluster.piece import Marker, Work
from collector.errors import CollectorError, InputError, Stopped, UsageError, missing
from collector.fetch.messages import Begin

PATIENCE: Final = 0.5
"""Seconds between two looks at whether to stop."""
AHEAD: Final = 2
"""Tasks handed over for each core: the next one is there when a core is free."""
GOODBYE: Final = 5.0
"""Seconds in which actors are closed by those who read from them: Ray ends threads that ask it after it has left."""
LITTLE: Final = 0.001
"""Of a core, that a worker of one ledger asks for: those of a lost machine must find room on the others at once."""


def each(
    address: str, work: Work, partitions: Iterable[Partition], stopping: Callable[[], bool]
) -> Iterator[list[Marker]]:
    """The markers of each partition as they come; `address` "ray" is the cluster of RAY_ADDRESS, else of this machine.

    UsageError without Ray, InputError when the cluster is not to be reached, Stopped when it was stopped.
    """
    with _joined(address) as ray:
        yield from _worked_off(ray, work, iter(partitions), stopping)


@contextmanager
def machines(address: str) -> Iterator[Machines]:
    """Those of the cluster, for as long as this is open; see `each`."""
    with _joined(address) as ray:
        given, actors = Counter[str](), list[_Actor]()

        def opened(begin: Begin, cookies: bytes) -> _Actor:
            actors.append(_Actor(ray, given, begin, cookies))
            return actors[-1]

        try:
            yield Machines(max(1, int(ray.cluster_resources().get("CPU", 1))), opened)
        finally:
            ends = time.monotonic() + GOODBYE
            for actor in actors:
                actor.closed.wait(max(0.0, ends - time.monotonic()))


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    _join(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Nobody is told what is run here.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
    try:
        import ray
    except ImportError:
        raise missing("ray", "--on ray", "ray") from None
    return ray


def _join(ray: Any, address: str) -> None:
    where = address if address.startswith("ray://") else os.environ.get("RAY_ADDRESS")
    ours = signal.getsignal(signal.SIGTERM)
    if where == "ray://":
        raise UsageError("--on ray://: the cluster's head is missing, such as ray://head:10001")
    try:
        ray.init(address=where, log_to_driver=False, logging_level="error", include_dashboard=None if where else False)
    except ImportError as error:
        raise missing("Ray's client", where or "ray", "ray") from error
    except Exception as error:  # each way to a cluster fails in its own way
        raise InputError(
            f"{where or 'ray'}: the cluster cannot be reached: {_line(error)}{_token_hint(where)}"
        ) from error
    finally:
        with contextlib.suppress(ValueError, TypeError):  # Not in the main thread: nothing has changed.
            signal.signal(signal.SIGTERM, ours)


def _token_hint(where: str | None) -> str:
    """Ray asks for a token by default since 2.59 (2.61 everywhere); a client without one only sees a time-out.

    https://docs.ray.io/en/latest/ray-security/token-auth.html
    """
    if not where or os.environ.get("RAY_AUTH_MODE"):
        return ""
    return "; if it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"


def _worked_off(
    ray: Any, work: Work, waiting: Iterator[Partition], stopping: Callable[[], bool]
) -> Iterator[list[Marker]]:
    do = ray.remote(num_cpus=1, max_retries=-1, scheduling_strategy="SPREAD")(_do)
    one = ray.put(replace(work, settings=replace(work.settings, processes=1)))
    running: list[Any] = []
    more = True
    while more or running:
        window = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while more and len(running) < window:
            if more := (partition := next(waiting, None)) is not None:
                running.append(do.remote(one, partition))
        if stopping():
            raise Stopped("stopped")
        done, running = ray.wait(running, timeout=PATIENCE)
        try:
            yield from ray.get(done)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, CollectorError | OSError):
                raise error.cause from None
            raise InputError(f"a machine of the cluster: {_line(error)}") from error


def _do(work: Work, partition: Partition) -> list[Marker]:
    """On some machine of the cluster."""
    import ray

    return replace(work, node=ray.get_runtime_context().get_node_id()[:12]).do(partition)


class _Actor:
    """Leads to a station on the machine that has the fewest for its cores; see `StationDoor`."""

    def __init__(self, ray: Any, given: Counter[str], begin: Begin, cookies: bytes) -> None:
        """`given`: machine -> workers. Those of a lost one still count, so that the others come first."""
        self.closed = threading.Event()
        self._ray, self._given = ray, given
        self._asked: Any = None
        cores = {one["NodeID"]: one["Resources"].get("CPU", 0) for one in ray.nodes() if one["Alive"]}
        self._node = min(cores, key=lambda node: (given[node] + 1) / (cores[node] or LITTLE))
        given[self._node] += 1
        near = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(self._node, soft=True)
        make = ray.remote(num_cpus=LITTLE, max_restarts=0, max_concurrency=4, scheduling_strategy=near)(Station)
        self._station = make.remote(begin, cookies)

    def send(self, text: bytes, last: bool = False) -> None:
        self._station.send.remote(text, last)

    def pull(self) -> Report | None:
        errors = self._ray.exceptions
        try:
            self._asked = self._asked or self._station.pull.remote()
            report: Report = self._ray.get(self._asked, timeout=PATIENCE)
        except errors.GetTimeoutError:
            return None
        except errors.RayError as error:
            raise Lost(_line(error)) from error
        self._asked = None
        return report

    def kill(self) -> None:
        self._station.kill.remote()

    def close(self) -> None:
        """Its scratch folder goes, and then the actor."""
        try:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.get(self._station.close.remote(), timeout=PATIENCE)
                self._given[self._node] -= 1
            self._ray.kill(self._station)
        finally:
            self.closed.set()


def _line(error: Exception) -> str:
    """What an error of Ray's has to say: its last line, where there is a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
