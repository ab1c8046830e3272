"""Answers that servers should not give (hostile inputs H1-H38), over a real socket, through a whole pool."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
import zlib
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil
import pytest

from collector.fetch.pool import ProcessPool
from collector.model import Downloaded, DownloadFailed, Task
from collector.settings import FetchSettings
from tests.support.fetching import QUICK
from tests.support.misbehaving import (
    Answer,
    Request,
    Server,
    Writer,
    bare,
    drip,
    endless,
    ok,
    parts,
    picture,
    redirect,
    reset,
    silence,
)

JPEG = picture()
PNG = picture("PNG")
LONG = picture(size=(400, 300))

OK = "HTTP/1.1 200 OK\nContent-Type: image/jpeg"
ANSWERS = {
    "H1 page of markup": (ok(b"<html><body>blocked</body></html>", type="text/html"), "body.html"),
    "H1 page called jpeg": (ok(b"\n<!DOCTYPE html><p>log in"), "body.html"),
    "H2 404 with a picture": (ok(JPEG, "404 Not Found"), "http.404"),
    "H3 empty": (ok(b""), "body.empty"),
    "H3 empty, no length": (bare(OK), "body.empty"),
    "H4 shorter than announced": (ok(JPEG[:-100], length=len(JPEG), Connection="close"), "net.truncated"),
    "H5 longer than announced": (ok(JPEG, length=len(JPEG) - 50), "image.truncated"),
    "H6 chunked without an end": (
        bare(OK + "\nTransfer-Encoding: chunked", b"10\r\n" + JPEG[:16] + b"\r\n"),
        "net.truncated",
    ),
    "H6 chunk breaks off": (bare(OK + "\nTransfer-Encoding: chunked", b"ffff\r\n" + JPEG), "net.truncated"),
    "H7 endless chunk size": (bare(OK + "\nTransfer-Encoding: chunked", b"1" * 200_000), "http.bad_framing"),
    "H8 two lengths": (bare(OK + f"\nContent-Length: {len(JPEG)}\nContent-Length: 7", JPEG), "http.bad_framing"),
    "H8 length beside chunks": (
        bare(
            OK + f"\nContent-Length: {len(JPEG)}\nTransfer-Encoding: chunked",
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG),
        ),
        "http.bad_framing",
    ),
    "H9 one header of 1 MB": (bare(OK + "\nX: " + "a" * 1_000_000, JPEG), "http.bad_framing"),
    "H9 2,000 headers": (bare(OK + "\nX: y" * 2000, JPEG), "http.bad_framing"),
    "H9 10,000 headers": (bare(OK + "\nX: y" * 10_000, JPEG), "http.bad_framing"),
    "H10 HTTP/0.9": (JPEG, "http.bad_framing"),
    "H10 noise": (bytes(range(256)) * 50, "http.bad_framing"),
    "H10 TLS alert": (b"\x15\x03\x01\x00\x02\x02\x46", "http.bad_framing"),
    "H10 no status": (b"HTTP/1.1 abc def\r\n\r\n", "http.bad_framing"),
    "H19 206 unasked": (ok(JPEG, "206 Partial Content"), "http.206"),
    "H19 206, a part": (
        ok(JPEG[:500], "206 Partial Content", Content_Range=f"bytes 0-499/{len(JPEG)}"),
        "http.206",
    ),
    "H19 206, the end": (
        ok(JPEG[9:], "206 Partial Content", Content_Range=f"bytes 9-{len(JPEG) - 1}/{len(JPEG)}"),
        "http.206",
    ),
    "202 please wait": (ok(b"<html>please wait", "202 Accepted", type="text/html"), "http.202"),
    "H20 416": (ok(b"", "416 Range Not Satisfiable"), "http.416"),
    "H21 204": (bare("HTTP/1.1 204 No Content"), "http.204"),
    "H21 205": (ok(b"", "205 Reset Content"), "http.205"),
    "H21 304": (bare("HTTP/1.1 304 Not Modified"), "http.304"),
    "H22 401": (ok(b"no", "401 Unauthorized"), "http.401"),
    "H22 403": (ok(b"no", "403 Forbidden"), "http.403"),
    "500": (ok(b"", "500 Internal Server Error"), "http.500"),
    "410": (ok(b"", "410 Gone"), "http.410"),
    "H26 six codings": (ok(JPEG, Content_Encoding="gzip, gzip, gzip, gzip, gzip, gzip"), "http.bad_framing"),
    "brotli unasked": (ok(JPEG, Content_Encoding="br"), "http.bad_framing"),
    "H27 says gzip, is not": (ok(JPEG, Content_Encoding="gzip"), "http.bad_framing"),
    "gzip breaks off": (ok(gzip.compress(JPEG)[:-20], Content_Encoding="gzip"), "net.truncated"),
    "too big, announced": (ok(b"", length=10**12), "body.too_big"),
    "length of 5,000 digits": (bare(OK + "\nContent-Length: " + "9" * 5000, JPEG), "body.too_big"),
    "H32 silence": (silence(), "net.read_timeout"),
    "H31 stall in the body": (silence(ok(JPEG[:1000], length=len(JPEG))), "net.read_timeout"),
    "H33 reset in the body": (reset(ok(LONG[:2000], length=len(LONG))), "net.reset"),
    "closed without an answer": (b"", "net.reset"),
    "H34 endless body": (endless(bare(OK)), "body.too_big"),
    "H34 endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), "http.bad_framing"),
}


def test_what_is_no_picture_is_told_by_its_reason(server: Server, slug, tmp_path: Path) -> None:
    for number, (name, (answer, expected)) in enumerate(ANSWERS.items()):
        assert slug(server.put(f"/{number}.jpg", answer)) == expected, name
        assert parts(tmp_path) == [], name


GOOD = {
    "plain": ok(JPEG),
    "203": ok(JPEG, "203 Non-Authoritative Information"),
    "no length": bare(OK, JPEG),
    "HTTP/1.0": bare("HTTP/1.0 200 OK", JPEG),
    "chunked": bare(OK + "\nTransfer-Encoding: chunked", b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(JPEG), JPEG)),
    "same length twice": bare(OK + f"\nContent-Length: {len(JPEG)}\nContent-Length: {len(JPEG)}", JPEG),
    "gzip": ok(gzip.compress(JPEG), Content_Encoding="gzip"),
    "deflate": ok(zlib.compress(JPEG), Content_Encoding="deflate"),
    "raw deflate": ok(zlib.compress(JPEG)[2:-4], Content_Encoding="deflate"),
    "identity": ok(JPEG, Content_Encoding="identity"),
    "an encoding of text": ok(JPEG, Content_Encoding="UTF-8"),
    "none": ok(JPEG, Content_Encoding="none"),
    "binary": ok(JPEG, Content_Encoding="binary"),
    "aws-chunked": ok(JPEG, Content_Encoding="aws-chunked"),
    "no coding's name": ok(JPEG, Content_Encoding=""),
    "gzip beside aws-chunked": ok(gzip.compress(JPEG), Content_Encoding="gzip, aws-chunked"),
    "gzip twice": ok(gzip.compress(gzip.compress(JPEG)), Content_Encoding="gzip, gzip"),
    "201": ok(JPEG, "201 Created"),
    "202": ok(JPEG, "202 Accepted"),
    "226": ok(JPEG, "226 IM Used"),
    "206 of all": ok(JPEG, "206 Partial Content", Content_Range=f"bytes 0-{len(JPEG) - 1}/{len(JPEG)}"),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + ok(JPEG),
    "150 headers": ok(JPEG, **{f"X_{n}": "v" for n in range(150)}),
    "H11 continues": b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + ok(JPEG),
    "H28 another type": ok(JPEG, type="text/plain"),
    "H29 a file name": ok(JPEG, Content_Disposition='attachment; filename="../../.bashrc"'),
    "H35 a flood of cookies": ok(JPEG, Set_Cookie="a=b; Domain=com; " * 200),
    "H38 escapes": ok(JPEG, "200 \x1b[31mOK\x1b]0;owned\x07", X_Y="\x1b[2J"),
}


def test_a_picture_arrives_whole(server: Server, fetch, tmp_path: Path) -> None:
    for number, (name, answer) in enumerate(GOOD.items(), 1):
        value = fetch(server.put(f"/{number}.jpg", answer))
        assert isinstance(value, Downloaded), (name, value)
        assert value.part.read_bytes() == JPEG, name
        assert value.picture.sha256 == hashlib.sha256(JPEG).hexdigest()
        assert (value.picture.format, value.picture.extension) == ("JPEG", "jpg")
        assert parts(tmp_path) == [value.part.name], name
        value.part.unlink()
        assert len(server.pictures) == number, name


def test_request_headers(server: Server, fetch) -> None:
    fetch(server.put("/x.jpg", ok(JPEG)), page="https://pages.example/a?b#c")
    headers = server.pictures[0].headers
    assert headers["accept-encoding"] == "identity"
    assert headers["accept"].startswith("image/avif,image/webp,image/*")
    assert headers["user-agent"].startswith("Mozilla/5.0 (compatible; collector/")
    assert "{" not in headers["user-agent"]
    assert not {"cookie", "authorization"} & set(headers)


def test_body_cut_at_every_kilobyte_is_never_saved(server: Server, slug, tmp_path: Path) -> None:
    cuts = [*range(1, len(LONG), 4096), len(LONG) - 1]
    assert len(cuts) > 10
    for cut in cuts:
        announced = server.put(f"/a{cut}", ok(LONG[:cut], length=len(LONG), Connection="close"))
        assert slug(announced) == "net.truncated"
        unannounced = server.put(f"/b{cut}", bare(OK, LONG[:cut]))
        assert slug(unannounced) in ("image.truncated", "image.unidentified")
    assert parts(tmp_path) == []


DRIPS = {
    "headers": drip(b"HTTP/1.1 200 OK\r\nX: "),
    "status line": drip(b"HT"),
    "body": drip(ok(JPEG[:2], length=len(JPEG)), JPEG[2:]),
    "body without length": drip(bare(OK), JPEG),
    "chunk size": drip(bare(OK + "\nTransfer-Encoding: chunked"), b"0" * 10_000),
    "chunk extension": drip(bare(OK + "\nTransfer-Encoding: chunked", b"5;"), b"a" * 10_000),
    "trailers": drip(bare(OK + "\nTransfer-Encoding: chunked", b"1\r\nx\r\n0\r\n"), b"X: y\r\n" * 10_000),
    "continues": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, step=25),
}


EARLIER = {"status line": ["http.bad_framing"], "chunk size": ["http.bad_framing"]}
"""libcurl need not wait: what has come can be no HTTP any more."""


def test_deadline_holds_whatever_drips(server: Server, tmp_path: Path) -> None:
    """All at once, each on a connection of its own."""
    inbox: SimpleQueue[Any] = SimpleQueue()
    settings = FetchSettings(**{**QUICK, "threads": len(DRIPS), "deadline": 1.0})
    pool = ProcessPool(settings, tmp_path, inbox.put)
    started = time.monotonic()
    pool.submit(*(Task(number, 1, server.put(f"/{number}.jpg", drips)) for number, drips in enumerate(DRIPS.values())))
    ended = sorted((inbox.get(timeout=20) for _ in DRIPS), key=lambda value: value.task.id)
    assert time.monotonic() - started < 10
    pool.close(now=True)
    for name, value in zip(DRIPS, ended, strict=True):
        assert value.reason in {"net.deadline", *EARLIER.get(name, ())}, name
    assert parts(tmp_path) == []


def test_minimum_speed(server: Server, slug) -> None:
    started = time.monotonic()
    slow = server.put("/x.jpg", drip(ok(JPEG[:2], length=len(LONG)), LONG))
    assert slug(slow, {"deadline": 20.0, "minimum_speed": 2048, "slow_time": 0.5}) == "net.too_slow"
    assert time.monotonic() - started < 5


def test_slow_but_steady_picture_arrives(server: Server, slug) -> None:
    steady = server.put("/x.jpg", drip(ok(b"", length=len(LONG)), LONG, step=len(LONG) // 30))
    assert slug(steady, {"deadline": 20.0, "minimum_speed": 1000, "slow_time": 0.5}) == "arrived"


def test_dripping_body_of_a_redirect_is_left_behind(server: Server, slug) -> None:
    server.put("/y.jpg", ok(JPEG))
    url = server.put("/x.jpg", drip(bare("HTTP/1.1 302 Found\nContent-Length: 9999\nLocation: /y.jpg")))
    assert slug(url) == "arrived"


def _gzip_zeros(size: int) -> bytes:
    """A gzip stream that unpacks to `size` zeros, made of equal, independent blocks of 1 MiB."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (size >> 20)


