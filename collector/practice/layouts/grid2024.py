"""The result page as it was in September 2024: h3 cards, rows in `W_jd`, panel #Sva75c, related cards in old markup."""

from __future__ import annotations

from html import escape
from typing import Any

from collector.practice.layouts import grid2020, mosaic
from collector.practice.layouts.view import ABOVE_THE_FOLD, BLANK, View, favicon, packed
from collector.practice.results import Result

YEAR = "2024"


def page(view: View, found: list[Result]) -> str:
    """The page as it arrives, with the first cards in its HTML."""
    return mosaic.page(view, found, YEAR, card, f'<div id="Sva75c" jsname="Sva75c" class="{view.css("panel")}"></div>')


def batch(view: View, found: list[Result], ended: bool) -> str:
    """The answer to a scroll request."""
    return mosaic.batch(view, found, ended, YEAR, mosaic.grid(view, found, card))


def card(view: View, one: Result) -> str:
    """One card: the docid once, the link around a heading, the picture in a `g-img`."""
    late = ' data-late="1"' if one.number >= ABOVE_THE_FOLD else ""
    alt, page_url, css = escape(one.title), escape(one.page), view.css
    basis = round(180 * one.width / one.height)
    data = f"j0Opre;{one.id};{view.key(one.number, 0)}"
    return (
        f'<div jsname="dTDiAc" class="{css("cell")} ivg-i" jsdata="{data}" data-attrid="images universal"'
        f' data-docid="{one.id}" data-ivep="true" data-lpage="{page_url}" data-ref-docid="{one.ref}"'
        f' style="flex-basis:{basis}px"><div jsname="qQjpJ"><h3 style="margin:0"><a>'
        f'<div jsdata="{data}" role="button" tabindex="0" jsaction="h5M12e;rcuQ6b:npT2md;mouseover:UI3Kjd"'
        f' data-viewer-entrypoint="1"><div class="{css("pic")}"><g-img><img id="{mosaic.image_id(view, one)}"'
        f' src="{BLANK}"{late} height="180" width="{basis}" alt="{alt}"></g-img></div></div></a></h3></div>'
        f'<a class="{css("caption")}" href="{page_url}" target="_blank"><g-img><img src="{favicon(one)}" width="12"'
        f' height="12" alt=""></g-img><span>{escape(one.site)}</span><div>{alt}</div></a></div>'
    )


def related(view: View, found: list[Result]) -> dict[str, Any]:
    """What the open panel asks for: related cards in the markup of 2020, which catches old scrapers."""
    fragment = "".join(grid2020.card(view, one, step, one.thumbnail) for step, one in enumerate(found))
    return {"html": fragment.replace('data-id="', 'data-rel="1" data-id="'), "packed": packed(view, found)}
