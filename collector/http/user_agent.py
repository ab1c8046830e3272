"""How we introduce ourselves to interfaces that ask who is there: what we are, which version, whom to write to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from collector import __version__

VARIABLE: Final = "COLLECTOR_CONTACT"


def contact(settings: Mapping[str, Any]) -> str:
    """The mail address or page of whoever runs this: the setting `contact`, else COLLECTOR_CONTACT, else ""."""
    given = str(settings.get("contact", "")).strip() or os.environ.get(VARIABLE, "").strip()
    return given if given.isascii() and given.isprintable() else ""


def user_agent(settings: Mapping[str, Any]) -> str:
    """A User-Agent as Wikimedia's and Openverse's terms want it: name, version, purpose, contact."""
    known = contact(settings)
    return f"collector/{__version__} (collects pictures by keyword for datasets{'; ' + known if known else ''})"


def secret(settings: Mapping[str, Any], name: str, variable: str) -> str:
    """A key or secret: the setting when it is given, else the environment variable, else ""."""
    return str(settings[name]).strip() or os.environ.get(variable, "").strip()
