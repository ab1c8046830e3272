"""Real mouse and keyboard input: by the DevTools protocol, or by WebDriver's own actions where a grid has no DevTools.

Raises what the driver raises; decides nothing.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_actions import PointerActions
from selenium.webdriver.common.keys import Keys

from collector.browser.session import Session

_CODES = {"Escape": 27, "End": 35, "Home": 36, "PageUp": 33, "PageDown": 34}
_CODES |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Tab": 9}
"""The few keys that sources press, each with its code on Windows, as the DevTools protocol wants them."""


class Input(Protocol):
    """What a person does; coordinates in CSS pixels of the viewport."""

    def move(self, x: float, y: float) -> None:
        """Move the mouse there."""

    def click(self, x: float, y: float) -> None:
        """Move there, press and release the left button."""

    def press(self, key: str) -> None:
        """Press and release a key; ValueError for an unknown one."""


class DevToolsInput:
    """See Input; one round trip per event, nothing scrolls or waits behind our back."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def move(self, x: float, y: float) -> None:
        """See Input."""
        self._mouse("mouseMoved", x, y)

    def click(self, x: float, y: float) -> None:
        """See Input."""
        self._mouse("mouseMoved", x, y)
        self._mouse("mousePressed", x, y, button="left", clickCount=1)
        self._mouse("mouseReleased", x, y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """See Input."""
        event = key_event(key)
        kind = "keyDown" if "text" in event else "rawKeyDown"
        self._session.cdp("Input.dispatchKeyEvent", type=kind, **event)
        event.pop("text", None)
        self._session.cdp("Input.dispatchKeyEvent", type="keyUp", **event)

    def _mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self._session.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


class ActionInput:
    """See Input; by WebDriver's actions, which take whole pixels."""

    def __init__(self, session: Session) -> None:
        self._driver = session.driver

    def move(self, x: float, y: float) -> None:
        """See Input."""
        self._to(x, y)[0].perform()

    def click(self, x: float, y: float) -> None:
        """See Input."""
        actions, mouse = self._to(x, y)
        mouse.pointer_down()  # type: ignore[no-untyped-call]
        mouse.pointer_up()  # type: ignore[no-untyped-call]
        actions.perform()

    def press(self, key: str) -> None:
        """See Input."""
        name = str(key_event(key)["key"])
        typed = name if len(name) == 1 else getattr(Keys, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper())
        ActionChains(self._driver, duration=0).send_keys(typed).perform()

    def _to(self, x: float, y: float) -> tuple[ActionBuilder, PointerActions]:
        actions = ActionBuilder(self._driver, duration=0)
        mouse = actions.pointer_action
        mouse.move_to_location(round(x), round(y))  # type: ignore[no-untyped-call]
        return actions, mouse


def key_event(key: str) -> dict[str, Any]:
    """Parameters of Input.dispatchKeyEvent for a character or a named key; ValueError for any other."""
    if key in _CODES:
        code = _CODES[key]
        event: dict[str, Any] = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        return event | {"text": "\r"} if key == "Enter" else event
    if len(key) == 1 and key.isprintable():
        return {"key": key, "text": key, "windowsVirtualKeyCode": ord(key.upper()) if key.isalnum() else 0}
    raise ValueError(f"no key {key!r}; a single character or one of {', '.join(_CODES)}")
