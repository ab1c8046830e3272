"""A driver that dies or hangs before it is ready: one line with all that it said, and soon."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

from collector.browser import chromedriver
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import Installation
from collector.browser.processes import RunFolder
from collector.browser.session import Session
from collector.errors import BrowserError
from collector.settings import SearchSettings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 1", "ended with code 1 before it was ready; it said nothing"),
        (
            "echo starting; echo 'libnss3.so: cannot open' >&2; exit 127",
            "code 127 before it was ready: starting / libnss3",
        ),
        ("echo waiting; exec sleep 60", "was not ready within 0 s: waiting"),
        ("exec sleep 60", "was not ready within 0 s; it said nothing"),
    ],
)
def test_its_last_words_are_told_at_once(
    tmp_path: Path, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    monkeypatch.setattr(chromedriver, "START_TIME", 0.4)
    program = tmp_path / "chromedriver"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    began = time.monotonic()
    with pytest.raises(BrowserError) as caught:
        Chromedriver(Installation(program, program, "1", "1"), SearchSettings(headed="no"), run_folder)
    assert (caught.value.reason, caught.value.lasting) == ("browser.start", True)
    assert told in caught.value.detail and str(program) in caught.value.detail
    assert time.monotonic() - began < 15


def test_a_port_that_is_taken_is_tried_again(
    tmp_path: Path, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, tried = tmp_path / "chromedriver", tmp_path / "tried"
    program.write_text(
        f"#!/bin/sh\necho x >> {tried}\n"
        f"[ $(wc -l < {tried}) -lt 3 ] && {{ echo 'bind() failed: Address already in use (98)'; exit 1; }}\n"
        "echo 'ChromeDriver was started successfully on port 4711.'; exec sleep 60\n"
    )
    program.chmod(0o755)
    started = Chromedriver(Installation(program, program, "1", "1"), SearchSettings(headed="no"), run_folder)
    assert started.config.remote_server_addr == "http://127.0.0.1:4711"
    started.end("", None)
    tried.unlink()
    monkeypatch.setattr(chromedriver, "PORT_TRIES", 2)
    with pytest.raises(BrowserError, match="Address already in use"):
        Chromedriver(Installation(program, program, "1", "1"), SearchSettings(headed="no"), run_folder)
    assert tried.read_text().count("x") == 2


@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock")
def test_a_browser_that_is_late_is_not_told_as_in_its_own_way(
    tmp_path: Path, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromedriver, "BROWSER_TIME", 1)
    settings = SearchSettings(headed="no", command_timeout=1)
    driver, browser = tmp_path / "chromedriver", tmp_path / "chromium"
    browser.write_text(
        f"#!/bin/sh\nexec 9> {tmp_path}/lock\nflock -w 1 9 || {{ echo 'ERROR: the profile is in use'; exit 21; }}\n"
        f"echo > {tmp_path}/up\nexec sleep 60\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver.write_text(
            f"#!/bin/sh\n{browser} &\nwhile [ ! -e {tmp_path}/up ]; do sleep 0.01; done\n"
            f"echo started on port {silent.getsockname()[1]}.\nwait\n"
        )
        for program in (driver, browser):
            program.chmod(0o755)
        end = Chromedriver(Installation(browser, driver, "1", "1"), settings, run_folder)
        with pytest.raises(BrowserError, match=r"does not start: .*timed out"):
            Session(end, settings)
