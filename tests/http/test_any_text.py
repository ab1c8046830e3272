"""Whatever a server, a file of rules or a header says, it is read, and never raises but as its reader says."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from collector.errors import UsageError
from collector.http.blocklist import hosts
from collector.http.errors import FetchError
from collector.http.opt_out import opt_out, prohibited
from collector.http.response_checks import (
    announced_length,
    check_head,
    codings_of,
    keep_cookies,
    part_of,
    redirect_target,
    unpacked,
    validator,
)
from collector.http.robots import Rules

NAMES = ("content-length", "transfer-encoding", "content-encoding", "content-range", "etag", "last-modified",
         "accept-ranges", "x-robots-tag", "tdm-reservation")  # fmt: skip
VALUES = st.text() | st.lists(
    st.sampled_from(
        ("bytes ", "0", "-", "/", "*", "9" * 5000, "gzip", "br", "chunked", ",", '"', "\n", "noai", ":", "²")
    )
).map("".join)
LINES = st.lists(
    st.sampled_from(("User-agent: *", "Disallow: ", "Allow: /", "Crawl-delay: ", "*", "$", "%", "\n", "\r", "9e999",
                     "#", "collector", "%ff", "[", "?", "/a", "http://[", "\x00", "\ufeff")) | st.text(max_size=5)
).map("".join)  # fmt: skip


@given(LINES, st.text().map("https://a.test/".__add__) | st.text())
def test_rules(text: str, url: str) -> None:
    rules = Rules("a.test", text)
    assert "\n" not in rules.forbids(url)
    assert 0 <= rules.delay <= 10


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.integers(100, 599))
def test_headers(headers: dict[str, str], status: int) -> None:
    assert (announced_length(headers) or 0) >= 0
    codings_of(headers)
    part_of(headers)
    assert validator(headers).isascii()
    assert "\n" not in opt_out(headers)
    try:
        check_head(headers, 1000, status)
    except FetchError as error:
        assert error.reason in ("http.bad_framing", "body.too_big")


@given(st.lists(VALUES))
def test_cookies(lines: list[str]) -> None:
    jar: dict[str, str] = {}
    for line in lines:
        keep_cookies(jar, line)
    assert all(f"{name}={value}".isascii() for name, value in jar.items())


@given(
    st.text() | st.sampled_from(("//[", "http:/x", "\\\\b.test\\x", "https://b.test:99999/", "?\ud800")), st.booleans()
)
def test_redirects(location: str, private: bool) -> None:
    try:
        assert redirect_target("https://a.test/", location, 302, private).startswith(("http://", "https://"))
    except FetchError as error:
        assert error.reason in ("net.redirect_blocked", "policy.blocked_host")


@given(st.binary() | st.binary().map(zlib.compress), st.lists(st.sampled_from(("gzip", "deflate")), max_size=2))
def test_bodies(body: bytes, codings: list[str]) -> None:
    try:
        assert len(unpacked(body, codings, 100)) <= max(100, len(body))
    except FetchError as error:
        assert error.reason in ("http.bad_framing", "body.too_big", "net.truncated")


@given(
    st.text()
    | st.lists(st.sampled_from(("a.test", ",", "*.", "[::1]", "é", "xn--", "0.0.0.0 ", ".", "\ud800"))).map("".join)
)
def test_blocked_hosts(listed: str) -> None:
    try:
        assert all(name.isascii() for name in hosts(listed.lstrip("@")))
    except UsageError as error:
        assert "\n" not in str(error)


@given(st.lists(st.tuples(st.sampled_from(("data_mining", "creator")), st.text())))
def test_marks(rights: list[tuple[str, str]]) -> None:
    assert "\n" not in prohibited(rights)
