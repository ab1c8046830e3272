from __future__ import annotations

import socket
import threading
import time

import pytest
import requests

from collector.practice import Knobs, PracticeWeb


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


def test_stop_does_not_wait_for_hung_requests() -> None:
    knobs = Knobs.calm(state="silent")
    with PracticeWeb(knobs) as web:
        asking = threading.Thread(target=_ask, args=(f"{web.url}/search?q=x",))
        asking.start()
        while not any(request.bare_path == "/search" for request in web.log):
            time.sleep(0.01)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    asking.join(5)
    assert not asking.is_alive()


def _ask(url: str) -> None:
    with requests.Session() as session, pytest.raises(requests.RequestException):
        session.get(url, timeout=10)
