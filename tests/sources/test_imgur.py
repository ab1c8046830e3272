"""imgur: keywords understood, three interfaces read, albums opened in their place, faults named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit, Media, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.imgur import CAPACITY, Double
from collector.sources import imgur
from collector.sources.imgur import parse
from collector.sources.imgur.api import OVER_CAPACITY, credits_left, throttled
from collector.sources.imgur.keyword import Asked, Kind, understand
from collector.urls import id_key
from tests.support.lent_web import LentWeb, search_for

FAST = {"rate": 0.0}


def lent(web: PracticeWeb, seconds: float = 30.0, **settings: Any) -> LentWeb:
    return LentWeb({**imgur.SOURCE.settings, **FAST, "home": f"{web.url}/imgur", **settings}, seconds=seconds)


def found(double: Double, keyword: str = "r/funny", seconds: float = 30.0, **settings: Any) -> list[Hit]:
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web, lent(web, seconds, **settings) as loan:
        return list(imgur.search(search_for(keyword, "imgur"), loan))


@pytest.fixture(scope="module")
def usual() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm(), doubles={"imgur": Double()}) as web:
        yield web


# ------------------------------------------------------------------------------- keywords


@pytest.mark.parametrize(
    ("keyword", "asked"),
    [
        ("r/funny", Asked(Kind.SUBREDDIT, "funny")),
        ("r/funny/top/week", Asked(Kind.SUBREDDIT, "funny", "top", "week")),
        ("r/funny/new", Asked(Kind.SUBREDDIT, "funny", "time")),
        ("t/dogs", Asked(Kind.TAG, "dogs")),
        ("u/somebody", Asked(Kind.USER, "somebody")),
        ("u/somebody/favorites", Asked(Kind.FAVORITES, "somebody")),
        ("a/rtYyh", Asked(Kind.ALBUM, "rtYyh")),
        ("gallery/aB3dE5f", Asked(Kind.GALLERY, "aB3dE5f")),
        ("aB3dE5f", Asked(Kind.PICTURE, "aB3dE5f")),
        ("i/flowers", Asked(Kind.PICTURE, "flowers")),
        ("flowers", Asked(Kind.SEARCH, "flowers")),
        ("q/iPhone7", Asked(Kind.SEARCH, "iPhone7")),
        ("tabby cat", Asked(Kind.SEARCH, "tabby cat")),
        ("AC/DC", Asked(Kind.SEARCH, "AC/DC")),
        ("https://imgur.com/r/funny/top/week", Asked(Kind.SUBREDDIT, "funny", "top", "week")),
        ("imgur.com/r/funny/aB3dE5f", Asked(Kind.GALLERY, "aB3dE5f")),
        ("https://imgur.com/gallery/some-title-aB3dE5f", Asked(Kind.GALLERY, "aB3dE5f")),
        ("https://imgur.com/t/dogs/aB3dE5f", Asked(Kind.GALLERY, "aB3dE5f")),
        ("https://imgur.com/user/somebody/favorites", Asked(Kind.FAVORITES, "somebody")),
        ("https://imgur.com/a/rtYyh#3", Asked(Kind.ALBUM, "rtYyh")),
        ("https://imgur.com/flowers", Asked(Kind.PICTURE, "flowers")),
        ("http://i.imgur.com/aB3dE5fh.jpg", Asked(Kind.PICTURE, "aB3dE5f", extension="jpg")),
        (
            "https://i.imgur.com/aB3dE5f_d.webp?maxwidth=520&fidelity=grand",
            Asked(Kind.PICTURE, "aB3dE5f", extension="jpg"),
        ),
        ("https://i.imgur.com/aB3dE.gifv", Asked(Kind.PICTURE, "aB3dE", extension="gif")),
        ("//i.imgur.com/aB3dE.JPEG?1", Asked(Kind.PICTURE, "aB3dE", extension="jpg")),
        ("https://imgur.com/user/somebody/favorites/folder/123/cats", Asked(Kind.FAVORITES, "somebody", folder="123")),
        ("https://imgur.com/user/somebody/posts", Asked(Kind.USER, "somebody")),
        ("somebody.imgur.com/all", Asked(Kind.USER, "somebody")),
        ("https://m.imgur.com/search/score?q=tabby+cat", Asked(Kind.SEARCH, "tabby cat")),
    ],
)
def test_keywords(keyword: str, asked: Asked) -> None:
    assert understand(keyword) == asked


@pytest.mark.parametrize(
    "keyword",
    [
        "r/",
        "r/a b",
        "a/notahash",
        "r/funny/top/decade",
        "r/funny/upside",
        "https://imgur.com/",
        "q/",
        "https://imgur.com/user/me/favorites",
        "u/somebody/comments",
        "https://imgur.com/about",
        "api.imgur.com",
        "somebody.imgur.com/x",
        "https://example.com/a/rtYyh",
        "example.com",
    ],
)
def test_keywords_that_cannot_be_meant_are_faults(keyword: str) -> None:
    assert imgur.validate_keyword(keyword)


def test_classes_are_named_after_what_was_asked() -> None:
    keywords = ("r/funny", "u/somebody/favorites", "a/rtYyh", "tabby cat", "https://imgur.com/t/dogs")
    labels = ["funny", "somebody favorites", "imgur rtYyh", "tabby cat", "dogs"]
    assert [imgur.default_label(keyword) for keyword in keywords] == labels
    assert not any(map(imgur.validate_keyword, keywords))


# ------------------------------------------------------------------------------- feeds


@pytest.mark.parametrize("api", ["v3", "post", "old"])
@pytest.mark.parametrize("partial", ["absent", "some", "whole"])
def test_a_page_of_100_posts_with_albums_is_152_files_in_order(api: str, partial: Any) -> None:
    double = Double(partial=partial)
    hits = found(double, api=api)
    assert [hit.id for hit in hits] == [thing.hash for thing in double.things]
    assert len({hit.key for hit in hits}) == 152
    kinds = {"anigif": (".mp4", Media.VIDEO), "mp4": (".mp4", Media.VIDEO), "apng": (".png", Media.PICTURE)}
    for hit, thing in zip(hits, double.things, strict=True):
        ending, media = kinds.get(thing.kind, (f".{thing.extension}", Media.PICTURE))
        assert hit.url.endswith(f"/imgur/i/{thing.hash}{ending}")
        assert hit.media is media
        assert (hit.width, hit.height) == thing.size
        assert hit.fallbacks == ((hit.url.replace(".mp4", ".gif"),) if thing.kind == "anigif" else ())


def test_what_imgur_says_of_a_file_is_kept() -> None:
    double = Double(entries=2, albums=(2,))
    single, album, _ = found(double)
    assert album.page.endswith(f"/imgur/a/{double.entries[1].id}")
    assert album.title == "Post 1"
    assert album.published == "2025-05-29T20:20:01+00:00"
    fields = dict(album.fields)
    assert (fields["author"], fields["nsfw"], fields["score"]) == ("user1", "no", "13")
    assert (fields["album"], fields["album_title"]) == (double.entries[1].id, "Post 1")
    assert single.page.endswith(f"/imgur/{single.id}")
    assert "album" not in dict(single.fields)
    assert single.thumbnail_url.endswith(f"/{single.id}m.jpg")


@pytest.mark.parametrize("keyword", ["t/dogs", "u/somebody", "u/somebody/favorites", "cats", "r/funny/top/week"])
def test_every_kind_of_feed(usual: PracticeWeb, keyword: str) -> None:
    with lent(usual) as web:
        assert len(list(imgur.search(search_for(keyword, "imgur"), web))) == 152


def test_pages_follow_each_other_to_the_empty_one() -> None:
    assert len(found(Double(entries=25, albums=(), per_page=10))) == 25


def test_pages_that_repeat_end_the_walk() -> None:
    with (
        PracticeWeb(Knobs.calm(), doubles={"imgur": Double(entries=20, albums=(), per_page=10, repeats=2)}) as site,
        lent(site) as web,
    ):
        assert len(list(imgur.search(search_for("r/funny", "imgur"), web))) == 20
        assert [request.path for request in site.log] == [f"/imgur/3/gallery/r/funny/{page}" for page in range(3)]


def test_albums_are_opened_only_when_their_turn_comes(usual: PracticeWeb) -> None:
    before = len(usual.log)
    with lent(usual) as web:
        hits = imgur.search(search_for("r/funny", "imgur"), web)
        next(hits)
        assert len(usual.log) == before + 1


def test_no_album_is_asked_for_that_a_small_limit_does_not_need(usual: PracticeWeb) -> None:
    before = len(usual.log)
    settings = {**imgur.SOURCE.settings, **FAST, "home": f"{usual.url}/imgur"}
    with LentWeb(settings, wanted=30) as web:
        hits = imgur.search(search_for("r/funny", "imgur"), web)
        assert len([next(hits) for _ in range(30)]) == 30
        hits.close()
    albums = [request.path for request in usual.log[before:] if "/3/album/" in request.path]
    assert len(albums) == 1, "three pictures, an album of 26, and one picture more"


def test_an_album_of_more_than_a_hundred_is_whole() -> None:
    assert len(found(Double(entries=1, albums=(130,), partial="some"))) == 130


def test_advertisements_are_left_out_and_do_not_keep_a_walk_going() -> None:
    assert len(found(Double(entries=4, albums=(), advertising=True))) == 4


def test_an_album_that_is_gone_costs_its_files_and_nothing_else() -> None:
    plain = Double(entries=6, albums=(4,), partial="some")
    [gone] = [entry.id for entry in plain.entries if entry.album]
    double = Double(entries=6, albums=(4,), partial="some", gone_albums=frozenset((gone,)))
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as site, lent(site) as web:
        hits = list(imgur.search(search_for("r/funny", "imgur"), web))
    assert len(hits) == 5 + 3
    assert web.notices == [f"imgur: album {gone} gave 3 of 4 files"]


def test_a_later_run_stops_behind_a_page_it_had_before() -> None:
    double = Double(entries=30, albums=(), per_page=10)
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as site, lent(site) as web:
        search = search_for("r/funny", "imgur")
        keys = frozenset(hit.key for hit in imgur.search(search, web))
        new = [hit.key for hit in imgur.search(search, web)][3:]  # three came since
        for before, pages in ((frozenset(new), 2), (frozenset(), 4), (keys, 1)):
            start = len(site.log)
            list(imgur.search(replace(search, complete=True, known=keys, known_before=before), web))
            assert len(site.log) - start == pages
        start = len(site.log)
        list(imgur.search(replace(search_for("r/funny/top/all", "imgur"), known_before=keys), web))
        assert len(site.log) - start == 4, "in another order than by time nothing can be told"


def test_filters_of_searches(usual: PracticeWeb) -> None:
    def asked(keyword: str, **filters: str) -> str:
        start = len(usual.log)
        with lent(usual) as web:
            next(imgur.search(search_for(keyword, "imgur", **filters), web))
        return usual.log[start].path.removeprefix("/imgur/3/gallery/")

    assert asked("tabby cat") == "search/0?q=tabby+cat"
    assert asked("cat", sort="top", window="year") == "search/top/year/0?q=cat"
    assert asked("cat", type="animated", size="large") == "search/0?q_all=cat&q_type=anigif&q_size_px=lrg"
    assert asked("cat", exact="yes", exclude="dog") == "search/0?q_exactly=cat&q_not=dog"
    assert asked("r/cats", window="month") == "r/cats/top/month/0"
    assert asked("t/cats", sort="viral") == "t/cats/viral/0"


# ------------------------------------------------------------------------------- single things


@pytest.mark.parametrize("api", ["v3", "post", "old"])
def test_albums_and_pictures_by_their_own_name(api: str) -> None:
    double = Double(entries=3, albums=(26,))
    album = next(entry for entry in double.entries if entry.album)
    single = next(entry for entry in double.entries if not entry.album).things[0]
    for keyword in (f"a/{album.id}", f"gallery/{album.id}", f"https://imgur.com/a/{album.id}"):
        hits = found(double, keyword, api=api)
        assert [hit.id for hit in hits] == [thing.hash for thing in album.things]
        assert {dict(hit.fields)["album"] for hit in hits} == {album.id}
    for keyword in (f"gallery/{single.hash}", f"i/{single.hash}"):
        [hit] = found(double, keyword, api=api)
        assert hit.id == single.hash


@pytest.mark.parametrize("api", ["v3", "post"])
@pytest.mark.parametrize("keyword", ["a/Nothing", "i/Nothing", "gallery/Nothing", "u/nobody"])
@pytest.mark.parametrize("html", [True, False])
def test_what_is_not_there_is_gone(keyword: str, api: str, html: bool) -> None:
    with pytest.raises(SourceError) as caught:
        found(Double(html_404=html), keyword, api=api)
    assert (caught.value.state, caught.value.reason) == (SearchState.FAILED, "page.gone")


def test_a_subreddit_without_posts_is_empty() -> None:
    assert found(Double(), "r/nothing") == []


# ------------------------------------------------------------------------------- forms


def kinds(**settings: Any) -> list[tuple[str, Media]]:
    double = Double(entries=12, albums=())  # an animated GIF is number 4, a video number 7, an animated PNG number 9
    hits = {hit.url.rpartition("/")[2]: hit.media for hit in found(double, **settings)}
    names = [double.things[number].hash for number in (4, 7, 9)]
    return [(name.partition(".")[2], media) for name, media in hits.items() if name[:7] in names]


def test_forms_of_animations() -> None:
    video, png = ("mp4", Media.VIDEO), ("png", Media.PICTURE)
    assert kinds() == [video, video, png]
    assert kinds(gif="gif") == [("gif", Media.PICTURE), video, png]
    assert kinds(gif="both") == [("gif", Media.PICTURE), video, video, png]
    assert kinds(videos=False) == [video, png]


def test_gif_and_mp4_are_one_picture_unless_both_are_wanted() -> None:
    double = Double(entries=5, albums=())
    name = double.things[4].hash
    assert {found(double, gif=gif)[4].key for gif in ("mp4", "gif")} == {id_key("imgur", name)}
    assert len({hit.key for hit in found(double, gif="both")}) == 6


def test_the_link_of_a_large_gif_is_not_believed() -> None:
    """Over 20 MB it leads to a still thumbnail, `<hash>h.gif`, as the double's always do."""
    hit = found(Double(entries=5, albums=()), gif="gif")[4]
    assert hit.url.endswith(f"/{hit.id}.gif")


