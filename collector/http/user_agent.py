"""How we introduce ourselves to interfaces that ask who is there: what we are, which version, whom to write to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from collector import __version__
from collector.settings import USUAL_AGENT, FetchSettings
from collector.urls import blocked, hostname

VARIABLE: Final = "COLLECTOR_CONTACT"
WIKIMEDIA: Final = frozenset(
    f"{name}.org"
    for name in ("mediawiki", "wikibooks", "wikidata", "wikimedia", "wikimediafoundation", "wikinews", "wikipedia",
                 "wikiquote", "wikisource", "wikiversity", "wikivoyage", "wiktionary")
)  # fmt: skip
"""Domains whose policy wants to know whom to write to, and no more than `WIKIMEDIA_CONNECTIONS`
(foundation.wikimedia.org/wiki/Policy:User-Agent_policy, wikitech.wikimedia.org/wiki/Robot_policy)."""
WIKIMEDIA_CONNECTIONS: Final = 2


def contact(settings: Mapping[str, Any]) -> str:
    """The mail address or page of whoever runs this: the setting `contact`, else COLLECTOR_CONTACT, else ""."""
    given = str(settings.get("contact", "")).strip() or os.environ.get(VARIABLE, "").strip()
    return given if given.isascii() and given.isprintable() else ""


def user_agent(settings: Mapping[str, Any]) -> str:
    """A User-Agent as Wikimedia's and Openverse's terms want it: name, version, purpose, contact."""
    known = contact(settings)
    return f"collector/{__version__} (collects pictures by keyword for datasets{'; ' + known if known else ''})"


@lru_cache(maxsize=4096)
def is_wikimedia(host: str) -> bool:
    """Whether a host, with or without its port, is one of Wikimedia's."""
    return bool(blocked(host.rpartition("@")[2].partition(":")[0].lower(), WIKIMEDIA))


def agent_for(url: str, settings: FetchSettings) -> str:
    """The User-Agent that a URL is asked for as: at Wikimedia's hosts one that says whom to write to."""
    return agent(settings, is_wikimedia(hostname(url)))


def agent(settings: FetchSettings, wikimedia: bool) -> str:
    """The User-Agent for Wikimedia's hosts, or for all others."""
    own = settings.user_agent.replace("{version}", __version__)
    if not wikimedia:
        return own
    told = {"contact": settings.contact}
    if settings.user_agent == USUAL_AGENT:
        return user_agent(told)
    known = contact(told)
    return own if not known or known in own else f"{own} ({known})"


def secret(settings: Mapping[str, Any], name: str, variable: str) -> str:
    """A key or secret: the setting when it is given, else the environment variable, else ""."""
    return str(settings[name]).strip() or os.environ.get(variable, "").strip()
