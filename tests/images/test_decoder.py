"""One picture at a time, decoded in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from pathlib import Path

import psutil
import pytest

from collector.images.decoder import Decoder
from collector.images.sniff import Unusable
from tests.support.misbehaving import picture


def workers() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "collector.images.worker" in one.cmdline()]


def size_of(decoder: Decoder, file: Path) -> tuple[int, int]:
    return decoder.upright(file).size


def test_its_process_is_kept_killed_and_gone(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(picture("PNG"))
    decoder = Decoder()
    first, _ = size_of(decoder, file), size_of(decoder, file)
    [process] = workers()
    process.kill()
    process.wait()
    assert size_of(decoder, file) == first == (64, 48)
    with pytest.raises(Unusable):
        decoder.upright(tmp_path / "gone.png")
    assert size_of(pickle.loads(pickle.dumps(decoder)), file) == first
    del decoder
    assert workers() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(picture("PNG"))
    assert size_of(KEPT, file) == (64, 48)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_forked, (str(file),)) == (64, 48)
    assert size_of(KEPT, file) == (64, 48), "which is not ended with the child"


KEPT = Decoder()


def _forked(file: str) -> tuple[int, int]:
    return size_of(KEPT, Path(file))
