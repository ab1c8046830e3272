"""What the rest of the program may ask of a source: its own word, or what is usual."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from collector import sources
from collector.errors import UsageError


@pytest.fixture
def album(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A source `album` that says something of everything."""
    module = ModuleType("album_for_tests")
    module.__dict__.update(
        SETTINGS={"home": "http://album.test"},
        FILTERS={},
        VARIATIONS=(),
        FEED=True,
        WHOLE=True,
        BROWSER=False,
        fault=lambda keyword: "" if keyword.startswith("a/") else f"{keyword} is no album",
        label=lambda keyword: keyword.removeprefix("a/"),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "album": module.__name__})
    yield module


def test_a_source_may_say_what_it_is_like(album: ModuleType) -> None:
    assert (sources.feed("album"), sources.whole("album"), sources.browser("album")) == (True, True, False)
    assert (sources.fault("album", "a/1"), sources.fault("album", "x")) == ("", "x is no album")
    assert (sources.label("album", "a/1"), sources.label("album", "a/")) == ("1", "a/")


def test_most_say_nothing() -> None:
    assert (sources.feed("google"), sources.whole("google"), sources.browser("google")) == (False, False, True)
    assert (sources.fault("google", "cat"), sources.label("google", "cat")) == ("", "cat")


def test_only_the_table_makes_a_source() -> None:
    with pytest.raises(UsageError, match="no source 'sys'"):
        sources.load("sys")
