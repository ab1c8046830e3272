"""`import collector`: what it exports, that each name leads somewhere, and that importing it is light."""

from __future__ import annotations

import subprocess
import sys

import pytest

import collector
from collector.model import Event, Saved
from collector.practice import PracticeWeb

EXPORTED = """
Accounts Choice Collection Crawl Duplicate Event Exported Failed Form Found Noticed PageCrawl PictureDataset Pictures
Query Rejected Saved SearchEnded SearchStarted Skipped Summary __version__ accounts collect compare errors
fetch get_model open pages practice
""".split()  # noqa: SIM905


def test_exactly_these_names_are_exported() -> None:
    assert sorted(collector.__all__) == sorted(EXPORTED)
    assert collector.__all__ == sorted(collector.__all__), "in order"
    assert set(EXPORTED) <= set(dir(collector))


@pytest.mark.parametrize("name", EXPORTED)
def test_every_exported_name_leads_somewhere(name: str) -> None:
    assert getattr(collector, name) is not None


def test_the_names_are_those_that_the_rooms_use() -> None:
    assert collector.Saved is Saved
    assert collector.Event is Event
    with pytest.raises(AttributeError, match="module 'collector' has no attribute 'cat'"):
        collector.cat  # type: ignore[attr-defined] # noqa: B018


def test_importing_it_loads_nothing() -> None:
    code = """
import sys
import collector
print(sorted(name for name in sys.modules if name.startswith("collector.")))
collector.Query("cat")
print(sorted({"pandas", "selenium", "rich", "click", "PIL", "aiohttp", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_the_practice_web_is_called_before_and_after_its_room_is_imported() -> None:
    code = """
import collector
with collector.practice() as web:
    first = web.url
import collector.practice
with collector.practice(collector.practice.Knobs.calm()) as web:
    print(first.startswith("http://127.0.0.1:"), web.url.startswith("http://127.0.0.1:"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True True\n"
    assert isinstance(collector.practice(), PracticeWeb)
