"""For all tests: browsers open no windows on the screen of whoever runs them."""

from __future__ import annotations

import os

for _name in ("DISPLAY", "WAYLAND_DISPLAY"):
    os.environ.pop(_name, None)
