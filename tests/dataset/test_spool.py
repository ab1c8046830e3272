"""What is written in one order comes back in that of its keys, and is not held meanwhile."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from collector.dataset import spool
from collector.dataset.spool import Elements, Spool


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 100])
def test_texts_come_in_the_order_of_their_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(spool, "_RUN", 7)
    keys = [f"{'é' if n % 3 else 'z'}{n}" for n in range(count)]
    random.Random(1).shuffle(keys)
    with Spool(tmp_path) as waiting:
        for key in keys:
            waiting.add(key.encode(), f"of {key}\n" * (len(key) % 3))
        assert list(waiting) == [(f"of {key}\n" * (len(key) % 3)).encode() for key in sorted(keys)]
    assert list(tmp_path.iterdir()) == []


def test_keys_of_one_length_may_end_in_zeros(tmp_path: Path) -> None:
    with Spool(tmp_path) as waiting:
        for key in (b"a\1", b"b\0", b"\0\0", b"a\0"):
            waiting.add(key, key.hex())
        assert list(waiting) == [b"0000", b"6100", b"6101", b"6200"]


def test_elements_wait_for_their_place(tmp_path: Path) -> None:
    with Elements(tmp_path) as waiting, (tmp_path / "x.json").open("wb") as file:
        for number in range(3):
            waiting.add(f'{{"é": {number}}}')
        file.write(b"[")
        waiting.copy_to(file)
        file.write(b"]")
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '[{"é": 0}, {"é": 1}, {"é": 2}]'
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_texts_of_one_key_come_as_they_were_written(tmp_path: Path) -> None:
    with Spool(tmp_path) as waiting:
        for text in ("c", "a", "b"):
            waiting.add("key", text)
        assert list(waiting) == [b"c", b"a", b"b"]
