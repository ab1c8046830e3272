"""The pictures of a page as one HTML file without scripts: from their own hosts where those let other pages show them,
from the local copies elsewhere. Pure: values in, text out; everything from outside is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote, urlsplit

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


def document(pages: Sequence[str], pictures: Sequence[Shown], made: str) -> str:
    """The whole file. `pages`: the addresses asked for; `made`: when, for people."""
    style = _style()
    policy = f"default-src 'none'; img-src http: https: file: data:; media-src file:; style-src '{_hash(style)}'; "
    policy = escape(policy + "base-uri 'none'; form-action 'none'")
    names = ", ".join(dict.fromkeys(_host(page) for page in pages))
    lost = [shown for shown in pictures if not shown.local]
    have = [shown for shown in pictures if shown.local]
    return "\n".join([
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">',
        f"<title>Pictures of {escape(names)}</title><style>{style}</style></head><body>",
        f"<header><h1>Pictures of {escape(names)}</h1>",
        f"<p>{_links(pages)}</p>{_numbers(pictures, have, lost)}</header>",
        _hosts(pictures),
        f'<main class="grid">{"".join(map(_card, have))}</main>',
        _losses(lost),
        f"<footer>Made by collector, {escape(made)}. Rights belong to the pictures' makers.</footer>",
        "</body></html>\n",
    ])  # fmt: skip


def is_web(url: str) -> bool:
    """Whether a URL may stand in a link or as the source of an image."""
    return url.startswith(("http://", "https://"))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or url[:60]) if is_web(url) else url[:60]
    except ValueError:
        return url[:60]


def _links(pages: Sequence[str]) -> str:
    return " · ".join(_link(page, page) for page in pages[:20]) + (f" and {len(pages) - 20} more" if pages[20:] else "")


def _link(url: str, text: str) -> str:
    shown = escape(text if len(text) <= 90 else f"{text[:60]}…{text[-25:]}")
    return f'<a href="{escape(url)}" rel="noreferrer noopener">{shown}</a>' if is_web(url) else f"<span>{shown}</span>"


def _numbers(pictures: Sequence[Shown], have: Sequence[Shown], lost: Sequence[Shown]) -> str:
    size = sum(shown.bytes for shown in have)
    from_host = sum(shown.state in SHOWN_ELSEWHERE for shown in have)
    facts = [
        (f"{len(pictures):,}", "found"),
        (f"{len(have):,}", "saved"),
        (_bytes(size), "on disk"),
        (f"{from_host:,}", "shown from their hosts"),
        (f"{len(have) - from_host:,}", "shown from the copy"),
        (f"{len(lost):,}", "not to be had"),
    ]
    return '<ul class="numbers">' + "".join(f"<li><b>{number}</b> {what}</li>" for number, what in facts) + "</ul>"


def _hosts(pictures: Iterable[Shown]) -> str:
    """A row for each host and state."""
    counted = Counter((_host(shown.url) if is_web(shown.url) else "in the page", shown.state) for shown in pictures)
    rows = (
        f"<tr><td>{escape(host)}</td><td>{_badge(state)}</td><td class=n>{count:,}</td><td>{MEANINGS[state]}</td></tr>"
        for (host, state), count in sorted(counted.items(), key=lambda item: (item[0][0], -item[1]))
    )
    head = "<tr><th>Host</th><th>State</th><th class=n>Pictures</th><th>Meaning</th></tr>"
    return f"<section><h2>Hosts</h2><table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></section>"


def _badge(state: str) -> str:
    kind = "good" if state in SHOWN_ELSEWHERE else "bad" if state in ("gone", "refused", "unreachable") else "warn"
    kind = "plain" if state in ("inline", "not tested") else kind
    return f'<span class="badge {kind}">{escape(state)}</span>'


def _card(shown: Shown) -> str:
    """A picture with what is known of it; the copy opens on a click."""
    remote = shown.state in SHOWN_ELSEWHERE and is_web(shown.url)
    local = quote(shown.local, safe="/")
    source = escape(shown.url) if remote else escape(local)
    where = "from its host" if remote else "from the copy"
    title = escape(shown.title[:200]) or escape(_name(shown.url))
    size = f"{shown.width} × {shown.height}" if shown.width else ""
    facts = " · ".join(filter(None, [size, _bytes(shown.bytes), where]))
    image = f'<img src="{source}" alt="{title}" loading="lazy">'
    if shown.video:
        image = f'<video src="{escape(local)}" controls preload="none"></video>'
    told = f' title="{escape(shown.told)}"' if shown.told else ""
    return (
        f'<figure><a class="picture" href="{escape(local)}">{image}</a><figcaption><p class="title">{title}</p>'
        f"<p>{facts}</p><p{told}>{_badge(shown.state)} {_link(shown.url, _name(shown.url))}</p></figcaption></figure>"
    )


def _name(url: str) -> str:
    """The last part of a URL's path, or its host, or its kind."""
    if not is_web(url):
        return f"{url.partition(',')[0][:40]}…"
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return name if len(name) <= 40 else f"{name[:25]}…{name[-12:]}"


def _losses(lost: Sequence[Shown]) -> str:
    if not lost:
        return ""
    counted = Counter(shown.loss or "not tried" for shown in lost)
    told = ", ".join(f"{count:,} {escape(loss)}" for loss, count in counted.most_common(6))
    rows = "".join(
        f"<tr><td>{_link(shown.url, shown.url)}</td><td>{escape(shown.loss)}</td><td>{_badge(shown.state)}</td></tr>"
        for shown in lost
    )
    head = "<tr><th>Address</th><th>Why</th><th>State</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    return f"<section><h2>Not to be had</h2><p>{told}</p>{table}</section>"


def _bytes(number: int) -> str:
    if number < 1000:
        return f"{number} B"
    for unit in ("kB", "MB", "GB"):
        number_of = number / 1000 ** (("kB", "MB", "GB").index(unit) + 1)
        if number_of < 1000:
            break
    return f"{number_of:.1f} {unit}" if number_of < 10 else f"{number_of:.0f} {unit}"


@cache
def _style() -> str:
    return files(__package__).joinpath("page_view.css").read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
