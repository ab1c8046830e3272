"""The memory of drawn pictures: bounded, and one for all practice webs of a process."""

from __future__ import annotations

import pytest
import requests

from collector.practice import Knobs, PracticeWeb, site
from collector.practice.cache import BytesCache
from tests.support.maps import picture_paths


def test_what_was_not_asked_for_longest_goes_first() -> None:
    cache = BytesCache(10)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a") == b"1234"
    cache.put("c", b"1234")
    assert [cache.get(key) for key in "abc"] == [b"1234", None, b"1234"]
    cache.put("c", b"12")
    cache.put("d", b"1234")
    assert [cache.get(key) for key in "acd"] == [b"1234", b"12", b"1234"], "what is put again counts once"


def test_another_web_draws_nothing_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    [path] = picture_paths("a thing that no other test draws", [7])
    bodies: list[bytes] = []
    for knobs in (Knobs.calm(), Knobs.calm(layout="2020", seed=3)):
        with PracticeWeb(knobs) as web, requests.Session() as session:
            bodies.append(session.get(web.url + path, timeout=5).content)
        monkeypatch.setattr(site, "picture", None)
    assert bodies[0] == bodies[1] != b""
