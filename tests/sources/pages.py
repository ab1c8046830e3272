"""Result pages of the tests' own: other markup than the practice web's, and only what the known layouts share.

No class names at all. Originals live at names that do not exist, so they never load: a URL is enough.
"""

# ruff: noqa: E501  (HTML and JavaScript in literals)
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAP///////yH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
FULL = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='300'/>"
SMALL = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='180' height='140'/%3E"


@dataclass(frozen=True)
class Trait:
    """How the page differs from the plain one."""

    old: bool = False
    """The layout of 2020 to 2023 instead of today's."""
    marked: bool = True
    """Slides carry the id of their picture."""
    trusted: bool = False
    """Only the real mouse is believed."""
    rows: str = ""
    """inline, runtime (values that the page's program wraps) or none."""
    hover: bool = False
    swap: int = 60
    """Milliseconds from the click to the original."""
    standin: str = "data"
    """data, known (a thumbnail's URL), or unknown (a URL of the same host that the grid does not show)."""
    dead: tuple[int, ...] = ()
    """Pictures whose original never replaces the stand-in."""
    panel_open: bool = False
    """Saved with an open panel that shows some other picture."""
    thumbnail: bool = False
    """The grid's images are more than a dot."""
    own_host: bool = False
    """Originals come from the page's own host, no larger than a thumbnail, into a slide that is always there."""
    jsdata_only: bool = False
    """The cards' data-* names have changed."""


def id_of(number: int) -> str:
    return f"picture{number:05d}xM"


def url_of(number: int) -> str:
    return f"http://originals.invalid/{number}/full.jpg?x=1&y={number}"


def page_of(number: int) -> str:
    return f"http://pages.invalid/{number}/"


def _row(number: int) -> list[Any]:
    extra = {"2003": [None, f"ref{number}", page_of(number), f"Title {number}"]}
    thumb = f"http://thumbs.invalid/t?q=tbn:{number}"
    return [0, id_of(number), [thumb, 180, 240], [url_of(number), 900, 1200], None, 0, "rgb(0,0,0)", None, 0, extra]


def _card(number: int, trait: Trait) -> str:
    identity = f'jsdata="j0Opre;{id_of(number)};key{number}"'
    image = f'<img src="{SMALL if trait.thumbnail else DOT}" width="180" height="140" alt="Title {number}">'
    source = f'<a href="{page_of(number)}" target="_blank">source</a>'
    if trait.old:
        names = (
            f'data-ri="{number}" data-id="{id_of(number)}" data-tbnid="{id_of(number)}" data-ow="1200" data-oh="900"'
        )
        return f"<div {names} {identity}><a tabindex=0><div>{image}</div></a>{source}</div>"
    names = f'data-docid="{id_of(number)}" data-lpage="{page_of(number)}" data-ref-docid="ref{number}"'
    if trait.jsdata_only:
        names = f'data-renamed="{id_of(number)}"'
    return f'<div><div {names} {identity}><a><div role="button" tabindex=0>{image}</div></a>{source}</div></div>'


