"""The door to Ray: each partition is a task for one core, and Ray gives it to another where a machine is lost.

A partition is whole or not there at all, so that a task that is done again does no harm.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from collector.cluster.partitions import Partition
from collector.cluster.piece import Marker, Work
from collector.errors import InputError, Stopped, missing

PATIENCE: Final = 0.5
"""Seconds between two looks at whether to stop."""
AHEAD: Final = 2
"""Tasks handed over for each core: the next one is there when a core is free."""


def each(
    address: str, work: Work, partitions: Sequence[Partition], stopping: Callable[[], bool]
) -> Iterator[list[Marker]]:
    """The markers of each partition as they come; `address` "ray" is the cluster of RAY_ADDRESS, else of this machine.

    UsageError without Ray, InputError when the cluster is not to be reached, Stopped when it was stopped.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _join(ray, address)
    try:
        yield from _worked_off(ray, work, list(partitions), stopping)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Nobody is told what is run here.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise missing("ray", "--on ray", "ray") from None
    return ray


def _join(ray: Any, address: str) -> None:
    where = address if address.startswith("ray://") else os.environ.get("RAY_ADDRESS")
    try:
        ray.init(address=where, log_to_driver=False, logging_level="error", include_dashboard=None if where else False)
    except Exception as error:  # each way to a cluster fails in its own way
        text = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{where or 'ray'}: the cluster cannot be reached: {text[:300]}") from error


def _worked_off(ray: Any, work: Work, waiting: list[Partition], stopping: Callable[[], bool]) -> Iterator[list[Marker]]:
    do = ray.remote(num_cpus=1, max_retries=-1, scheduling_strategy="SPREAD")(_do)
    one = ray.put(replace(work, settings=replace(work.settings, processes=1)))
    waiting.reverse()
    running: list[Any] = []
    while waiting or running:
        window = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while waiting and len(running) < window:
            running.append(do.remote(one, waiting.pop()))
        if stopping():
            raise Stopped("stopped")
        done, running = ray.wait(running, timeout=PATIENCE)
        yield from ray.get(done)


def _do(work: Work, partition: Partition) -> list[Marker]:
    """On some machine of the cluster."""
    import ray

    return replace(work, node=ray.get_runtime_context().get_node_id()[:12]).do(partition)
