"""Every step that touches the disk fails once: n = 1, 2, 3, ... until none is hit; the next run ends the work.

The practice web's log is the oracle: what was saved is not asked for again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from collector.practice import Knobs, PracticeWeb
from tests.support.command import ROOT, Desk
from tests.support.maps import picture_paths

PICTURES = 3
STEP = int(os.environ.get("FAULT_STEP", "1"))
"""1 takes every step."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose template holds a map of three good pictures, one that is twice, one that is not there."""
    memory = Path("/dev/shm")  # Where flushing takes no time: hundreds of runs, each of which flushes.
    work = Path(mkdtemp(dir=memory)) if os.access(memory, os.W_OK) else tmp_path_factory.mktemp("faults")
    knobs = Knobs.calm(pinned={5: "not_found"})
    with PracticeWeb(knobs) as web:
        desk = Desk(work / "template")
        urls = [f"{web.url}{path}" for path in picture_paths("tabby cat", range(1, PICTURES + 3))]
        desk.write("map.csv", "keyword,url\n" + "".join(f"tabby cat,{url}\n" for url in urls))
        desk.write("twice.csv", f"keyword,url\nold barn,{urls[0]}\n")
        for file in ("map.csv", "twice.csv"):
            assert desk.run("urls", "--import", file).code == 0
        yield work
    shutil.rmtree(work)


Cases = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def cases(work: Path) -> Iterator[Cases]:
    """cases(kind, how, *arguments): a row for each step. One process for all, as it imports much."""
    command = [sys.executable, "-m", "tests.faults.cases", str(work)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None

        def asked(kind: str, how: str, *arguments: str) -> list[dict[str, Any]]:
            process.stdin.write(json.dumps([kind, how, STEP, arguments]) + "\n")
            process.stdin.flush()
            rows: list[dict[str, Any]] = []
            while not rows or rows[-1]["hit"]:
                rows.append(json.loads(process.stdout.readline()))
            return rows

        yield asked
        process.stdin.close()
    assert process.returncode == 0


FETCH = ("fetch", "--allow-private", "--threads", "2", "--set", "fetch.processes=1", "--set", "fetch.keep_free=0")
"""One worker, whose own n-th step fails too where a disk does; its death is in tests/fetch."""


def wrong(row: dict[str, Any]) -> str:
    """What breaks a promise in one case: damage, a good ending after a fault, a next run that does not end it."""
    allowed = (137,) if row["how"] == "die" else (0, 3)
    complaint = row["wrong"] or row["wrong_then"]
    if row["hit"] and row["code"] not in allowed:
        complaint += f" ended with {row['code']}"
    if row["then"] != 0:
        complaint += f" the next run ended with {row['then']}"
    if "Traceback" in row["said"]:
        complaint += f" {row['said']}"
    return complaint


@pytest.mark.parametrize("how", ["ENOSPC", "die"])
@pytest.mark.parametrize("kind", ["open", "rename", "remove", "mkdir", "commit"])
def test_fetching_survives_a_fault_at_every_step(cases: Cases, kind: str, how: str) -> None:
    _fetching(cases, kind, how)


def test_fetching_survives_a_full_disk_at_every_write(cases: Cases) -> None:
    """Only workers write pictures; what their death costs is in tests/fetch."""
    _fetching(cases, "write", "ENOSPC")


def _fetching(cases: Cases, kind: str, how: str) -> None:
    rows = cases(kind, how, *FETCH)
    print(f"{kind} {how}: {len(rows) - 1} steps")
    assert len(rows) > 1, "some step was hit"
    assert [complaint for row in rows if (complaint := wrong({**row, "how": how}))] == []
    assert rows[-1]["code"] == 0


@pytest.mark.parametrize("how", ["EIO", "die"])
@pytest.mark.parametrize("kind", ["open", "rename", "commit"])
def test_importing_a_map_survives_a_fault_at_every_step(cases: Cases, kind: str, how: str) -> None:
    rows = cases(kind, how, "urls", "--import", "twice.csv")
    print(f"import, {kind} {how}: {len(rows) - 1} steps")
    assert len(rows) > 1, "some step was hit"
    assert [complaint for row in rows if (complaint := wrong({**row, "how": how}))] == []
