"""What is written in one order comes back in that of its keys, and is not held meanwhile."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from collector.dataset import spool
from collector.dataset.spool import Spool


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 100])
def test_texts_come_in_the_order_of_their_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(spool, "_RUN", 7)
    keys = [f"{'é' if n % 3 else 'z'}{n}" for n in range(count)]
    random.Random(1).shuffle(keys)
    with Spool(tmp_path) as waiting:
        for key in keys:
            waiting.add(key, f"of {key}\n" * (len(key) % 3))
        assert list(waiting) == [(f"of {key}\n" * (len(key) % 3)).encode() for key in sorted(keys)]
    assert list(tmp_path.iterdir()) == []
