"""Cookies of the user's own: which URL is sent which of them, by pictures, pages and browsers, and where none goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import Installation
from collector.browser.processes import RunFolder
from collector.cookies import Cookies
from collector.errors import UsageError
from collector.http.curl_transport import CurlTransfers
from collector.http.transport import Ask, FetchError, Reply
from collector.settings import FetchSettings, SearchSettings
from tests.support.misbehaving import Server, ok, picture, redirect, serving
from tests.support.pages import OnePage
from tests.support.site import Site

JPEG = picture()
FILE = """# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html

.a.example\tTRUE\t/\tFALSE\t0\tall\tS3CRET-all
a.example\tFALSE\t/\tFALSE\t4102444800\thome\tS3CRET-home
#HttpOnly_.a.example\tTRUE\t/\tTRUE\t4102444800.5\tsafe\tS3CRET-safe
.a.example\tTRUE\t/members/\tFALSE\t-1\tinner\tS3CRET-inner
.a.example\tTRUE\t/\tFALSE\t978307200\told\tS3CRET-old
.com\tTRUE\t/\tFALSE\t0\twide\tS3CRET-wide
127.0.0.1\tFALSE\t/\tFALSE\t0\tlocal\tS3CRET-local
"""


def written(folder: Path, text: str = FILE) -> str:
    path = folder / "cookies.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("http://a.example/", "all home"),
        ("https://A.example:8443/x.jpg", "all home safe"),
        ("https://www.a.example/x.jpg", "all safe"),
        ("http://a.example/members/1.jpg", "all home inner"),
        ("http://a.example/membership", "all home"),
        ("http://nota.example/", ""),
        ("http://a.example.org/", ""),
        ("http://user@a.example@b.example/", ""),
        ("http://shop.com/", ""),
        ("http://com/", "wide"),
        ("http://127.0.0.1:8000/", "local"),
        ("http://1.127.0.0.1/", ""),
        ("http://[broken/", ""),
    ],
)
def test_which_url_is_sent_which(tmp_path: Path, url: str, names: str) -> None:
    assert sorted(Cookies.read(written(tmp_path)).of(url)) == names.split()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (".a.example TRUE / FALSE 0 name S3CRET", "line 2: expected domain, TRUE or FALSE, path"),
        (".a.example\tTRUE\t/\tFALSE\tsoon\tname\tS3CRET", "line 2"),
        (".a.example\tTRUE\t/\tFALSE\t0\tname\tS3CRET;x=y", "line 2"),
        (".a.example\tMAYBE\t/\tFALSE\t0\tname\tS3CRET", "line 2"),
        ("\tTRUE\t/\tFALSE\t0\tname\tS3CRET", "line 2"),
        (".a.example\tTRUE\t/\tFALSE\t978307200\tname\tS3CRET", "every cookie in it has expired"),
        (".a.example\tTRUE\t/\tFALSE\t0\tcity\tМосква", "line 2: it holds a letter that no header may carry"),
        ("", "no cookie in it"),
    ],
)  # fmt: skip
def test_what_is_no_cookie_is_told_without_its_value(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cookies.read(written(tmp_path, f"# Netscape HTTP Cookie File\n{line}\n"))
    assert told in str(caught.value) and "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("expiry", "kept"), [("0", 0), ("-1", 0), ("4102444800.75", 4102444800), ("9" * 400, 253402300799)]
)
def test_expiries_as_add_ons_write_them(tmp_path: Path, expiry: str, kept: int) -> None:
    [cookie] = Cookies.read(written(tmp_path, f".a.example\tTRUE\t/\tFALSE\t{expiry}\tname\tvalue\n"))
    assert cookie.expires == kept


def test_values_are_in_no_text(tmp_path: Path) -> None:
    cookies = Cookies.read(written(tmp_path))
    assert "S3CRET" not in f"{cookies!r} {cookies} {list(cookies)!r}"
    settings = FetchSettings(cookies=written(tmp_path))
    assert "S3CRET" not in repr(settings)


def test_a_header_with_and_without_them(tmp_path: Path) -> None:
    cookies = Cookies.read(written(tmp_path))
    assert cookies.beside("http://www.a.example/", "all=theirs; more=1") == "all=theirs; more=1"
    assert cookies.beside("http://www.a.example/", "more=1") == "all=S3CRET-all; more=1"
    assert cookies.without("http://www.a.example/", "all=S3CRET-all; more=1") == "more=1"
    assert cookies.without("http://b.example/", "all=theirs") == "all=theirs"


# --------------------------------------------------------------------------- on the wire

Get = Callable[[Server, str, str], None]
"""(server, URL, cookie file): ask, whatever host the URL names."""


def a_picture(server: Server, url: str, cookies: str) -> None:
    names = ("a.example", "www.a.example", "b.example")
    settings = FetchSettings(allow_private=True, cookies=cookies)
    transfers = CurlTransfers(settings, pins={name: ["127.0.0.1"] for name in names})
    came: list[Reply | FetchError] = []
    transfers.start(Ask(url, seconds=5.0, cookies="task=1"), came.append)
    while not came:
        transfers.turn(1.0)
    transfers.close()
    assert isinstance(came[0], Reply), came[0]


def a_page(server: Server, url: str, cookies: str) -> None:
    page = OnePage(lambda host, port: ["127.0.0.1"], cookies=cookies)
    try:
        page.body(url)
    finally:
        page.close()


@pytest.mark.parametrize("get", [a_picture, a_page])
def test_each_hop_is_sent_its_own_and_nobody_else_any(tmp_path: Path, get: Get) -> None:
    with serving() as server:
        last = f"http://b.example:{server.port}/end.jpg"
        second = f"http://www.a.example:{server.port}/second.jpg"
        server.put("/first.jpg", redirect(second))
        server.put("/second.jpg", redirect(last))
        server.put("/end.jpg", ok(JPEG))
        get(server, f"http://a.example:{server.port}/first.jpg", written(tmp_path))
        sent = [request.headers.get("cookie", "") for request in server.pictures]
    assert [("S3CRET-all" in one, "S3CRET-home" in one, "S3CRET" in one) for one in sent] == [
        (True, True, True),
        (True, False, True),
        (False, False, False),
    ]


@pytest.mark.browser
def test_a_browser_sends_them_to_their_host_alone(
    tmp_path: Path, installation: Installation, run_folder: RunFolder, site: Site
) -> None:
    settings = SearchSettings(headed="no", cookies=written(tmp_path))
    browser = ChromeBrowser(Chromedriver(installation, settings, run_folder), settings)
    try:
        browser.open(f"{site.home}/plain")
        assert browser.run("return document.cookie") == "local=S3CRET-local"
        browser.open(f"{site.home}/plain".replace("127.0.0.1", "localhost"))
        assert browser.run("return document.cookie") == ""
    finally:
        browser.close()
