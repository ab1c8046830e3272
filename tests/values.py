"""Values for the tests, in the domain's words: `query("cat")`, `hit(3)`, `picture("a")`."""

from __future__ import annotations

from hashlib import sha256

from collector.layout import url_key
from collector.model import Hit, Picture, Query, Search


def query(keyword: str = "cat", limit: int = 3, label: str = "", sources: tuple[str, ...] = ("google",)) -> Query:
    return Query(keyword, label or keyword, limit, sources)


def hit(number: int, keyword: str = "cat") -> Hit:
    url = f"http://pictures.test/{keyword}/{number}.jpg"
    return Hit(url, url_key(url), id=f"id{number}", page=f"http://page.test/{keyword}/{number}", way="rows")


def picture(text: str) -> Picture:
    return Picture(sha256(text.encode()).hexdigest(), "JPEG", "jpg", 640, 480, len(text))


def search(number: int, of: Query, wanted: int = 10) -> Search:
    return Search(number, of, of.sources[0], wanted)
