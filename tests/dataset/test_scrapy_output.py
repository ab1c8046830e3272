"""output.json and full/: the shape, the names, and what stays when it cannot be written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from collector.dataset.scrapy_output import ScrapyResult, write
from collector.ledger import Row

URL = "http://img.timeinc.net/time/magazine/archive/covers/2014/1101140113_600.jpg"
NAME = "full/78a2264fb6103aaf20ff13982a09cb182294709d.jpg"
"""As the tutorial of 2015 prints it."""


def entry(images: Path, number: int = 0, state: str = "saved", reason: str = "", title: str = "The Year") -> Row:
    path = Path(f"covers/{number}.jpg")
    if state in ("saved", "duplicate"):
        (images / path).parent.mkdir(parents=True, exist_ok=True)
        (images / path).write_bytes(b"picture %d" % number)
    has = path if state in ("saved", "duplicate") else None
    url = URL if number == 0 else f"http://x.test/{number}.jpg?size=2"
    return Row(
        *(number, "covers", "covers", "recipe", number, url, state, reason),
        title=title,
        published="2014-01-13",
        fields=(("edition", "US"),),
        path=has,
    )


def listed(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "output.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_the_shape_is_that_of_old(tmp_path: Path) -> None:
    images, out = tmp_path / "images", tmp_path / "crawl"
    assert write([entry(images)], images, out) == ScrapyResult(1, 1, 0)
    checksum = hashlib.md5(b"picture 0").hexdigest()
    assert listed(out) == [
        {
            "files": [{"url": URL, "path": NAME, "checksum": checksum, "status": "downloaded"}],
            "file_urls": [URL],
            "pubDate": "2014-01-13",
            "title": "The Year",
            "edition": "US",
        }
    ]
    assert (out / NAME).read_bytes() == b"picture 0"
    assert (out / NAME).stat().st_nlink == 2


def test_losses_are_items_without_files_and_pages_are_none(tmp_path: Path) -> None:
    images, out = tmp_path / "images", tmp_path / "crawl"
    given = [
        entry(images, 1, "failed", "http.404"),
        entry(images, 2, "skipped", "page.no_picture"),
        entry(images, 3, "duplicate", "duplicate.same_label"),
    ]
    assert write(given, images, out, copy=True) == ScrapyResult(2, 1, 1)
    items = listed(out)
    assert [len(item["files"]) for item in items] == [0, 1]  # type: ignore[arg-type]
    (file,) = (out / "full").iterdir()
    assert file.stat().st_nlink == 1


def test_names_by_a_template_are_safe_and_told_apart(tmp_path: Path) -> None:
    images, out = tmp_path / "images", tmp_path / "crawl"
    given = [entry(images, number, title="A/B: c?") for number in (1, 2)] + [entry(images, 3, title="Plain")]
    write(given, images, out, name="{pubDate} {title} {nothing}")
    names = sorted(file.name for file in (out / "full").iterdir())
    assert len(names) == 3
    assert "2014-01-13 Plain.jpg" in names
    assert all(name.endswith(".jpg") and not set(name) & set('/:?"') for name in names)


def test_nothing_found_is_an_empty_list(tmp_path: Path) -> None:
    assert write([], tmp_path, tmp_path / "crawl") == ScrapyResult(0, 0, 0)
    assert listed(tmp_path / "crawl") == []


def test_a_list_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    write([], tmp_path, tmp_path / "crawl")

    def breaking() -> list[Row]:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write((each for each in breaking()), tmp_path, tmp_path / "crawl")
    assert [file.name for file in (tmp_path / "crawl").iterdir()] == ["output.json"]
