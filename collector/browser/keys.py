"""The few keys that sources press, as the DevTools protocol wants them. Data only."""

from __future__ import annotations

from typing import Any

_NAMED = {"Escape": 27, "End": 35, "Home": 36, "PageUp": 33, "PageDown": 34}
_NAMED |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Tab": 9}


def key_event(key: str) -> dict[str, Any]:
    """Parameters of Input.dispatchKeyEvent for a character or a named key; ValueError for any other."""
    if key in _NAMED:
        code = _NAMED[key]
        event: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        return event | {"text": "\r"} if key == "Enter" else event
    if len(key) == 1 and key.isprintable():
        return {"key": key, "text": key, "windowsVirtualKeyCode": ord(key.upper()) if key.isalnum() else 0}
    raise ValueError(f"no key {key!r}; a single character or one of {', '.join(_NAMED)}")
