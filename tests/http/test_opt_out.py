"""Opt-outs in headers and in pictures: obeyed, or overridden and said so."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from collector.http.opt_out import opt_out, prohibited
from collector.model import Downloaded, DownloadFailed
from tests.support.misbehaving import Server, ok, picture

JPEG = picture(size=(100, 80))
TABLE = [
    ("noai", True),
    ("NoAI", True),
    ("noimageai", True),
    ("noindex", True),
    ("noimageindex", True),
    ("none", True),
    ("noml", True),
    ("all", False),
    ("nofollow, noarchive", False),
    ("nofollow, noai", True),
    ("otherbot: noai", False),
    ("otherbot: noai, noimageai", False),
    ("collector: noai", True),
    ("Collector:NOAI", True),
    ("collector: nofollow", False),
    ("otherbot: noai, collector: noimageai", True),
    ("*: noai", True),
    ("unavailable_after: 25 Jun 2030 15:00:00 PST", False),
    ("unavailable_after: 25 Jun 2030 15:00:00 PST, noai", True),
    ("unavailable_after: Wed, 25 Jun 2030 15:00:00 GMT, noai", True),
    ("otherbot: unavailable_after: Wed, 25 Jun 2030 15:00:00 GMT, noai", False),
    ("max-image-preview: large", False),
    ("otherbot: noai\nnoimageai", True),
    ("noai\notherbot: all", True),
    ("noaircraft", False),
    ("", False),
    (": noai", False),
]


@pytest.mark.parametrize(("value", "expected"), TABLE)
def test_x_robots_tag(value: str, expected: bool) -> None:
    assert bool(opt_out({"x-robots-tag": value})) is expected


@pytest.mark.parametrize(("value", "expected"), [("1", True), (" 1 ", True), ("0", False), ("", False), ("0, 1", True),
                                                 ("10", False)])  # fmt: skip
def test_tdm_reservation(value: str, expected: bool) -> None:
    assert bool(opt_out({"tdm-reservation": value})) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED", True),
        ("DMI-PROHIBITED-AIMLTRAINING", True),
        ("http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT", True),
        ("http://ns.useplus.org/ldf/vocab/DMI-ALLOWED", False),
        ("DMI-UNSPECIFIED", False),
        ("1", True),
        ("0", False),
    ],
)
def test_marks_inside(text: str, expected: bool) -> None:
    assert bool(prohibited((("creator", "Ann"), ("data_mining", text)))) is expected
    assert not prohibited((("creator", text),))


def test_an_opt_out_is_obeyed_with_the_header_as_detail(server: Server, fetch, tmp_path: Path) -> None:
    value = fetch(server.put("/x.jpg", ok(JPEG, X_Robots_Tag="noai, noimageai")))
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.detail) == ("policy.opt_out", "X-Robots-Tag: noai, noimageai")
    value = fetch(server.put("/y.jpg", ok(JPEG, TDM_Reservation="1")))
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.detail) == ("policy.opt_out", "TDM-Reservation: 1")
    assert list(tmp_path.glob("*.part")) == []


def test_two_headers_are_two(server: Server, slug) -> None:
    twice = ok(JPEG, X_Robots_Tag="otherbot: noai", x_robots_tag="noimageai")
    assert slug(server.put("/x.jpg", twice)) == "policy.opt_out"
    theirs = ok(JPEG, X_Robots_Tag="otherbot: noai", x_robots_tag="otherbot: noimageai")
    assert slug(server.put("/y.jpg", theirs)) == "arrived"


def marked() -> bytes:
    """A JPEG that prohibits data mining."""
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining='
        b'"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/></rdf:RDF></x:xmpmeta>'
    )
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG", xmp=xmp)
    return out.getvalue()


@pytest.mark.parametrize("verify", ["fast", "structure"])
def test_a_mark_inside_the_picture_is_obeyed(verify: str, server: Server, fetch) -> None:
    url = server.put("/x.jpg", ok(marked()))
    value = fetch(url, {"verify": verify})
    assert isinstance(value, DownloadFailed)
    assert value.reason == "policy.opt_out"
    assert "DMI-PROHIBITED-AIMLTRAINING" in value.detail
    value = fetch(url, {"verify": verify, "opt_out": False})
    assert isinstance(value, Downloaded)
    assert "DMI-PROHIBITED-AIMLTRAINING" in value.attempt.overrides


def test_what_is_overridden_is_said(server: Server, fetch) -> None:
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /x"))
    url = server.put("/x.jpg", ok(JPEG, X_Robots_Tag="noai"))
    plain = server.put("/y.jpg", ok(JPEG))
    value = fetch(url, {"robots": False, "opt_out": False})
    assert isinstance(value, Downloaded)
    assert "Disallow: /x" in value.attempt.overrides
    assert "X-Robots-Tag: noai" in value.attempt.overrides
    value = fetch(plain, {"robots": False, "opt_out": False})
    assert isinstance(value, Downloaded)
    assert value.attempt.overrides is None
