from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from collector.practice import Knobs, PracticeWeb
from collector.practice.cache import BytesCache


def test_it_listens_on_loopback_only_and_stops() -> None:
    with PracticeWeb(Knobs.calm()) as web:
        assert web.url == f"http://127.0.0.1:{web.port}"
        listening = socket.create_connection(("127.0.0.1", web.port), timeout=2)
        listening.close()
        with socket.socket() as other, pytest.raises(OSError):
            other.settimeout(0.5)
            other.connect((_own_address(), web.port))
    with pytest.raises(OSError), socket.socket() as closed:
        closed.connect(("127.0.0.1", web.port))


def _own_address() -> str:
    """An address of this machine that is not 127.0.0.1; all of 127/8 is loopback on Linux."""
    return "127.0.0.2"


def test_a_taken_port_is_an_oserror() -> None:
    with PracticeWeb(Knobs.calm()) as web, pytest.raises(OSError):
        PracticeWeb(Knobs.calm(), port=web.port).start()


def test_a_port_can_be_used_again_at_once() -> None:
    with PracticeWeb(Knobs.calm()) as web:
        requests.get(web.url, timeout=5).close()
        port = web.port
    with PracticeWeb(Knobs.calm(), port=port) as again:
        assert again.port == port


def test_start_twice_is_a_mistake_and_stop_twice_is_not() -> None:
    web = PracticeWeb(Knobs.calm()).start()
    try:
        with pytest.raises(RuntimeError):
            web.start()
    finally:
        web.stop()
    web.stop()


def test_stop_does_not_wait_for_hung_requests() -> None:
    knobs = Knobs.calm(state="silent")
    with PracticeWeb(knobs) as web:
        asking = threading.Thread(target=_ask, args=(f"{web.url}/search?q=x",))
        asking.start()
        while not any(request.bare_path == "/search" for request in web.log):
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 2.0
    asking.join(5)
    assert not asking.is_alive()


def _ask(url: str) -> None:
    with requests.Session() as session, pytest.raises(requests.RequestException):
        session.get(url, timeout=10)


def test_latency_is_kept() -> None:
    with PracticeWeb(Knobs.calm(latency=(0.2, 0.3))) as web:
        started = time.monotonic()
        requests.get(f"{web.url}/pictures/apple/1.jpg", timeout=5).close()
        assert time.monotonic() - started >= 0.2


def test_log_tells_originals_from_the_rest() -> None:
    with PracticeWeb(Knobs.calm()) as web, requests.Session() as session:
        session.get(f"{web.url}/pictures/apple/1.jpg", timeout=5)
        session.get(f"{web.url}/thumb/apple/1", timeout=5)
        session.get(f"{web.url}/nothing", timeout=5)
    assert [request.path for request in web.pictures()] == ["/pictures/apple/1.jpg"]
    assert [request.status for request in web.log] == [200, 200, 404]


def test_cache_forgets_the_oldest() -> None:
    cache = BytesCache(10)
    cache.put("a", b"12345")
    cache.put("b", b"12345")
    assert cache.get("a") == b"12345"
    cache.put("c", b"1")
    assert [cache.get(key) for key in "abc"] == [b"12345", None, b"1"]
    cache.put("huge", b"x" * 11)
    assert cache.get("huge") is None


def test_the_command_says_where_and_refuses_a_taken_port() -> None:
    command = [sys.executable, "-m", "collector.practice", "--calm", "--port"]
    with subprocess.Popen([*command, "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = next(word for word in line.split() if word.startswith("http://"))
        assert requests.get(url, timeout=5).status_code == 200
        taken = subprocess.run([*command, url.strip("/").rsplit(":", 1)[1]], capture_output=True, text=True, timeout=30)
        assert taken.returncode == 4
        assert "cannot be used" in taken.stderr
        process.send_signal(2)
        assert process.wait(10) == 0