# ------------------------------------------------------------------------------- refusals and quotas


def test_without_a_client_id_the_real_one_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMGUR_CLIENT_ID", raising=False)
    with LentWeb(imgur.SOURCE.settings) as web, pytest.raises(SourceError, match="IMGUR_CLIENT_ID") as caught:
        list(imgur.search(search_for("r/funny", "imgur"), web))
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.denied")


def test_the_client_id_is_sent_from_setting_or_environment_and_stays_out_of_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double = Double(entries=1, albums=(), client_ids=frozenset(("abc123",)))
    assert len(found(double, client_id="abc123")) == 1
    monkeypatch.setenv("IMGUR_CLIENT_ID", "abc123")
    assert len(found(double)) == 1
    with pytest.raises(SourceError, match="Invalid client_id") as caught:
        found(double, client_id="secret")
    assert caught.value.reason == "page.denied"
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer("", 403, {}, CAPACITY.encode()), OVER_CAPACITY),
        (Answer("", 429, {}, b""), OVER_CAPACITY),
        (Answer("", 429, {"retry-after": "30"}, b""), 30.0),
        (Answer("", 429, {"retry-after": "0"}, b""), OVER_CAPACITY),
        (Answer("", 503, {}, b""), 0.0),
        (Answer("", 403, {}, b'{"data":{"error":"Invalid client_id"}}'), None),
        (Answer("", 404, {}, b""), None),
        (Answer("", 200, {}, b"capacity"), None),
    ],
)
def test_when_imgur_asks_to_wait(answer: Answer, wait: float | None) -> None:
    assert throttled(answer) == wait


