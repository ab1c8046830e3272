"""One rule of proxies for pictures and pages: HTTP and SOCKS5, with a login or not, and how trouble is told."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.browser.options import proxy_arguments
from collector.errors import SourceError, UsageError
from collector.http.contract import Request
from collector.http.curl_transport import CurlTransfers
from collector.http.page_client import PageClient
from collector.http.proxy import tunnel
from collector.http.transport import Ask, FetchError, Reply
from collector.model import SearchState
from collector.settings import FetchSettings
from collector.urls import Proxies, Proxy
from tests.http.test_tls import server_context
from tests.support.misbehaving import Server, ok, picture, serving
from tests.support.pages import OnePage
from tests.support.proxy_double import Proxying, proxying

AUTHORITY = Path(__file__).parent / "tls" / "authority.pem"
JPEG = picture()
LOGIN = ("ann", "s3:cret@ß")
Get = Callable[[str, str], bytes]
"""(URL, proxy) -> the body. FetchError."""


def picture_bytes(url: str, proxy: str) -> bytes:
    transfers = CurlTransfers(
        FetchSettings(connect_timeout=1.0, read_timeout=1.0, proxy=proxy), authority=str(AUTHORITY)
    )
    box: list[Reply | FetchError] = []
    try:
        transfers.start(Ask(url, seconds=5.0), box.append)
        while not box:
            transfers.turn(1.0)
    finally:
        transfers.close()
    if isinstance(box[0], FetchError):
        raise box[0]
    return box[0].body


def page_bytes(url: str, proxy: str) -> bytes:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("a host's name is the proxy's business")

    page = OnePage(resolve, allow_private=False, context=ssl.create_default_context(cafile=str(AUTHORITY)), proxy=proxy)
    try:
        return page.body(url)
    finally:
        page.close()


@pytest.fixture(params=[picture_bytes, page_bytes])
def get(request: pytest.FixtureRequest) -> Get:
    chosen: Get = request.param
    return chosen


@contextmanager
def site(scheme: str, **how: object) -> Iterator[tuple[Server, Proxying, str]]:
    """A site, a proxy that leads there, and the URL of a picture at a name that nobody else can resolve."""
    with (
        serving(server_context("good") if scheme == "https" else None) as server,
        proxying(server.port, **how) as proxy,
    ):
        path = server.put("/a.jpg", ok(JPEG)).rpartition("/")[2]
        yield server, proxy, f"{scheme}://pictures.example:{server.port}/{path}"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("login", [None, LOGIN])
def test_pictures_and_pages_come_by_the_proxy(get: Get, scheme: str, kind: str, login: tuple[str, str] | None) -> None:
    with site(scheme, login=login) as (server, proxy, url):
        name = "ann:s3%3Acret%40%C3%9F@" if login else ""
        assert get(url, f"{kind}://{name}{proxy.url}") == JPEG
        [asked] = proxy.asked
        assert asked == (url if (kind, scheme) == ("http", "http") else f"pictures.example:{server.port}")
        assert "Proxy-Authorization" not in str(server.log), "the site is told nothing of the proxy's login"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_wants_another_login_is_named_without_it(get: Get, scheme: str, kind: str) -> None:
    with site(scheme, login=LOGIN) as (server, proxy, url):
        for name in ("", "ann:wr0ng@"):
            with pytest.raises(FetchError) as caught:
                get(url, f"{kind}://{name}{proxy.url}")
            assert (caught.value.reason, server.log) == ("net.proxy", [])
            assert f"{kind}://{proxy.url}" in caught.value.detail
            assert "wr0ng" not in str(caught.value) and "ann" not in caught.value.detail.partition(":")[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_that_is_not_there_is_named(get: Get, scheme: str, kind: str) -> None:
    with pytest.raises(FetchError) as caught:
        get(f"{scheme}://pictures.example/a.jpg", f"{kind}://ann:s3cret@127.0.0.1:9")
    assert (caught.value.reason, "s3cret" in str(caught.value)) == ("net.proxy", False)
    assert f"{kind}://127.0.0.1:9" in caught.value.detail


def test_a_search_behind_a_dead_proxy_ends_with_the_proxy_and_not_with_the_site() -> None:
    client = PageClient(FetchSettings(proxy="http://ann:s3cret@127.0.0.1:9"), sleep=lambda _: None)
    visit = client.visit(lambda: 30.0)
    with pytest.raises(SourceError) as caught:
        visit.get(Request("https://search.example/"))
    visit.close()
    error = caught.value
    assert (error.state, error.reason) == (SearchState.UNREACHABLE, "net.proxy")
    assert error.detail == "the proxy http://127.0.0.1:9 cannot be reached (127.0.0.1:9: Connection refused)"


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_host_that_the_proxy_cannot_reach_is_the_hosts_trouble(get: Get, kind: str) -> None:
    with site("https", refuse=502) as (_, proxy, url), pytest.raises(FetchError) as caught:
        get(url, f"{kind}://{proxy.url}")
    assert (caught.value.reason, proxy.url in caught.value.detail) == ("net.connect", True)


def test_loopback_is_asked_directly_and_a_private_address_stays_refused(get: Get) -> None:
    with site("http") as (server, proxy, _):
        with pytest.raises(FetchError) as caught:
            get(f"http://127.0.0.1:{server.port}/a.jpg", f"http://{proxy.url}")
        assert (caught.value.reason, proxy.asked) == ("url.private_addr", [])


# --------------------------------------------------------------------------- the rule

AT = Proxy("http", "proxy", 3128)


@pytest.mark.parametrize(
    ("given", "environment", "url", "expected"),
    [
        ("", {}, "http://a.org/", None),
        ("", {"HTTP_PROXY": "http://proxy:3128"}, "http://a.org/", AT),
        ("", {"HTTP_PROXY": "http://proxy:3128"}, "https://a.org/", None),
        ("", {"https_proxy": "proxy:3128"}, "https://a.org/", AT),
        ("", {"ALL_PROXY": "socks5h://proxy"}, "https://a.org/", Proxy("socks5", "proxy", 1080)),
        ("", {"ALL_PROXY": "socks5://other", "http_proxy": "http://proxy:3128/"}, "http://a.org/", AT),
        ("none", {"ALL_PROXY": "http://proxy:3128"}, "http://a.org/", None),
        ("http://proxy:3128", {"ALL_PROXY": "socks5://other"}, "https://a.org/", AT),
        ("http://proxy:3128", {"NO_PROXY": "a.org"}, "https://a.org/", None),
        ("http://proxy:3128", {"NO_PROXY": ".a.org, b.org:80"}, "https://www.a.org/", None),
        ("http://proxy:3128", {"NO_PROXY": "*.a.org"}, "https://xa.org/", AT),
        ("http://proxy:3128", {"NO_PROXY": "10.0.0.0/8"}, "http://10.1.2.3/", None),
        ("http://proxy:3128", {"NO_PROXY": "10.0.0.0/8"}, "http://11.1.2.3/", AT),
        ("http://proxy:3128", {"no_proxy": "*"}, "http://a.org/", None),
        ("http://proxy:3128", {}, "http://localhost:8000/", None),
        ("http://proxy:3128", {}, "http://[::1]:8000/", None),
        ("http://proxÿ:3128", {}, "https://a.org/", Proxy("http", "xn--prox-jsa", 3128)),
        ("http://[2001:db8::1]:3128", {}, "https://a.org/", Proxy("http", "2001:db8::1", 3128)),
        ("socks5://a%40b:c%3Ad@proxy", {}, "http://a.org/", Proxy("socks5", "proxy", 1080, ("a@b", "c:d"))),
    ],
)  # fmt: skip
def test_the_rule(given: str, environment: dict[str, str], url: str, expected: Proxy | None) -> None:
    assert Proxies.of(given, environment).via(url) == expected


@pytest.mark.parametrize("text", ["ftp://proxy:21", "http://", "http://proxy:none", "http://proxy/path", "://"])
def test_what_is_no_proxy_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a proxy.*socks5://HOST:PORT"):
        Proxies.of(text, {})


def test_a_proxy_of_another_kind_is_told_as_such() -> None:
    here, there = socket.socketpair()
    with here, there, pytest.raises(FetchError) as caught:
        there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        tunnel(here, Proxy("socks5", "proxy", 1080), "pictures.example", 443)
    assert (caught.value.reason, caught.value.detail) == (
        "net.proxy",
        "the proxy socks5://proxy:1080 does not speak SOCKS5",
    )


def test_a_login_is_in_no_text() -> None:
    [proxy] = {Proxies.of("http://ann:s3cret@proxy", {}).http}
    assert "s3cret" not in f"{proxy} {proxy!r}"
    with pytest.raises(ValueError) as caught:
        Proxies.of("ftp://ann:s3cret@proxy", {})
    assert "s3cret" not in str(caught.value)


def test_chrome_is_given_the_same_rule() -> None:
    assert proxy_arguments(Proxies.of("", {})) == ["--no-proxy-server"]
    rule = Proxies.of("", {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": ".a.org,10.0.0.0/8"})
    assert proxy_arguments(rule) == [
        "--proxy-server=http=http://proxy:3128;https=direct://",
        "--proxy-bypass-list=*.a.org;a.org;10.0.0.0/8",
    ]
    with pytest.raises(UsageError, match="takes no name and password"):
        proxy_arguments(Proxies.of("http://ann:s3cret@proxy", {}))
