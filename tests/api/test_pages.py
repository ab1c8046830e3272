"""`collector.pages`: every picture of a page, and the file that shows them. No browser."""

from __future__ import annotations

from pathlib import Path

import pytest

import collector
from collector.errors import InputError


def test_a_page_is_downloaded_and_shown(tmp_path: Path) -> None:
    with collector.practice() as web:
        page = collector.pages([f"{web.url}/page/works"], tmp_path / "works", limit=3, practice=web)
        assert page.crawl.wait().digest.total.saved == 3
        assert len(list(page.urls())) == 3
        path = page.write("none")
    assert path == tmp_path / "works.html"
    assert path.read_text(encoding="utf-8").count('<img src="works/') == 3


def test_what_is_no_address_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not an address"):
        collector.pages(["not an address"], tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_pages_lie_beside_the_folder_of_keywords() -> None:
    assert collector.pages(["https://example.org/a"]).settings.out == Path("pages/example.org")
