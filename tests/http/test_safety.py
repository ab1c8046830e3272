"""Which URLs and addresses are asked (hostile inputs U1-U33); the server's log is the oracle for "0 packets"."""

from __future__ import annotations

import ipaddress
import itertools
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from collector.http.response_checks import redirect_target
from collector.http.safety import check_url, why_not
from collector.http.transport import FetchError
from tests.support.misbehaving import Server, ok, picture
from tests.support.pages import OnePage

REFUSED = {
    "http:\\\\127.0.0.1\\x": "url.private_addr",
    "http:/127.0.0.1/x": "url.private_addr",
    "http://127.0.\n0.1/x": "url.private_addr",
    "http://localhost\\.example.com/": "url.private_addr",
    "file:///etc/passwd": "url.scheme",
    "ftp://example.com/a.jpg": "url.scheme",
    "gopher://example.com/": "url.scheme",
    "javascript:alert(1)": "url.scheme",
    "blob:http://example.com/1": "url.scheme",
    "chrome://crash": "url.scheme",
    "//example.com/a.jpg": "url.scheme",
    "example.com/a.jpg": "url.scheme",
    "": "url.scheme",
    "http://127.0.0.1/": "url.private_addr",
    "http://2130706433/": "url.private_addr",
    "http://0x7f.1/": "url.private_addr",
    "http://0177.0.0.1/": "url.private_addr",
    "http://127.1/": "url.private_addr",
    "http://127.0.0.1./": "url.private_addr",
    "http://0/": "url.private_addr",
    "http://[::1]/": "url.private_addr",
    "http://[::]/": "url.private_addr",
    "http://[::ffff:127.0.0.1]/": "url.private_addr",
    "http://[::127.0.0.1]/": "url.private_addr",
    "http://[64:ff9b::7f00:1]/": "url.private_addr",
    "http://[64:ff9b:1::1]/": "url.private_addr",
    "http://[2002:7f00:1::]/": "url.private_addr",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/": "url.private_addr",
    "http://169.254.169.254/latest/meta-data": "url.private_addr",
    "http://metadata.google.internal/": "url.private_addr",
    "http://METADATA.google.internal./": "url.private_addr",
    "http://100.100.100.200/": "url.private_addr",
    "http://168.63.129.16/": "url.private_addr",
    "http://10.0.0.1/": "url.private_addr",
    "http://224.0.0.1/": "url.private_addr",
    "http://255.255.255.255/": "url.private_addr",
    "http://[fe80::1%25eth0]/": "url.private_addr",
    "http://[2606:4700::1%25eth0]/": "url.private_addr",
    "http://[ff02::1]/": "url.private_addr",
    "http://localhost/": "url.private_addr",
    "http://a.localhost:8000/": "url.private_addr",
    "http://example.com@127.0.0.1/": "url.malformed",
    "http://127.0.0.1#@example.com": "url.private_addr",
    "http://①②⑦.⓪.⓪.①/": "url.malformed",
    "http://example.com/\x00": "url.malformed",
    "http://exam ple.com/": "url.malformed",
    "http://%31%32%37.0.0.1/": "url.malformed",
    "http://1.2.3.4.5/": "url.malformed",
    "http://999.1.1.1/": "url.malformed",
    "http://a..b/": "url.malformed",
    "http://[::1": "url.malformed",
    "http://[zz]/": "url.malformed",
    "http://": "url.malformed",
    "http://" + "a" * 64 + ".com/": "url.malformed",
    "http://example.com/\ud800": "url.malformed",
    "http://example.com:99999/": "url.port",
    "http://example.com:x/": "url.port",
    "http://example.com:22/": "url.port",
    "http://example.com:25/": "url.port",
    "http://example.com:0/": "url.port",
    "http://example.com:6667/": "url.port",
    "http://example.com/" + "a" * 10_000: "url.too_long",
}


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_url(url, allow_private=False)
    assert caught.value.reason == REFUSED[url]


