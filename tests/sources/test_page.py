"""The page source over plain HTTP against its double: every place, one hop, walls and refusals."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from collector.errors import SourceError, UsageError
from collector.model import Hit, Media, SearchState
from collector.practice import PracticeWeb
from collector.sources import page
from tests.support.lent_web import LentWeb, search_for
from tests.support.misbehaving import drip, ok, serving


@pytest.fixture(scope="module")
def site() -> Iterator[PracticeWeb]:
    with PracticeWeb() as running:
        yield running


class Asked:
    """Pages asked for; what was told is kept."""

    def __init__(self, home: str) -> None:
        self.home, self.notices = home, [""]
        self.left: list[Hit] = []

    def __call__(self, keyword: str, **settings: Any) -> list[Hit]:
        with LentWeb({**page.SOURCE.settings, "home": self.home, "browser": "never", **settings}) as web:
            hits = list(page.search(search_for(keyword, "page"), web))
            self.notices = web.notices
        self.left = [hit for hit in hits if hit.skip_reason]
        return [hit for hit in hits if hit.skip_reason is None]


@pytest.fixture
def asked(site: PracticeWeb) -> Asked:
    return Asked(f"{site.url}/page")


def names(hits: list[Hit]) -> list[str]:
    return [hit.url.rpartition("/")[2].partition("?")[0] for hit in hits if not hit.url.startswith("data:")]


def expected() -> set[str]:
    """What the page's own names promise: all but `no-*`, small ones and videos; two of the sheet, one of the header."""
    html = files("collector.practice").joinpath("everything.html").read_text(encoding="utf-8")
    found = set(re.findall(r"pictures/([\w %-]+\.(?:jpg|png))", html))
    found = {name.replace(" ", "%20") for name in found if not name.startswith("no-") and "-small." not in name}
    return found | {"state-escaped.jpg", "sheet.jpg", "set-big.jpg", "imported.jpg", "header.jpg"}


def test_every_place_of_a_page(asked: Asked) -> None:
    hits = asked("/everything")
    assert set(names(hits)) == expected()
    assert len(hits) == len(expected()) + 1, "one more in the page itself, and none twice"
    assert any(hit.url.startswith("data:image/jpeg") for hit in hits)
    assert asked.notices[0].endswith("icons: 6, smaller than 50 pixels: 1, trackers: 1, videos: 1"), asked.notices
    assert asked.notices[1].endswith("made in the page (canvas or blob:) and without an address: 2 pictures")
    assert {hit.skip_reason for hit in asked.left} == {"page.left_out"}
    told = {names([hit])[0]: dict(hit.fields)["skipped"] for hit in asked.left}
    assert told["no-tile.png"] == "icons"
    assert told["no-pixel-tracker.gif"] == "trackers"


def test_the_biggest_comes_first_and_the_others_stand_behind_it(asked: Asked) -> None:
    hits = {names([hit])[0]: hit for hit in asked("/everything") if names([hit])}
    for name in ("linked", "picture", "srcset", "own", "amp", "zoom", "next", "ld", "preload", "set", "held"):
        assert f"{name}-small.jpg" in str(hits[f"{name}-big.jpg"].fallbacks), name
    assert (hits["srcset-big.jpg"].width, hits["srcset-big.jpg"].height) == (640, 480)
    assert (hits["linked-big.jpg"].width, hits["linked-big.jpg"].height) == (0, 0), "the attributes are the small one's"
    assert hits["captioned.jpg"].title == "The caption" and hits["plain.jpg"].title == "A plain picture"
    assert {hit.cookies for hit in hits.values()} == {"visited=yes"}
    assert {hit.page for hit in hits.values()} == {f"{asked.home}/everything"}


def test_the_second_row_only_when_asked_for(asked: Asked) -> None:
    more = {"frame.jpg", "feed-media.jpg", "feed-enclosure.jpg", "feed-html.jpg", "oembed-big.jpg"}
    assert set(names(asked("/everything", follow="frames, feeds"))) == expected() | more
    few = set(names(asked("/everything", follow="frames, feeds", follow_limit=1)))
    assert few & more == {"frame.jpg"}


def test_settings_keep_or_leave_things(asked: Asked) -> None:
    hits = asked("/everything", videos=True, icons=True, min_side=0, data=False, stylesheets=0)
    found = set(names(hits))
    assert {"film.mp4", "no-favicon.png", "no-emoji.png", "no-pointer.png"} & found == {
        "film.mp4",
        "no-favicon.png",
        "no-emoji.png",
    }
    assert [hit.media for hit in hits if hit.url.endswith(".mp4")] == [Media.VIDEO]
    assert not found & {"ld-one.jpg", "next-big.jpg", "sheet.jpg", "no-pixel-tracker.gif"}


def test_pages_behind_small_pictures(asked: Asked) -> None:
    assert names(asked("/works")) == [f"work-{n}-small.jpg" for n in range(3)]
    hits = asked("/works", follow="links")
    assert names(hits) == [f"work-{n}-big.jpg" for n in range(3)]
    assert [hit.fallbacks[0].rpartition("/")[2] for hit in hits] == [f"work-{n}-small.jpg" for n in range(3)]


