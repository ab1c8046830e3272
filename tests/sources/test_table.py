"""What the rest of the program may ask of a source, and who may add one."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collector import sources
from collector.errors import UsageError
from collector.settings import load
from collector.sources.contract import Source

ALBUM = """
from collector.sources.contract import Source

SOURCE = Source(
    search=lambda search, web: iter(()),
    settings={"home": "http://album.test"},
    filters={"size": ("large",)},
    unlimited=True,
    validate_keyword=lambda keyword: None if keyword.startswith("a/") else f"{keyword} is no album",
    default_label=lambda keyword: keyword.removeprefix("a/"),
)
OTHER = "no source"
"""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package `album_source` with one line in its group of entry points."""

    def installed(line: str) -> None:
        (tmp_path / "album_source.py").write_text(ALBUM, encoding="utf-8")
        facts = tmp_path / "album_source-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: album-source\nVersion: 1.0\n", encoding="utf-8")
        (facts / "entry_points.txt").write_text(f"[collector.sources]\n{line}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        sources.outsiders.cache_clear()

    monkeypatch.delitem(sys.modules, "album_source", raising=False)
    yield installed
    monkeypatch.undo()
    sources.outsiders.cache_clear()


def test_a_package_adds_a_source(install: Install) -> None:
    install("album = album_source:SOURCE")
    assert sources.names()[-1] == "album"
    assert sources.load("album").unlimited and not sources.load("album").needs_browser
    assert (sources.validate_keyword("album", "a/1"), sources.validate_keyword("album", "x")) == (None, "x is no album")
    assert (sources.default_label("album", "a/1"), sources.default_label("album", "a/")) == ("1", "a/")
    assert sources.defaults()["album"] == {"home": "http://album.test"}
    sources.check_filters("album", {"size": "large"})


def test_a_package_cannot_replace_a_source_of_ours(install: Install) -> None:
    ours = sources.load("bing")
    install("bing = album_source:SOURCE")
    assert sources.load("bing") is ours
    assert sources.names().count("bing") == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("album = nothing_there:SOURCE", "nothing_there:SOURCE cannot be loaded"),
        ("album = album_source:MISSING", "album_source:MISSING cannot be loaded"),
        ("album = album_source:OTHER", "album_source:OTHER is not a collector.sources.contract.Source"),
    ],
)
def test_a_broken_package_is_named(install: Install, line: str, says: str) -> None:
    install(line)
    with pytest.raises(UsageError, match=f"source 'album': {re.escape(says)}"):
        sources.defaults()


def test_only_the_table_makes_a_source() -> None:
    with pytest.raises(UsageError, match="no source 'sys'; there are: google, page, "):
        sources.load("sys")


@pytest.mark.parametrize("name", sources.names())
def test_a_source_describes_itself(name: str) -> None:
    source = sources.load(name)
    assert "home" in source.settings
    assert source.validate_keyword(source.example) is None
    for filter_name, value in source.facets:
        sources.check_filters(name, {filter_name: value})
    if source.strategies:
        assert "harvest" in source.settings


def test_what_is_usual() -> None:
    plain = Source(search=lambda search, web: iter(()), settings={"home": ""})
    assert (plain.filters, plain.facets, plain.strategies) == ({}, (), ())
    assert not (plain.incremental or plain.unlimited or plain.needs_browser)
    assert (plain.validate_keyword("cat"), plain.default_label("cat")) == (None, "cat")
    assert replace(plain, example="red barn").example == "red barn"


@pytest.mark.parametrize(
    "assignment",
    [
        "page.browser=sometimes",
        "imgur.gif=webm",
        "imgur.api=v4",
        "flickr.page_size=0",
        "openverse.pages=0",
        "bing.safe=x",
    ],
)
def test_a_setting_that_a_source_cannot_use_is_told_before_anything_is_asked(assignment: str) -> None:
    with pytest.raises(UsageError, match=f"--set: {re.escape(assignment.partition('=')[0])} = .*: expected "):
        load(None, [assignment], sources.defaults(), kinds=sources.kinds())
