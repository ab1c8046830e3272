"""For all tests: no window opens on the screen of whoever runs them, and Ctrl-C works in what they start."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault, and the same examples each time: what is new is looked for by bench/fuzz.py.
settings.register_profile("suite", deadline=None, max_examples=40, derandomize=True)
settings.register_profile("short", deadline=None, max_examples=40)
settings.register_profile("long", deadline=None, max_examples=500)  # For bench/fuzz.py.
settings.load_profile("suite")

# Collector flushes what it writes, and half of the tests' waiting was for the disk: they write to memory with room.
_MEMORY = Path("/dev/shm")
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

for _name in ("DISPLAY", "WAYLAND_DISPLAY"):
    os.environ.pop(_name, None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # As a shell's background jobs inherit it, and so would ours.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.support.browsers", "tests.support.fetching", "tests.support.in_process"]


_FIRST = ("tests/end_to_end/", "tests/faults/", "tests/sources/test_google", "tests/studio/", "tests/test_")
"""Where files take long: a worker that began one of them last would keep the others waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are handed to workers."""
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests come and none goes: they are not looked through for garbage, neither now nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
