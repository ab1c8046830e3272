"""Real mouse and keyboard input: by the DevTools protocol, or by WebDriver's own actions where a grid has no DevTools.

Raises what the driver raises; decides nothing.
"""

from __future__ import annotations

from typing import Any, Protocol

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_actions import PointerActions
from selenium.webdriver.common.keys import Keys

from collector.browser.keys import key_event
from collector.browser.session import Session


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
        typed = name if len(name) == 1 else getattr(Keys, _NAMES.get(name, name.upper()))
        ActionChains(self._driver, duration=0).send_keys(typed).perform()

    def _to(self, x: float, y: float) -> tuple[ActionBuilder, PointerActions]:
        actions = ActionBuilder(self._driver, duration=0)
        mouse = actions.pointer_action
        mouse.move_to_location(round(x), round(y))  # type: ignore[no-untyped-call]
        return actions, mouse


_NAMES = {
    "PageUp": "PAGE_UP",
    "PageDown": "PAGE_DOWN",
    "ArrowLeft": "ARROW_LEFT",
    "ArrowUp": "ARROW_UP",
    "ArrowRight": "ARROW_RIGHT",
    "ArrowDown": "ARROW_DOWN",
}
