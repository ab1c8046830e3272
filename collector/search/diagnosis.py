"""Keeps what was there when a page was blocked, not recognised, or too much for us: HTML, screenshot, a few words.

Writes beside the output folder, never into it, and never makes a search fail.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from collector.browser.contract import Browser
from collector.errors import SURPRISES, BrowserError, SourceError
from collector.http.contract import Answer
from collector.http.transport import shown
from collector.ledger import layout
from collector.model import Search
from collector.search.breaker import Ending


def keep(
    folder: Path, search: Search, ending: Ending, browser: Browser | None, answer: Answer | None, now: datetime
) -> Path | None:
    """`folder`/<keyword>-<source>-<time>/ with page.html, page.png, about.txt as far as the browser still answers.

    Of a source without a browser the last answer is kept, as it came. None when it cannot be written: a full disk will
    be told of by those who must write.
    """
    name = f"{layout.folder_name(search.query.keyword, ())}-{search.source}-{now:%Y%m%d-%H%M%S}"
    about = [
        f"keyword: {search.query.keyword}",
        f"source:  {search.source}",
        f"time:    {now.isoformat(timespec='seconds')}",
        f"state:   {ending.state}",
        f"reason:  {ending.reason}",
        f"detail:  {ending.detail}",
    ]
    try:
        place = _new(folder, name)
        if browser is not None:
            about += _shown(browser, place)
        elif answer is not None:
            about += _came(answer, place)
        if ending.trace is not None:
            about.append(f"\nPlease report this:\n{ending.trace}")
        (place / "about.txt").write_text("\n".join(about) + "\n", encoding="utf-8", errors="replace")
    except OSError:
        return None
    return place


def _shown(browser: Browser, place: Path) -> list[str]:
    """Write what the browser shows; what there is to say of it. OSError."""
    try:
        address = f"address: {browser.address()}"
        (place / "page.html").write_text(browser.html(), encoding="utf-8", errors="replace")
        (place / "page.png").write_bytes(browser.screenshot())
    except (BrowserError, SourceError, *SURPRISES) as error:
        return [f"missing: the browser no longer answered: {error}"]
    return [address]


def _came(answer: Answer, place: Path) -> list[str]:
    """Write the bytes of an answer; where it came from, without the query, which may hold a key. OSError."""
    kind = answer.headers.get("content-type", "")
    (place / ("page.json" if "json" in kind else "page.html")).write_bytes(answer.body)
    return [f"address: {shown(answer.url)}", f"status:  {answer.status}", f"type:    {kind[:100]}"]


def _new(folder: Path, name: str) -> Path:
    for number in range(1, 1000):
        place = folder / (name if number == 1 else f"{name}-{number}")
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            continue
        return place
    raise FileExistsError(f"{folder / name} and a thousand like it")
