"""Where the work is done: on this machine, or on the machines of a Ray cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

from collector.cluster.central import Machines, Station
from collector.cluster.partitions import Partition
from collector.cluster.piece import Marker, Work
from collector.errors import UsageError


def each(on: str, work: Work, partitions: Iterable[Partition], stopping: Callable[[], bool]) -> Iterator[list[Marker]]:
    """The markers of each partition, as they come. UsageError for an engine that is not known or not installed."""
    if _local(on):
        return (work.do(partition, stopping) for partition in partitions)
    if work.store.startswith("memory://"):
        raise UsageError(f"--store {work.store}: each process has a memory of its own, so not with --on {on}")
    from collector.cluster import ray_engine

    return ray_engine.each(on, work, partitions, stopping)


def machines(on: str) -> AbstractContextManager[Machines]:
    """Where workers may be, as long as this is open. UsageError as `each`."""
    if _local(on):
        return nullcontext(Machines(os.cpu_count() or 1, Station))
    from collector.cluster import ray_engine

    return ray_engine.machines(on)


def _local(on: str) -> bool:
    if on == "local" or on == "ray" or on.startswith("ray://"):
        return on == "local"
    raise UsageError(f"--on {on}: local, ray, or ray://HEAD:PORT")
