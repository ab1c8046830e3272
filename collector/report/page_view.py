"""The pictures of pages as one HTML file: from their own hosts where those let other pages show them, from the local
copies elsewhere. Pure: values in, text out; everything from outside is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from collector.report.rendering import PICTURES_ANYWHERE, is_web, render
from collector.urls import hostname

MEANINGS: Final = {
    "open": "any page may show it",
    "needs Referer": "comes only to those who say that they come from its own site",
    "needs User-Agent": "browsers get it, programs that do not say who they are do not",
    "needs cookie": "comes only with the cookies of its page",
    "refuses foreign Referer": "pages of other sites do not get it; without a Referer it comes",
    "signed": "its address carries a signature that will expire",
    "rate-limited": "its host asked to come back later",
    "gone": "its host says that it is not there",
    "refused": "nothing that was tried brings it",
    "unreachable": "its host did not answer",
    "inline": "it is part of the page itself",
    "not tested": "",
}
"""State of a picture's host -> what it means. The states of `collector.fetch.hotlink_probe`, and two more."""
SHOWN_ELSEWHERE: Final = frozenset({"open", "needs User-Agent"})
"""States in which this file shows the picture from its own host."""
_BAD: Final = frozenset({"gone", "refused", "unreachable"})
_PLAIN: Final = frozenset({"inline", "not tested"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture."""

    url: str
    page: str = ""
    title: str = ""
    state: str = "not tested"
    """One of MEANINGS."""
    told: str = ""
    """The requests of the test and what came, for those who want to know."""
    local: str = ""
    """Path of the copy relative to the HTML file, with "/"; "" when there is none."""
    width: int = 0
    height: int = 0
    bytes: int = 0
    loss: str = ""
    """Why there is no copy, in words; "" when there is one."""
    video: bool = False
    id: int = 0
    """`Row.id` of a saved picture; 0 for others."""

    @property
    def host(self) -> str:
        """Whose it is, in words."""
        return hostname(self.url) if is_web(self.url) else "in the page"

    @property
    def name(self) -> str:
        """The last part of the URL's path, or its kind."""
        if not is_web(self.url):
            return f"{self.url.partition(',')[0][:40]}…"
        name = self.url.partition("?")[0].rstrip("/").rpartition("/")[2]
        return name if len(name) <= 40 else f"{name[:25]}…{name[-12:]}"

    @property
    def from_host(self) -> bool:
        """Whether this file shows it from its own host."""
        return self.state in SHOWN_ELSEWHERE and is_web(self.url)

    @property
    def file(self) -> str:
        """The copy as an address; `#`, `?` and `%` in names are spelled out."""
        return quote(self.local, safe="/")


def document(pages: Sequence[str], pictures: Sequence[Shown], made: str) -> str:
    """The whole file. `pages`: the addresses asked for; `made`: when, for people."""
    have = [shown for shown in pictures if shown.local]
    lost = [shown for shown in pictures if not shown.local]
    hosts = Counter((shown.host, shown.state) for shown in pictures)
    names = ", ".join(dict.fromkeys(hostname(page) if is_web(page) else page[:60] for page in pages))
    return render(
        "page_view.html",
        f"Pictures of {names}",
        PICTURES_ANYWHERE,
        pages=pages,
        pictures=pictures,
        have=have,
        lost=lost,
        hosts=sorted(hosts.items(), key=lambda item: (item[0][0], -item[1])),
        losses=Counter(shown.loss or "not tried" for shown in lost).most_common(6),
        meanings=MEANINGS,
        kinds={state: _kind(state) for state in MEANINGS},
        made=made,
    )


def _kind(state: str) -> str:
    """The look of a state, as the stylesheet calls it."""
    if state in SHOWN_ELSEWHERE:
        return "good"
    return "bad" if state in _BAD else "plain" if state in _PLAIN else "warn"
