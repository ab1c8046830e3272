"""Result addresses: whole and relative, in any order of parameters."""

import random
from urllib.parse import quote, urlencode

import pytest

from collector.sources.google.result_url import Target, parse
from collector.sources.opaque import Address

HOME = "https://www.google.com"


def test_2026_address() -> None:
    address = (
        "https://www.google.com/imgres?q=cats&imgurl=https%3A%2F%2Fa.example%2Fx.jpg%3Fw%3D5%26h%3D6&imgrefurl="
        "https%3A%2F%2Fa.example%2F&docid=REF&tbnid=ID&vet=1i&w=736&h=1104&hcb=2&ved=2"
    )
    assert parse(address, HOME) == Target(
        Address("https://a.example/x.jpg?w=5&h=6"), Address("https://a.example/"), "ID", 736, 1104
    )


@pytest.mark.parametrize("seed", range(20))
def test_order_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    url = "https://a.example/" + "".join(dice.choices("ab&=?#%+ é猫/", k=20))
    pairs = [
        ("imgurl", url),
        ("imgrefurl", "https://p.example/?a=b&c"),
        ("tbnid", "ID"),
        ("w", "3"),
        ("h", "4"),
        ("q", "x"),
    ]
    dice.shuffle(pairs)
    assert parse("/imgres?" + urlencode(pairs, quote_via=quote), HOME) == Target(
        Address(url.strip()), Address("https://p.example/?a=b&c"), "ID", 3, 4
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/imgres",
        "/imgres?imgurl=",
        "/imgres?imgurl=data:image/png;base64,AA",
        "/imgres?imgurl=javascript:alert(1)",
        "/search?imgurl=https://a.example/",
        "http://[broken/imgres?imgurl=https://a.example/",
        "/goto?url=CAES",
        "/imgres?" + "&".join(f"a{number}=1" for number in range(500)),
    ],
)
def test_other_addresses_are_none(address: str) -> None:
    assert parse(address, HOME) is None


def test_sizes_that_are_no_numbers_are_unknown() -> None:
    target = parse("/imgres?imgurl=http://a.example/&w=1e3&h=-4&tbnid=ID%3A", HOME)
    assert target == Target(Address("http://a.example/"), id="ID")


def test_hidden_addresses_are_told_as_tokens() -> None:
    target = parse(
        "/imgres?imgurl=%2Fgoto%3Furl%3DCAESa&imgrefurl=https%3A%2F%2Fwww.google.com%2Fgoto%3Furl%3DCAESb", HOME
    )
    assert target == Target(Address(token="/goto?url=CAESa"), Address(token="/goto?url=CAESb"))
