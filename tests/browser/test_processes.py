"""No browser survives its run: the watchdog, the sweep, and the kill -9 of a run with a real Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from collector.browser import processes
from collector.browser.processes import OWNER, PREFIX, RunFolder, identity, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are of POSIX")
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import sys, time
from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import locate
from collector.browser.processes import RunFolder
from collector.settings import SearchSettings
run = RunFolder()
settings = SearchSettings()
browsers = [ChromeBrowser(Chromedriver(locate(), settings, run), settings) for _ in range(int(sys.argv[1]))]
if not browsers:
    folder = run.new()
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"--user-data-dir={folder}/profile"]
    run.spawn(command, folder, folder / "out")
print(run.path, run._watchdog.pid, flush=True)
time.sleep(60)
"""
SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own temp dir with a short path, so that the sweep meets nobody else's folders."""
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp") as made:
        path = Path(made).resolve()
        monkeypatch.setattr("tempfile.tempdir", str(path))
        monkeypatch.setenv("TMPDIR", str(path))
        yield path


def users(folder: Path) -> list[psutil.Process]:
    """Living processes that were started with a path inside the folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and any(f"={folder}/" in part for part in process.cmdline()):
                found.append(process)
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def left_by_a_dead_run(temp: Path, name: str = "dead", **changes: object) -> Path:
    """A run folder whose owner is no more."""
    folder = temp / f"{PREFIX}{name}"
    (folder / "1" / "profile").mkdir(parents=True)
    child = subprocess.Popen([sys.executable, "-c", ""])
    owner = identity(child.pid)
    child.wait()
    (folder / OWNER).write_text(json.dumps({**owner, **changes}))
    return folder


@contextlib.contextmanager
def sleeper(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Stands in for a browser that was left: its command line names a profile in the folder."""
    command = [sys.executable, "-c", SLEEPER, f"--user-data-dir={folder}/1/profile"]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        while not psutil.Process(process.pid).cmdline():  # The kernel shows it a moment after the program has begun.
            time.sleep(0.001)
        yield process
    finally:
        process.kill()
        process.wait()


# ---------------------------------------------------------------------- run folder


def test_a_run_ends_its_programs_and_leaves_no_folder(temp: Path) -> None:
    run = RunFolder()
    folder = run.new()
    process = run.spawn([sys.executable, "-c", "print('hello', flush=True); " + SLEEPER], folder, folder / "out")
    wait_for(lambda: (folder / "out").read_text() == "hello\n")
    assert os.getpgid(process.pid) == process.pid
    run.close()
    assert process.wait(5) == -signal.SIGKILL
    assert list(temp.iterdir()) == []
    with pytest.raises(OSError, match=r"."):
        run.new()
    run.close()


def test_a_forgotten_group_is_left_alone(temp: Path) -> None:
    run = RunFolder()
    folder = run.new()
    process = run.spawn([sys.executable, "-c", SLEEPER], folder, folder / "out")
    run.forget(process.pid)
    run.close()
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_run_survives_the_death_of_its_watchdog(temp: Path) -> None:
    run = RunFolder()
    run._watchdog.kill()
    run._watchdog.wait()
    folder = run.new()
    process = run.spawn([sys.executable, "-c", SLEEPER, f"--user-data-dir={folder}/profile"], folder, folder / "out")
    run.close()
    assert process.wait(5) == -signal.SIGKILL
    assert list(temp.iterdir()) == []


def test_memory_of_a_process_that_is_gone_is_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes.memory(child.pid) == 0
    assert processes.memory(os.getpid()) > 1_000_000


def test_a_temp_dir_too_long_for_sockets_is_not_used(temp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes.root() == temp
    monkeypatch.setattr("tempfile.tempdir", str(temp / ("long" * 10)))
    assert len(str(processes.root())) <= processes.LONGEST_ROOT


# ---------------------------------------------------------------------- sweep


def test_sweep_removes_a_dead_run_and_its_processes(temp: Path) -> None:
    folder = left_by_a_dead_run(temp)
    with sleeper(folder) as process:
        assert sweep() == 1
        assert process.wait(5) == -signal.SIGKILL
    assert not folder.exists()


def test_sweep_knows_another_boot_and_a_reused_number(temp: Path) -> None:
    left_by_a_dead_run(temp, "boot", **{**identity(os.getpid()), "boot": "another"})
    left_by_a_dead_run(temp, "reused", **{**identity(os.getpid()), "start": "17"})
    assert sweep() == 2


def test_sweep_never_touches_the_living_or_the_unclear(temp: Path) -> None:
    run = RunFolder()
    container = left_by_a_dead_run(temp, "container", namespace="pid:[1]")
    newborn = temp / f"{PREFIX}newborn"
    newborn.mkdir()
    (temp / "other").mkdir()
    (temp / f"{PREFIX}link").symlink_to(temp / "other")
    with sleeper(run.path) as process:
        assert sweep() == 0
        assert process.poll() is None
    assert run.path.exists() and container.exists() and newborn.exists() and (temp / "other").exists()
    os.utime(newborn, (0, 0))
    assert sweep() == 1
    run.close()


def test_who_only_looks_into_the_folder_is_left_alone(temp: Path) -> None:
    folder = left_by_a_dead_run(temp)
    looking = subprocess.Popen([sys.executable, "-c", SLEEPER, str(folder / "1")])
    sweep()
    assert looking.poll() is None
    looking.kill()
    looking.wait()


# ---------------------------------------------------------------------- kill -9 with real browsers


@contextlib.contextmanager
def a_run_with_browsers(temp: Path, browsers: int) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    command = [sys.executable, "-c", CHILD, str(browsers)]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temp)}
    )
    assert child.stdout is not None
    try:
        path, watchdog = child.stdout.readline().split()
        wait_for(lambda: len(users(Path(path))) > 3 * browsers)
        yield child, Path(path), int(watchdog)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.browser
@pytest.mark.parametrize(("number", "browsers"), [(signal.SIGKILL, 2), (signal.SIGTERM, 0), (signal.SIGINT, 0)])
def test_nothing_is_left_of_a_killed_run(temp: Path, number: signal.Signals, browsers: int) -> None:
    """Without a browser, another program stands in for one."""
    with a_run_with_browsers(temp, browsers) as (child, folder, _):
        child.send_signal(number)
        child.wait(10)
        wait_for(lambda: not folder.exists() and not users(folder))
    assert list(temp.iterdir()) == []


@pytest.mark.browser
def test_what_a_run_and_its_watchdog_leave_goes_at_the_next_start(temp: Path) -> None:
    with a_run_with_browsers(temp, 1) as (child, folder, watchdog):
        os.kill(watchdog, signal.SIGKILL)
        child.kill()
        child.wait(10)
        time.sleep(0.5)
        assert users(folder), "nobody was there to end them"
        run = RunFolder()
        assert not folder.exists()
        wait_for(lambda: not users(folder))
        run.close()
    assert list(temp.iterdir()) == []
