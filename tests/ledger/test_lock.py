"""One process per folder, and a dead owner holds nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.errors import FolderLocked
from collector.ledger.lock import FolderLock

HOLD = """
import sys
from pathlib import Path
from collector.ledger.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_holds_it_and_a_killed_owner_holds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(FolderLocked, match=f"process {owner.pid}"), FolderLock(tmp_path):
            pass
        owner.kill()
        owner.wait()
        with FolderLock(tmp_path):
            pass


def test_it_can_be_taken_again_after_release(tmp_path: Path) -> None:
    for _ in range(2):
        with FolderLock(tmp_path / "new"):
            assert (tmp_path / "new").is_dir()


def test_a_number_from_before_the_machine_started_names_nobody(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        (tmp_path / ".collector.lock").write_text(" 1 another-boot\n")
        with pytest.raises(FolderLocked, match="process unknown"), FolderLock(tmp_path):
            pass


def test_a_deleted_lock_file_lets_nobody_in(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        (tmp_path / ".collector.lock").unlink()
        with pytest.raises(FolderLocked, match="process unknown"), FolderLock(tmp_path):
            pass
        assert not (tmp_path / ".collector.lock").exists()
    with FolderLock(tmp_path):
        pass


def test_a_file_system_without_locks_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NFS without its lock service answers: nobody else holds the folder."""

    def refuse(_file: object, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match=r"No locks available: .*collector.lock") as caught, FolderLock(tmp_path):
        pass
    assert caught.value.errno == errno.ENOLCK


def test_a_pipe_in_the_place_of_the_lock_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".collector.lock")
    with pytest.raises(OSError, match=r"not a plain file: .*collector.lock"), FolderLock(tmp_path):
        pass