@pytest.mark.parametrize("double", [Double(capacity=1000), Double(quota=0)])
def test_over_capacity_and_quota_end_a_search_that_has_no_time_to_wait(double: Double) -> None:
    with pytest.raises(SourceError) as caught:
        found(double, seconds=0.3)
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.rate_limited")


def test_the_last_requests_are_announced_once() -> None:
    double = Double(entries=3, albums=(), per_page=1, quota=10)
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as site, lent(site) as web:
        assert len(list(imgur.search(search_for("r/funny", "imgur"), web))) == 3
    assert web.notices == ["imgur: 9 requests are left before it asks to come back later"]
    assert credits_left(Answer("", 200, {"x-ratelimit-userremaining": "x"})) is None


# ------------------------------------------------------------------------------- answers


@pytest.mark.parametrize("answer", [None, [], {}, {"data": None}, {"data": {"name": "dogs"}}, {"data": [{"x": 1}]}])
def test_what_is_no_list_is_not_an_empty_one(answer: Any) -> None:
    with pytest.raises(SourceError) as caught:
        parse.posts(answer)
    assert caught.value.reason == "page.layout"


@pytest.mark.parametrize("api", ["v3", "post", "old"])
def test_what_is_no_album_or_picture_is_said(api: str) -> None:
    for read in (parse.album, parse.single):
        with pytest.raises(SourceError) as caught:
            read({"data": {"error": "?"}}, api)
        assert caught.value.reason == "page.layout"