def test_bomb_of_one_gibibyte_costs_no_memory(server: Server, slug) -> None:
    bomb = _gzip_zeros(1 << 30)
    assert 500_000 < len(bomb) < 2_000_000
    url = server.put("/x.jpg", ok(bomb, Content_Encoding="gzip"))
    slug(server.put("/warm.jpg", ok(JPEG)), {"max_bytes": 33_554_432})
    before = psutil.Process().memory_info().rss
    assert slug(url, {"max_bytes": 33_554_432}) == "body.too_big"
    assert psutil.Process().memory_info().rss - before < 100 * 1024**2


def test_bomb_in_the_body_of_a_redirect_is_not_read(server: Server, slug) -> None:
    server.put("/y.jpg", ok(JPEG))
    bomb = ok(_gzip_zeros(64 << 20), "302 Found", Location="/y.jpg", Content_Encoding="gzip")
    assert slug(server.put("/x.jpg", bomb)) == "arrived"


REDIRECTS = {
    "H12 loop": ("/x.jpg", "net.redirect_loop"),
    "H14 file": ("file:///etc/passwd", "net.redirect_blocked"),
    "H15 data": ("data:image/png;base64,AAAA", "net.redirect_blocked"),
    "H16 metadata": ("http://169.254.169.254/latest", "net.redirect_blocked"),
    "link-local": ("http://[fe80::1]/", "net.redirect_blocked"),
    "user information": ("http://a:b@127.0.0.1/", "net.redirect_blocked"),
    "port": ("http://127.0.0.1:22/", "net.redirect_blocked"),
    "H17 empty": ("", "net.redirect_blocked"),
    "H17 long": ("/" + "a" * 20_000, "net.redirect_blocked"),
    "javascript": ("javascript:alert(1)", "net.redirect_blocked"),
    "not a URL": ("http://[::1", "net.redirect_blocked"),
}


