"""The ladder of candidates: best first, only what the site signed, and the site's oddities evened out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collector.practice.deviantart_cdn import FILE, VIEW, Signer
from collector.sources.deviantart.candidates import Ladder, claims, ladder, media_of

BASE = "https://images-wixmp-ed30.wixmp.com/f/1111-uuid/devu2c1-2222.jpg"
PATH = "/f/1111-uuid/devu2c1-2222.jpg"
COPY = "https://images-wixmp-ed30.wixmp.com/intermediary/f/1111-uuid/devu2c1-2222.jpg"
C = "/v1/fill/w_1024,h_1280,q_75,strp/<prettyName>-fullview.jpg"
VIEWS = Signer().token(VIEW, PATH, {"width": "<=1024", "height": "<=1280"})
WHOLE = Signer().token(FILE, PATH)
NEW, OLD = 900_000_001, 700_000_001


def media(c: str = C, tokens: tuple[str, ...] = (VIEWS,), base: str = BASE, **view: Any) -> dict[str, Any]:
    full = {"t": "fullview", "r": 0, "w": 1024, "h": 1280, **({"c": c} if c else {}), **view}
    small = {"t": "150", "r": 0, "c": "/v1/fit/w_150,h_150,q_70,strp/<prettyName>-150.jpg", "w": 120, "h": 150}
    return {"baseUri": base, "prettyName": "tower_by_ann_devu2c1", "token": list(tokens), "types": [small, full]}


def forms(there: Ladder) -> list[str]:
    """The rungs without their tokens, `file` and `views` where they were."""
    names = {VIEWS: "views", WHOLE: "file"}
    shown = []
    for url in there.urls:
        parts = urlsplit(url)
        token = parse_qs(parts.query).get("token", [""])[0]
        shown.append(f"{parts.path.removeprefix(PATH)}?{names.get(token, token)}")
    return shown


def test_the_whole_ladder_in_its_order() -> None:
    there = ladder(media(tokens=(VIEWS, WHOLE)), OLD, "https://www.deviantart.com/download/1/a.jpg")
    name = "/v1/fill/w_1024,h_1280"
    assert forms(there) == [
        "/download/1/a.jpg?",
        "?file",
        f"/intermediary{PATH}?",
        f"{name},q_100,strp/tower_by_ann_devu2c1-fullview.jpg?views",
        f"{name},q_75,strp/tower_by_ann_devu2c1-fullview.png?views",
        f"{name},q_75,strp/tower_by_ann_devu2c1-fullview.jpg?views",
    ]
    assert (there.width, there.height, there.blurred, there.moving) == (1024, 1280, False, False)
    assert "-150.jpg" in there.thumbnail


def test_a_view_that_was_not_transformed_is_the_original_and_needs_no_other_rung() -> None:
    assert forms(ladder(media(c=""), OLD)) == ["?views"]


@pytest.mark.parametrize(("work", "there"), [(790_677_560, True), (790_677_561, False), (0, False)])
def test_the_recompressed_copy_is_for_old_works_alone(work: int, there: bool) -> None:
    assert (COPY in ladder(media(), work).urls) is there


def test_there_is_no_recompressed_copy_of_a_gif() -> None:
    assert not any("intermediary" in url for url in ladder(media(base=BASE.replace("jpg", "gif")), OLD).urls)


def test_with_and_without_a_slash_is_the_same_path() -> None:
    assert ladder(media(C.removeprefix("/"))) == ladder(media(C))


@pytest.mark.parametrize("r", [1, 7, -1, None])
def test_an_index_out_of_range_means_the_first_token(r: int | None) -> None:
    assert ladder(media(r=r)) == ladder(media(r=0))


def test_the_token_that_signs_a_type_is_the_one_it_names() -> None:
    assert forms(ladder(media(tokens=(WHOLE, VIEWS), r=1)))[-1].endswith("?views")


def test_where_the_token_allows_more_of_the_same_shape_that_much_is_asked_for() -> None:
    larger = Signer().token(VIEW, PATH, {"width": "<=2048", "height": "<=2560"})
    first = ladder(media(tokens=(larger,))).urls[0]
    assert "/v1/fill/w_2048,h_2560/tower_by_ann_devu2c1-fullview.jpg" in first
    other = Signer().token(VIEW, PATH, {"width": "<=2048", "height": "<=2048"})
    assert "w_1024,h_1280,q_100" in ladder(media(tokens=(other,))).urls[0], "another shape would be distorted"


def test_what_is_blurred_stays_blurred_and_over_a_hundred_is_a_hundred() -> None:
    blurred = C.replace(",strp", ",strp,blur_150")
    there = ladder(media(blurred, tokens=(VIEWS, WHOLE)), OLD)
    assert there.blurred
    assert forms(there) == ["/v1/fill/w_1024,h_1280,q_75,strp,blur_100/tower_by_ann_devu2c1-fullview.jpg?views"]


def test_a_video_and_a_gif_have_addresses_of_their_own() -> None:
    video = media()
    video["types"] += [{"t": "video", "b": "https://wixmp.com/v/360.mp4", "h": 360}]
    video["types"] += [{"t": "video", "b": "https://wixmp.com/v/720.mp4", "h": 720, "w": 1280}]
    there = ladder(video, NEW)
    assert there.moving
    assert (there.urls, there.width, there.height) == (("https://wixmp.com/v/720.mp4",), 1280, 720)
    gif = {"baseUri": BASE, "token": [VIEWS], "types": [{"t": "gif", "b": BASE, "r": 1, "w": 9, "h": 9}]}
    assert forms(ladder(gif, OLD)) == ["?views", "?"]


def test_pictures_on_the_hosts_of_old_are_followed_from_where_they_were() -> None:
    url = "http://pre00.deviantart.net/1/pre/f/2012/1/a/b/tower_by_ann-d4xyz12.jpg"
    assert ladder({"baseUri": url, "types": [{"t": "fullview"}]}, OLD).urls == (url,)


def test_the_api_tells_only_a_signed_address_and_it_is_taken_apart() -> None:
    path = C.replace("<prettyName>", "tower_by_ann_devu2c1")
    there = ladder(media_of(f"{BASE}{path}?token={VIEWS}", 1024, 1280), OLD)
    assert there.urls == ladder(media(), OLD).urls
    assert forms(ladder(media_of(f"{BASE}?token={VIEWS}"), OLD)) == ["?views"]


def test_media_of_nothing_gives_nothing() -> None:
    assert ladder({}) == Ladder()
    assert ladder({"types": None, "token": None}).urls == ()


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "HDR.IMAGEOPS.SIG", "a.W10.c", "a.ÿ.c"])
def test_what_is_no_token_claims_nothing(token: str) -> None:
    assert claims(token) == {}
    assert ladder(media(tokens=(token,))).urls


def test_no_token_is_made_up() -> None:
    for url in ladder(media(tokens=(VIEWS, WHOLE)), OLD).urls:
        token = parse_qs(urlsplit(url).query).get("token", [""])[0]
        assert token in ("", VIEWS, WHOLE)
