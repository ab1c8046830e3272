"""Maps of pictures of the practice web, for fetching without a browser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from collector.practice.pictures import plan, slug


def picture_paths(keyword: str, numbers: Iterable[int]) -> list[str]:
    """Paths of a keyword's pictures, as its result page would name them; the small size, which is drawn quickly."""
    name = slug(keyword)
    return [f"/pictures/{name}/{number}.{plan(name, number, 'i').extension}?size=i" for number in numbers]


def write_map(file: Path, origin: str, keywords: Iterable[str], each: int) -> int:
    """A CSV of keyword and url; how many URLs."""
    lines = ["keyword,url"]
    for keyword in keywords:
        lines += [f"{keyword},{origin}{path}" for path in picture_paths(keyword, range(1, each + 1))]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1