@pytest.mark.parametrize("name", REDIRECTS)
def test_redirect(name: str, server: Server, slug) -> None:
    target, expected = REDIRECTS[name]
    assert slug(server.put("/x.jpg", redirect(target))) == expected
    assert len(server.pictures) == (6 if expected == "net.redirect_loop" else 1)


@pytest.mark.parametrize("hops", [5, 6])
def test_five_redirects_and_no_more(hops: int, server: Server, slug) -> None:
    for hop in range(hops):
        server.put(f"/{hop}", redirect(f"/{hop + 1}", ["301 A", "302 B", "303 C", "307 D", "308 E"][hop % 5]))
    server.put(f"/{hops}", ok(JPEG))
    assert slug(server.base + "/0") == ("arrived" if hops == 5 else "net.redirect_loop")
    assert len(server.pictures) == 6


def test_redirect_reuses_the_connection_and_reports_where_it_ended(server: Server, fetch) -> None:
    server.put("/täst/b.jpg".encode().decode("latin-1"), b"")
    server.answers["/t%C3%A4st/b.jpg"] = ok(JPEG)
    value = fetch(server.put("/a.jpg", redirect("/täst/b.jpg".encode().decode("latin-1"))))
    assert isinstance(value, Downloaded)
    assert value.attempt.final_url == server.base + "/t%C3%A4st/b.jpg"
    assert server.connections == 1


