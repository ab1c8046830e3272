"""The HTML file that shows a page's pictures: what is shown from where, and that nothing from outside gets through."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from collector.fetch.hotlink_probe import State
from collector.report.page_view import MEANINGS, SHOWN_ELSEWHERE, Shown, document

PAGE = "https://example.org/gallery"


def shown(state: str = "open", **more: object) -> Shown:
    facts = {
        "url": "https://img.example.org/a.jpg",
        "local": "out/class/a b.jpg",
        "width": 4,
        "height": 3,
        "bytes": 2048,
    }
    return Shown(**{**facts, "state": state, **more})  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def sources(self) -> list[str | None]:
        return [attributes["src"] for tag, attributes in self.found if tag in ("img", "video")]


def test_every_state_has_a_meaning() -> None:
    assert {str(state) for state in State} | {"inline", "not tested"} == set(MEANINGS)
    assert {str(state) for state in State if state.shows_elsewhere} == SHOWN_ELSEWHERE


def test_open_hosts_show_their_own_and_copies_stand_in_for_the_others() -> None:
    states = [*MEANINGS]
    tags = Tags(document([PAGE], [shown(state) for state in states], "today"))
    expected = ["https://img.example.org/a.jpg" if s in SHOWN_ELSEWHERE else "out/class/a%20b.jpg" for s in states]
    assert tags.sources() == expected
    assert {attributes["href"] for tag, attributes in tags.found if attributes.get("class") == "picture"} == {
        "out/class/a%20b.jpg"
    }


def test_losses_have_their_reasons_and_no_picture() -> None:
    text = document([PAGE], [shown(), shown("gone", local="", loss="the server says: Not Found (http.404)")], "today")
    assert "1 the server says: Not Found (http.404)" in text and "<b>1</b><span>not available" in text
    assert len(Tags(text).sources()) == 1
    assert "<b>2</b><span>found" in text and "<b>2.0 kB</b><span>on disk" in text


def test_nothing_from_outside_becomes_markup() -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    bad = [
        shown(title=evil, told=evil, page=evil),
        shown(url="javascript:alert(1)", local=f"out/{evil}"),
        shown(url=f"https://e.org/{evil}?{evil}", local="", loss=evil),
        shown(url="data:text/html,<script>", state="inline", video=True),
    ]
    text = document([evil, "javascript:alert(2)", PAGE], bad, evil)
    tags = Tags(text)
    assert not [tag for tag, _ in tags.found if tag == "script"]
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    links = [attributes["href"] or "" for tag, attributes in tags.found if tag == "a"]
    assert not [link for link in links if link.startswith(("javascript:", "data:"))]


def test_the_policy_allows_this_style_and_no_script() -> None:
    text = document([PAGE], [shown()], "today")
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(attributes["content"] for tag, attributes in Tags(text).found if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ") and f"style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy and "style=" not in text.replace("<style>", "")


def test_an_empty_page_is_a_page() -> None:
    assert "<b>0</b><span>found" in document([PAGE], [], "today")
