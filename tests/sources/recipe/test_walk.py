"""Walks over the doubles: order, paging of every kind, what is lost and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as aio

from collector.errors import SourceError
from collector.model import Hit, SearchState
from collector.practice import PracticeWeb
from collector.practice.doubles import Handler, Place
from collector.practice.recipe import Double
from collector.search.breaker import source_key
from collector.sources import recipe
from tests.support.lent_web import LentWeb, search_for

NONE: frozenset[int] = frozenset()


@contextmanager
def walked(double: object, keyword: str, **settings: object) -> Iterator[tuple[list[Hit], list[str], PracticeWeb]]:
    """(hits, notices, the practice web) of a whole walk."""
    with (
        PracticeWeb(doubles={"recipe": double}) as site,  # type: ignore[dict-item]
        LentWeb({"home": f"{site.url}/recipe", "connections": 0, **settings}) as web,
    ):
        yield list(recipe.search(search_for(keyword, "recipe"), web)), web.notices, site


def fails(double: object, keyword: str) -> SourceError:
    with pytest.raises(SourceError) as error, walked(double, keyword):
        pass
    return error.value


def asked(site: PracticeWeb, part: str) -> list[str]:
    return [request.path for request in site.log if part in request.path]


# ----------------------------------------------------------------------- covers


def test_every_cover_comes_in_order_with_title_and_date() -> None:
    double = Double(without_picture=NONE, gone=NONE, same=NONE, undated=NONE)
    with walked(double, "time-covers") as (hits, notices, site):
        assert [hit.url for hit in hits] == [double.picture(number) for number in range(40)]
        assert [hit.published for hit in hits] == [double.day(number).isoformat() for number in range(40)]
        assert [hit.title for hit in hits] == [double.title(number) for number in range(40)]
        assert all(hit.page.startswith(f"{site.url}/recipe/time/covers/0,16641,") for hit in hits)
        assert notices == []
        assert len(asked(site, "/recipe/")) == 1 + 4 + 40  # A missing Next is no request.


def test_what_is_lost_is_told_and_stands_in_the_ledgers_hits() -> None:
    double = Double()
    with walked(double, "time-covers") as (hits, notices, _):
        lost = [hit for hit in hits if hit.skip_reason]
        assert [(hit.skip_reason, dict(hit.fields)["skipped"]) for hit in lost] == [
            ("page.no_picture", "its page shows no picture"),
            ("page.no_picture", "HTTP 404"),
        ]
        assert lost[0].title == double.title(3)
        pictures = [hit for hit in hits if not hit.skip_reason]
        assert len(pictures) == 38
        assert len({hit.key for hit in pictures}) == 37
        assert [hit.title for hit in pictures if not hit.published] == [double.title(11)]
    told = "\n".join(notices)
    assert "44 pages read, 37 pictures" in told
    for kind in ("without a picture: 1 (", "failed (HTTP 404): 1 (", "shown already: 1 (", "without published: 1 ("):
        assert kind in told
    assert all(len(notice) < 500 for notice in notices)


def test_a_year_may_be_asked_for() -> None:
    with walked(Double(covers=60), "time-covers?year=1924") as (hits, _, site):
        assert {hit.published[:4] for hit in hits} == {"1924"}
        assert len(asked(site, "/time/covers/")) == len(hits) == 16


def test_a_year_without_covers_is_empty() -> None:
    with walked(Double(), "time-covers?year=2001") as (hits, _, _site):
        assert hits == []


def test_a_changed_site_is_never_an_empty_one() -> None:
    error = fails(Double(changed=True), "time-covers")
    assert (error.state, error.reason) == (SearchState.LAYOUT, "page.layout")
    assert "cover" in error.detail


def test_a_page_that_fails_for_now_leaves_the_search_to_a_later_run() -> None:
    with (
        PracticeWeb(doubles={"recipe": Double(covers=12, failing=frozenset({2}))}) as site,
        LentWeb({"home": f"{site.url}/recipe", "connections": 0}) as web,
    ):
        hits: list[Hit] = []
        with pytest.raises(SourceError) as error:
            for hit in recipe.search(search_for("time-covers", "recipe"), web):
                hits.append(hit)
        assert error.value.state is SearchState.UNREACHABLE
        assert len(hits) == 11
        assert any("HTTP 500" in notice for notice in web.notices)


def test_a_walk_asks_no_further_than_its_hits_are_wanted() -> None:
    with PracticeWeb(doubles={"recipe": Double(covers=400)}) as site:
        with LentWeb({"home": f"{site.url}/recipe", "connections": 2}) as web:
            hits = recipe.search(search_for("time-covers", "recipe"), web)
            first = [next(hits) for _ in range(3)]
            hits.close()  # type: ignore[attr-defined]
        assert [hit.published for hit in first] == ["1923-03-03", "1923-03-10", "1923-03-17"]
        assert len(asked(site, "/time/covers/")) < 20


# ----------------------------------------------------------------------- the other shipped ones


def test_an_interface_with_a_cursor_is_read_to_its_end() -> None:
    with walked(Double(), "inaturalist?taxon=Vulpes vulpes", connections=1) as (hits, _, site):
        assert len(hits) == 24 + 2
        assert [path.rpartition("id_above=")[2] for path in asked(site, "id_above")] == ["10", "20", "25"]
        pair = hits[8:10]
        assert [hit.url.rpartition("/photos/")[2] for hit in pair] == ["100/original.jpeg", "101/original.jpeg"]
        assert [hit.licence.notice for hit in pair] == ["cc0", "cc-by"]
        assert [hit.licence.credit for hit in pair] == ["(c) walker0, photo 100", "(c) walker0, photo 101"]
        assert pair[0].fallbacks[0].endswith("100/large.jpeg")
        assert dict(pair[0].fields) == {"species": "Vulpes vulpes", "observation": "10"}
        assert not [request for request in site.log if "robots.txt" in request.path]


def test_a_list_that_is_there_and_empty_is_no_result() -> None:
    with walked(Double(), "inaturalist?taxon=Nessiteras") as (hits, notices, _):
        assert (hits, notices) == ([], [])


def test_thumbnails_become_originals_with_what_is_shown_behind() -> None:
    with walked(Double(), "wordpress?site=https://example.org/gallery") as (hits, _, _site):
        assert [hit.title for hit in hits] == [f"Bird {number}" for number in range(12)]
        assert all(hit.url.endswith(f"/bird-{number}.jpg") for number, hit in enumerate(hits))
        assert all(hit.fallbacks[0].endswith(f"/bird-{number}-300x200.jpg") for number, hit in enumerate(hits))
        assert hits[0].published == "2024-05-01"


def test_a_start_page_that_is_gone_says_so() -> None:
    error = fails(Double(), "wordpress?site=https://example.org/nowhere")
    assert (error.state, error.reason) == (SearchState.FAILED, "page.gone")


# ----------------------------------------------------------------------- a site made for one test


class Site:
    """Pages by path and query, as texts or as statuses; a list answers in turn."""

    def __init__(self, pages: dict[str, str | int | list[str | int]]) -> None:
        self._pages = pages

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        return [("GET", "/{path:.*}", self._page)]

    async def _page(self, request: aio.Request) -> aio.Response:
        page = self._pages.get(request.path_qs.partition("/recipe")[2], 404)
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if isinstance(page, int):
            return aio.Response(status=page, text="<h1>no</h1>", content_type="text/html")
        kind = "application/json" if page.startswith("{") else "text/html"
        return aio.Response(text=page.replace("PORT", str(request.url.port)), content_type=kind)


def images(*names: str) -> str:
    return "".join(f'<img src="/i/{name}.jpg">' for name in names)


def named(hits: list[Hit]) -> list[str]:
    return [hit.url.rpartition("/")[2].removesuffix(".jpg") for hit in hits]


def write(folder: Path, text: str, start: str = '"https://example.org/"') -> str:
    path = folder / "mine.toml"
    path.write_text(f"version = 1\nstart = {start}\n{text}", encoding="utf-8")
    return str(path)


ALL_IMAGES = '[page.list]\npicture = { css = "img", attr = "src", all = true }\n'


def test_a_counted_parameter_runs_until_nothing_is_new(tmp_path: Path) -> None:
    keyword = write(tmp_path, ALL_IMAGES + 'next = { param = "page" }')
    pages = {"/": images("a", "b"), "/?page=2": images("c"), "/?page=3": images("c"), "/?page=4": images("d")}
    with walked(Site(pages), keyword) as (hits, _, _site):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b", "c", "c"]


@pytest.mark.parametrize("end", [404, "<p>nothing here</p>"])
def test_a_counted_parameter_ends_at_a_page_that_is_not_there_or_empty(tmp_path: Path, end: str | int) -> None:
    keyword = write(tmp_path, ALL_IMAGES + 'next = { param = "skip", first = 0, step = 2 }')
    pages = {"/": images("a", "b"), "/?skip=2": images("c"), "/?skip=4": end}
    with walked(Site(pages), keyword) as (hits, notices, _):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b", "c"]
        assert notices == []


def test_a_page_that_tells_how_many_there_are_is_believed(tmp_path: Path) -> None:
    last = '{ css = "p", then = { regex = "of (\\\\d+)" } }'
    keyword = write(tmp_path, ALL_IMAGES + f'next = {{ param = "page", last = {last} }}')
    pages = {"/": images("a") + "<p>Page 1 of 3</p>", "/?page=2": images("b"), "/?page=3": images("c")}
    with walked(Site(pages), keyword) as (hits, _, site):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b", "c"]
        assert len(asked(site, "/recipe/")) == 3


def test_a_page_that_comes_short_is_asked_for_once_more(tmp_path: Path) -> None:
    text = '[page.list]\nfull = 3\nitems = "img"\npicture = { xpath = "@src" }\nnext = "a.next"'
    keyword = write(tmp_path, text)
    more = '<a class="next" href="?page=2">on</a>'
    pages = {"/": [images("a") + more, images("a", "b", "c") + more], "/?page=2": images("d")}
    with walked(Site(pages), keyword) as (hits, notices, site):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b", "c", "d"]
        assert len(asked(site, "/recipe/")) == 3
        assert notices == []


def test_fields_are_carried_from_a_listing_to_its_pages(tmp_path: Path) -> None:
    text = """