def test_nothing_secret_crosses_origins(server: Server, second: Server, fetch) -> None:
    second.put("/b.jpg", ok(JPEG))
    first = redirect(second.base + "/b.jpg").replace(b"\r\n\r\n", b"\r\nSet-Cookie: s=1; Path=/\r\n\r\n")
    url = server.put("/a.jpg", first)
    assert isinstance(fetch(url, page=server.base + "/page?token=canary"), Downloaded)
    assert server.pictures[0].headers["referer"] == server.base + "/page?token=canary"
    assert second.log[0].headers["referer"] == server.base + "/"
    assert not {"cookie", "authorization"} & set(second.log[0].headers)
    fetch(server.put("/c.jpg", ok(JPEG)))
    assert "cookie" not in server.pictures[-1].headers


RETRY_AFTER = {"3": 3.0, "0": 0.0, "-1": None, "999999999": 21600.0, "soon": None, "": None, "9" * 400: 21600.0}


@pytest.mark.parametrize("value", RETRY_AFTER)
def test_retry_after(value: str, server: Server, fetch) -> None:
    missed = fetch(server.put("/x.jpg", ok(b"", "429 Too Many Requests", Retry_After=value)))
    assert isinstance(missed, DownloadFailed)
    assert (missed.reason, missed.attempt.status, missed.retry_after) == ("http.429", 429, RETRY_AFTER[value])