ALLOWED = {
    "http://example.com\\@127.0.0.1/": "http://example.com/@127.0.0.1/",
    "http://example.com/a\r\nHost: b": "http://example.com/aHost:%20b",
    "http:///example.com/x": "http://example.com/x",
    "http:/example.com/x": "http://example.com/x",
    "https:example.com/x": "https://example.com/x",
    "HTTP:\\\\example.com\\a\tb\\c.jpg?d\\e": "http://example.com/ab/c.jpg?d%5Ce",
    "\x00\x1f http://exam\nple.com/x\t ": "http://example.com/x",
    "http://Example.COM": "http://example.com/",
    "HTTPS://example.com:443/a%20b.jpg?c=%7E#frag": "https://example.com:443/a%20b.jpg?c=%7E",
    "https://example.com:8443/": "https://example.com:8443/",
    "https://example.com:9000/": "https://example.com:9000/",
    "http://example.com./": "http://example.com/",
    " https://example.com/a b.jpg ": "https://example.com/a%20b.jpg",
    "https://bücher.example/ü.jpg?ü": "https://xn--bcher-kva.example/%C3%BC.jpg?%C3%BC",
    "https://例え。テスト/": "https://xn--r8jz45g.xn--zckzah/",
    "http://134744072/": "http://8.8.8.8/",
    "http://[2606:4700:4700::1111]:8080/": "http://[2606:4700:4700::1111]:8080/",
    "http://[64:ff9b::808:808]/": "http://[64:ff9b::808:808]/",
    "https://example.com/a/../b/./c/%2E%2e/d.jpg?e=/../f": "https://example.com/b/d.jpg?e=/../f",
    "https://example.com/../.a/..b/...": "https://example.com/.a/..b/...",
    "https://example.com/a/b/..": "https://example.com/a/",
    "https://under_score.example/": "https://under_score.example/",
    "https://example.com/x?a=%2B+b&c[]=d|e": "https://example.com/x?a=%2B+b&c[]=d|e",
    "https://example.com/" + "a" * 8100: "https://example.com/" + "a" * 8100,
}


@pytest.mark.parametrize("url", ALLOWED)
def test_allowed_in_normal_form(url: str) -> None:
    normal = check_url(url, allow_private=False)
    assert normal == ALLOWED[url]
    assert check_url(normal, allow_private=False) == normal


