"""What a grid says of itself, in the shape that Selenium Grid 4.48 gave it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.browser.grid_status import GridStatus, read_status


def slot(browser: str = "chrome", session: str = "", name: str = "") -> dict[str, Any]:
    held = {"capabilities": {"browserName": browser, "se:name": name}, "sessionId": session, "start": "2026-11-28"}
    return {
        "id": {"hostId": "a", "id": "b"},
        "lastStarted": "1970-01-01T00:00:00Z",
        "session": held if session else None,
        "stereotype": {"browserName": browser, "platformName": "linux"},
    }


def answer(*nodes: dict[str, Any]) -> bytes:
    value = {"message": "Selenium Grid ready.", "nodes": list(nodes), "ready": True}
    return json.dumps({"value": value}).encode()


def node(*slots: dict[str, Any], most: int = 9, availability: str = "UP") -> dict[str, Any]:
    return {"availability": availability, "id": "x", "maxSessions": most, "slots": list(slots), "uri": "http://h:5555"}


def test_nodes_slots_and_free_ones() -> None:
    found = read_status(answer(node(slot(), slot(session="s1", name="ours")), node(slot())))
    assert found == GridStatus(nodes=2, slots=3, free=2, sessions={"ours": ("s1", "http://h:5555")})


def test_other_browsers_take_no_slot_of_chrome_but_room_of_their_node() -> None:
    found = read_status(answer(node(slot(), slot(), slot("firefox", "s1"), slot("firefox"), most=2)))
    assert found == GridStatus(nodes=1, slots=2, free=1, sessions={})


@pytest.mark.parametrize("availability", ["DOWN", "DRAINING"])
def test_a_node_that_takes_no_session_does_not_count(availability: str) -> None:
    found = read_status(answer(node(slot(), availability=availability), node(slot(session="s"))))
    assert found is not None
    assert (found.nodes, found.slots, found.free) == (1, 1, 0)


def test_no_nodes_and_a_single_driver() -> None:
    assert read_status(answer()) == GridStatus(0, 0, 0, {})
    assert read_status(b'{"value":{"build":{"version":"156"},"message":"ready","os":{},"ready":true}}') is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"value":{}}', b'{"value":{"ready":true,"nodes":[3]}}'])
def test_what_is_no_status(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_status(body)
