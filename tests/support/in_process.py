"""Work on picture files in the process of the test: starting one costs more than all else that most tests do.

What processes are for is tested in tests/images/test_processes.py, and the verbs start real ones.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from collector.images import worker
from collector.images.processes import UNUSABLE, FileTrouble, Work, Workers


def map_here(workers: Workers[Any], files: Iterable[tuple[Any, Work]]) -> Iterator[tuple[Any, Any]]:
    """`Workers.map`: orders and answers are written and read as if a process stood between."""
    named, raw, *_ = json.loads(workers._order)
    function, arguments = worker._function(named, raw)
    for key, file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind, body = worker._looked_at(function, file, arguments)
        yield key, FileTrouble(*json.loads(body)) if kind == UNUSABLE else workers._result.decode(body)


@pytest.fixture
def pictures_in_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started for pictures by this test itself, unless it asks for `pictures_in_processes`."""
    if "pictures_in_processes" not in request.fixturenames:
        monkeypatch.setattr(Workers, "map", map_here)


@pytest.fixture
def pictures_in_processes() -> None:
    """For a test that wants them where the others of its folder or file do without."""