@pytest.mark.parametrize("text", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "::1", "fd00::1"])
def test_allow_private_opens_private_addresses(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert why_not(address, allow_private=False)
    assert not why_not(address, allow_private=True)


@pytest.mark.parametrize(
    "text",
    ["169.254.169.254", "169.254.1.1", "0.0.0.0", "100.100.100.200", "fd00:ec2::254", "::", "fe80::1", "224.0.0.1",
     "ff02::1", "240.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254"],
)  # fmt: skip
def test_allow_private_opens_nothing_else(text: str) -> None:
    assert why_not(ipaddress.ip_address(text), allow_private=True)


# --------------------------------------------------------------------------- at connect time


class Names:
    """A resolver that gives scripted answers, one list per question, and counts."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


def ask(url: str, resolve: Names, allow_private: bool = False, seconds: float = 5.0) -> str:
    page = OnePage(resolve, allow_private)
    try:
        page.body(url, seconds)
        return "came"
    except FetchError as error:
        return error.reason
    finally:
        page.close()


BAD = [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "0.0.0.0",
]


@pytest.mark.parametrize("address", BAD)
def test_public_name_that_leads_inside(address: str, server: Server) -> None:
    assert ask(f"http://pictures.example:{server.port}/a.jpg", Names([address])) == "url.private_addr"
    assert (server.connections, server.log) == (0, [])


def test_one_private_address_among_public_ones_refuses_all(server: Server) -> None:
    names = Names(["8.8.8.8", "127.0.0.1"])
    assert ask(f"http://pictures.example:{server.port}/a.jpg", names, seconds=2) == "url.private_addr"
    assert server.connections == 0


def test_answer_that_flips_is_asked_for_once_per_connection(server: Server) -> None:
    server.put("/a.jpg", ok(picture()))
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    assert ask(f"http://pictures.example:{server.port}/a.jpg", names, allow_private=True) == "came"
    assert names.asked == 1
    assert server.pictures[0].headers["host"] == f"pictures.example:{server.port}"


def test_redirect_to_a_name_that_leads_inside(server: Server, second: Server) -> None:
    server.put("/a.jpg", ok(b"", "302 Found", Location=f"http://inside.example:{second.port}/"))
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    url = f"http://outside.example:{server.port}/a.jpg"
    assert ask(url, names, allow_private=True) == "url.private_addr"
    assert second.connections == 0


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b.jpg", "https://a.example/b.jpg"),
        ("///b.example/c.jpg", "https://b.example/c.jpg"),
        ("\\\\b.example\\c.jpg?d\\e", "https://b.example/c.jpg?d%5Ce"),
        ("http:/b.example/c.jpg", "http://b.example/c.jpg"),
        ("https:/c.jpg", "https://a.example/c.jpg"),
        ("https:////b.example/c.jpg", "https://b.example/c.jpg"),
        ("../d/../e.jpg", "https://a.example/e.jpg"),
    ],
)
def test_where_a_redirect_leads_is_read_as_browsers_read_it(location: str, there: str) -> None:
    assert redirect_target("https://a.example/x/y.jpg", location, 302, allow_private=False) == there


def test_an_address_of_ipv6_is_told_in_brackets() -> None:
    page = OnePage(lambda *_: [], allow_private=True)
    detail = page.trouble("http://[::1]:9999/").detail
    page.close()
    assert detail.startswith("[::1]:9999: ")


@pytest.mark.parametrize("path", ["/", "/a.jpg"])
@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "[::ffff:127.0.0.1]"])
def test_loopback_is_not_asked_without_leave(host: str, path: str, server: Server, slug) -> None:
    assert slug(f"http://{host}:{server.port}{path}", {"allow_private": False}) == "url.private_addr"
    assert (server.connections, server.log) == (0, [])


def test_second_address_is_tried(server: Server) -> None:
    server.put("/a.jpg", ok(picture()))
    assert (
        ask(f"http://two.example:{server.port}/a.jpg", Names(["127.0.0.2", "127.0.0.1"]), allow_private=True) == "came"
    )


def test_unknown_name() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    page = OnePage(nobody)
    trouble = page.trouble("https://no.example/")
    page.close()
    assert trouble.reason == "net.dns"
    assert "no.example" in trouble.detail


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """A resolver that never answers waits for this."""
    event = threading.Event()
    yield event
    event.set()


def test_resolver_that_hangs(stuck: threading.Event) -> None:
    def hang(host: str, port: int) -> list[str]:
        stuck.wait(30)
        return []

    page = OnePage(hang, patience=25.0)
    started = time.monotonic()
    trouble = page.trouble("https://slow.example/", seconds=0.5)
    page.close()
    assert trouble.reason in ("net.deadline", "net.dns")
    assert time.monotonic() - started < 15


def test_environment_is_not_consulted(server: Server, slug, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert slug(server.put("/a.jpg", ok(picture()))) == "arrived"
    assert "authorization" not in server.pictures[0].headers


PARTS = (
    ("http://", "https://"),
    ("a.example", "a_b.c.", "a..b", "-", "localhost", "127.0.0.1", "0x7f.1", "1.2.3", "169.254.169.254", "a" * 70),
    ("", ":80", ":8080", ":0080", ":22", ":99999", ":6000", ":"),
    ("", "/", "/a b", "/%41|[x]~", "/a?", "/a?b={c}^`&d?", "//x/../y", "/ü", "/a#b", "/a\\b", "/a\n", "?q"),
)


def test_the_short_way_for_plain_urls_says_what_the_long_way_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(url: str, allow_private: bool) -> str:
        try:
            return check_url(url, allow_private)
        except FetchError as error:
            return str(error)

    cases = [("".join(parts), allow) for parts in itertools.product(*PARTS) for allow in (True, False)]
    short = [said(*case) for case in cases]
    monkeypatch.setattr("collector.http.safety._PLAIN", re.compile("(?!)"))
    assert short == [said(*case) for case in cases]
