"""The double of any page: one with a picture in every place that a page has for it, and hosts that protect theirs.

Its pictures say by their names what is right: `*-big.jpg` is the one to take, `*-small.jpg` may stand in for it,
`no-*` is none, all others are one picture each.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.snapshots import snapshot

BLANK: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
SECRET: Final = "practice"
RULES: Final = ("open", "referer", "foreign", "agent", "cookie", "signed", "limited", "wrong", "html", "gone")
"""How `/protected/<rule>/` guards its pictures; see `Double.protected`."""
_SIZES: Final = {"big": (640, 480), "small": (160, 120)}
_TINY: Final = {"no-pixel-tracker": (1, 1), "no-emoji": (16, 16)}


class Double:
    """Pages under `/`, their pictures under `/pictures/`."""

    def __init__(self, wall_times: int = 1) -> None:
        """`wall_times`: how often a browser that came through the wall is asked again; 0 lets nobody through."""
        self._wall_times = wall_times
        self._limited: dict[str, float] = {}

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._home = place.home
        return [
            ("GET", "/everything", self.everything),
            ("GET", "/app", self._page(_APP)),
            ("GET", "/api/pictures.json", self.listed),
            ("GET", "/empty", self._page("<title>Empty</title><p>Nothing to see.")),
            ("GET", "/wall", self.wall),
            ("GET", "/denied", self._status(403)),
            ("GET", "/removed", self._status(410)),
            ("GET", "/paper", self.paper),
            ("GET", "/works", self._page(_WORKS)),
            ("GET", r"/work/{number:\d+}", self.work),
            ("GET", "/frame", self._page('<img src="pictures/frame.jpg" alt="In a frame">')),
            ("GET", "/site.css", self.sheet),
            ("GET", "/styles/print.css", self.sheet),
            ("GET", "/feed.xml", self.feed),
            ("GET", "/oembed", self.oembed),
            ("GET", "/manifest.json", self.manifest),
            ("GET", "/protected", self.guarded),
            ("GET", "/protected/{rule}/{name}", self.protected),
            ("GET", "/{folder:.*}pictures/{name}", self.picture),
        ]

    # ------------------------------------------------------------------ pages

    def _page(self, text: str) -> Handler:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=f"<!doctype html><meta charset=utf-8>{text}", content_type="text/html")

        return answer

    def _status(self, status: int) -> Handler:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(status=status, text="<h1>No</h1>", content_type="text/html")

        return answer

    async def everything(self, _: web.Request) -> web.Response:
        """One picture in every place; a cookie for those who ask for it."""
        text = files(__package__).joinpath("everything.html").read_text(encoding="utf-8")
        inline = base64.b64encode(snapshot("inline", 120, 90)).decode()
        escaped = f"{self._home}/pictures/state-escaped.jpg".replace("/", "\\u002F")
        whole = text.replace("{HOME}", self._home).replace("{INLINE}", inline).replace("{ESCAPED}", escaped)
        answer = web.Response(text=whole.replace("{BLANK}", BLANK), content_type="text/html")
        answer.headers["Link"] = f"<{self._home}/pictures/header.jpg>; rel=preload; as=image, <x.css>; rel=preload"
        answer.set_cookie("visited", "yes", path="/")
        return answer

    async def listed(self, _: web.Request) -> web.Response:
        """What the program of `/app` shows."""
        return web.json_response([{"url": f"{self._home}/pictures/app-{n}.jpg", "title": f"App {n}"} for n in range(6)])

    async def wall(self, request: web.Request) -> web.Response:
        """A challenge that a browser passes by running its program."""
        if self._wall_times and request.cookies.get("wall") == "passed":
            return web.Response(text='<img src="pictures/behind.jpg" alt="Behind">', content_type="text/html")
        script = "document.cookie = 'wall=passed; path=/'; location.reload();" if self._wall_times else ""
        program = '<script src="/cdn-cgi/challenge-platform/x.js"></script>'
        text = f"<title>One moment</title>{program}<script>{script}</script>"
        return web.Response(status=403, text=text, content_type="text/html", headers={"cf-mitigated": "challenge"})

    async def paper(self, _: web.Request) -> web.Response:
        """No page at all."""
        return web.Response(body=b"%PDF-1.7\n", content_type="application/pdf")

    async def work(self, request: web.Request) -> web.Response:
        """The page behind a small picture, which has the large one."""
        number = request.match_info["number"]
        text = f'<meta property="og:image" content="{self._home}/pictures/work-{number}-big.jpg"><h1>Work {number}</h1>'
        return web.Response(text=text, content_type="text/html")

    async def sheet(self, request: web.Request) -> web.Response:
        """A sheet whose URLs are relative to itself, and the one it imports from another folder."""
        text = _SHEET if request.path.endswith("site.css") else "hr { background: url(../pictures/imported.jpg) }"
        return web.Response(text=text, content_type="text/css")

    async def feed(self, _: web.Request) -> web.Response:
        """RSS with the three ways to a picture."""
        return web.Response(text=_FEED.replace("{HOME}", self._home), content_type="application/rss+xml")

    async def oembed(self, _: web.Request) -> web.Response:
        """A photo."""
        photo = {"type": "photo", "url": f"{self._home}/pictures/oembed-big.jpg", "width": 640, "height": 480}
        return web.json_response({**photo, "thumbnail_url": f"{self._home}/pictures/oembed-small.jpg"})

    async def manifest(self, _: web.Request) -> web.Response:
        """Icons of a web app."""
        return web.json_response({"icons": [{"src": "pictures/no-manifest-icon.png", "sizes": "192x192"}]})

    async def picture(self, request: web.Request) -> web.Response:
        """Any picture; a video is a few bytes that say so."""
        name = request.match_info["name"]
        if name.endswith(".mp4"):
            return web.Response(body=b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64), content_type="video/mp4")
        return _drawn(name)

    # ------------------------------------------------------------------ protected hosts

    async def guarded(self, _: web.Request) -> web.Response:
        """A page of one picture behind every rule; it gives the cookie and the signature that two of them want."""
        expires = int(time.time()) + 3600
        shown = []
        for rule in RULES:
            url = f"{self._home}/protected/{rule}/{rule}.jpg"
            if rule == "signed":
                url += f"?expires={expires}&signature={_signature(f'{rule}.jpg', expires)}"
            shown.append(
                f'<figure><img src="{url}" width=320 height=240 alt=""><figcaption>{rule}</figcaption></figure>'
            )
        answer = web.Response(text="<title>Protected</title>" + "".join(shown), content_type="text/html")
        answer.set_cookie("visitor", "known", path="/")
        return answer

    async def protected(self, request: web.Request) -> web.StreamResponse:
        """A picture behind its rule, or what the rule answers instead."""
        rule, name = request.match_info["rule"], request.match_info["name"]
        referer, agent = request.headers.get("Referer", ""), request.headers.get("User-Agent", "")
        own = referer.startswith(self._home.rpartition("/")[0])
        if rule in ("referer", "html") and not own:
            if rule == "html":
                raise web.HTTPFound(f"{self._home}/empty")
            return web.Response(status=403)
        if rule == "foreign" and referer and not own:
            return web.Response(status=403)
        if rule == "wrong" and referer and not own:
            return _drawn("no-hotlinking-small.jpg")
        if rule == "agent" and not agent.startswith("Mozilla/"):
            return web.Response(status=403)
        if rule == "cookie" and request.cookies.get("visitor") != "known":
            return web.Response(status=403)
        if rule == "gone":
            return web.Response(status=404)
        if rule == "signed":
            expires = int(request.query.get("expires", "0") or 0)
            if request.query.get("signature") != _signature(name, expires):
                return web.Response(status=403)
            if expires < time.time():
                return web.Response(status=410)
        if rule == "limited" and self._too_soon(name):
            return web.Response(status=429, headers={"Retry-After": "1"})
        return _drawn(name)

    def _too_soon(self, name: str) -> bool:
        """One in half a second."""
        now = time.monotonic()
        before, self._limited[name] = self._limited.get(name, 0.0), now
        return now - before < 0.5


def _drawn(name: str) -> web.Response:
    match = re.search(r"-(big|small)\.", name)
    width, height = _SIZES[match[1]] if match else _TINY.get(name.partition(".")[0], (320, 240))
    kind = "PNG" if name.endswith(".png") else "JPEG"
    return web.Response(body=snapshot(name, width, height, kind), content_type=f"image/{kind.lower()}")


def _signature(name: str, expires: int) -> str:
    return hashlib.sha256(f"{SECRET} {name} {expires}".encode()).hexdigest()[:24]


_APP: Final = """<title>App</title><meta property="og:image" content="pictures/app-0.jpg"><div id=root></div><script>
fetch("api/pictures.json").then((answer) => answer.json()).then((list) => {
  for (const one of list) {
    const image = document.createElement("img");
    image.src = one.url; image.alt = one.title; image.style.height = "400px"; image.style.display = "block";
    document.getElementById("root").append(image);
  }
});
</script>"""
_WORKS: Final = "".join(
    f'<a href="work/{n}"><img src="pictures/work-{n}-small.jpg" width=160 height=120 alt="Work {n}"></a>'
    for n in range(3)
)
_SHEET: Final = """@import url("styles/print.css");
@font-face { font-family: X; src: url(pictures/no-font.woff2) }
/* .a { background: url(pictures/no-comment.jpg) } */
header { background: #fff url('pictures/sheet.jpg') no-repeat; cursor: url(pictures/no-pointer.png), auto }
main { background-image: -webkit-image-set(url(pictures/set-small.jpg) 1x, url(pictures/set-big.jpg) 2x) }
"""
_FEED: Final = """<?xml version="1.0"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Feed</title>
<item><title>First</title>
<media:content url="{HOME}/pictures/feed-media.jpg" type="image/jpeg" width="320" height="240"/></item>
<item><title>Second</title><enclosure url="{HOME}/pictures/feed-enclosure.jpg" type="image/jpeg" length="1"/></item>
<item><title>Third</title>
<content:encoded><![CDATA[<p><img src="{HOME}/pictures/feed-html.jpg"></p>]]></content:encoded></item>
</channel></rss>"""
