"""Where partitions are worked off: one after the other on this machine, or on the workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from collector.cluster.partitions import Partition
from collector.cluster.piece import Marker, Work
from collector.errors import UsageError


def each(on: str, work: Work, partitions: Sequence[Partition], stopping: Callable[[], bool]) -> Iterator[list[Marker]]:
    """The markers of each partition, as they come. UsageError for an engine that is not known or not installed."""
    if on == "local":
        return (work.do(partition, stopping) for partition in partitions)
    if on == "ray" or on.startswith("ray://"):
        from collector.cluster import ray_engine

        return ray_engine.each(on.removeprefix("ray://") and on, work, partitions, stopping)
    raise UsageError(f"--on {on}: local, ray, or ray://HEAD:PORT")
