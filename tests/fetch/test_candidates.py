"""Other URLs of a picture, stand-ins, and cookies: what is asked for, in which order, and what is told."""

from __future__ import annotations

import base64

import pytest

from collector.model import Downloaded, DownloadFailed, Media
from tests.support.misbehaving import Request, Server, Writer, ok, picture, redirect, reset

JPEG = picture(size=(400, 300))
SMALL = picture("PNG", (80, 60))
GONE = ok(b"", "404 Not Found")
DATA = "data:image/png;base64," + base64.b64encode(SMALL).decode()


@pytest.mark.parametrize(
    "bad",
    [
        GONE,
        ok(b"", "410 Gone"),
        ok(b"", "403 Forbidden"),
        ok(b"<!doctype html><p>no"),
        ok(b""),
        ok(b"%PDF-1.7"),
        redirect("/removed.png"),
        redirect("file:///etc/passwd"),
    ],
)
def test_another_url_takes_the_place_of_one_that_ended_for_good(bad: bytes, server: Server, fetch) -> None:
    server.put("/removed.png", ok(SMALL))
    second = server.put("/second.jpg", ok(JPEG))
    value = fetch(server.put("/best.jpg", bad), fallbacks=(second, server.base + "/third.jpg"))
    assert isinstance(value, Downloaded), value
    assert (value.attempt.via, value.attempt.final_url, value.picture.width) == ("fallback", second, 400)
    assert value.task.url == server.base + "/best.jpg"
    assert server.picture_paths()[-1] == "/second.jpg"


def test_the_best_one_is_enough(server: Server, fetch) -> None:
    value = fetch(server.put("/best.jpg", ok(JPEG)), fallbacks=(server.base + "/second.jpg",), thumbnail_url=DATA)
    assert isinstance(value, Downloaded)
    assert (value.attempt.via, server.picture_paths()) == (None, ["/best.jpg"])


@pytest.mark.parametrize("bad", [ok(b"", "503 Busy"), ok(b"", "429 Slow", Retry_After="7"), reset(ok(b"", length=9)),
                                 ok(JPEG[:400])])  # fmt: skip
def test_a_hiccup_does_not_cost_the_best_one(bad: object, server: Server, fetch) -> None:
    urls = (server.put("/second.jpg", ok(JPEG)),)
    best = server.put("/best.jpg", bad)  # type: ignore[arg-type]
    settings = {"thumbnails": "fallback", "attempts": 3}
    value = fetch(best, settings, fallbacks=urls, thumbnail_url=DATA, attempt=2)
    assert isinstance(value, DownloadFailed)
    assert set(server.picture_paths()) == {"/best.jpg"}
    last = fetch(best, settings, fallbacks=urls, thumbnail_url=DATA, attempt=3)
    assert isinstance(last, Downloaded)
    assert last.attempt.via == "fallback"


def test_a_hiccup_of_another_url_is_told_as_such_and_tried_again(server: Server, fetch) -> None:
    other = server.put("/second.jpg", ok(b"", "503 Busy", Retry_After="9"))
    value = fetch(server.put("/best.jpg", GONE), fallbacks=(other,))
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.retry_after) == ("http.503", 9.0)
    assert value.detail.startswith("another URL of it")
    assert value.task.url == server.base + "/best.jpg"


def test_told_is_why_the_best_one_failed(server: Server, fetch) -> None:
    others = tuple(server.put(f"/{n}.jpg", ok(b"<html>no")) for n in range(3))
    value = fetch(
        server.put("/best.jpg", ok(b"", "410 Gone")), fallbacks=(*others, others[0], server.base + "/best.jpg")
    )
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.attempt.status) == ("http.410", 410)
    assert server.picture_paths() == ["/best.jpg", "/0.jpg", "/1.jpg", "/2.jpg"]


def test_a_claim_is_about_the_best_url_only(server: Server, second: Server, fetch) -> None:
    small = second.put("/small.png", ok(SMALL))
    moved = server.put("/moved.png", redirect(small))
    value = fetch(server.put("/best.jpg", GONE), fallbacks=(moved,), width=1600, height=1200)
    assert isinstance(value, Downloaded)
    assert value.picture.width == 80


