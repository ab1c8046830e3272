"""Data rows in every spelling that pages have used: plain, spread over lines, in strings, in strings of strings."""

import json
import random
from typing import Any

import pytest

from collector.model import Licence
from collector.sources.google import rows
from collector.sources.google.rows import Row, RowKind
from collector.sources.opaque import NOTHING, Address

HOME = "https://www.google.com"

LICENCE = [
    "https://shop.example/buy",
    "https://licences.example/by/4.0",
    1,
    "Example Stock",
    0,
    ["Ann Ö."],
    "Ann",
    "© Ann",
]


def item(
    id: str, *, url: str = "", kind: int = 0, title: str = "A title", licence: list[Any] | None = None
) -> list[Any]:
    """A row as the page holds it."""
    extra: dict[str, Any] = {
        "2000": [None, "host.example", "1.1MB"],
        "2003": [
            None,
            f"ref-{id}",
            f"https://host.example/page/{id}",
            title,
            *[None] * 8,
            "The Site",
            *[None] * 4,
            "host.example",
        ],
    }
    if licence is not None:
        extra["2006"] = [*[None] * 11, licence]
    full = [url or f"https://host.example/full/{id}.jpg?a=1&b=2", 800, 1200]
    return [0, id, [f"https://thumbs.example/t?q=tbn:{id}", 183, 275], full, None, kind, "rgb(1,2,3)", None, 0, extra]


def found(text: str) -> list[Row]:
    return list(rows.find(text, HOME))