def test_the_entry_of_2017() -> None:
    entry = {
        "id": 111, "hash": "aB3dE5f", "author": "user1", "account_url": None, "title": "T", "score": 9, "size": 1800000,
        "views": "18551", "is_album": False, "mimetype": "image/gif", "ext": ".gif", "width": 720, "height": 720,
        "animated": True, "subreddit": "cats", "create_datetime": "2017-05-05 14:42:36", "nsfw": False, "num_images": 1,
    }  # fmt: skip
    [post] = parse.posts({"data": [entry], "success": True}, "old")
    [file] = post.files
    assert (file.hash, file.extension, file.is_animated_gif, file.views) == ("aB3dE5f", "gif", True, "18551")
    assert (file.author, file.published, file.section) == ("user1", "2017-05-05T14:42:36", "cats")


def test_answers_that_are_not_json_are_a_changed_layout() -> None:
    with PracticeWeb(Knobs.calm()) as web, lent(web, home=f"{web.url}/pages/x/1?") as loan:
        with pytest.raises(SourceError) as caught:
            list(imgur.search(search_for("r/funny", "imgur"), loan))
        assert caught.value.reason == "page.layout"


def test_addresses_as_people_copy_them() -> None:
    assert (understand("/r/funny").kind, understand("/r/funny").name) == (Kind.SUBREDDIT, "funny")
    assert (understand("https://somebody.imgur.com/").kind, understand("somebody.imgur.com").name) == (
        Kind.USER,
        "somebody",
    )
    folder = "https://imgur.com/user/somebody/favorites/folder/123/cats"
    assert imgur.validate_keyword(folder) is None
    assert imgur.default_label(folder) == "somebody favorites 123"
    assert imgur.validate_keyword("u/somebody/favorites") is None


