"""Which transport carries the downloads: decided here and nowhere else."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from collector.errors import UsageError
from collector.fetch.pool import ProcessPool
from collector.fetch.thread_pool import FetchPool
from collector.model import Post
from collector.settings import FetchSettings


def transport_of(settings: FetchSettings) -> str:
    """curl or requests. UsageError when curl is asked for and not there."""
    if settings.transport == "requests":
        return "requests"
    if _has_curl():
        return "curl"
    if settings.transport == "curl":
        raise UsageError("fetch.transport = 'curl': pycurl cannot be imported here; install it or take requests")
    return "requests"


def open_pool(settings: FetchSettings, folder: Path, post: Post) -> FetchPool | ProcessPool:
    """The workers of stage two, not started yet."""
    pool = ProcessPool if transport_of(settings) == "curl" else FetchPool
    return pool(settings, folder, post)


def _has_curl() -> bool:
    """Whether pycurl is there and works: an import may fail for want of a system library."""
    if find_spec("pycurl") is None:
        return False
    try:
        import pycurl
    except ImportError:
        return False
    return hasattr(pycurl, "PREREQFUNCTION")
