"""The result page as it was from 2020 to 2022: numbered cards in `#islrg`, rows in `AF_initDataCallback`."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from collector.practice.layouts.view import (
    ABOVE_THE_FOLD,
    BLANK,
    TILE_EVERY,
    View,
    document,
    in_script,
    inline_thumbnail,
    packed,
)
from collector.practice.results import Result, row

YEAR = "2020"
IN_THE_DOM = 50
"""Cards that stand in the page; the rest of the first rows becomes cards on scroll."""


def page(view: View, found: list[Result]) -> str:
    """The page as it arrives: 50 cards, 100 rows."""
    now, later = found[:IN_THE_DOM], found[IN_THE_DOM:]
    body = (
        f'<div id="islmp" class="{view.css("shift")}"><div data-cid="GRID_STATE0" jsdata="IRVcEb;GRID_STATE0;13">'
        f'<div id="islrg"><div jsname="r5xl4" class="islrc {view.css("grid")}">{cards(view, now)}</div></div>'
        f"{'' if found else nothing(view)}{_end(view)}</div></div>"
        f'<div id="islsp"><div id="Sva75c" jsname="Sva75c" class="{view.css("panel")}"></div></div>'
        f"{scripts(view, found)}"
    )
    config = {
        "more": view.address("/_/VisualFrontendUi/data/batchexecute", rpcids="HoAMBc"),
        "packed": packed(view, found),
        "waiting": cards(view, later),
        "ended": len(found) >= view.total,
    }
    return document(view, "grid2020", body, config)


def batch(view: View, found: list[Result], ended: bool) -> str:
    """The answer of `batchexecute`: a length line, then JSON whose third item is JSON again."""
    rows = [[1, row(one, YEAR)] for one in found if view.has_row(one)]
    inner: list[Any] = [None] * 31
    inner.append([[None, None, None, None, None, None, None, None, None, None, None, None, [None, None, rows]]])
    inner.append({"html": cards(view, found), "packed": packed(view, found), "ended": ended})
    text = json.dumps([["wrb.fr", "HoAMBc", json.dumps(inner, separators=(",", ":")), None, None, None, "generic"]])
    return f")]}}'\n\n{len(text) + 1}\n{text}\n"


def cards(view: View, found: list[Result]) -> str:
    """Cards with thumbnails that load late, unless they are above the fold."""
    parts: list[str] = []
    for one in found:
        early = one.number < ABOVE_THE_FOLD
        parts.append(card(view, one, one.number, BLANK if early else "", one.thumbnail))
        if one.number % TILE_EVERY == TILE_EVERY - 1:
            words = escape(f"{view.wanted.keyword} {one.number}")
            parts.append(
                f'<div class="{view.css("tile")}" jsname="i5Zjz">'
                f'<a href="/search?q={words}&amp;tbm=isch">{words}</a></div>'
            )
    return "".join(parts)


def card(view: View, one: Result, index: int, source: str, late: str = "") -> str:
    """One numbered card; its link has no href before `mousedown`."""
    alt, page_url, css = escape(one.title), escape(one.page), view.css
    image = f'src="{escape(source)}"' if source else f'src="{BLANK}" data-src="{escape(late)}"'
    basis = round(180 * one.width / one.height)
    return (
        f'<div jsaction="dtRDof:s370ud;v03O1c:cJhY7b;" data-ictx="1" data-id="{one.id}" jsname="N9Xkfe"'
        f' data-ri="{index}" class="isv-r {css("cell")}" jsdata="j0Opre;{one.id};{14 + index}"'
        f' style="flex-basis:{basis}px" data-tbnid="{one.id}" data-ct="0" data-cb="3"'
        f' data-tw="{one.thumbnail_width}" data-ow="{one.width}" data-oh="{one.height}">'
        '<a class="islib" jsname="sTFXNd" jsaction="J9iaEb;mousedown:npT2md; touchstart:npT2md;" data-nav="1"'
        f' tabindex="0"><div class="islir {css("pic")}" jsname="DeysSe">'
        f'<img {image} class="rg_i Q4LuWd" jsname="Q4LuWd" alt="{alt}" data-iid="{index + 12}"></div></a>'
        f'<a class="{css("caption")}" jsname="uy6ald" rel="noopener" target="_blank" href="{page_url}"'
        f' title="{alt}">{alt}<div>{escape(one.domain)}</div></a></div>'
    )


def related(view: View, found: list[Result]) -> dict[str, Any]:
    """What the open panel asks for: related cards, outside `#islrg`."""
    fragment = "".join(card(view, one, step, one.thumbnail) for step, one in enumerate(found))
    return {"html": fragment, "packed": packed(view, found)}


def scripts(view: View, found: list[Result]) -> str:
    """Thumbnails above the fold, and the rows at `data[31][0][12][2]` of `ds:1`, with tiles (type 7) among them."""
    items: list[Any] = []
    for one in found:
        if view.has_row(one):
            items.append([1, row(one, YEAR)])
        if one.number % TILE_EVERY == TILE_EVERY - 1:
            items.append([7, [f"{view.wanted.keyword} {one.number}", "/search?q=" + view.wanted.keyword]])
    data: list[Any] = [None] * 31 + [[[*[None] * 12, [None, None, items]]]]
    early = "".join(
        f"_setImgSrc('{one.number + 12}','{inline_thumbnail(view, one).replace('/', chr(92) + '/')}');"
        for one in found[:ABOVE_THE_FOLD]
    )
    callback = "<script>function AF_initDataCallback(d){}</script>"
    empty = "<script>AF_initDataCallback({key: 'ds:0', hash: '1', data:[], sideChannel: {}});</script>"
    rows = (
        f"<script>AF_initDataCallback({{key: 'ds:1', hash: '2', data:{in_script(data)}, sideChannel: {{}}}});</script>"
    )
    return f"{callback}{empty}{rows}<script>{early}</script>"


def nothing(view: View) -> str:
    """The block of a search without results."""
    return f'<div class="{view.css("none")}" role="heading">{escape(view.nothing())}</div>'


def _end(view: View) -> str:
    """End marker, "Unable to load more" and the button: always in the page, hidden."""
    end = escape("Looks like you've reached the end")
    return (
        f'<div class="DwpMZe" data-status="5" data-endedmessage="{end}"></div>'
        '<div class="K25wae" aria-hidden="true" style="visibility:hidden;text-align:center;padding:16px">'
        f'<div class="OuJzKb Yu2Dnd" style="display:none"><div>{end}</div></div>'
        '<div class="OuJzKb Rd6Tye" style="display:none"><div>Unable to load more. <span class="sGx53d" tabindex="0">'
        f'Retry</span></div></div></div><div jsname="i3y3Ic" class="YstHxe" style="display:none">'
        f'<input jsaction="Pmjnye" class="mye4qd {view.css("more")}" type="button" value="Show more results"></div>'
    )
