"""What a Selenium Grid says of its nodes and slots at /status. Reads only.

Shape of the answer: selenium.dev/documentation/grid/advanced_features/endpoints (seen with 4.48).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class GridStatus:
    """Its nodes that are up, and what they have for Chrome."""

    nodes: int
    slots: int
    """Browsers that can be open at once."""
    free: int
    sessions: Mapping[str, tuple[str, str]]
    """Name -> (id, address of its node) of every session that has a name."""


class _Session(msgspec.Struct, rename="camel"):
    session_id: str = ""
    capabilities: dict[str, Any] = {}


class _Slot(msgspec.Struct):
    stereotype: dict[str, Any] = {}
    session: _Session | None = None


class _Node(msgspec.Struct, rename="camel"):
    uri: str = ""
    availability: str = "UP"
    max_sessions: int = 1
    slots: list[_Slot] = []


class _Value(msgspec.Struct):
    ready: bool
    nodes: list[_Node] | None = None


class _Answer(msgspec.Struct):
    value: _Value


def read_status(body: bytes) -> GridStatus | None:
    """The status in an answer; None when it is that of a single driver. ValueError when it is no such answer."""
    nodes = msgspec.json.decode(body, type=_Answer).value.nodes
    if nodes is None:
        return None
    up = [node for node in nodes if node.availability == "UP"]
    held = [(slot.session, node.uri) for node in up for slot in node.slots if slot.session is not None]
    named = [(str(session.capabilities.get("se:name") or ""), (session.session_id, uri)) for session, uri in held]
    return GridStatus(len(up), sum(map(_slots, up)), sum(map(_free, up)), {n: where for n, where in named if n})


def _slots(node: _Node) -> int:
    """A node may have more slots, for several browsers, than sessions at once."""
    return min(sum(map(_is_chrome, node.slots)), node.max_sessions)


def _free(node: _Node) -> int:
    used = sum(slot.session is not None for slot in node.slots)
    free = sum(_is_chrome(slot) and slot.session is None for slot in node.slots)
    return max(0, min(free, node.max_sessions - used))


def _is_chrome(slot: _Slot) -> bool:
    return str(slot.stereotype.get("browserName", "")).casefold() == "chrome"