[page.list]
items = "div"
title = "b"
fields = { kind = "i" }
follow = { css = "a", to = "one" }
[page.one]
picture = "img@src"
title = "h1"
fields = { both = { template = "{kind} {title}" } }
"""
    pages = {
        "/": '<div><b>A</b><i>owl</i><a href="a">a</a></div><div><b>B</b><i>jay</i><a href="b">b</a></div>',
        "/a": images("a"),
        "/b": "<h1>Better</h1>" + images("b"),
    }
    with walked(Site(pages), write(tmp_path, text)) as (hits, _, _site):  # type: ignore[arg-type]
        assert [hit.title for hit in hits] == ["A", "Better"]
        assert [dict(hit.fields) for hit in hits] == [
            {"both": "owl A", "kind": "owl"},
            {"both": "jay Better", "kind": "jay"},
        ]


def test_rules_of_following_are_kept(tmp_path: Path) -> None:
    text = """
domains = ["example.org"]
[page.list]
follow = { css = "a", to = "one", include = "/p/", exclude = "bad", most = 2 }
[page.one]
picture = "img@src"
"""
    links = ["/recipe/p/bad", "/recipe/q/1", "https://elsewhere.example/p/1", "/recipe/p/1#x", "/recipe/p/1"]
    links += ["mailto:x", "http://[", "/recipe/p/2", "/recipe/p/3"]
    pages = {"/": "".join(f'<a href="{link}">x</a>' for link in links)} | {
        f"/p/{number}": images(f"{number}") for number in (1, 2, 3)
    }
    with walked(Site(pages), write(tmp_path, text)) as (hits, _, _site):  # type: ignore[arg-type]
        assert named(hits) == ["1", "2"]


def test_a_copy_of_the_site_is_within_all_domains_of_a_recipe(tmp_path: Path) -> None:
    text = """
