"""The result page as it was in July 2026: mosaic of docid cards, rows in `W_jd` (each twice), panel #sZmt3b."""

from __future__ import annotations

from html import escape
from typing import Any

from collector.practice.layouts import mosaic
from collector.practice.layouts.view import ABOVE_THE_FOLD, BLANK, View, favicon, packed
from collector.practice.results import Result

YEAR = "2026"


def page(view: View, found: list[Result]) -> str:
    """The page as it arrives, with the first cards in its HTML."""
    panel = f'<div data-viewer-group="1"></div><div id="sZmt3b" class="{view.css("panel")}"></div>'
    return mosaic.page(view, found, YEAR, card, panel)


def batch(view: View, found: list[Result], ended: bool) -> str:
    """The answer to a scroll request."""
    return mosaic.batch(view, found, ended, YEAR, mosaic.grid(view, found, card))


def card(view: View, one: Result, inside: bool = True) -> str:
    """One card: wrapper and card carry the docid, the card also the page. `inside` is False for related ones."""
    late = f' data-late="1" src="{BLANK}"' if one.number >= ABOVE_THE_FOLD or not inside else f' src="{BLANK}"'
    width, height = (round(180 * one.width / one.height), 180) if inside else (0, 104)
    alt, page_url, css = escape(one.title), escape(one.page), view.css
    return (
        f'<div class="{css("cell")}" style="flex-basis:{width}px" data-docid="{one.id}" data-sid="">'
        f'<div class="{css("card")} ivg-i" jsname="dTDiAc" jsdata="j0Opre;{one.id};{view.key(one.number, 0)}"'
        f' data-attrid="images universal" data-docid="{one.id}" data-lpage="{page_url}" data-ref-docid="{one.ref}">'
        f'<div jsname="qQjpJ" data-img-wrapper=""><a><div jsname="G3m5s" id="e-{one.id}" data-sv-cpt="4"'
        f' jsaction="h5M12e;rcuQ6b:npT2md;mouseover:UI3Kjd" jsdata="XZxcdf;{one.id};{view.key(one.number, 1)}">'
        f'<div jsname="PNoEC" role="button" tabindex="0" style="aspect-ratio:{one.width}/{one.height};'
        f'width:100%;height:{height}px"><div class="{css("pic")}" data-bla="">'
        f'<img alt="{alt}" id="{mosaic.image_id(view, one)}"{late}></div></div></div></a></div>'
        f'<a class="{css("caption")}" href="{page_url}" target="_blank">'
        f'<img src="{favicon(one)}" width="16" height="16" alt="">'
        f"<span>{escape(one.site)}</span><div>{alt}</div></a></div></div>"
    )


def related(view: View, found: list[Result]) -> dict[str, Any]:
    """What the open panel asks for: related cards, in the very markup of the grid."""
    fragment = "".join(card(view, one, inside=False).replace(BLANK, escape(one.thumbnail)) for one in found)
    return {"html": fragment, "packed": packed(view, found)}