def test_a_folder_of_favorites_is_walked_to_its_end() -> None:
    hits = found(Double(entries=9, albums=(), per_page=2), "u/somebody/favorites/folder/123/cats")
    assert [hit.id for hit in hits] == [entry.things[0].hash for entry in Double(entries=9, albums=()).entries[1::2]]


class Paths(LentWeb):
    """An interface that takes the page of a folder in the path alone."""

    def get(self, request: Request) -> Answer:
        path = request.url.removeprefix("http://a.test")
        known = path.startswith("/3/account/somebody/folders/123/favorites/")
        here = [{"id": f"aB3dE{n}f", "type": "image/png"} for n in range(2)] if known and path[-1] in "01" else []
        here = [{**one, "id": one["id"].replace("aB", f"a{'BC'[int(path[-1])]}")} for one in here]
        body = json.dumps({"data": here, "success": True, "status": 200})
        return Answer(request.url, 200 if known or "/favorites" in path else 404, {}, body.encode(), body)


def test_a_folder_may_have_its_page_in_the_path() -> None:
    with Paths({**imgur.SOURCE.settings, "home": "http://a.test"}) as web:
        hits = list(imgur.search(search_for("u/somebody/favorites/folder/123", "imgur"), web))
    assert [hit.id for hit in hits] == ["aB3dE0f", "aB3dE1f", "aC3dE0f", "aC3dE1f"]


@pytest.mark.parametrize(
    ("keyword", "urls"),
    [
        ("https://i.imgur.com/aB3dE5fh.png", ("/i/aB3dE5f.png",)),
        ("i.imgur.com/aB3dE5f.gifv", ("/i/aB3dE5f.mp4", "/i/aB3dE5f.gif")),
        ("https://i.imgur.com/aB3dE5f.mp4", ("/i/aB3dE5f.mp4",)),
    ],
)
def test_the_address_of_a_picture_asks_nobody_and_needs_no_key(keyword: str, urls: tuple[str, ...]) -> None:
    with LentWeb({**imgur.SOURCE.settings, "home": "http://127.0.0.1:9"}) as nobody:
        (hit,) = imgur.search(search_for(keyword, "imgur"), nobody)
    assert (hit.url, *hit.fallbacks) == tuple(f"http://127.0.0.1:9{url}" for url in urls)