SCRIPT = """
const panel = document.querySelector(T.old ? '#islsp' : '#panel');
let turn = 0;
const inside = (event) => event.target.closest('[data-n]') ? null : event.target.closest('[jsdata]');
const numberOf = (card) => parseInt(/picture0*(\\d+)xM/.exec(card.getAttribute('jsdata'))[1], 10);
const address = (n) => `/imgres?q=x&imgrefurl=${encodeURIComponent(P[n].page)}&imgurl=${encodeURIComponent(P[n].url)}&tbnid=${P[n].id}&w=1200&h=900`;
function slide(n, active) {
  const known = P[n] || {};
  const small = T.standin === 'data' ? T.dot : T.standin === 'known' ? '/thumb/' + n + '?q=tbn:x' : '/preview/' + n;
  const mark = T.marked ? `data-tbnid="${known.id}"` : '';
  const hidden = active ? '' : 'aria-hidden="true" style="display:none"';
  return `<section ${mark} ${hidden} data-n="${n}"><a href="${known.page}"><img width=300 height=220 src="${small}"></a>
    <div jsdata="j0Opre;related0;q" data-docid="related0" data-lpage="http://r.invalid/"><a><img width=200 height=200 src="http://related.invalid/r.jpg"></a></div></section>`;
}
function show(n) {
  const mine = ++turn;
  if (T.own_host) return showInPlace(n, mine);
  setTimeout(() => {
    if (mine !== turn) return;
    panel.innerHTML = (P[n-1] ? slide(n-1, false) : '') + slide(n, true) + (P[n+1] ? slide(n+1, false) : '');
    panel.style.display = 'block';
    if (!T.dead.includes(n)) setTimeout(() => {
      if (mine === turn) panel.querySelector(`[data-n="${n}"] a img`).src = P[n].url;
    }, T.swap);
  }, 20);
}
function showInPlace(n, mine) {  // one slide for all pictures, its stand-in loaded long ago
  const image = panel.querySelector('a img');
  if (T.marked) panel.firstElementChild.setAttribute('data-tbnid', P[n].id);
  panel.firstElementChild.setAttribute('data-n', n);
  image.closest('a').href = P[n].page;
  image.src = T.dot;
  const full = new Image();
  full.onload = () => { if (mine === turn) image.src = full.src; };
  setTimeout(() => { full.src = `/full/${n}.svg`; }, T.swap);
}
if (T.own_host) { panel.innerHTML = slide(0, true); panel.style.display = 'block'; }
document.addEventListener('mouseover', (event) => {
  const card = inside(event);
  if (T.hover && card && (event.isTrusted || !T.trusted)) card.querySelector('a').setAttribute('href', address(numberOf(card)));
});
document.addEventListener('click', (event) => {
  const card = inside(event);
  if (!card || (T.trusted && !event.isTrusted)) return;
  event.preventDefault();
  show(numberOf(card));
});
if (T.panel_open) { panel.innerHTML = slide(P.length - 1, true); panel.querySelector('img').src = 'http://stale.invalid/old.jpg'; panel.style.display = 'block'; }
"""


def result_page(count: int, trait: Trait) -> str:
    """A whole page with that many pictures and no more to come."""
    cards = "".join(_card(number, trait) for number in range(count))
    numbers = [{"id": id_of(n), "url": url_of(n), "page": page_of(n)} for n in range(count)]
    grid = (
        f'<div id="islmp"><div id="islrg"><div>{cards}</div></div></div>'
        if trait.old
        else f'<div id="rso"><div data-id="mosaic">{cards}</div></div>'
    )
    facts = {**{name: getattr(trait, name) for name in Trait.__dataclass_fields__}, "dot": DOT}
    rows = ""
    if trait.rows == "inline":
        pairs = ",".join(f'"key{n}":{json.dumps([1, _row(n)])}' for n in range(count))
        rows = f"<script>var m={{{pairs}}};window.W_jd=m;</script>"
    elif trait.rows == "runtime":
        made = "{hidden: [1, [0, p.id, ['http://thumbs.invalid/'+n, 180, 240], [p.url, 900, 1200], null, 0, 'rgb(0,0,0)', null, 0, {}]]}"
        rows = f"<script>addEventListener('load', () => {{ window.W_jd = {{}}; P.forEach((p, n) => {{ W_jd['key' + n] = {made}; }}); }});</script>"
    style = "position:fixed;right:0;top:0;width:420px;height:100%;overflow:auto;background:#eee;display:none"
    panel = f'<div id="{"islsp" if trait.old else "panel"}" role="dialog" style="{style}"></div>'
    if not trait.marked:
        panel = panel.replace(' role="dialog"', "")
    layout = "<style>#rso>div,#islrg>div{display:grid;grid-template-columns:repeat(5,200px);gap:8px}</style>"
    # what a good page has in its own scripts
    chatter = "<script>var unused='captcha /sorry/index unusual';</script><noscript><meta content='0;url=/httpservice/retry/enablejs?sei=x' http-equiv=refresh></noscript>"
    # numbers in an encoded form, so that the text of this script is no way to a URL
    packed = "".join(f"%{byte:02x}" for byte in json.dumps(numbers).encode())
    data = f"<script>const P = JSON.parse(decodeURIComponent('{packed}'));const T = {json.dumps(facts)};</script>"
    return f"<!doctype html><title>t</title>{layout}{chatter}<body>{grid}{panel}{data}{rows}<script>{SCRIPT}</script>"


@contextmanager
def serving(pages: Mapping[str, str | tuple[int, str]]) -> Iterator[str]:
    """A loopback server of these pages by path; a page is HTML, or status and HTML."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            page = FULL if path.startswith("/full/") else pages.get(path, (404, ""))
            status, text = page if isinstance(page, tuple) else (200, page)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "image/svg+xml" if page is FULL else "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