domains = ["example.org"]
[page.list]
follow = { css = "a", to = "one", domains = ["example.org"] }
[page.one]
picture = "img@src"
"""
    pages = {"/": '<a href="/recipe/p/1">x</a><a href="https://elsewhere.example/p/2">y</a>', "/p/1": images("1")}
    with walked(Site(pages), write(tmp_path, text)) as (hits, _, _site):  # type: ignore[arg-type]
        assert named(hits) == ["1"]


def test_a_base_that_is_no_address_costs_nothing(tmp_path: Path) -> None:
    pages = {"/": f'<base href="http://[">{images("a")}'}
    with walked(Site(pages), write(tmp_path, '[page.one]\npicture = "img@src"')) as (hits, _, _site):  # type: ignore[arg-type]
        assert named(hits) == ["a"]


@pytest.mark.parametrize("last", ["9" * 5000, "²", "٣"])
def test_a_last_page_that_is_no_number_of_one_is_none(tmp_path: Path, last: str) -> None:
    text = '[page.one]\npicture = "img@src"\nnext = { param = "p", last = "b" }'
    with walked(Site({"/": f"{images('a')}<b>{last}</b>"}), write(tmp_path, text)) as (hits, _, _site):  # type: ignore[arg-type]
        assert named(hits) == ["a"]


def test_pages_that_lead_to_each_other_end(tmp_path: Path) -> None:
    text = '[page.one]\npicture = "img@src"\nfollow = { css = "a", to = "one" }'
    pages = {"/": images("a") + '<a href="b">b</a>', "/b": images("b") + '<a href="./">a</a><a href="b">b</a>'}
    with walked(Site(pages), write(tmp_path, text)) as (hits, _, site):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b"]
        assert len(asked(site, "/recipe/")) == 2


def test_the_hard_cap_holds_and_is_told(tmp_path: Path) -> None:
    keyword = write(tmp_path, "max_pages = 2\n" + ALL_IMAGES, '"https://example.org/[1-9]"')
    pages = {f"/{number}": images(f"{number}") for number in range(1, 10)}
    with walked(Site(pages), keyword) as (hits, notices, _):  # type: ignore[arg-type]
        assert named(hits) == ["1", "2"]
        assert any("max_pages" in notice for notice in notices)


def test_items_without_what_is_required_are_left_out_and_counted(tmp_path: Path) -> None:
    text = '[page.list]\nitems = "div"\npicture = "img@src"\ntitle = { css = "b", required = true }'
    pages = {"/": f"<div>{images('a')}<b>A</b></div><div>{images('b')}</div>"}
    with walked(Site(pages), write(tmp_path, text)) as (hits, notices, _):  # type: ignore[arg-type]
        assert named(hits) == ["a"]
        assert any("left out because title is missing: 1" in notice for notice in notices)


def test_small_pictures_and_other_referers(tmp_path: Path) -> None:
    text = 'min_side = 100\nreferer = "none"\n[page.list]\nitems = "img"\npicture = { xpath = "@src" }\n'
    text += 'width = { xpath = "@width" }\nheight = { xpath = "@height" }'
    shown = '<img src="/i/a.jpg" width="300" height="90"><img src="/i/b.jpg" width="300" height="200px">'
    with walked(Site({"/": shown}), write(tmp_path, text)) as (hits, _, site):
        assert named(hits) == ["b"]
        assert (hits[0].page, hits[0].width, hits[0].height) == ("", 300, 200)
        assert dict(hits[0].fields)["page"] == f"{site.url}/recipe/"


def test_a_marker_of_emptiness_is_no_change_of_the_site(tmp_path: Path) -> None:
    keyword = write(tmp_path, ALL_IMAGES + 'empty = { css = "p", contains = "No pictures" }')
    with walked(Site({"/": "<p>No pictures yet</p>"}), keyword) as (hits, _, _site):
        assert hits == []
    assert fails(Site({"/": "<p>Sorry</p>"}), keyword).reason == "page.layout"
    assert fails(Site({"/": 403}), keyword).reason == "page.blocked"
    assert fails(Site({"/": 401}), keyword).reason == "page.denied"


def test_json_that_is_none_is_a_changed_site(tmp_path: Path) -> None:
    keyword = write(tmp_path, 'api = true\n[page.list]\nitems = { json = "a" }\npicture = { json = "u" }')
    assert fails(Site({"/": "<h1>Maintenance</h1>"}), keyword).reason == "page.layout"
    assert fails(Site({"/": '{"b": []}'}), keyword).reason == "page.layout"


def test_robots_txt_is_obeyed_unless_the_recipe_says_that_it_asks_an_interface(tmp_path: Path) -> None:
    """The practice web's robots.txt forbids /search."""
    keyword = write(tmp_path, '[page.list]\npicture = "img@src"', '"https://example.org/search?q=cat"')
    with PracticeWeb() as site, LentWeb({"home": site.url, "connections": 0}) as web, pytest.raises(SourceError) as no:
        list(recipe.search(search_for(keyword, "recipe"), web))
    assert no.value.reason == "policy.robots"