def test_a_picture_and_data_are_pages_too(asked: Asked) -> None:
    assert names(asked("/pictures/alone.jpg")) == ["alone.jpg"]
    assert len(asked("/api/pictures.json")) == 6
    assert len(asked("/feed.xml")) == 3
    assert asked("/empty") == []


@pytest.mark.parametrize(
    ("path", "state", "reason"),
    [
        ("/removed", SearchState.FAILED, "page.gone"),
        ("/no-such-page", SearchState.FAILED, "page.gone"),
        ("/denied", SearchState.BLOCKED, "page.blocked"),
        ("/wall", SearchState.BLOCKED, "page.captcha"),
        ("/paper", SearchState.LAYOUT, "page.layout"),
    ],
)
def test_what_is_no_page(asked: Asked, path: str, state: SearchState, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        asked(path)
    assert (caught.value.state, caught.value.reason) == (state, reason)


def test_a_scheme_is_found(asked: Asked, site: PracticeWeb) -> None:
    """Nobody speaks TLS there, so the second guess has to do."""
    assert names(asked(f"{site.url.removeprefix('http://')}/page/works"))


def test_unknown_choices(asked: Asked) -> None:
    with pytest.raises(UsageError, match=r"page\.follow"):
        asked("/empty", follow="everything")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ('<meta http-equiv="refresh" content="0; url=/real">', ["a.jpg"]),
        ("<base href='/below/'><META content=\"5;URL='../real?a=1&amp;b=2'\" HTTP-EQUIV=Refresh>", ["a.jpg"]),
        ('<noscript><meta http-equiv="refresh" content="0; url=/real"></noscript>', []),
        ('<meta http-equiv="refresh" content="300; url=/real">', []),
        ('<meta http-equiv="refresh" content="0; url=/first#again">', []),
        ('<meta http-equiv="refresh" content="0; url=http://[">', []),
        ('<base href="http://["><meta http-equiv="refresh" content="0; url=/real">', []),
    ],
)
def test_a_page_that_leads_on_by_itself_is_followed(head: str, found: list[str]) -> None:
    with serving() as server:
        for path in ("/real", "/real?a=1&b=2"):
            server.put(path, ok(b"<p>here<img src=/a.jpg>", type="text/html"))
        server.put("/first", ok(f"<head>{head}</head><p>moved".encode(), type="text/html"))
        assert names(Asked(server.base)("/first")) == found


def test_pages_that_lead_on_in_a_circle_end() -> None:
    with serving() as server:
        for here, there in (("/a", "/b"), ("/b", "/a")):
            server.put(here, ok(f'<meta http-equiv="refresh" content="0;url={there}">'.encode(), type="text/html"))
        assert Asked(server.base)("/a") == []
        assert [path for path in server.paths() if path != "/robots.txt"] == ["/a", "/b", "/a", "/b"]


def test_what_lies_beside_a_page_has_one_deadline_however_many_there_are() -> None:
    """Sheets without end, a robots.txt that drips: the page's own pictures come all the same, and it is told."""
    with serving() as own, serving() as other:
        sheets = [
            own.put(f"/{number}.css", drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\n\r\n")) for number in range(8)
        ]
        other.put("/robots.txt", drip(b"HTTP/1.1 200 OK\r\n\r\n"))
        links = [*sheets[:3], f"{other.base}/x.css", *sheets[3:]]
        html = "".join(f'<link rel=stylesheet href="{url}">' for url in links) + "<img src=/a.jpg width=200 height=200>"
        home = own.put("/", ok(html.encode(), type="text/html"))
        with LentWeb({**page.SOURCE.settings, "browser": "never", "beside": 0.5}) as web:
            began = time.monotonic()
            hits = list(page.search(search_for(home, "page"), web))
            took = time.monotonic() - began
    assert [hit.url for hit in hits] == [own.base + "/a.jpg"]
    assert web.notices == ["127.0.0.1: style sheets and pages beside it were left out after 0.5 s (page.beside)"]
    assert took < 30, "90 seconds for each of them without it"


def test_a_sheet_is_cut_off_and_all_of_them_have_a_most_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_SHEET_BYTES", 1000)
    monkeypatch.setattr(page, "_BYTES_BESIDE", 6000)
    with serving() as own:
        for number in range(3):
            body = b".a { background: url(/%d.jpg) }" % number + b" " * 5000
            own.put(f"/{number}.css", ok(body, type="text/css"))
        html = "".join(f'<link rel=stylesheet href="/{number}.css">' for number in range(3))
        home = own.put("/", ok(html.encode(), type="text/html"))
        with LentWeb({**page.SOURCE.settings, "browser": "never"}) as web:
            hits = list(page.search(search_for(home, "page"), web))
    assert [hit.url for hit in hits] == [f"{own.base}/{number}.jpg" for number in range(2)]
    assert web.notices == ["127.0.0.1: style sheets and pages beside it were left out after 6,000 bytes"]
