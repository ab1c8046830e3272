"""The folder, its ledger and its lock file are those that the run began with, and there is room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collector.crawl.disk_guard import LOOK_SECONDS, DiskGuard
from collector.errors import DiskError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("collector.db", ".collector.lock"):
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize("name", ["collector.db", ".collector.lock"])
@pytest.mark.parametrize(
    ("again", "said"), [(False, "(gone|deleted) during"), (True, "replaced by another file during")]
)
def test_a_file_that_goes_away_or_is_replaced_is_told_at_the_next_look(
    folder: Path, name: str, again: bool, said: str
) -> None:
    clock = Clock()
    guard = DiskGuard(folder, 0, clock)
    assert guard.trouble() is None
    kept = (folder / name).rename(folder / "aside")
    if again:
        shutil.copy(kept, folder / name)
    assert guard.trouble() is None
    clock.now = LOOK_SECONDS
    trouble = guard.trouble()
    assert isinstance(trouble, DiskError)
    with pytest.raises(DiskError, match=f"{name}: {said}"):
        raise trouble
    assert str(guard.lost()) == str(trouble)


def test_little_room_ends_a_run_but_is_no_loss(folder: Path) -> None:
    guard = DiskGuard(folder, 1 << 62, Clock())
    with pytest.raises(DiskError, match=r"less than fetch\.keep_free"):
        raise guard.trouble() or AssertionError
    assert guard.lost() is None


def test_a_folder_that_never_had_them_has_lost_nothing(tmp_path: Path) -> None:
    assert DiskGuard(tmp_path, 0, Clock()).trouble() is None
