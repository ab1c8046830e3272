"""What the result pages of 2024 and 2026 have in common: row scripts, late thumbnails, scroll batches, buttons."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from collector.practice.layouts.view import (
    ABOVE_THE_FOLD,
    View,
    cells,
    document,
    favicon,
    inline_thumbnail,
    packed,
    rows_by_key,
    rows_script,
    thumbnails_script,
)
from collector.practice.results import Result

Card = Callable[[View, Result], str]


def page(view: View, found: list[Result], year: str, card: Card, panel: str) -> str:
    """The whole page: the grid under `#rso`, an empty panel outside of it, and the scripts."""
    mosaic = (
        f'<div jscontroller="gOTY1" data-id="mosaic" data-viewer-group="1" jsdata="PFrTzf;_;{view.event}1">'
        f'<div class="{view.css("grid")}">{grid(view, found, card)}</div></div>'
    )
    body = (
        f'<div id="rcnt" class="{view.css("shift")}"><div id="center_col" role="main"><div id="search">'
        f'<div data-async-context="query:{escape(view.wanted.keyword)}" id="rso">{mosaic if found else ""}</div></div>'
        f"{'' if found else nothing(view)}{buttons(view)}</div></div>{panel}{scripts(view, found, year)}"
    )
    return document(view, f"grid{year}", body, settings(view, found))


def grid(view: View, found: list[Result], card: Card) -> str:
    """Cards, with a related-search tile now and then."""
    return cells(found, lambda one: card(view, one), lambda one: tile(view, one))


def tile(view: View, one: Result) -> str:
    """A related search between the cards."""
    words = escape(f"{view.wanted.keyword} {one.number}")
    return (
        f'<div class="{view.css("tile")}" data-q="{words}"><a href="/search?q={words}&amp;udm=2">Related search'
        f'<b>{words}</b><img src="{favicon(one)}" width="46" height="46" alt=""></a></div>'
    )


def batch(view: View, found: list[Result], ended: bool, year: str, fragment: str) -> str:
    """The answer to a scroll request: cards, and their rows as a string, that is with escaped quotes."""
    entries = rows_by_key(view, found, year)
    return ")]}'\n" + json.dumps(
        {
            "html": fragment,
            "jd": json.dumps(entries, separators=(",", ":")).replace("=", "\\u003d").replace("&", "\\u0026"),
            "ldi": {image_id(view, one): one.thumbnail for one in found},
            "packed": packed(view, found),
            "ended": ended,
        },
        ensure_ascii=False,
    )


def scripts(view: View, found: list[Result], year: str) -> str:
    """Several `var m=`, one of them empty; then the thumbnails."""
    entries = {f"{view.event}1": ["gws-wiz-serp", "", "images", "", 1, 0, 0, 13, "en"]}
    entries |= rows_by_key(view, found, year)
    keys = list(entries)
    halves = [{key: entries[key] for key in keys[start::2]} for start in (0, 1)]
    late = {image_id(view, one): one.thumbnail for one in found[ABOVE_THE_FOLD:]}
    early = [(image_id(view, one), inline_thumbnail(view, one)) for one in found[:ABOVE_THE_FOLD]]
    maps = f"<script>google.ldi={json.dumps(late).replace('=', chr(92) + 'u003d')};google.ldilf={{}};</script>"
    return rows_script({}) + "".join(map(rows_script, halves)) + maps + thumbnails_script(early)


def settings(view: View, found: list[Result]) -> dict[str, Any]:
    """What the page's program needs besides what every layout gives it."""
    more = view.address("/search", asearch="arc", **{"async": f"_id:arc-srp_{view.event},_fmt:prog"})
    return {"more": more, "packed": packed(view, found), "ended": len(found) >= view.total}


def buttons(view: View) -> str:
    """ "More results" and "Try again": in the page from the start, shown when their time comes."""
    start = escape(view.address("/search", start="10", sa="N"))
    css = view.css("more")
    return (
        f'<h1 style="display:none">Page Navigation</h1><a class="{css}" href="{start}" style="display:none"'
        ' jsname="oHxHid" aria-label="More results" role="button" tabindex="0"><span>More results</span></a>'
        f'<a class="{css}" jsname="a79Lwf" style="display:none" role="button" tabindex="0"><span>Try again</span></a>'
    )


def nothing(view: View) -> str:
    """The block of a search without results."""
    return f'<div id="topstuff" class="{view.css("none")}"><p>{escape(view.nothing())}</p></div>'


def image_id(view: View, one: Result) -> str:
    """The thumbnail's element id."""
    return f"dimg_{view.event}_{one.number * 2 + 49}"