def google(value: Any) -> str:
    """JSON as Google writes it into scripts: no bare <, >, = or &."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>=&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


PICTURES = [
    item("s8E2bOrQzZKj7M"),
    item("l478OLqw4JAwlM", kind=3, title='He said "no" \\ and left'),
    item("_-abcDEF123xyM", kind=7, licence=LICENCE, title="猫 😀"),
    item("P0QHmYgCj_o-JM", kind=2, url="http://plain.example/no-extension"),
]
WANTED = [rows.parse(picture, HOME) for picture in PICTURES]

AF_2020 = "AF_initDataCallback({key: 'ds:2', isError:  false , hash: '3', data:function(){return [null,[[%s]\n]\n]}});"
AF_2022 = "AF_initDataCallback({key: 'ds:1', hash: '2', data:[null,[[%s]]], sideChannel: {}});"
W_JD = (
    '(function(){var m={"a1":[],%s};var a=m;if(window.W_jd)for(var b in a)window.W_jd[b]=a[b];else window.W_jd=a;})();'
)


def af_2020() -> str:
    return AF_2020 % ",".join(f"[1,{google(picture)}\n,null]" for picture in PICTURES).replace("],", "]\n,")


def af_2022() -> str:
    return AF_2022 % ",".join(f"[1,{google(picture)},null,[1,2]]" for picture in PICTURES)


def w_jd() -> str:
    """Each picture twice, under two keys, as in 2026."""
    pairs = [f'"k{at}":[1,{google(picture)},null],"x{at}":{google(picture)}' for at, picture in enumerate(PICTURES)]
    return W_JD % ",".join(pairs)


def w_jd_strings() -> str:
    values = ",".join(f"'k{at}','{google([1, p])}'" for at, p in enumerate(PICTURES))
    return "var m=[" + values.replace("\\", "\\\\").replace('"', "\\x22") + "];"


def batch_once() -> str:
    return ")]}'\n" + json.dumps([["wrb.fr", "HoAMBc", "".join(google([1, picture]) for picture in PICTURES)]])


def batch_twice() -> str:
    return json.dumps({"html": "<script>" + json.dumps(w_jd()) + "</script>"})


SPELLINGS = {"af_2020": af_2020, "af_2022": af_2022, "w_jd": w_jd, "w_jd_strings": w_jd_strings}
BODIES = {"batch_once": batch_once, "batch_twice": batch_twice}


@pytest.mark.parametrize("name", [*SPELLINGS, *BODIES])
def test_every_spelling_gives_the_same_rows(name: str) -> None:
    assert found({**SPELLINGS, **BODIES}[name]()) == WANTED


def test_a_row_holds_what_the_page_says() -> None:
    row = rows.parse(PICTURES[2], HOME)
    assert row == rows.Row(
        id="_-abcDEF123xyM",
        full=Address("https://host.example/full/_-abcDEF123xyM.jpg?a=1&b=2"),
        width=1200,  # the page writes height first
        height=800,
        thumbnail_url="https://thumbs.example/t?q=tbn:_-abcDEF123xyM",
        kind=RowKind.LICENSABLE,
        page=Address("https://host.example/page/_-abcDEF123xyM"),
        title="猫 😀",
        site="The Site",
        licence=Licence(
            url="https://licences.example/by/4.0",
            page="https://shop.example/buy",
            licensor="Example Stock",
            creators=("Ann Ö.",),
            credit="Ann",
            notice="© Ann",
        ),
    )
    kinds = [row.kind for row in WANTED if row]
    assert kinds == [RowKind.PHOTO, RowKind.VIDEO, RowKind.LICENSABLE, RowKind.PRODUCT]


def test_licence_of_2024_is_shorter() -> None:
    row = rows.parse(item("idididididid", licence=LICENCE[:5]), HOME)
    assert row is not None
    assert row.licence == Licence(url=LICENCE[1], page=LICENCE[0], licensor="Example Stock")


def test_javascript_that_is_not_json_is_still_read() -> None:
    text = google(PICTURES[0]).replace("null", "").replace("\\u003d", "\\x3d").replace("A title", "A\\'s title")
    (row,) = found(f"x=[{text}]")
    assert row.full.url == "https://host.example/full/s8E2bOrQzZKj7M.jpg?a=1&b=2"
    assert row.title == "A's title"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[0,1,2]",
        '[0,"idididid",["https://t.example",1,2],null,null,0]',
        '[0,"idididid",["https://t.example",1,2],["data:image/png;base64,AA",1,2]]',
        '[0,"idididid",["https://t.example",1,2],["https://full.example",1,2',
        '["kitten",["https://encrypted.example/images?q\\u003dtbn:x",null,null,true,[null,0]]]',
        "[" * 100_000,
        '[0,"idididid",["https://t.example",1,2],' + "[" * 50_000,
    ],
)
def test_what_is_not_a_row_is_passed_over(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("seed", range(30))
def test_any_title_and_url_survive_any_number_of_quotings(seed: int) -> None:
    dice = random.Random(seed)
    alphabet = "aZ09 \"'\\/<>&=%\n\t[]{},:éß猫😀\u2028\x7f"
    text = "".join(dice.choices(alphabet, k=60))
    picture = item("idididididid", title=text, url="https://u.example/" + text.strip().replace("\n", ""))
    body = google([picture])
    for _ in range(dice.randrange(4)):
        body = json.dumps({"x": [body]}, ensure_ascii=dice.random() < 0.5)
    assert found("junk \\" + body) == [rows.parse(picture, HOME)]


def test_large_scripts_are_quick(record_property: Any) -> None:
    many = [item(f"id{number:012d}") for number in range(800)]
    text = "x" * 500_000 + W_JD % ",".join(f'"k{at}":[1,{google(picture)}]' for at, picture in enumerate(many))
    assert len(found(json.dumps(text))) == 800


def test_hidden_addresses_make_rows_of_tokens() -> None:
    hidden = item("hiddenhiddenM", url="/goto?url=CAESpicture", licence=["/goto?url=CAESshop", "https://cc.example/by"])
    hidden[9]["2003"][2] = "https://www.google.com/goto?url=CAESpage&ved=1"
    row = rows.parse(hidden, HOME)
    assert row is not None
    assert row.full == Address(token="/goto?url=CAESpicture")
    assert row.page == Address(token="/goto?url=CAESpage&ved=1")
    assert row.licence == Licence(url="https://cc.example/by")
    assert (row.width, row.height) == (1200, 800)


def test_a_row_without_any_address_still_says_size_and_page() -> None:
    row = rows.parse(item("rawrawrawrawM", url="x-raw-image:///0123"), HOME)
    assert row is not None
    assert (row.full, row.page) == (NOTHING, Address("https://host.example/page/rawrawrawrawM"))
