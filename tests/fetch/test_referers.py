"""Referers as browsers send them, the ladder against hotlink protection, and stand-ins."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from collector.fetch.referers import Referers, stand_in
from collector.http.transport import Reply
from collector.model import Downloaded, DownloadFailed, Task
from collector.urls import browser_referer, referer_after_redirect, whole_page
from tests.support.misbehaving import Request, Server, Writer, ok, parts, picture, redirect

JPEG = picture(size=(400, 300))
SMALL = picture("PNG", (80, 60))


@pytest.mark.parametrize(
    ("page", "url", "expected"),
    [
        ("https://a.example/p?q=1#f", "https://a.example/x.jpg", "https://a.example/p?q=1"),
        ("https://a.example:443/p", "https://a.example/x.jpg", "https://a.example/p"),
        ("https://a.example/p?q=1", "https://b.example/x.jpg", "https://a.example/"),
        ("https://a.example/p", "https://www.a.example/x.jpg", "https://a.example/"),
        ("https://a.example:8443/p", "https://a.example/x.jpg", "https://a.example:8443/"),
        ("http://a.example/p", "https://a.example/x.jpg", "http://a.example/"),
        ("https://a.example/p", "http://a.example/x.jpg", ""),
        ("https://user:secret@a.example/p", "https://a.example/x.jpg", "https://a.example/p"),
        ("https://Bücher.example:8443/ü", "https://b.example/x.jpg", "https://xn--bcher-kva.example:8443/"),
        ("https://bücher.example/p", "https://xn--bcher-kva.example/x.jpg", "https://xn--bcher-kva.example/"),
        ("https://\udc80.example/p", "https://b.example/x.jpg", ""),
        ("data:text/html,x", "https://a.example/x.jpg", ""),
        ("", "https://a.example/x.jpg", ""),
        ("http://[::1", "https://a.example/x.jpg", ""),
    ],
)
def test_browser_referer(page: str, url: str, expected: str) -> None:
    assert browser_referer(page, url) == expected


@pytest.mark.parametrize(
    ("referer", "url", "there", "expected"),
    [
        ("https://a.example/p", "https://a.example/1", "https://a.example/2", "https://a.example/p"),
        ("https://a.example/p", "https://a.example/1", "https://b.example/2", "https://a.example/"),
        ("https://a.example/p", "https://a.example/1", "http://b.example/2", ""),
        ("https://b.example/p?q", "https://a.example/1", "https://b.example/2", "https://b.example/p?q"),
        ("", "https://a.example/1", "https://b.example/2", ""),
    ],
)
def test_referer_after_redirect(referer: str, url: str, there: str, expected: str) -> None:
    assert referer_after_redirect(referer, url, there) == expected


def test_a_header_cannot_be_smuggled_in() -> None:
    assert whole_page("https://a.example/p\r\nX: y") == "https://a.example/"
    assert whole_page("https://a.example/ü") == "https://a.example/"


def test_rungs_remember_what_worked_and_give_up_on_hopeless_hosts() -> None:
    ladder = Referers()
    task = Task(1, 1, "https://img.example/x.jpg", page="https://a.example/p")
    assert list(ladder.strategies(task)) == [
        ("browser", "https://a.example/"),
        ("own", "https://img.example/"),
        ("none", ""),
        ("page", "https://a.example/p"),
    ]
    ladder.worked(task, "none")
    assert [name for name, _ in ladder.strategies(task)] == ["none", "browser", "own", "page"]
    for _ in range(3):
        ladder.refused(task)
    assert [name for name, _ in ladder.strategies(task)] == ["none"]
    ladder.worked(task, "own")
    assert [name for name, _ in ladder.strategies(task)] == ["own", "browser", "none", "page"], "no longer hopeless"
    assert len(list(ladder.strategies(Task(2, 1, "https://other.example/x.jpg", page="https://a.example/p")))) == 4
    assert [name for name, _ in Referers().strategies(Task(3, 1, "https://img.example/x.jpg"))] == ["browser", "own"]


def test_doubts_that_were_in_vain_end_but_never_where_a_refusal_was_once_in_disguise() -> None:
    referers, foreign = Referers(), "https://a.example/"
    honest, disguised = (Task(1, 1, f"https://{host}.example/x.jpg") for host in ("honest", "disguised"))
    referers.worked(disguised, "own", disguised=True)
    for _ in range(2):
        assert referers.doubtful(honest, foreign) and referers.doubtful(disguised, foreign)
        referers.in_vain(honest)
        referers.in_vain(disguised)
    assert not referers.doubtful(honest, foreign) and referers.doubtful(disguised, foreign)
    assert not referers.doubtful(disguised, "") and not referers.doubtful(disguised, "https://disguised.example/")


def wants(test: object, good: bytes = ok(JPEG), bad: bytes = ok(b"<html>no", "403 Forbidden", type="text/html")):
    """An answer that depends on the Referer (None when there is none)."""

    async def answer(request: Request, writer: Writer) -> None:
        writer.write(good if test(request.headers.get("referer")) else bad)  # type: ignore[operator]
        await writer.drain()

    return answer


PAGE = "http://pages.example/gallery/1?token=x"
RULES = {
    "page's origin": (lambda r, s: r == "http://pages.example/", 1),
    "own host": (lambda r, s: r == s.base + "/", 2),
    "none only": (lambda r, s: r is None, 3),
    "the very page": (lambda r, s: r == PAGE, 4),
}


@pytest.mark.parametrize("rule", RULES)
def test_ladder_reaches_every_rule_and_remembers_it(rule: str, server: Server, fetch) -> None:
    test, requests = RULES[rule]
    for path, good in (("/1.jpg", JPEG), ("/2.jpg", picture(size=(401, 300)))):
        value = fetch(server.put(path, wants(lambda referer: test(referer, server), ok(good))), page=PAGE)
        assert isinstance(value, Downloaded), value
    assert server.picture_paths() == ["/1.jpg"] * requests + ["/2.jpg"]


def test_refused_on_every_rung(server: Server, fetch) -> None:
    value = fetch(server.put("/x.jpg", ok(b"", "403 Forbidden", Retry_After="0")), page=PAGE)
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.attempt.status, len(server.pictures)) == ("http.403", 403, 4)
    for n in range(4):
        fetch(server.put(f"/{n}.jpg", ok(b"", "403 Forbidden")), page=PAGE)
    assert len(server.pictures) == 4 + 4 + 4 + 1 + 1


def test_rungs_share_one_deadline(server: Server, slug) -> None:
    import asyncio

    async def slow_refusal(request: Request, writer: Writer) -> None:
        await asyncio.sleep(0.5)
        writer.write(ok(b"", "403 Forbidden"))
        await writer.drain()

    reason = slug(server.put("/x.jpg", slow_refusal), {"deadline": 0.8}, page=PAGE)
    assert reason in ("net.deadline", "http.403")
    assert len(server.pictures) <= 2


@pytest.mark.parametrize("name", ["removed.png", "nohotlink.png", "go-away.gif", "image_placeholder.jpg", "403.png",
                                  "default.png", "HotLink.jpg"])  # fmt: skip
def test_redirect_to_a_stand_in(name: str, server: Server, slug, tmp_path: Path) -> None:
    server.put("/" + name, ok(SMALL))
    assert slug(server.put("/photo.jpg", redirect("/" + name))) == "image.placeholder"
    assert parts(tmp_path) == []


@pytest.mark.parametrize("name", ["/removed.png", "/the-403-bus.jpg", "/defaulted.jpg", "/unremoved-hotlinkery.jpg"])
def test_names_alone_prove_nothing(name: str, server: Server, slug) -> None:
    server.put("/cdn" + name, ok(SMALL))
    assert slug(server.put(name, redirect("/cdn" + name))) == "arrived"
    assert slug(server.put(name, ok(SMALL))) == "arrived"


def test_a_removed_picture_is_asked_for_once(server: Server, slug) -> None:
    server.put("/removed.png", ok(SMALL))
    assert slug(server.put("/x.jpg", redirect("/removed.png")), page=PAGE) == "image.placeholder"
    assert len(server.pictures) == 2


def test_stand_in_for_foreign_pages_is_climbed_over(server: Server, fetch) -> None:
    server.put("/nohotlink.png", ok(SMALL))
    answer = wants(lambda referer: referer == server.base + "/", bad=redirect("/nohotlink.png"))
    value = fetch(server.put("/x.jpg", answer), page=PAGE)
    assert isinstance(value, Downloaded)
    assert value.picture.width == 400


def test_stand_in_with_status_200_is_known_by_its_size(server: Server, fetch) -> None:
    answer = wants(lambda referer: referer == server.base + "/", bad=ok(SMALL))
    value = fetch(server.put("/x.jpg", answer), page=PAGE, width=400, height=300)
    assert isinstance(value, Downloaded)
    assert value.picture.width == 400
    assert len(server.pictures) == 2


def test_redirect_to_a_tiny_picture_contradicts_the_claim(server: Server, slug) -> None:
    server.put("/y.jpg", ok(SMALL))
    url = server.put("/x.jpg", redirect("/y.jpg"))
    assert slug(url, width=1600, height=1200) == "image.placeholder"
    assert slug(url, width=300, height=200) == "arrived"
    assert slug(url, width=1600, height=0) == "arrived"


def test_a_small_picture_under_every_referer_is_just_small(server: Server, slug) -> None:
    url = server.put("/x.jpg", ok(SMALL))
    assert slug(url, width=1600, height=1200) == "arrived"
    assert slug(url, width=1600, height=1200, page=PAGE) == "arrived"


def test_known_stand_in_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = frozenset({(len(SMALL), hashlib.md5(SMALL).hexdigest())})
    monkeypatch.setattr("collector.fetch.referers._KNOWN", known)
    task = Task(1, 1, "http://a.example/x.jpg")
    assert stand_in(task, Reply(200, task.url, body=SMALL)) == "removed"
    assert stand_in(task, Reply(200, task.url, body=JPEG)) == ""


def test_thumbnails_are_not_asked_for_unless_wanted(server: Server, slug) -> None:
    url = server.put("/x.jpg", ok(JPEG))
    assert slug(url, {"thumbnails": "no"}, is_thumbnail=True) == "policy.thumbnail"
    assert server.connections == 0
    assert slug(url, {"thumbnails": "yes"}, is_thumbnail=True) == "arrived"
