"""The double of imgur: what it serves is real, and its faults look as the real ones do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from collector.practice import Knobs, PracticeWeb
from collector.practice.imgur import Double, body


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    double = Double(entries=12, albums=(2,), removed=frozenset((0,)), region=frozenset((1,)), no_mp4=frozenset((4,)))
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web:
        yield web


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