def test_headers_may_hold_secrets_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyword = write(tmp_path, 'headers = { X-Key = "k ${RECIPE_TEST_KEY}" }\n' + ALL_IMAGES)
    monkeypatch.delenv("RECIPE_TEST_KEY", raising=False)
    error = fails(Site({"/": images("a")}), keyword)
    assert (error.reason, error.detail) == ("page.denied", "set the environment variable RECIPE_TEST_KEY")
    monkeypatch.setenv("RECIPE_TEST_KEY", "secret")
    with walked(Site({"/": images("a")}), keyword) as (hits, _, site):
        assert named(hits) == ["a"]
        assert [request.headers.get("x-key") for request in site.log if request.path == "/recipe/"] == ["k secret"]


@pytest.mark.parametrize(("listed", "seen"), [("", [None, None]), ('hosts = ["localhost"]\n', ["secret", "id=7"])])
def test_secrets_go_to_the_recipes_own_origins_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, seen: list[str | None]
) -> None:
    """127.0.0.1 is where the recipe starts; a link leads to localhost, and another is redirected there."""
    monkeypatch.setenv("RECIPE_TEST_KEY", "secret")
    kinds = 'follow = { css = "a", to = "one" }\n[page.one]\npicture = "img@src"'
    secret = 'headers = { X-Key = "${RECIPE_TEST_KEY}" }\ncookies = { id = "7" }\nuser_agent = "ours"\n'
    keyword = write(tmp_path, f"{listed}{secret}[page.list]\n{kinds}")
    away = "http://localhost:PORT/recipe/away"
    pages = {"/": f'<a href="{away}">x</a><a href="own">y</a>', "/away": images("a"), "/own": images("b")}
    with walked(Site(pages), keyword) as (hits, _, site):  # type: ignore[arg-type]
        assert named(hits) == ["a", "b"]
        told = {
            request.path: (request.headers.get("x-key"), request.headers.get("cookie"), request.headers["user-agent"])
            for request in site.log
        }
    assert told["/recipe/own"] == told["/recipe/"] == ("secret", "id=7", "ours")
    assert told["/recipe/away"] == (*seen, "ours")


