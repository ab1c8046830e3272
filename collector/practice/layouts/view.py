"""What all layouts share when they write a page: escaping, class names that mean nothing, packed data, the frame.

Writes text only; knows nothing of HTTP. Class names are new with every page load, because on the real pages they
change from month to month: nothing may depend on them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from collector.practice.knobs import Knobs
from collector.practice.pictures import slug, thumbnail
from collector.practice.results import Result, Wanted, link, row

BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAP///////yH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
ABOVE_THE_FOLD = 20
"""Cards whose thumbnail comes with the page, as a data: URL."""
TILE_EVERY = 24
"""After so many cards stands a tile of a related search, which is no picture."""

_VISIT = {"de": "{} besuchen", "fr": "Consulter {}", "es": "Visitar {}", "ja": "{} にアクセス", "it": "Visita {}"}
_NOTHING = {
    "de": "Für deine Suche wurden keine Treffer gefunden",
    "fr": "Aucun résultat ne correspond à votre recherche",
}


@dataclass(frozen=True, slots=True)
class View:
    """One load of one result page."""

    wanted: Wanted
    knobs: Knobs
    event: str
    """The page load's id (`ei`): batches carry it, class names and data keys come from it."""
    language: str = "en"
    carried: tuple[tuple[str, str], ...] = ()
    """The address's own parameters, which later requests of the page repeat."""
    state: str = "results"

    @property
    def total(self) -> int:
        """How many pictures the search has."""
        return 0 if self.state == "empty" else self.knobs.total

    def css(self, name: str) -> str:
        """The class name of this page load for a thing of ours."""
        digest = hashlib.sha256(f"{self.event}:{name}".encode()).digest()
        return "".join("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[byte % 52] for byte in digest[:6])

    def key(self, number: int, part: int) -> str:
        """The key of a data row in `W_jd`; a card names the key of part 0 in its jsdata."""
        return f"{self.event}{20 + 3 * number + part}"

    def has_row(self, found: Result) -> bool:
        """Whether the picture's data row is in the page at all."""
        dice = random.Random(f"rowless:{self.wanted.keyword}:{found.number}")
        return self.knobs.rows and dice.random() >= self.knobs.rowless

    def visit(self, site: str) -> str:
        """The panel link's label in the page's language."""
        return _VISIT.get(self.language[:2], "Visit {}").format(site)

    def nothing(self) -> str:
        """What the page says when there are no results."""
        return _NOTHING.get(self.language[:2], "Looks like there aren't any matches for your search")

    def address(self, path: str, **more: str) -> str:
        """A later request of this page: its own parameters, the event id, and some more."""
        return f"{path}?{urlencode({**dict(self.carried), 'ei': self.event, **more})}"


def packed(view: View, found: list[Result]) -> str:
    """What the page's own program must know about pictures, where no reader of rows finds it: base64 of JSON."""
    items = [
        {
            "id": one.id,
            "n": one.number,
            "u": one.original,
            "w": one.width,
            "h": one.height,
            "t": one.title,
            "s": one.site,
            "p": one.page,
            "th": one.thumbnail,
            "visit": view.visit(one.site),
            "link": link(view.wanted.keyword, one),
        }
        for one in found
    ]
    return base64.b64encode(json.dumps(items, ensure_ascii=False).encode()).decode()


def in_script(value: Any) -> str:
    """JSON as Google writes it into scripts: `=`, `&`, `<`, `>` as backslash-u escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"[=&<>\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def inline_thumbnail(view: View, found: Result) -> str:
    """The thumbnail as a data: URL."""
    small = thumbnail(slug(view.wanted.keyword), found.number, view.wanted.size, view.wanted.colour, side=220)
    return "data:image/jpeg;base64," + base64.b64encode(small).decode()


def favicon(found: Result) -> str:
    """A tiny icon of the site as a data: URL; not a picture anyone wants."""
    hue = sum(found.domain.encode()) % 360
    square = f"<rect width='9' height='9' fill='hsl({hue},45%,55%)'/>"
    drawing = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{square}</svg>"
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()


def cells(found: list[Result], card: Any, tile: Any) -> str:
    """All cards of a part of the grid, with a related-search tile after every 24."""
    parts: list[str] = []
    for one in found:
        parts.append(card(one))
        if one.number % TILE_EVERY == TILE_EVERY - 1:
            parts.append(tile(one))
    return "".join(parts)


def rows_by_key(view: View, found: list[Result], year: str) -> dict[str, Any]:
    """The `W_jd` entries: every row with its docid under the card's key; in 2026 once more, bare."""
    entries: dict[str, Any] = {}
    for one in found:
        if not view.has_row(one):
            continue
        data = row(one, year)
        if year == "2026":
            entries[view.key(one.number, 1)] = data
        entries[view.key(one.number, 0)] = [1, data, *[None] * 5, one.id, *[None] * 6, [None, 0]]
    return entries


def rows_script(entries: dict[str, Any]) -> str:
    """One inline script of rows, in the real one's words."""
    merge = "var a=m;if(window.W_jd)for(var b in a)window.W_jd[b]=a[b];else window.W_jd=a;"
    return f"<script>(function(){{var m={in_script(entries)};{merge}}})();</script>"


def thumbnails_script(images: list[tuple[str, str]]) -> str:
    """The inline script that fills placeholders: [(img id, data: URL)], with its `\\x3d` escapes."""
    calls = "".join(
        f"(function(){{var s='{url.replace('/', chr(92) + '/').replace('=', chr(92) + 'x3d')}';"
        f"var ii=['{name}'];_setImagesSrc(ii,s);}})();"
        for name, url in images
    )
    return f"<script>{calls}</script>"


SETTER = (
    "<script>window.google=window.google||{};function _setImagesSrc(ii,s){ii.forEach(function(i){"
    "var e=document.getElementById(i);if(e){e.src=s;e.setAttribute('data-deferred','2');}});}"
    "function _setImgSrc(i,s){document.querySelectorAll('img[data-iid=\"'+i+'\"]').forEach(function(e){e.src=s;});}"
    "</script>"
)
"""The functions that the inline scripts call."""

DECOYS = (
    "<script>(function(){window.sglc={isrpe:true,hcs:false};var h='X-Sg-Cs',p='/sorry/index',q='/sorry/';"
    "function captcha(u){return u&&u.indexOf(p)>=0;}window.sglacte=function(r){return captcha(r)?q:'';};"
    "var retry='/httpservice/retry/enablejs?sei=';window.google.rt=retry;})();</script>"
)
"""Words that a good page of 2026 holds in its own scripts: captcha, /sorry/, enablejs. They mean nothing."""


def document(view: View, name: str, body: str, config: dict[str, Any]) -> str:
    """The whole page: styles, body, and the program `name`.js with the engine behind it."""
    classes = {found: view.css(found) for found in re.findall(r"__c_(\w+?)__", _file("page.css"))}
    style = re.sub(r"__c_(\w+?)__", lambda found: classes[found[1]], _file("page.css"))
    shared = {
        "ei": view.event,
        "q": view.wanted.keyword,
        "hover": view.knobs.hover,
        "click": view.knobs.click,
        "swap": list(view.knobs.swap),
        "panel": view.knobs.panel,
        "hidden": view.knobs.hidden == "pictures",
        "stale": view.knobs.stale,
        "auto": view.knobs.auto,
        "related": view.address("/async/related"),
        "reload": f"reloaded:{view.wanted.keyword}" if view.state == "reload" else "",
    }
    values = f"const CONFIG={in_script({**shared, **config})};const C={in_script(classes)};"
    program = f"(function(){{{values}\n{_file(name + '.js')}\n{_file('engine.js')}}})();"
    title = escape(f"{view.wanted.keyword} - Google Search")
    bar = (
        f'<header class="{view.css("bar")}"><b>Practice Images</b><form action="/search">'
        f'<input name="q" value="{escape(view.wanted.keyword)}" aria-label="Search">'
        '<input type="hidden" name="udm" value="2"></form><span>the practice web, not Google</span></header>'
    )
    chips = "".join(f'<a href="/search?udm=2&amp;q={escape(word)}">{word}</a>' for word in ("aesthetic", "drawing"))
    return (
        f'<!doctype html><html lang="{escape(view.language)}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<noscript><meta content="0;url=/httpservice/retry/enablejs?sei={view.event}" http-equiv="refresh"></noscript>'
        f"<style>{style}</style>{SETTER}{DECOYS}</head><body>{bar}"
        f'<nav class="{view.css("chips")}">{chips}</nav>{body}{extras(view)}<script>{program}</script></body></html>'
    )


def extras(view: View) -> str:
    """What a state adds to an otherwise good page."""
    script = {
        # It waits for what never comes: as deaf as a script that turns in circles, and costs the machine nothing.
        "hung": _loaded("var x=new XMLHttpRequest();x.open('GET','/search?q=x&practice_state=silent',false);x.send()"),
        # More characters than an array may have items: V8 gives up at once, and the tab with it. Should a later
        # V8 raise an error instead, the second statement fills the memory, slower but as surely.
        "crash": _loaded("try{'ab'.repeat(67108873).split('')}finally{var a=[];for(;;)a.push(new Array(1e7).fill(1))}"),
        "alert": _loaded("alert('The practice web says hello.')"),
        "popups": "window.open('/popup');document.addEventListener('click',function(){window.open('/popup');},true);",
    }.get(view.state, "")
    overlay = _file("overlay.html") if view.state == "consent_overlay" else ""
    return overlay + (f"<script>{script}</script>" if script else "")


def _loaded(script: str) -> str:
    """A script that runs as soon as the page has loaded."""
    return f"window.addEventListener('load',function(){{setTimeout(function(){{{script}}},0);}});"


def _file(name: str) -> str:
    return files("collector.practice.layouts").joinpath(name).read_text(encoding="utf-8")
