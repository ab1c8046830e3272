"""Kept profiles: cookies last, a killed run does not block the next, and nobody shares one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from collector.errors import BrowserError, FolderLocked
from collector.ledger.lock import FolderLock
from collector.search.browsers import Browsers
from collector.search.profiles import Profiles
from collector.settings import SearchSettings
from tests.support.browsers import QUICK
from tests.support.command import Desk
from tests.support.site import Site

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are of POSIX")
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import sys, time
from collector.search.browsers import Browsers
from collector.settings import SearchSettings
browsers = Browsers(SearchSettings(profile=sys.argv[1]), lambda event: None, allow_private=True)
browser = browsers.start(1)
browser.open(sys.argv[2])
browser.run("document.cookie = 'killed=yes; max-age=86400'")
print(browsers._found[1].path, browsers._found[1]._watchdog.pid, browser._session.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    return replace(QUICK, profile=str(tmp_path / "profiles"))


def browsers_with(profile: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if f"--user-data-dir={profile}" in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.mark.browser
def test_cookies_last_in_a_run_and_from_run_to_run_and_each_worker_has_its_own(
    settings: SearchSettings, site: Site
) -> None:
    folder = Path(settings.profile)
    browsers = Browsers(settings, lambda event: None, allow_private=True)
    for worker, expected in ((1, ""), (2, ""), (1, "visited=yes")):
        browser = browsers.start(worker)
        browser.open(site.home + "/plain")
        assert browser.run("return document.cookie") == expected
        browser.run("document.cookie = 'visited=yes; max-age=86400'")
        browser.close()
    browsers.close()
    browsers = Browsers(settings, lambda event: None, allow_private=True)
    browser = browsers.start(1)
    browser.open(site.home + "/plain")
    assert browser.run("return document.cookie") == "visited=yes"
    browser.kill()
    browser.close()
    browsers.close()
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"1", "2"}
    assert (folder / "1" / "Default").is_dir(), "killing ends the browser, not the profile"
    assert browsers_with(folder / "1") == []


@pytest.mark.browser
def test_a_killed_run_does_not_block_the_next(
    settings: SearchSettings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, watchdog and driver are killed with -9; browser and Chrome's lock files stay behind."""
    profile = Path(settings.profile) / "1"
    command = [sys.executable, "-c", CHILD, settings.profile, site.home + "/plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
        assert run.stdout is not None
        folder, watchdog, driver = run.stdout.readline().split()
        for pid in (int(watchdog), run.pid, int(driver)):
            os.kill(pid, signal.SIGKILL)
    left = [process.pid for process in browsers_with(profile)]
    # and as if the run had been in another container: Chrome would not dare to take such a profile
    (profile / "SingletonLock").unlink(missing_ok=True)
    (profile / "SingletonLock").symlink_to("another-host-1234")
    browsers = Browsers(settings, lambda event: None, allow_private=True)
    browser = browsers.start(1)
    browser.open(site.home + "/plain")
    assert browser.run("return document.title") == "plain"
    assert not [process for process in browsers_with(profile) if process.pid in left]
    browser.close()
    browsers.close()
    assert not Path(folder).exists()
    assert (profile / "Default").is_dir()


def test_two_runs_on_one_profile_are_told_apart(settings: SearchSettings) -> None:
    held = Profiles(Path(settings.profile))
    line = f"profiles: another collector works in this folder \\(process {os.getpid()}\\).* give another --profile"
    browsers = Browsers(settings, lambda event: None, allow_private=True)
    with pytest.raises(FolderLocked, match=line):
        browsers.start(1)
    browsers.close()
    held.close()
    Profiles(Path(settings.profile)).close()


def test_a_run_on_a_profile_in_use_is_exit_5_with_one_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.write("queries.csv", "cat\n")
    with FolderLock(desk.folder / "mine"):
        ended = desk.run("search", "--profile", "mine", "--limit", "1", "--set", "google.home=http://127.0.0.1:9")
    assert ended.code == 5, ended.err
    assert f"mine: another collector works in this folder (process {os.getpid()})" in ended.last_line
    assert desk.left_behind() == []


def wait_for_arguments(process: subprocess.Popen[bytes]) -> None:
    """A process that has only just begun shows no arguments, or still its parent's."""
    while "sleep" not in " ".join(psutil.Process(process.pid).cmdline()):
        time.sleep(0.01)


def test_a_persons_own_browser_is_not_killed(settings: SearchSettings) -> None:
    profiles = Profiles(Path(settings.profile))
    profile = Path(settings.profile) / "1"
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"--user-data-dir={profile}"]
    with subprocess.Popen(command) as person:
        wait_for_arguments(person)
        with pytest.raises(BrowserError, match=f"not ours has this profile open \\(process {person.pid}\\)") as caught:
            profiles.take(1)
        assert caught.value.reason == "browser.start"
        assert person.poll() is None
        person.kill()
    with subprocess.Popen([*command, "--test-type=webdriver"]) as orphan:
        wait_for_arguments(orphan)
        assert profiles.take(1) == profile
        assert orphan.wait(5) == -signal.SIGKILL
    profiles.close()