def test_errors_keep_the_connection(server: Server, slug) -> None:
    for n in range(5):
        assert slug(server.put(f"/{n}", ok(b"gone" * 100, "404 Not Found"))) == "http.404"
    assert server.connections == 1


def test_a_kept_connection_that_the_server_closed_is_no_failure(server: Server, slug) -> None:
    async def answer_once(request: Request, writer: Writer) -> None:
        writer.write(ok(JPEG))
        await writer.drain()
        await asyncio.sleep(0.2)

    async def close_on_second(request: Request, writer: Writer) -> None:
        if any(other.peer == request.peer for other in server.pictures if other is not request):
            return  # A connection that had served before: closed without a word.
        writer.write(ok(JPEG))
        await writer.drain()

    server.put("/a", ok(JPEG))
    server.put("/b", close_on_second)
    assert slug(server.base + "/a") == "arrived"
    assert slug(server.base + "/b") == "arrived"
    assert server.picture_paths() == ["/a", "/b", "/b"]


def test_nobody_listens(slug) -> None:
    assert slug("http://127.0.0.1:9/x.jpg") == "url.port"
    assert slug("http://127.0.0.1:59999/x.jpg") == "net.connect"


def test_details_are_clean(server: Server, fetch) -> None:
    url = server.put("/x.jpg", ok(b"", "200 OK", Content_Encoding="\x1b[31mred\x1b[0m" + "x" * 500)) + "?token=canary"
    missed = fetch(url)
    assert isinstance(missed, DownloadFailed)
    assert len(missed.detail) <= 200
    assert missed.detail.isprintable()
    assert "canary" not in missed.detail


# ------------------------------------------------------------------------ cookies on the way, bodies that break off


def test_a_redirect_to_itself_that_sets_a_cookie_first(server: Server, second: Server, fetch) -> None:
    async def gate(request: Request, writer: Writer) -> None:
        if "seen=1" in request.headers.get("cookie", ""):
            writer.write(ok(JPEG, Connection="close"))
        else:
            cookies = "Set-Cookie: old=; Max-Age=0\nSet-Cookie: seen=1; Path=/; Expires=Wed, 01 Jan 2031 00:00:00 GMT"
            writer.write(bare(f"HTTP/1.1 302 Found\nLocation: {request.path}\n{cookies}\nContent-Length: 0"))
        await writer.drain()

    assert isinstance(fetch(server.put("/x.jpg", gate), cookies="mine=2"), Downloaded)
    assert [request.headers.get("cookie") for request in server.pictures] == ["mine=2", "mine=2; seen=1"]
    away = ok(b"", "302 Found", Location=second.put("/y.jpg", ok(JPEG)), Set_Cookie="secret=3; Domain=127.0.0.1")
    other = away.replace(b"http://127.0.0.1", b"http://localhost")
    assert isinstance(fetch(server.put("/away.jpg", other)), Downloaded)
    assert "cookie" not in second.pictures[-1].headers


