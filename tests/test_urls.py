"""Hosts and absolute links; keys are in tests/ledger/test_layout.py, Referers in tests/fetch/test_referers.py."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.urls import host_of, hostname, origin, resolved, url_key


@pytest.mark.parametrize(
    ("url", "name", "key"),
    [
        ("https://User:pw@Pics.Test:8443/a?b#c", "pics.test", "user:pw@pics.test:8443"),
        ("http://[2001:DB8::1]:80/x", "2001:db8::1", "[2001:db8::1]:80"),
        ("https://x.test?only=query@y.test", "x.test", "x.test"),
        ("https://x.test\\@y.test/", "x.test", "x.test"),
        ("data:image/png;base64,AAAA", "", ""),
        ("http:///something", "", "something"),
        ("file:///x", "", ""),
        ("http://[::1", "", ""),
        ("", "", ""),
    ],
)
def test_the_host_of_any_text(url: str, name: str, key: str) -> None:
    assert (hostname(url), host_of(url)) == (name, key)


@given(
    st.sampled_from(("http://", "https://", "HTTPS://")),
    st.sampled_from(("", "user@", "user:pw@", "a@b@")),
    st.from_regex(r"[a-zA-Z0-9-]{1,20}(\.[a-zA-Z0-9-]{1,20}){0,3}", fullmatch=True),
    st.sampled_from(("", ":80", ":8443", ":")),
    st.from_regex(r"([/?#][ -~]{0,20})?", fullmatch=True),
)
def test_the_name_is_that_of_the_standard_library(scheme: str, user: str, host: str, port: str, rest: str) -> None:
    url = f"{scheme}{user}{host}{port}{rest}"
    assert hostname(url) == urlsplit(url).hostname


@given(st.text(max_size=60), st.sampled_from(("https://a.example/b/c?d", "", "http://[", "data:x")))
def test_no_text_breaks_them(text: str, base: str) -> None:
    for url in (text, f"https://{text}", f"http://[{text}"):
        hostname(url), host_of(url), origin(url), url_key(url)
        whole = resolved(url, base)
        assert whole == "" or whole.startswith(("http://", "https://", "data:image/"))
