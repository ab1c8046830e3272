"""Addresses that Google tells openly, wraps, or hides."""

from __future__ import annotations

import string
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.sources.opaque import NOTHING, Address, digest, is_opaque, read

HOME = "https://www.google.com"
PICTURE = "https://pictures.example/a/b.jpg?w=1&h=2"
TOKENS = st.text(string.ascii_letters + string.digits + "-_=", min_size=8).map(lambda text: f"CAES{text}")


@pytest.mark.parametrize(
    "text",
    [
        PICTURE,
        f"/url?sa=i&url={quote(PICTURE, safe='')}&ved=1",
        f"{HOME}/url?q={quote(PICTURE, safe='')}",
        f"https://www.google.co.uk/url?url={quote(quote(PICTURE, safe=''), safe='')}",
        f"/imgres?q=x&imgurl={quote(PICTURE, safe='')}&imgrefurl=https%3A%2F%2Fpage.example",
        f"/goto?url={quote(PICTURE, safe='')}",
        f"/url?url={quote(f'{HOME}/url?q=' + quote(PICTURE, safe=''), safe='')}",
        f"  {PICTURE}\n",
    ],
)
def test_what_is_told_is_read(text: str) -> None:
    assert read(text, HOME) == Address(PICTURE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blob:https://www.google.com/0b7c",
        "x-raw-image:///0123456789abcdef",
        "data:image/png;base64,AAAA",
        "javascript:void(0)",
        "https://encrypted-tbn0.gstatic.com/images?q=tbn:ANd9",
        "https://www.google.com/images?q=tbn%3AANd9",
        "https://lh3.googleusercontent.com/proxy/abc",
        "https://images-blogger-opensocial.googleusercontent.com/gadgets/proxy?url=x",
        "/search?q=cats",
        "/goto",
        "/goto?url=",
        "/imgres?imgurl=x-raw-image:///1",
        "http://[broken",
    ],
)
def test_copies_and_other_schemes_lead_nowhere(text: str) -> None:
    assert read(text, HOME) == NOTHING


@pytest.mark.parametrize(
    "url",
    [
        "https://sites.google.com/view/cats",
        "https://books.google.com/books/content?id=x&img=1",
        "https://blogger.googleusercontent.com/img/a.jpg",
        "https://lh7-us.googleusercontent.com/docsz/abc",
        "https://example.org/goto?url=CAESabcdefgh",
        "https://google.example.org/url?url=CAESabcdefgh",
        "https://notgoogle.com/goto?url=CAESabcdefgh",
    ],
)
def test_what_people_keep_at_google_and_names_that_only_look_like_it_are_addresses(url: str) -> None:
    assert read(url, HOME) == Address(url)
    assert not is_opaque(url)


@given(
    TOKENS,
    st.sampled_from(["", HOME, "http://www.google.de", "HTTPS://WWW.Google.COM:443", "//google.co.jp"]),
    st.sampled_from(["/goto", "/url", "/go%74o", "/goto/"]),
    st.sampled_from(["", "&source=images&ved=2ahUKE", "&sa=i"]),
)
def test_a_token_is_known_in_every_spelling(token: str, start: str, path: str, more: str) -> None:
    found = read(f"{start}{path}?url={quote(token)}{more}", HOME)
    assert found.url is None
    assert found.token == f"{path}?url={quote(token)}{more}"
    assert digest(found.token) == digest(f"/goto?url={quote(token)}")
    assert token not in digest(found.token)


@example("0 ?", HOME)
@given(st.text(), st.sampled_from(["", HOME, "http://127.0.0.1:8000"]))
def test_no_text_breaks_the_reader_and_no_token_comes_out_as_an_address(text: str, home: str) -> None:
    found = read(text, home)
    assert found.url is None or found.token is None
    if found.url is not None:
        assert urlsplit(found.url).scheme in ("http", "https")
        assert read(found.url, home) == found, "an address stands for itself"


def test_the_home_address_is_google_too() -> None:
    home = "http://127.0.0.1:8000"
    assert read("/goto?url=CAESx", home) == read(f"{home}/goto?url=CAESx", home) == Address(token="/goto?url=CAESx")
    assert read("http://127.0.0.1:9000/goto?url=CAESx", home).url == "http://127.0.0.1:9000/goto?url=CAESx"
    assert read("/pictures/1.jpg", home) == Address(f"{home}/pictures/1.jpg")
    assert is_opaque("https://www.google.com/goto?url=CAESx")