def test_a_recipe_whose_site_refuses_does_not_stop_the_others() -> None:
    asked_for = [search_for(keyword, "recipe") for keyword in ("a.toml?x=1", "a.toml?x=2", "time-covers")]
    assert [source_key(search) for search in asked_for] == ["recipe a.toml", "recipe a.toml", "recipe time-covers"]


class ByBrowser(LentWeb):
    """Lends a browser that shows each page with one more picture, as scripts would."""

    def __init__(self, home: str) -> None:
        super().__init__({"home": home, "connections": 0})
        self.opened: list[str] = []

    @property
    def browser(self) -> Any:
        return self

    def open(self, url: str) -> None:
        self.opened.append(url)

    def address(self) -> str:
        return self.opened[-1]

    def html(self) -> str:
        return images("scripted")


def test_pages_may_be_rendered_and_the_browser_is_spared_what_is_not_there(tmp_path: Path) -> None:
    keyword = write(tmp_path, "render = true\n" + ALL_IMAGES, '"https://example.org/[1-3]"')
    site = Site({"/1": "<p>scripts</p>", "/3": "<p>scripts</p>"})
    with PracticeWeb(doubles={"recipe": site}) as practice, ByBrowser(f"{practice.url}/recipe") as lent:  # type: ignore[dict-item]
        hits = list(recipe.search(search_for(keyword, "recipe"), lent))
        assert [url.rpartition("/")[2] for url in lent.opened] == ["1", "3"]
        assert named([hit for hit in hits if not hit.skip_reason]) == ["scripted", "scripted"]
        assert any("HTTP 404" in notice for notice in lent.notices)
