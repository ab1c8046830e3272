"""Whatever JSON or text a site answers, a parser gives hits or says in a SourceError that it is no answer it knows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SourceError
from collector.http.contract import Answer
from collector.model import Hit
from collector.sources import bing, commons, duckduckgo, flickr, naver, openverse
from collector.sources.deviantart import works
from collector.sources.google import rows
from collector.sources.imgur import parse as imgur
from collector.sources.page import css, data, feeds, head, markup, srcset
from collector.sources.recipe import select
from collector.sources.recipe.values import Pick
from collector.sources.storable import storable

SOURCES = Path(bing.__file__).parent


def words(*names: str) -> list[str]:
    """The texts in a parser's own source: the keys that it looks for."""
    found: set[str] = set()
    for name in names:
        found |= set(re.findall(r'"([A-Za-z_@][\w@-]{0,30})"', (SOURCES / name).read_text(encoding="utf-8")))
    return sorted(found)


def trees(*names: str) -> st.SearchStrategy[Any]:
    """JSON of the keys that a parser looks for, with values of every kind."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(words(*names))
    )
    odd = st.sampled_from(["https://a.test/1.jpg", "cat \ud83d", 2**63, "http://[::1", "//x", -1, "9" * 30])
    keys = st.one_of(st.sampled_from(words(*names)), st.text(max_size=5))
    return st.recursive(
        leaves | odd,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=30,
    )


def answer(value: Any) -> Answer:
    text = json.dumps(value)
    return Answer("https://a.test/", 200, {"content-type": "application/json"}, text.encode(), text)


DEVIATION = ("deviantart/works.py", "deviantart/candidates.py")


def deviations(tree: Any) -> list[Hit]:
    """The hits of works of the site, of the API and of media, whose every key holds the tree."""
    whole = dict.fromkeys(words(*DEVIATION), tree)
    shown = {**whole, "t": "fullview"}
    site = works.of_site({**whole, "deviation": {**whole, "deviationId": 1}})
    api = works.of_api({**whole, "deviationid": "a", "url": "https://a.test/art/x-1", "videos": [whole]})
    own = [works.Work(1, "", media={**whole, "types": types}) for types in ([shown], [{**shown, "t": "gif"}], tree)]
    details = [
        works.details_of({"extended": extended}) for extended in (whole, {"additionalMedia": [whole], "tags": [whole]})
    ]
    free = [replace(work, skip_reason=None, text=False) for work in (site, api, *own) if work is not None]
    return [hit for work in free for more in details for hit in works.hits(work, more, True)]


def google_rows(tree: Any) -> list[Any]:
    """The rows of a text that holds a tree where a row's own data stand."""
    row = json.dumps(
        [0, "abcdefgh", ["https://a.test/t.jpg", 1, 2], ["https://a.test/1.jpg", 3, 4], tree, tree, {"2003": tree}]
    )
    return [
        *rows.find(row, "https://a.test"),
        *rows.find(json.dumps(row), "https://a.test"),
        rows.parse(tree, "https://a.test"),
    ]


def taken(look: Callable[[], Iterable[Any]]) -> None:
    """Look, and store what came. SourceError is how a parser says that it does not know the answer."""
    try:
        found = list(look())
    except SourceError:
        return
    for hit in found:
        if isinstance(hit, Hit):
            storable(hit)


@pytest.mark.parametrize(
    ("names", "look"),
    [
        (("duckduckgo.py",), lambda tree: duckduckgo.parse(answer(tree))[0]),
        (("openverse.py",), lambda tree: openverse.parse(tree)[0]),
        (("flickr.py",), lambda tree: flickr.parse(tree, "https://a.test", {})[0]),
        (("commons.py",), lambda tree: commons.parse([tree] if isinstance(tree, dict) else [])),
        (("naver.py",), lambda tree: naver.parse(Answer("", 200, {}, b"", f"imageSearchTabData = {json.dumps(tree)}"))),
        (("bing.py",), lambda tree: bing.parse(Answer("", 200, {}, b"", f"<a m='{json.dumps(tree)}'>dgControl"))),
        (("imgur/parse.py",), imgur.posts),
        (("imgur/parse.py",), lambda tree: [imgur.album(tree)]),
        (DEVIATION, deviations),
        (("google/rows.py",), google_rows),
        (("page/data.py",), lambda tree: data.state(json.dumps(tree), "https://a.test/")),
        (("page/data.py",), lambda tree: data.linked_data(json.dumps(tree), "https://a.test/")),
        (("page/feeds.py",), lambda tree: feeds.read(json.dumps(tree).encode(), "https://a.test/")),
    ],
    ids=[
        "ddg",
        "openverse",
        "flickr",
        "commons",
        "naver",
        "bing",
        "imgur",
        "album",
        "deviantart",
        "google",
        "state",
        "ld",
        "feed",
    ],
)
@given(st.data())
def test_any_json(names: tuple[str, ...], look: Callable[[Any], Iterable[Any]], drawn: st.DataObject) -> None:
    tree = drawn.draw(trees(*names))
    taken(lambda: look(tree))


PIECES = [
    "<img ",
    " src=",
    "srcset='",
    "'",
    '"',
    ">",
    "<a href=",
    "url(",
    "\\",
    "{",
    "1w",
    "a.jpg,",
    "<script>",
    "//",
    "http://[",
    "�",
    "<style>",
    "style=",
    "&#0;",
    "<picture>",
    " ",
    "<svg>\n",
    "<!--",
    "@import ",
    "data:image/png,",
    "\x00",
    "{}}",
    "lazy",
    "data-src=",
    "class=",
    ":",
    "=",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4)))
def test_any_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    markup.read(text, "https://a.test/")
    css.sheet(text)
    srcset.choices(text)
    data.state(text, "https://a.test/")
    feeds.read(text.encode("utf-8", "replace"), "https://a.test/")
    list(head.header(text, "https://a.test/"))
    list(rows.find(text, "https://a.test"))
    page = select.document(text, "https://a.test/", False)
    for pick in (Pick(css="img", attr=("src",)), Pick(xpath="//a[.//img]"), Pick(css="script", json="a[].b")):
        select.texts(pick, page.root, page, {})
