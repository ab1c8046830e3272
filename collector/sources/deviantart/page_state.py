"""Works out of a page of the site: the state that its scripts begin with, or else the links to works. Pure.

All that depends on how the pages are made is here, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from collector.http.decoding import json_of
from collector.sources import javascript
from collector.sources.deviantart.works import Details, Work, details_of, of_site
from collector.sources.json_helpers import table

_STATE: Final = re.compile(r'window\.__INITIAL_STATE__\s*=\s*JSON\.parse\(\s*("(?:[^"\\]|\\.)*")', re.DOTALL)
_LINK: Final = re.compile(r'href="[^"]*?/([A-Za-z0-9][\w-]*)/art/(?:[^"/?#]*-)?(\d{1,18})["?#]')
_STASHED: Final = re.compile(r'href="[^"]*?/stash/([a-z0-9]{2,40})["?#]')


def works(page: str) -> list[tuple[Work, Details]]:
    """The works whose data are in the page, in their order; none when it has no state that can be read."""
    match = _STATE.search(page)
    if match is None:
        return []
    try:
        entities = table(table(json_of(javascript.literal(f"[{match[1]}]")[0])).get("@@entities"))
    except (ValueError, TypeError):
        return []
    users, more = table(entities.get("user")), table(entities.get("deviationExtended"))
    found = ((id, _whole(one, users)) for id, one in table(entities.get("deviation")).items())
    return [(work, details_of({"extended": more.get(id)})) for id, one in found if (work := of_site(one)) is not None]


def linked(page: str) -> list[tuple[int, str]]:
    """(number, artist) of the works that a page links to, in their order."""
    return list(dict.fromkeys((int(number), name) for name, number in _LINK.findall(page)))


def stashed(page: str) -> Iterator[str]:
    """The names of the things in the stash that a page links to."""
    yield from dict.fromkeys(_STASHED.findall(page))


def _whole(one: Any, users: Mapping[str, Any]) -> Mapping[str, Any]:
    """A work of the state with its artist in it, who is named by a number there."""
    entry = table(one)
    author = entry.get("author")
    return {**entry, "author": table(users.get(str(author)))} if isinstance(author, int) else entry