def by_parts(body: bytes, step: int, tags: list[str], honest: bool = True) -> Answer:
    """A server that hangs up after so many bytes of each answer; the tags are the file's state at each request."""

    async def answer(request: Request, writer: Writer) -> None:
        tag = tags.pop(0) if len(tags) > 1 else tags[0]
        wanted = request.headers.get("range", "")
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted and honest and request.headers["if-range"] == tag:
            head = f"HTTP/1.1 206 Partial Content\nContent-Range: bytes {begin}-{len(body) - 1}/{len(body)}"
        else:
            head, begin = "HTTP/1.1 200 OK", 0
        writer.write(bare(f"{head}\nETag: {tag}\nContent-Length: {len(body) - begin}", body[begin : begin + step]))
        await writer.drain()

    return answer


def test_a_body_that_breaks_off_is_gone_on_with(server: Server, fetch) -> None:
    step = len(LONG) // 3
    value = fetch(server.put("/x.jpg", by_parts(LONG, step, ['"a"'])))
    assert isinstance(value, Downloaded)
    assert value.part.read_bytes() == LONG
    asked = [request.headers.get("range") for request in server.pictures]
    assert asked == [None, f"bytes={step}-", f"bytes={2 * step}-", f"bytes={3 * step}-"][: len(asked)]
    assert len(asked) in (3, 4)


def test_one_that_has_changed_meanwhile_comes_from_its_beginning(server: Server, fetch) -> None:
    step = len(LONG) * 2 // 3
    value = fetch(server.put("/x.jpg", by_parts(LONG, step, ['"a"', '"b"'])))
    assert isinstance(value, Downloaded)
    assert value.part.read_bytes() == LONG
    assert [request.headers.get("if-range") for request in server.pictures] == [None, '"a"', '"b"']


@pytest.mark.parametrize("tag", ['W/"a"', "a"])
def test_without_a_strong_tag_nothing_is_put_together(tag: str, server: Server, slug) -> None:
    assert slug(server.put("/x.jpg", by_parts(LONG, 2000, [tag]))) == "net.truncated"
    assert len(server.pictures) == 1


def test_a_server_that_never_goes_on_is_asked_a_few_times(server: Server, slug) -> None:
    assert slug(server.put("/x.jpg", by_parts(LONG, 1000, ['"a"'], honest=False))) == "net.truncated"
    assert len(server.pictures) == 2
    assert slug(server.put("/y.jpg", by_parts(LONG, 100, ['"a"']))) == "net.truncated"
    assert len(server.pictures) == 2 + 6


@pytest.mark.parametrize("path", ["/ok\\x.jpg", "/ok/x\t.jpg"])
def test_addresses_that_browsers_mend(path: str, server: Server, fetch) -> None:
    server.put("/ok/x.jpg", ok(JPEG))
    assert isinstance(fetch(server.base + path), Downloaded)
    assert isinstance(fetch(server.base.replace("://", ":/") + path), Downloaded)
    assert isinstance(fetch(server.put("/to", redirect(path.replace("\t", "")))), Downloaded)
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /ok/"))
    assert {value for value in server.picture_paths() if value != "/to"} == {"/ok/x.jpg"}


def test_robots_txt_holds_for_them_too(server: Server, slug) -> None:
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /kept/"))
    server.put("/kept/x.jpg", ok(JPEG))
    assert slug(server.base.replace("://", ":\\\\") + "\\kept\\x.jpg") == "policy.robots"
    assert server.picture_paths() == []


def test_the_same_broken_bytes_twice_are_final(server: Server, slug) -> None:
    url = server.put("/x.jpg", ok(LONG[:-1000]))
    assert [slug(url) for _ in range(2)] == ["image.truncated", "image.broken"]
    server.put("/x.jpg", ok(LONG[:-2000]))
    assert slug(url) == "image.truncated"
    server.put("/x.jpg", ok(LONG))
    assert slug(url) == "arrived"


@pytest.mark.parametrize(("settings", "told"), [({"max_pixels": 119_999}, "fetch.max_pixels allows 119,999"),
                                                ({"max_pixels": 10_000}, "fetch.max_pixels allows 10,000"),
                                                ({"max_side": 399}, "fetch.max_side allows 399")])  # fmt: skip
def test_too_many_pixels_name_the_setting(settings: dict[str, int], told: str, server: Server, fetch) -> None:
    value = fetch(server.put("/x.jpg", ok(LONG)), settings)
    assert isinstance(value, DownloadFailed)
    assert value.reason == "image.too_many_pixels"
    assert value.detail.endswith(told)
