"""The pure pieces of the page source: srcset, style sheets, addresses, data in scripts, figures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from collector.sources.page import address, candidates, css, data, feeds, head, http_page, markup, srcset
from collector.sources.page.candidates import Candidate, Figure, Rank
from collector.urls import resolved

HERE = "https://example.org/a/b.html"

# --------------------------------------------------------------------------- srcset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", [("a.jpg", 0, 0.0)]),
        ("a.jpg 1x, b.jpg 2.5x", [("a.jpg", 0, 1.0), ("b.jpg", 0, 2.5)]),
        ("w_1,h_2/a.jpg 160w,w_2,h_4/b.jpg 320w", [("w_1,h_2/a.jpg", 160, 0.0), ("w_2,h_4/b.jpg", 320, 0.0)]),
        ("a.jpg, b.jpg 2x", [("a.jpg", 0, 0.0), ("b.jpg", 0, 2.0)]),
        (" ,, a.jpg 10w ,\n b.jpg\t20w,", [("a.jpg", 10, 0.0), ("b.jpg", 20, 0.0)]),
        ("data:image/png;base64,AA== 1x, b.jpg 2x", [("data:image/png;base64,AA==", 0, 1.0), ("b.jpg", 0, 2.0)]),
        ("a.jpg (x, y) 1x, b.jpg 5w", [("b.jpg", 5, 0.0)]),
        ("a.jpg 1q, b.jpg 0w, c.jpg -1w, d.jpg 3w 4h", [("d.jpg", 3, 0.0)]),
        ("", []),
        (" , ", []),
    ],
)
def test_srcset(text: str, expected: list[tuple[str, int, float]]) -> None:
    assert [(choice.url, choice.width, choice.density) for choice in srcset.choices(text)] == expected


# --------------------------------------------------------------------------- style sheets


def test_a_sheet_names_its_pictures() -> None:
    sheet = css.sheet(r"""
        @import 'one.css' screen; @import url(two.css);
        @font-face { src: url(font.woff) } /* url(comment.jpg) */
        a { background: #fff URL( "quoted \28 1\29 .jpg" ) no-repeat, url(bare.jpg) }
        b { background-image: image-set("a1.png" 1x, url(a2.png) type("image/png") 2x), url(after.jpg) }
        c { cursor: url(hand.cur), pointer; mask: url(#clip); filter: url(f.svg#x) }
        d { --x: url('semi;colon.jpg') } e { list-style: url(dot.png) }
    """)
    assert sheet.imports == ("one.css", "two.css")
    assert [(one.urls, one.icon) for one in sheet.drawn] == [
        (("quoted (1).jpg",), False),
        (("bare.jpg",), False),
        (("a2.png", "a1.png"), False),
        (("after.jpg",), False),
        (("hand.cur",), True),
        (("semi;colon.jpg",), False),
        (("dot.png",), True),
    ]


def test_broken_sheets_take_no_longer_than_their_length() -> None:
    for piece in ("url(", "a{b:url(", "image-set(", "a:", "'", "url('", "/*", "\\"):
        assert len(css.sheet("a{background:" + piece * 50_000).drawn) <= 1  # `url('url('` is an address indeed


# --------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        (" ../x y.jpg#z ", "https://example.org/x%20y.jpg"),
        ("//cdn.example/ü.jpg?q=ä", "https://cdn.example/%C3%BC.jpg?q=%C3%A4"),
        ("\\a\\b.jpg?c\\d", "https://example.org/a/b.jpg?c%5Cd"),
        ("a\nb.jpg", "https://example.org/a/ab.jpg"),
        ("https://bücher.example/a.jpg", "https://bücher.example/a.jpg"),
        ("data:image/png;base64,AA==", "data:image/png;base64,AA=="),
        ("data:text/html,x", ""),
        ("blob:https://example.org/1", ""),
        ("javascript:void(0)", ""),
        ("#top", ""),
        ("http://[::1", ""),
        ("http:\\/\\/cdn.example\\/a.jpg", "http://cdn.example//a.jpg"),
        ("https:\\/\\/cdn.example\\/a.jpg", "https://cdn.example//a.jpg"),
        ("///cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("http:/cdn.example/a.jpg", "http://cdn.example/a.jpg"),
        ("HTTPS:/b.jpg", "https://example.org/b.jpg"),
        ("https:b.jpg", "https://example.org/a/b.jpg"),
        ("?u=///x", "https://example.org/a/b.html?u=///x"),
        ("", ""),
    ],
)
def test_addresses_are_made_whole(written: str, whole: str) -> None:
    assert resolved(written, HERE) == whole


@pytest.mark.parametrize(
    ("shown", "behind"),
    [
        ("https://e.org/_next/image?url=%2Fp%2Fa.jpg&w=640&q=75", "https://e.org/p/a.jpg"),
        ("https://e.org/_next/image?url=https%3A%2F%2Fc.org%2Fa.jpg&w=64", "https://c.org/a.jpg"),
        ("https://images.weserv.nl/?url=c.org/a.jpg&w=30", "https://c.org/a.jpg"),
        ("https://e.org/cdn-cgi/image/width=80,quality=75/uploads/a.jpg", "https://e.org/uploads/a.jpg"),
        ("https://e.org/cdn-cgi/image/w=80/https://c.org/a.jpg", "https://c.org/a.jpg"),
        ("https://i0.wp.com/c.org/wp/a.jpg?resize=300%2C200&ssl=1", "https://c.org/wp/a.jpg"),
        ("https://lh3.googleusercontent.com/abc=w400-h300-no", "https://lh3.googleusercontent.com/abc=s0"),
        ("https://e.org/wp-content/uploads/a-300x200.jpg", "https://e.org/wp-content/uploads/a.jpg"),
        ("https://up.wiki.example/c/thumb/a/ab/X.jpg/220px-X.jpg", "https://up.wiki.example/c/a/ab/X.jpg"),
        ("https://res.e.org/v/image/upload/w_300,h_2/v1/a.jpg", "https://res.e.org/v/image/upload/v1/a.jpg"),
        ("https://cdn.shopify.com/s/a_300x300.jpg?v=1", "https://cdn.shopify.com/s/a.jpg"),
        ("https://e.org/a.jpg?w=300&h=200&v=7", "https://e.org/a.jpg?v=7"),
        ("https://e.org/a.jpg?token=x", ""),
        ("https://e.org/a.jpg", ""),
        ("data:image/png;base64,AA==", ""),
    ],
)
def test_resizers_are_undone(shown: str, behind: str) -> None:
    assert address.original(shown) == behind


def test_what_looks_like_a_picture() -> None:
    assert address.is_picture("/x/a.JPG?x") and address.is_picture("https://e.org/get?file=a.png")
    assert address.is_picture("https://e.org/a.jpg/revision/latest")
    assert not address.is_picture("https://e.org/wiki/File:Cat.jpg")
    assert not address.is_picture("https://photos.jpg.example/about")


# --------------------------------------------------------------------------- data


def best(found: list[Figure]) -> list[str]:
    return [one.candidates[0].url.rpartition("/")[2] for one in found]


def test_linked_data() -> None:
    text = json.dumps([
        {"@type": "Product", "name": "Cup", "image": "cup", "logo": "logo.png", "review": {"image": {"url": "r.jpg"}}},
        {"@type": "VideoObject", "thumbnailUrl": ["t.jpg"], "contentUrl": "film.mp4"},
        {"@type": ["ImageObject"], "url": "u.jpg", "contentUrl": "c.jpg", "width": "640 px", "height": 480},
    ])  # fmt: skip
    found = data.linked_data(f"<!-- {text} -->", HERE)
    assert best(found) == ["cup", "logo.png", "r.jpg", "t.jpg", "film.mp4", "c.jpg"]
    assert [one.icon for one in found] == [False, True, False, False, False, False]
    assert (found[5].candidates[0].width, found[5].candidates[0].height, found[0].title) == (640, 480, "Cup")
    assert data.linked_data("{broken", HERE) == []


def test_the_state_of_programs() -> None:
    assert best(data.state(r'window.__S__ = {"a": {"small": "/s.jpg", "original": "/o.jpg", "id": 1}};', HERE)) == [
        "o.jpg"
    ]
    assert best(data.state(r'render("https:\/\/c.org\/a.jpg", \'x\', "/b\u002Fc.png?x=1\u0026y=2")', HERE)) == [
        "a.jpg",
        "c.png?x=1&y=2",
    ]
    nested = json.dumps({"state": json.dumps({"url": "https://c.org/deep.webp"})})
    assert best(data.state(f"boot({nested})", HERE)) == ["deep.webp"]
    assert data.state("alert('see photo.jpg, it is nice'); import './x.js'", HERE) == []
    assert data.state('{"avatar": "/me.jpg"}', HERE)[0].icon


def test_deep_json_does_no_harm() -> None:
    assert data.state("[" * 5000 + "]" * 5000, HERE) == []
    assert data.linked_data('{"a":' * 90 + '{"image": "x.jpg"}' + "}" * 90, HERE) == []


def test_feeds_of_every_kind() -> None:
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>One</title>
        <link rel="enclosure" type="image/png" href="e.png"/>
        <content type="html">&lt;img src="i.jpg"&gt;</content></entry></feed>"""
    assert best(feeds.read(atom, HERE)) == ["e.png", "i.jpg"]
    assert feeds.read(atom, HERE)[0].title == "One"
    assert best(feeds.read(b'{"items": [{"image": "j.jpg", "content_html": "<img src=k.jpg>"}]}', HERE)) == [
        "j.jpg",
        "k.jpg",
    ]
    site_map = b"""<urlset xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url>
        <loc>page.html</loc><image:image><image:loc>m.jpg</image:loc></image:image></url></urlset>"""
    assert best(feeds.read(site_map, HERE)) == ["m.jpg"]
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><item><image>&a;</image></item></rss>'
    assert feeds.read(bomb, HERE) == [] and feeds.read(b"nothing", HERE) == []


def test_link_headers() -> None:
    value = (
        '<a.jpg>; rel="preload"; as=image; x="y, z", <b.css>; rel=preload; as=style, </c,d.png>;as=image;rel=preload'
    )
    urls = [one.candidates[0].url for one in head.header(value, HERE)]
    assert urls == ["https://example.org/a/a.jpg", "https://example.org/c,d.png"]


# --------------------------------------------------------------------------- figures


TELLING = (
    *("sneaker-grey.jpg", "wolf_gray_12.jpg", "polka-dot.jpg", "google-pixel-7.jpg", "lazy1.jpg", "loading.jpg"),
    *("grey.jpg", "dot.png", "empty.jpg", "pixel.webp"),
)
"""Names of real pictures that sound like those of fillers."""


def one(url: str, **more: object) -> Figure:
    [made] = candidates.figures([Candidate(url)], **more)
    return made


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (one("https://e.org/a.jpg", shown=(1, 1)), "trackers"),
        (one("https://e.org/a.jpg", shown=(30, 20)), "smaller than 50 pixels"),
        (one("https://e.org/a.jpg", shown=(300, 20)), ""),
        (one("https://e.org/spacer.gif"), ""),
        (one("https://e.org/spacer.gif", times=3), "placeholders"),
        (one("https://e.org/spacer.gif", lazy=True), "placeholders"),
        *((one(f"https://e.org/{name}"), "") for name in TELLING),
        *((one(f"https://e.org/{name}", times=2, shown=(640, 480)), "") for name in TELLING),
        (one("data:image/gif;base64,R0lG"), "placeholders"),
        (one("https://e.org/a.svg?x"), "drawings (SVG)"),
        (one("https://e.org/favicon-32x32.png", shown=(64, 64)), "icons"),
        (one("https://e.org/favicon-32x32.png"), ""),
        (one("https://e.org/sprite-bottle.jpg", shown=(800, 600)), ""),
        (one("https://e.org/a.jpg", icon=True), "icons"),
        (one("https://e.org/transparency.jpg"), ""),
    ],
)
def test_what_is_left_out(made: Figure, reason: str) -> None:
    assert candidates.left_out(made, 50, icons=False) == reason


def test_a_placeholder_of_many_joins_nothing() -> None:
    lazies = [
        candidates.figures([Candidate("https://e.org/wait"), Candidate(f"https://e.org/{n}.jpg", Rank.SET)], lazy=True)
        for n in range(3)
    ]
    merged = candidates.merged(made for [made] in lazies)
    assert [[c.url for c in made.candidates] for made in merged] == [[f"https://e.org/{n}.jpg"] for n in range(3)]


def test_only_real_claims_are_handed_on() -> None:
    [wide] = candidates.figures([Candidate("https://e.org/a.jpg", Rank.SET, width=800)], shown=(400, 300))
    [linked] = candidates.figures([Candidate("https://e.org/a.jpg", Rank.LINKED)], shown=(40, 30))
    assert candidates.claim(wide) == (800, 600)
    assert candidates.claim(linked) == (0, 0)
    assert candidates.claim(one("https://e.org/a.jpg", shown=(400, 300))) == (400, 300)
    percent = markup.read('<img src=a.jpg width="100%" height=auto>', HERE).figures[0]
    assert candidates.claim(percent) == (0, 0)


@pytest.mark.parametrize(
    ("image", "urls"),
    [
        ('data-src="c_{width}x.jpg" data-widths="[180, 1080, 720]" src="s.jpg"', ["c_1080x.jpg", "s.jpg"]),
        ('data-srcset="c_{width}x.jpg 2x" data-widths="[180]" src="s.jpg"', ["c_180x.jpg", "s.jpg"]),
        ('data-src="c_{width}x.jpg" src="s.jpg"', ["s.jpg"]),
        ('src="{{ item.image }}.jpg"', []),
        ('data-src="/p/${id}.jpg" src="s.jpg"', ["s.jpg"]),
        ("""data-sizes='{"a.jpg": [300, 200]}' src="s.jpg\"""", ["a.jpg", "s.jpg"]),
        ('src="{4F2A}.jpg"', ["%7B4F2A%7D.jpg"]),
    ],
)
def test_what_a_script_would_put_in_is_put_in_or_left(image: str, urls: list[str]) -> None:
    found = markup.read(f"<img {image}>", HERE).figures
    assert [c.url.removeprefix("https://example.org/a/") for one in found for c in one.candidates] == urls


def test_broken_markup_is_read_all_the_same() -> None:
    assert markup.read("", HERE).figures == [] and markup.read("<!-- -->", HERE).figures == []
    broken = "<table><img src=a.jpg<p><a href=b.jpg><div><img src='c.jpg></div>"
    assert markup.read(broken, HERE).figures
    deep = "<div>" * 3000 + "<img src=deep.jpg>" + "</div>" * 3000
    assert best(markup.read(deep, HERE).figures) in ([], ["deep.jpg"])
    assert best(markup.read("\x00<img src='a\x00.jpg' data-src='&#xD800;.jpg'>", HERE).figures)


# --------------------------------------------------------------------------- keywords and answers


@pytest.mark.parametrize(
    ("keyword", "addresses", "label"),
    [
        ("https://www.e.org/gallery/cats.html?x=1", ["https://www.e.org/gallery/cats.html?x=1"], "e.org gallery"),
        ("e.org/cats.html", ["https://e.org/cats.html", "http://e.org/cats.html"], "e.org cats"),
        ("//example.org", ["https://example.org", "http://example.org"], "example.org"),
        ("/local/path", ["http://home/local/path"], "local"),
    ],
)  # fmt: skip
def test_keywords(keyword: str, addresses: list[str], label: str) -> None:
    assert http_page.addresses(keyword, "http://home/") == addresses
    assert http_page.default_label(keyword) == label
    assert http_page.validate_keyword(keyword) is None


@pytest.mark.parametrize("keyword", ["cats", "two words", "ftp://example.org/a", "http://", "https://[::1"])
def test_keywords_that_are_no_address(keyword: str) -> None:
    assert http_page.validate_keyword(keyword).startswith("not the address of a page")


# --------------------------------------------------------------------------- pages made to take long

HOSTILE: dict[str, Callable[[int], str]] = {
    "one tag of attributes": lambda n: "<img " + " ".join(f'data-a{i}="x{i}.jpg"' for i in range(n)) + ">",
    "pictures": lambda n: "".join(f'<img src="/{i}.jpg">' for i in range(n)),
    "sources": lambda n: "<picture>" + '<source srcset="a.jpg 1w">' * (n // 20) + "<img src=b.jpg>" * (n // 20),
    "chains": lambda n: "".join(f'<img src="{i}.jpg" data-src="{i + 1}.jpg">' for i in range(n // 4)),
    "links in links": lambda n: '<div><a href="x.jpg">text' * n,
    "a style that is open": lambda n: "<div style=\"background:url('" + "\\'\\'" * n,
    "a style of blanks": lambda n: '<div style="background:url(' + " " * 10 * n,
    "a script that is open": lambda n: '<script>var a="' + '"\\' * n,
    "a srcset": lambda n: '<img srcset="' + "a.jpg 1w, " * n + '">',
    "words behind an address": lambda n: '<img srcset="a.jpg ' + "b " * n + '">',
    "a number of digits": lambda n: f'<img srcset="a.jpg {"1" * n}w" width="{"1" * n}">',
    "figures in figures": lambda n: "<figure>" * (n // 10) + "</figure>" * (n // 10) + "<figure></figure>" * n,
    "pictures in figures": lambda n: "<figure>" * 400 + '<div data-src="/a.jpg"><img src=/b.jpg></div>' * (n // 4),
    "an attribute of names": lambda n: '<div data-x="' + ".jpeg?-" * n + '">',
}


@pytest.mark.parametrize("count", [2040, 2100, 100_000])
@pytest.mark.parametrize("tag", ["div", "b", "figure", "picture", "noscript", "custom-element"])
def test_what_stands_behind_any_depth_is_found(tag: str, count: int) -> None:
    deep = f"<{tag} class=x>" * count + '<a href="/large.jpg"><img src="/1.jpg" alt="deep"></a>' + f"</{tag}>" * count
    page = f'<img src="/0.jpg">{deep}<p><img src="/2.jpg"></p><div style="background: url(/3.jpg)"></div>'
    found = {one.url for figure in markup.read(page, "https://a.test/").figures for one in figure.candidates}
    assert {f"https://a.test/{number}.jpg" for number in range(4)} <= found


def test_the_caption_of_a_figure_is_its_last_or_among_its_first() -> None:
    many = "<i></i>" * 1000
    for inside in (
        f"<img src=a.jpg>{many}<figcaption>cats</figcaption>",
        f"<figcaption>cats</figcaption>{many}<img src=a.jpg>",
    ):
        (one,) = markup.read(f"<figure>{inside}</figure>", "https://a.test/").figures
        assert one.title == "cats"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_costs_much_more_than_its_length(name: str) -> None:
    def seconds(size: int) -> float:
        began = time.thread_time()
        candidates.merged(markup.read(HOSTILE[name](size), "https://a.test/").figures)
        return time.thread_time() - began

    assert seconds(10_000) < 3 * 4 * max(seconds(2_500), 0.05)


@pytest.mark.parametrize(
    "tag",
    [
        '<img srcset="' + ", ".join(f"/{n}.jpg {n}w" for n in range(1, 5001)) + '" src="/first.jpg">',
        "<img srcset='" + ", ".join(f"/{n}.jpg {n}w" for n in range(1, 5001)) + "'>",
        '<img alt="' + "word " * 5000 + '" src="/first.jpg">',
        '<img src="/first.jpg" ' + " ".join(f'data-{n}="{n} {n}"' for n in range(5000)) + ">",
        "<img src=/first.jpg " + "a " * 5000 + ">",
    ],
)
def test_a_tag_however_long_swallows_nothing_behind_it(tag: str) -> None:
    figures = markup.read(f'{tag}<img src="/second.jpg">', "http://a.test/").figures
    assert len(figures) == 2 and "http://a.test/second.jpg" in str(figures[1])
