"""Nobody reads what a command says: work goes on, with its own exit code and without a traceback."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import click
import pytest

from collector.cli import cli
from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk
from tests.support.invariants import saved_urls
from tests.support.maps import write_map
from tests.support.warm import warm

COLLECTOR = f"{sys.executable} -m collector"
FETCH = "fetch --allow-private --set fetch.keep_free=0"


@pytest.fixture
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm(latency=(0.02, 0.05))) as web:
        yield web


@pytest.fixture
def desk(tmp_path: Path, web: PracticeWeb) -> Desk:
    desk = Desk(tmp_path / "desk")
    write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 20)
    assert desk.run("urls", "--import", "map.csv").code == 0
    return desk


def shell(desk: Desk, line: str) -> tuple[int, str]:
    """(exit code of the command before a pipe, or of the only one; everything that was said)."""
    script = f"set -o pipefail; {{ {line}; }} 2>&1"
    done = subprocess.run(["bash", "-c", script], cwd=desk.folder, env=desk.environment, text=True, capture_output=True,
                          timeout=100, check=False)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("after", [">&-", "2>&-", "<&- >&- 2>&-", "--events | head -1", "2>&1 >&- | head -1"])
def test_a_fetch_goes_on_whether_it_is_read_or_not(desk: Desk, after: str) -> None:
    code, said = shell(desk, f"{COLLECTOR} {FETCH} {after}")
    assert code == 0, said
    assert "Traceback" not in said and "BrokenPipe" not in said
    assert len(saved_urls(desk.images)) == 20
    assert desk.left_behind() == []


def test_few_open_files_cost_tries_and_nothing_else(desk: Desk) -> None:
    _, said = shell(desk, f"ulimit -n 20; {COLLECTOR} {FETCH}")
    assert "Traceback" not in said, said
    assert desk.left_behind() == []
    assert desk.run(*FETCH.split()).code == 0
    assert len(saved_urls(desk.images)) == 20


@pytest.mark.parametrize("after", [">&-", "| head -1", "| true", "2>&-", "2>&1 | true"])
def test_a_list_ends_when_nobody_reads_on(desk: Desk, after: str) -> None:
    code, said = shell(desk, f"{COLLECTOR} urls {after}")
    assert code == 0, said
    assert "Traceback" not in said and "BrokenPipe" not in said


def test_ctrl_c_twice_leaves_a_clean_terminal_and_says_how_to_go_on(desk: Desk, web: PracticeWeb) -> None:
    ours, theirs = pty.openpty()
    command = [*COLLECTOR.split(), *FETCH.split(), "--threads", "1", "--set", "fetch.per_host=1"]
    process = subprocess.Popen(command, cwd=desk.folder, env={**desk.environment, "TERM": "xterm"}, stdin=theirs,
                               stdout=theirs, stderr=theirs)  # fmt: skip
    os.close(theirs)
    while not web.pictures():
        time.sleep(0.01)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    said = b""
    try:
        while part := os.read(ours, 1 << 16):
            said += part
    except OSError:  # Linux: the other end of a terminal is closed.
        pass
    os.close(ours)
    assert process.wait(20) == 130
    shown = said.decode()
    assert shown.rstrip().endswith("collector: stopped at once; what was saved is kept, run the same command to go on")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert shown.endswith("\n")


def verbs(group: click.Group = cli, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every verb, as it is typed."""
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        found += verbs(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]
    return found


HELP = ((), ("run",), ("studio",), ("practice",), ("doctor",))
"""Whose help is asked for, as the last three would not end by themselves, or would take a browser."""


def test_no_verb_minds_that_nobody_reads(desk: Desk) -> None:
    """Into a pipe whose reader is gone: one of the documented codes, and no traceback."""
    reader, gone = os.pipe()
    os.close(reader)
    asked = [(verb, (0, 2, 4, 6, 7, 9, 11)) for verb in verbs() if verb not in HELP]
    wrong: list[tuple[tuple[str, ...], int, str]] = []
    with TemporaryFile() as err:
        for line, codes in [*asked, *(((*verb, "--help"), (0,)) for verb in HELP)]:
            err.seek(0)
            err.truncate()
            warm().start(line, desk.folder, desk.environment, gone, err.fileno())
            code = warm().wait()
            err.seek(0)
            said = err.read().decode()
            if code not in codes or "Traceback" in said or "BrokenPipe" in said:
                wrong.append((line, code, said[-500:]))
    os.close(gone)
    assert wrong == []
