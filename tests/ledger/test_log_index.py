"""The index of SQLite's log is mapped into memory: when somebody cuts it off, no process dies and no row is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CUT_IN_MID_RUN = """
import os, sys
from pathlib import Path
from collector.ledger import Ledger
from tests.support.values import query
with Ledger.open(Path(sys.argv[1])) as ledger, Ledger.read(Path(sys.argv[1])) as reader:
    for number in range(3):
        ledger.work.plan([query(f"cat {number}", 10)])
        os.truncate(Path(sys.argv[1], "collector.db-shm"), int(sys.argv[2]))
        print(len(reader.work.open_queries(number + 1, -1, 10)))
"""
CUT_BEFORE = """
import os, sys
from pathlib import Path
from collector.ledger import Ledger
from tests.support.values import query
ledger = Ledger.open(Path(sys.argv[1]))
ledger.work.plan([query("cat", 10)])
os._exit(0)
"""


def run(program: str, *arguments: object) -> str:
    """What a program says; a signal that ends it is a failure."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": "."})
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody cut a mapped file")
@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_cut_off_while_it_is_open(tmp_path: Path, size: int) -> None:
    assert run(CUT_IN_MID_RUN, tmp_path, size).split() == ["1", "1", "1"]


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_cut_off_after_a_killed_run(tmp_path: Path, size: int) -> None:
    run(CUT_BEFORE, tmp_path)
    os.truncate(tmp_path / "collector.db-shm", size)
    assert run(CUT_IN_MID_RUN.replace("range(3)", "range(1, 3)"), tmp_path, 0).split() == ["1", "1"]
