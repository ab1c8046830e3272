"""The double of imgur: what it serves is real, and its faults look as the real ones do."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from collector.practice import Knobs, PracticeWeb
from collector.practice.imgur import CAPACITY, Double, body


def boxes(data: bytes) -> dict[str, bytes]:
    """The boxes of one level; each must be whole."""
    found, at = {}, 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at, name
        found[name.decode()] = data[at + 8 : at + size]
        at += size
    return found


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    double = Double(entries=12, albums=(2,), removed=frozenset((0,)), region=frozenset((1,)), no_mp4=frozenset((4,)))
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web:
        yield web


def test_one_hundred_posts_are_152_different_files() -> None:
    double = Double()
    assert len(double.entries) == 100
    assert len({thing.hash for thing in double.things}) == 152
    kinds = [thing.kind for thing in double.things]
    assert all(kinds.count(kind) > 1 for kind in ("jpg", "png", "apng", "gif", "anigif", "mp4"))


def test_pictures_are_what_their_names_say() -> None:
    for thing in Double().things[:40]:
        if thing.kind != "mp4":
            with Image.open(io.BytesIO(body(thing, thing.extension))) as image:
                image.load()
                assert image.size == thing.size
                assert image.format == {"jpg": "JPEG", "png": "PNG", "gif": "GIF"}[thing.extension]
                assert (getattr(image, "n_frames", 1) > 1) == thing.animated


def test_videos_are_whole_and_their_index_leads_to_the_frames() -> None:
    thing = next(thing for thing in Double().things if thing.kind == "mp4")
    film = body(thing, "mp4")
    top = boxes(film)
    assert list(top) == ["ftyp", "moov", "mdat"]
    track = boxes(boxes(top["moov"])["trak"])
    assert struct.unpack(">2I", track["tkhd"][-8:]) == tuple(side << 16 for side in thing.size)
    media = boxes(track["mdia"])
    assert media["hdlr"][8:12] == b"vide"
    table = boxes(boxes(media["minf"])["stbl"])
    count, *sizes = struct.unpack(">5I", table["stsz"][8:])
    [start] = struct.unpack(">I", table["stco"][8:])
    assert count == len(sizes) == 4
    assert start + sum(sizes) == len(film)
    for size in sizes:
        with Image.open(io.BytesIO(film[start : start + size])) as frame:
            frame.load()
            assert frame.size == thing.size
        start += size


def test_removed_pictures_redirect_and_missing_videos_are_404(web: PracticeWeb) -> None:
    things = Double(entries=12, albums=(2,)).things
    home = f"{web.url}/imgur/i"
    with requests.Session() as session:
        removed = session.get(f"{home}/{things[0].hash}.jpg", allow_redirects=False)
        assert (removed.status_code, removed.headers["Location"]) == (302, f"{home}/removed.png")
        assert session.get(f"{home}/removed.png").headers["ETag"] == '"d835884373f4d6c8f24742ceabe74946"'
        region = session.get(f"{home}/{things[1].hash}.jpg")
        assert (region.status_code, region.headers["Content-Type"]) == (200, "image/png")
        assert session.get(f"{home}/{things[4].hash}.mp4").status_code == 404
        assert session.get(f"{home}/{things[4].hash}.gif").content.startswith(b"GIF89a")
        assert session.get(f"{home}/{things[2].hash}.webp").content == body(things[2], things[2].extension)


def test_over_capacity_comes_first_and_quotas_are_counted() -> None:
    double = Double(entries=2, albums=(), capacity=1, quota=1)
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web, requests.Session() as session:
        address = f"{web.url}/imgur/3/gallery/r/funny/0"
        refused = session.get(address)
        assert (refused.status_code, refused.json()["data"]["error"]) == (403, CAPACITY)
        assert session.get(address).headers["X-RateLimit-UserRemaining"] == "0"
        assert session.get(address).status_code == 429
