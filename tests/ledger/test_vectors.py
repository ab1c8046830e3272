"""The file of embeddings: what was kept is read back, and what a kill spoils is no embedding."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.errors import DiskError
from collector.ledger import vectors
from collector.ledger.layout import VECTORS
from collector.ledger.vectors import USUAL

SIZE = 36 + 2 * 8


def name(number: int) -> str:
    return f"{number:064x}"


def some(*numbers: int) -> list[tuple[str, NDArray[np.float16]]]:
    return [(name(number), np.full(8, number / 4, np.float16)) for number in numbers]


def kept(folder: Path, hash: str = "h1") -> dict[str, float]:
    found = vectors.read(folder, USUAL, hash, 8)
    return {sha256: float(found.of([sha256])[0, 3]) for sha256 in found.places}


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    assert kept(tmp_path) == {}
    vectors.add(tmp_path, USUAL, "h1", some(1, 2))
    vectors.add(tmp_path, USUAL, "h1", some(7))
    assert kept(tmp_path) == {name(1): 0.25, name(2): 0.5, name(7): 1.75}
    assert vectors.read(tmp_path, USUAL, "h1", 8).of([name(7), name(1)])[:, 0].tolist() == [1.75, 0.25]


@pytest.mark.parametrize("cut", range(1, SIZE))
def test_a_record_that_was_cut_off_is_none_and_the_next_one_takes_its_place(tmp_path: Path, cut: int) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1, 2))
    path = tmp_path / VECTORS
    path.write_bytes(path.read_bytes()[:-cut])
    assert kept(tmp_path) == {name(1): 0.25}
    vectors.add(tmp_path, USUAL, "h1", some(3))
    assert kept(tmp_path) == {name(1): 0.25, name(3): 0.75}


@pytest.mark.parametrize("length", [0, 1, 200, 255, 256])
def test_a_head_that_was_cut_off_begins_anew(tmp_path: Path, length: int) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1, 2))
    path = tmp_path / VECTORS
    path.write_bytes(path.read_bytes()[:length])
    assert kept(tmp_path) == {}
    assert vectors.keep_only(tmp_path, {name(1)}) == 0
    vectors.add(tmp_path, USUAL, "h1", some(3))
    assert kept(tmp_path) == {name(3): 0.75}


def test_a_full_disk_is_named_and_costs_no_earlier_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    vectors.add(tmp_path, USUAL, "h1", some(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskError, match=rf"{VECTORS}: No space left on device; the embeddings before are kept"):
            vectors.add(tmp_path, USUAL, "h1", some(2))
    assert kept(tmp_path)[name(1)] == 0.25


@pytest.mark.parametrize("place", [0, 33, 40, SIZE - 1])
def test_a_record_with_a_wrong_byte_is_none(tmp_path: Path, place: int) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1, 2, 3))
    path = tmp_path / VECTORS
    body = bytearray(path.read_bytes())
    body[256 + SIZE + place] ^= 1
    path.write_bytes(body)
    assert kept(tmp_path) == {name(1): 0.25, name(3): 0.75}


def test_zeros_that_a_power_cut_left_are_no_records(tmp_path: Path) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1))
    with (tmp_path / VECTORS).open("ab") as file:
        file.write(bytes(3 * SIZE))
    assert kept(tmp_path) == {name(1): 0.25}


def test_another_model_begins_anew(tmp_path: Path) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1))
    assert kept(tmp_path, "h2") == {}
    vectors.add(tmp_path, USUAL, "h2", some(2))
    assert kept(tmp_path, "h2") == {name(2): 0.5}
    assert kept(tmp_path) == {}


HEADS = [json.dumps({"vectors": 1, "model": USUAL, "hash": "h1", "numbers": numbers}).encode()
         for numbers in ("8", -5, 0, True, 8.0, 10**11)]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"x" * 300, b"[1]" + b" " * 300, *(head.ljust(600) for head in HEADS)])
def test_a_file_that_is_none_of_ours_gives_way(tmp_path: Path, body: bytes) -> None:
    (tmp_path / VECTORS).write_bytes(body)
    assert kept(tmp_path) == {}
    assert vectors.keep_only(tmp_path, {name(1)}) == 0
    vectors.add(tmp_path, USUAL, "h1", some(1))
    assert kept(tmp_path) == {name(1): 0.25}


def test_what_is_not_wanted_leaves_no_byte(tmp_path: Path) -> None:
    vectors.add(tmp_path, USUAL, "h1", some(1, 2, 3))
    assert vectors.keep_only(tmp_path, {name(1), name(3), name(9)}) == 1
    assert kept(tmp_path) == {name(1): 0.25, name(3): 0.75}
    assert vectors.forget(tmp_path, {name(3)}) == 1
    assert vectors.forget(tmp_path, {name(3)}) == 0
    assert bytes.fromhex(name(3)) not in (tmp_path / VECTORS).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [VECTORS]