@pytest.mark.parametrize("data", [True, False])
def test_the_thumbnail_stands_in_when_asked_and_nothing_else_came(data: bool, server: Server, fetch) -> None:
    thumbnail = DATA if data else server.put("/thumb.png", ok(SMALL))
    best = server.put("/best.jpg", GONE)
    facts = {"fallbacks": (server.put("/second.jpg", GONE),), "thumbnail_url": thumbnail}
    assert isinstance(fetch(best, **facts), DownloadFailed)
    value = fetch(best, {"thumbnails": "fallback"}, **facts)
    assert isinstance(value, Downloaded)
    assert (value.attempt.via, value.picture.width) == ("thumbnail", 80)
    assert value.attempt.final_url == (None if data else thumbnail)


def test_no_stand_in_for_a_video_or_a_decision(server: Server, slug) -> None:
    best = server.put("/best.mp4", GONE)
    assert slug(best, {"thumbnails": "fallback"}, thumbnail_url=DATA, media=Media.VIDEO) == "http.404"
    kept = server.put("/kept.jpg", ok(JPEG, X_Robots_Tag="noai"))
    other = server.put("/copy.jpg", ok(JPEG))
    assert slug(kept, {"thumbnails": "fallback"}, thumbnail_url=DATA, fallbacks=(other,)) == "policy.opt_out"
    assert "/copy.jpg" not in server.picture_paths()


def test_what_robots_forbids_may_lie_elsewhere_but_has_no_stand_in(server: Server, second: Server, fetch) -> None:
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /kept/"))
    best = server.put("/kept/best.jpg", ok(JPEG))
    value = fetch(best, {"thumbnails": "fallback"}, thumbnail_url=DATA)
    assert isinstance(value, DownloadFailed)
    assert value.reason == "policy.robots"
    value = fetch(best, fallbacks=(second.put("/copy.jpg", ok(JPEG)),))
    assert isinstance(value, Downloaded)
    assert value.attempt.via == "fallback"
    assert server.picture_paths() == []


def needs_cookie(cookie: str):
    async def answer(request: Request, writer: Writer) -> None:
        writer.write(ok(JPEG) if request.headers.get("cookie") == cookie else ok(b"", "403 Forbidden"))
        await writer.drain()

    return answer


def test_cookies_go_to_the_picture_s_own_origin_alone(server: Server, second: Server, fetch) -> None:
    canary = "session=canary; b=2"
    assert isinstance(fetch(server.put("/x.jpg", needs_cookie(canary)), cookies=canary), Downloaded)
    server.put("/there.jpg", ok(JPEG))
    assert isinstance(fetch(server.put("/here.jpg", redirect("/there.jpg")), cookies=canary), Downloaded)
    assert server.pictures[-1].headers["cookie"] == canary
    second.put("/away.jpg", redirect(server.base + "/there.jpg"))
    assert isinstance(fetch(server.put("/out.jpg", redirect(second.base + "/away.jpg")), cookies=canary), Downloaded)
    assert "cookie" not in server.pictures[-1].headers, "not even when it comes back"
    other = second.put("/copy.jpg", ok(JPEG))
    assert isinstance(fetch(server.put("/none.jpg", GONE), cookies=canary, fallbacks=(other,)), Downloaded)
    assert not [request for request in second.log if "cookie" in request.headers]
    assert not [request for request in server.log if request.path == "/robots.txt" and "cookie" in request.headers]


def test_no_header_is_smuggled_in_by_a_cookie(server: Server, fetch) -> None:
    fetch(server.put("/x.jpg", ok(JPEG)), cookies="a=1\r\nX-Evil: 1")
    assert not {"cookie", "x-evil"} & set(server.pictures[-1].headers)


def test_cookies_are_not_told(server: Server, fetch) -> None:
    value = fetch(server.put("/x.jpg", ok(b"", "403 Forbidden")), cookies="session=canary")
    assert isinstance(value, DownloadFailed)
    assert "canary" not in value.detail
