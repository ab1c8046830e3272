"""Processes for work on many pictures, one per core, that end with the one that started them. Knows no work itself.

Imports nothing heavy: what is set here must be set before a new process loads numpy.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pool(processes: int) -> ProcessPoolExecutor:
    """So many fresh processes; use it in a `with`."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_settle)


def _settle() -> None:
    """One thread for matrices: the other cores have processes of their own. And no life after the parent's."""
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent closes no queue: the processes would wait for their next task for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
