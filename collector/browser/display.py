"""Can a window be opened here? Asks the display server that the environment names; opens nothing.

Only Linux has machines without one as a rule; elsewhere a window is taken for granted.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

PATIENCE = 2.0
"""Seconds for a display on another machine, such as that of `ssh -X`, to answer."""
_X11 = re.compile(r"(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?")


def trouble() -> str:
    """Why no window can be opened, in a few words; "" when one can."""
    if sys.platform != "linux":
        return ""
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("DISPLAY", "")
    if not wayland and not x11:
        return "there is no display here (DISPLAY is not set)"
    if (wayland and _wayland_answers(wayland)) or (x11 and _x11_answers(x11)):
        return ""
    return f"the display {x11 or wayland} does not answer"


def name() -> str:
    """The display's name, "" when there is none or it has none."""
    return os.environ.get("DISPLAY", "") or os.environ.get("WAYLAND_DISPLAY", "")


def _wayland_answers(display: str) -> bool:
    """A name is a socket in XDG_RUNTIME_DIR (wl_display_connect(3))."""
    return _connects(socket.AF_UNIX, str(Path(os.environ.get("XDG_RUNTIME_DIR", ""), display)))


def _x11_answers(display: str) -> bool:
    """`[host]:number[.screen]`: a Unix socket without host, else TCP port 6000 + number (X(7))."""
    match = _X11.fullmatch(display)
    if match is None:
        return False
    host, number = match["host"], int(match["number"])
    path = f"/tmp/.X11-unix/X{number}"
    if host in ("", "unix") and (_connects(socket.AF_UNIX, path) or _connects(socket.AF_UNIX, f"\0{path}")):
        return True
    return host not in ("", "unix") and _connects(socket.AF_INET, (host, 6000 + number))


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(address)
    except (OSError, OverflowError):
        return False
    return True
