"""DeviantArt against its double: lists, single works, limits, refusals, and where a walk stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from collector.errors import SourceError, UsageError
from collector.http.contract import Answer, Request
from collector.model import Hit, Media, Search, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.deviantart import CLIENT, LOGIN, Double
from collector.practice.deviantart_cdn import Signer
from collector.practice.deviantart_works import Piece, Speller, usual
from collector.sources import deviantart
from collector.sources.deviantart import listing, oauth
from collector.sources.deviantart.listing import throttled
from collector.sources.deviantart.works import Details, details_of, hits, of_site
from collector.urls import id_key
from tests.support.lent_web import LentWeb, search_for

API = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}


class Hurried(LentWeb):
    """A web that notes what waits it was asked for, and makes them short."""

    waits: list[float]

    def get(self, request: Request) -> Answer:
        def noted(answer: Answer) -> float | None:
            wait = request.throttled(answer) if request.throttled is not None else None
            if wait is not None:
                self.waits.append(wait)
                return 0.01
            return None

        return super().get(replace(request, throttled=noted))


class Walk:
    """One double, and searches of it."""

    def __init__(self, pieces: list[Piece] | None = None, **knobs: Any) -> None:
        self.double = Double(pieces, **knobs)
        self.web = PracticeWeb(Knobs.calm(), doubles={"deviantart": self.double})
        self.notices: list[str] = []
        self.waits: list[float] = []

    def __enter__(self) -> Walk:
        self.web.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.web.stop()

    def hits(self, keyword: str, before: Search | None = None, order: str = "", **settings: Any) -> list[Hit]:
        filters = {"order": order} if order else {}
        search = before or search_for(keyword, "deviantart", **filters)
        home = f"{self.web.url}/deviantart"
        with Hurried({**deviantart.SOURCE.settings, "home": home, "rate": 0.0, "api_rate": 0.0, **settings}) as web:
            web.waits, web.notices = self.waits, self.notices
            return list(deviantart.search(search, web))

    def asked(self, part: str) -> int:
        return sum(part in request.path for request in self.web.log)


def again(keyword: str, hits: list[Hit], complete: bool = True) -> Search:
    keys = frozenset(hit.key for hit in hits)
    before = keys if complete else frozenset[str]()
    return replace(search_for(keyword, "deviantart"), known=keys, complete=complete, known_before=before)


def ids(hits: list[Hit]) -> list[str]:
    return [hit.id for hit in hits]


def fields(hit: Hit) -> Mapping[str, str]:
    return dict(hit.fields)


def many(count: int, first: int = 800_000_000, **oddities: Any) -> list[Piece]:
    return [Piece(first + count - number, **oddities) for number in range(count)]


# --------------------------------------------------------------------------- lists


def test_a_gallery_by_the_site_newest_first_with_everything_it_knows() -> None:
    with Walk([Piece(900_000_001, "Tower", licence="<b>Some rights</b> reserved", ai=True)]) as walk:
        (hit,) = walk.hits("ann")
    assert hit.key == id_key("deviantart", "900000001")
    assert (hit.title, hit.site, hit.way) == ("Tower", "deviantart.com", "site")
    assert hit.page.endswith("/deviantart/ann/art/Tower-900000001")
    assert hit.licence.creators == ("ann",)
    assert hit.licence.notice == "Some rights reserved"
    assert hit.published.startswith("2023-07-05T") and hit.published.endswith("+00:00")
    assert (hit.width, hit.height) == (256, 320)
    assert fields(hit)["tags"] == "fantasy, tower"
    assert fields(hit)["ai"] == "true"
    assert len(fields(hit)["uuid"]) == 36
    assert len(hit.fallbacks) == 3


def test_the_usual_gallery_has_every_picture_once_and_says_what_cannot_be_had() -> None:
    with Walk() as walk:
        hits = walk.hits("ann")
    barred = {hit.id: (hit.skip_reason, fields(hit)["skipped"]) for hit in hits if hit.skip_reason}
    assert barred == {
        "900000008": ("policy.locked", "for subscribers of its artist"),
        "900000002": ("policy.withdrawn", "deleted"),
    }
    assert "900000007" not in ids(hits), "a poem is no picture"
    assert [id for id in ids(hits) if id.startswith("900000010")] == ["900000010", "900000010/2", "900000010/3"]
    assert len({hit.key for hit in hits}) == len(hits) == 24
    (night,) = (hit for hit in hits if hit.id == "900000009")
    assert (fields(night)["mature"], fields(night)["blurred"], night.fallbacks) == ("true", "true", ())


@pytest.mark.parametrize(
    ("barred", "words"),
    [("premium", "premium folder"), ("blocked", "blocked by the site (other)"), ("tier", "subscribers")],
)
def test_what_is_locked_is_named_by_the_site_and_by_the_api(barred: str, words: str) -> None:
    with Walk([Piece(900_000_001, barred=barred)]) as walk:
        (hit,) = walk.hits("ann")
        assert (hit.skip_reason, walk.asked("dadeviation")) == ("policy.locked", 0)
        assert words in fields(hit)["skipped"]
        if barred != "blocked":  # the API has no such word
            (hit,) = walk.hits("ann", **API)
            assert words in fields(hit)["skipped"]


def test_a_work_of_which_guests_see_nothing_is_named_too() -> None:
    work = of_site({**Speller("http://a.test", Signer()).entry(Piece(900_000_001, button="zip")), "media": {}})
    assert work is not None
    details = details_of({"extended": {"download": {"url": "https://a.test/b.zip", "type": "zip"}}})
    (bare,), (hidden,), (file,) = (
        list(hits(work, details, False)),
        list(hits(work, Details(), False)),
        list(hits(work, details, True)),
    )
    assert (bare.skip_reason, "download button" in fields(bare)["skipped"]) == ("policy.locked", True)
    assert (hidden.skip_reason, "guests" in fields(hidden)["skipped"]) == ("policy.locked", True)
    assert (file.skip_reason, file.url, file.media) == (None, "https://a.test/b.zip", Media.FILE)


@pytest.mark.parametrize("spelling", [{"wrapped": True}, {"leading_slash": False}, {"r_out_of_range": True}])
def test_the_spellings_of_the_site_all_mean_the_same(spelling: dict[str, bool]) -> None:
    pieces = usual()[-6:]
    with Walk(pieces) as plain, Walk(pieces, **spelling) as odd:
        one = [hit.url.partition("/deviantart/")[2] for hit in plain.hits("ann")]
        two = [hit.url.partition("/deviantart/")[2] for hit in odd.hits("ann")]
    assert one == two
    assert len(one) == 4


def test_a_short_page_is_not_the_end() -> None:
    pieces = [replace(piece, barred="hidden" if number < 59 else "") for number, piece in enumerate(many(130))]
    with Walk(pieces) as walk:
        assert len(walk.hits("ann", details=False)) == 71
        assert walk.asked("gallection/contents") == 3


def test_folders_scraps_favourites_and_collections() -> None:
    with Walk() as walk:
        assert ids(walk.hits("ann/gallery/12", details=False)) == [f"9000000{n}" for n in (27, 24, 21, 18)]
        assert ids(walk.hits("ann/scraps", details=False)) == ["900000003"]
        assert ids(walk.hits("ann/favourites", details=False)) == ["850000002", "850000001"]
        assert ids(walk.hits("ann/favourites/21", details=False)) == ["850000002", "850000001"]
        assert walk.hits("ann/favourites", details=False)[0].licence.creators == ("bob",)


def test_tags_and_searches_by_cursor_in_the_order_asked_for() -> None:
    with Walk(many(60)) as walk:
        newest = ids(walk.hits("tag:fantasy", details=False))
        assert newest == sorted(newest, reverse=True)
        assert len(newest) == 60
        liked = ids(walk.hits("search:tower", order="popular-all-time", details=False))
        assert sorted(liked, reverse=True) == newest != liked
        assert walk.asked("order=popular-all-time") == 3
        assert walk.hits("search:nothing", details=False) == []


def test_the_order_of_an_artists_works_is_the_artists() -> None:
    with Walk(many(2)) as walk:
        assert len(walk.hits("ann", order="undiscovered", details=False)) == 2
    assert "order=undiscovered" in walk.notices[0]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> int:
    """A window of the site that is reached sooner than its ten thousand; no page of 60 or 24 ends with it either."""
    assert listing.WINDOW == 10_000
    monkeypatch.setattr(listing, "WINDOW", 400)
    monkeypatch.setattr(oauth, "WINDOW", 400)
    return 400


def test_behind_the_window_the_folders_are_walked(window: int) -> None:
    pieces = [replace(piece, folder=1 + number // 220) for number, piece in enumerate(many(430))]
    with Walk(pieces, window=window) as walk:
        hits = walk.hits("ann", details=False)
    assert len({hit.key for hit in hits}) == 430
    assert "folder by folder" in walk.notices[0]


@pytest.mark.parametrize(
    "keyword",
    ["https://www.deviantart.com/ann/art/Series-900000010", "deviantart.com/deviation/900000010", "fav.me/devu4ga"],
)
def test_a_single_work_by_any_address(keyword: str) -> None:
    with Walk() as walk:
        assert ids(walk.hits(keyword)) == ["900000010", "900000010/2", "900000010/3"]


def test_nobody_of_that_name_and_no_such_work() -> None:
    with Walk() as walk:
        for keyword in ("nobody", "deviantart.com/deviation/1", "ann/gallery/12"):
            if keyword.startswith("ann"):
                walk.double.pieces.clear()
            with pytest.raises(SourceError) as caught:
                walk.hits(keyword)
            assert (caught.value.state, caught.value.reason) == (SearchState.FAILED, "page.gone")


def test_an_answer_of_another_shape_is_never_an_empty_one() -> None:
    with pytest.raises(SourceError) as caught, PracticeWeb(Knobs.calm()) as web:
        home = f"{web.url}/pages/deviantart"  # pages without a token
        with LentWeb({**deviantart.SOURCE.settings, "home": home, "rate": 0.0}) as lent:
            list(deviantart.search(search_for("1", "deviantart"), lent))
    assert (caught.value.state, caught.value.reason) == (SearchState.LAYOUT, "page.layout")


# --------------------------------------------------------------------------- originals, videos


def test_what_is_behind_the_button_comes_on_request_and_pictures_always() -> None:
    pieces = [Piece(900_000_003, "Brushes", button="zip"), Piece(900_000_002, button="jpg")]
    with Walk(pieces) as walk:
        plain, more = walk.hits("ann"), walk.hits("ann", originals=True)
    assert ids(plain) == ["900000003", "900000002"]
    assert "/download/900000002/" in plain[1].url
    assert not any("/download/" in url for url in (plain[0].url, *plain[0].fallbacks))
    assert ids(more) == ["900000003", "900000003/file", "900000002"]
    assert (more[1].media, fields(more[1])["original"]) == (Media.FILE, "zip")


def test_a_video_is_one() -> None:
    with Walk([Piece(900_000_001, kind="video", extension="mp4")]) as walk:
        (hit,) = walk.hits("ann")
    assert (hit.media, hit.url[-4:], hit.fallbacks) == (Media.VIDEO, ".mp4", ())


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("status", [400, 200])
def test_a_stale_token_is_renewed_and_tied_to_its_cookie(status: int) -> None:
    with Walk(many(250), stale_after=2, stale_status=status) as walk:
        assert len(walk.hits("ann", details=False)) == 250
        assert sum(request.status == 400 for request in walk.web.log) == (2 if status == 400 else 0)


def test_too_many_requests_wait_with_everybody_and_go_on() -> None:
    with Walk(many(3), refusals=2) as walk:
        assert len(walk.hits("ann", details=False)) == 3
    assert walk.waits == [0.0, 0.0], "how long is the host's to say"


def test_a_block_of_the_front_waits_five_minutes_and_goes_on() -> None:
    with Walk(many(100), block_after=2) as walk:
        assert len(walk.hits("ann", details=False)) == 100
    assert walk.waits == [300.0]


def test_other_refusals_ask_nobody_to_wait() -> None:
    assert throttled(Answer("http://a/", 403, text="forbidden")) is None
    assert throttled(Answer("http://a/", 400, text='{"error":"user_api_threshold"}')) == 0.0
    assert throttled(Answer("http://a/", 200, text="{}")) is None


def test_a_site_for_browsers_alone_says_which_setting_helps() -> None:
    with Walk(many(1), browsers_only=True) as walk:
        with pytest.raises(SourceError) as caught:
            walk.hits("ann")
        assert (caught.value.reason, "user_agent" in caught.value.detail) == ("page.denied", True)
        assert len(walk.hits("ann", user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")) == 1


def test_an_accounts_cookies_go_to_the_site_beside_its_own() -> None:
    with Walk(many(2)) as walk:
        hits = walk.hits("ann", cookies=LOGIN)
        sent = [request.headers.get("cookie", "") for request in walk.web.log if "/_puppy/" in request.path]
    assert all(LOGIN in cookie and "userinfo=" in cookie for cookie in sent)
    assert all(hit.cookies == "" for hit in hits)


# --------------------------------------------------------------------------- only what is new


def test_the_second_walk_ends_at_what_the_first_one_knew() -> None:
    with Walk(many(300)) as walk:
        first = walk.hits("ann", details=False)
        before = walk.asked("gallection/contents")
        walk.double.pieces.insert(0, Piece(900_000_000))
        del walk.double.pieces[1:3]  # the newest of the first walk are gone
        second = walk.hits("", again("ann", first))
        assert walk.asked("gallection/contents") - before == 2, "one page with news, one without"
        assert [hit.id for hit in second if hit.key not in {hit.key for hit in first}] == ["900000000"]
        assert len(walk.hits("", again("ann", first, complete=False))) == 299, "a walk cut short is walked on"
        assert len(walk.hits("", again("ann", first), only_new=False)) == 299


def test_known_works_are_not_looked_at_again_but_for_the_one_where_a_walk_was_cut() -> None:
    pieces = [Piece(900_000_009 - number, further=2) for number in range(5)]
    with Walk(pieces) as walk:
        known = walk.hits("ann")[:4]  # the second work lacks its other pictures
        before = walk.asked("dadeviation")
        hits = walk.hits("", again("ann", known, complete=False))
        assert walk.asked("dadeviation") - before == 4
    assert set(ids(hits)) - set(ids(known)) >= {"900000008/2", "900000008/3", "900000005/3"}


def test_a_work_that_is_opened_later_is_new() -> None:
    with Walk([Piece(900_000_001, barred="tier")]) as walk:
        (barred,) = walk.hits("ann")
        walk.double.pieces[0] = Piece(900_000_001)
        (opened,) = walk.hits("", again("ann", [barred]))
    assert barred.key != opened.key == id_key("deviantart", "900000001")


def test_the_user_sets_where_to_stop_by_work_even_one_that_is_gone_or_by_date() -> None:
    pieces = many(200, first=900_000_000)
    with Walk(pieces) as walk:
        everything = ids(walk.hits("ann", details=False))
        assert ids(walk.hits("ann", since="900000101", details=False)) == everything[:99]
        assert walk.asked("gallection/contents") == 4 + 3
        del walk.double.pieces[99]
        address = "https://www.deviantart.com/ann/art/Tower-900000101"
        assert ids(walk.hits("ann", since=address, details=False)) == everything[:99]
        assert ids(walk.hits("search:tower", since="900000101", details=False)) == everything[:99]


def test_a_date_stops_too() -> None:
    pieces = [Piece(900_000_000 - 150_000 * number) for number in range(130)]  # a little over a day apart
    with Walk(pieces) as walk:
        day = pieces[10].published.date().isoformat()
        assert ids(walk.hits("ann", since=day, details=False)) == [str(piece.id) for piece in pieces[:11]]
        assert walk.asked("gallection/contents") == 2
        assert len(walk.hits("search:tower", order="popular-all-time", since=day, details=False)) == 11
        with pytest.raises(UsageError, match="since"):
            walk.hits("ann", since="yesterday")


def test_in_an_order_that_is_not_that_of_time_the_very_work_stops() -> None:
    with Walk() as walk:
        assert ids(walk.hits("ann/favourites", since="850000001", details=False)) == ["850000002"]


# --------------------------------------------------------------------------- the API


def test_the_api_with_credentials_gives_the_same_pictures_under_the_same_keys() -> None:
    with Walk() as walk:
        site, api = walk.hits("ann", mature=True), walk.hits("ann", **API)
        assert walk.asked("/_puppy/") > 0 < walk.asked("/api/v1/oauth2/gallery/all")
    singles = {hit.key for hit in site if "/2" not in hit.id and "/3" not in hit.id}
    assert {hit.key for hit in api} == singles
    assert {hit.way for hit in api} == {"api"}
    assert {hit.published for hit in api} <= {hit.published for hit in site}
    assert fields(api[0])["tags"] == "fantasy, tower"


def test_the_api_has_no_scraps_folders_or_rankings_so_the_site_is_asked() -> None:
    with Walk() as walk:
        assert len(walk.hits("ann/scraps", **API, details=False)) == 1
        assert len(walk.hits("search:tower", order="popular-1-week", **API, details=False)) == 12
        assert walk.asked("/api/") == 0
        assert len(walk.hits("tag:fantasy", **API, details=False)) > 20
        assert len(walk.hits("ann/favourites", **API, details=False)) == 2
        assert walk.asked("/api/v1/oauth2/") == 3, "two pages of the tag, one of favourites"


def test_a_download_is_asked_for_unless_the_view_is_the_original_already() -> None:
    pieces = [Piece(900_000_002, button="jpg"), Piece(900_000_001, button="jpg", whole=True)]
    with Walk(pieces) as walk:
        first, second = walk.hits("ann", **API)
        assert walk.asked("/deviation/download/") == 1
    assert (first.url.count("/v1/"), len(first.fallbacks)) == (0, 3)
    assert second.fallbacks == ()


@pytest.mark.parametrize("status", [400, 500])
def test_when_the_downloads_of_the_week_are_used_up_the_views_are_taken(status: int) -> None:
    pieces = many(4, button="jpg")
    with Walk(pieces, quota=1, quota_status=status) as walk:
        hits = walk.hits("ann", **API)
        refused = sum(request.status == status for request in walk.web.log)
    assert [len(hit.fallbacks) for hit in hits] == [3, 2, 2, 2]
    assert refused == (1 if status == 400 else 3), "asked no more for the others"
    assert sum("used up" in notice for notice in walk.notices) == 1


def test_an_api_token_that_ends_is_renewed() -> None:
    with Walk(many(100), token_uses=2) as walk:
        assert len(walk.hits("ann", **API, details=False)) == 100
        assert walk.asked("/oauth2/token") == 3


def test_the_api_waits_with_everybody_too() -> None:
    with Walk(many(3), refusals=2) as walk:
        assert len(walk.hits("ann", **API)) == 3
    assert walk.waits == [0.0, 0.0]


def test_wrong_credentials_are_denied_and_the_secret_is_never_told() -> None:
    with Walk() as walk, pytest.raises(SourceError) as caught:
        walk.hits("ann", client_id="7001", client_secret="mysecret")
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.denied")
    assert "mysecret" not in str(caught.value) + caught.value.detail
    assert not any("mysecret" in request.path for request in walk.web.log)


def test_credentials_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVIANTART_CLIENT_ID", CLIENT[0])
    monkeypatch.setenv("DEVIANTART_CLIENT_SECRET", CLIENT[1])
    with Walk(many(1)) as walk:
        (hit,) = walk.hits("ann")
    assert hit.way == "api"
    assert CLIENT[1] not in repr(hit)


def test_without_mature_the_api_leaves_such_works_out() -> None:
    with Walk([Piece(900_000_002, mature=True), Piece(900_000_001)]) as walk:
        assert ids(walk.hits("ann", **API, mature=False)) == ["900000001"]
        assert fields(walk.hits("ann", **API)[0])["mature"] == "true"


def test_behind_the_window_of_the_api_the_folders_are_walked(window: int) -> None:
    pieces = [replace(piece, folder=1 + number // 220) for number, piece in enumerate(many(430))]
    with Walk(pieces, window=window) as walk:
        hits = walk.hits("ann", **API, details=False)
    assert len({hit.key for hit in hits}) == 430


# ------------------------------------------------------------------------------- other lists


def test_words_within_a_gallery_in_both_orders() -> None:
    pieces = [
        *many(130),
        Piece(900_000_001, "Dragon", "bob"),
        *(Piece(n, "Red dragon") for n in (7_000_003, 7_000_002)),
    ]
    with Walk(pieces) as walk:
        assert ids(walk.hits("ann/gallery?q=dragon")) == ["7000003", "7000002"]
        popular = sorted(pieces[-2:], key=lambda piece: -piece.stars)
        found = walk.hits("https://www.deviantart.com/ann/gallery?q=dragon&sort=popular")
        assert ids(found) == [str(piece.id) for piece in popular]
        assert ids(walk.hits("ann/gallery?q=dragon", order="popular-1-week")) == ids(found)
        with pytest.raises(UsageError, match="remove one"):
            walk.hits("ann/gallery?q=dragon&sort=popular", order="newest")


@pytest.mark.parametrize("cursors", [True, False])
def test_the_home_page_is_walked_to_its_end(cursors: bool) -> None:
    with Walk(many(60), cursors=cursors) as walk:
        assert len(set(ids(walk.hits("home")))) == 60


@pytest.mark.parametrize(("states", "settings"), [(True, {}), (False, {}), (True, API)])
def test_daily_deviations_by_page_by_links_and_by_the_api(states: bool, settings: dict[str, str]) -> None:
    pieces = many(5)
    with Walk(pieces, states=states) as walk:
        found = walk.hits("https://www.deviantart.com/daily-deviations", **settings)
        assert ids(found) == [str(piece.id) for piece in pieces[:3]]
        assert {hit.licence.creators for hit in found} == {("ann",)}


def test_the_daily_deviations_of_another_day_want_an_application() -> None:
    with Walk(many(5)) as walk:
        assert len(walk.hits("daily:2024-05-18", **API)) == 2
        with pytest.raises(SourceError, match=r"deviantart\.client_id") as refused:
            walk.hits("daily:2024-05-18")
        assert refused.value.reason == "page.denied"


def test_the_stash_by_work_and_by_folder() -> None:
    pieces = [Piece(9_000_001 + n, f"Draft {n}", stash=f"0abc{n}", stash_folder="2folder") for n in range(3)]
    with Walk(pieces) as walk:
        (one,) = walk.hits("https://sta.sh/0abc1")
        assert (one.id, one.page.endswith("/stash/0abc1"), one.licence.creators) == ("9000002", True, ("ann",))
        assert ids(walk.hits("https://sta.sh/2folder")) == ["9000001", "9000002", "9000003"]
        with pytest.raises(SourceError) as gone:
            walk.hits("sta.sh/0nothing")
        assert gone.value.reason == "page.gone"
