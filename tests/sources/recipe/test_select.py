"""Texts out of pages: selectors, fallbacks, transforms, dates."""

from __future__ import annotations

import time

import pytest

from collector.errors import SourceError
from collector.sources.recipe import dates, json_work, schema, select, xpath_work

PAGE = """<html><head><base href="/sub/"></head><body>
<h1>  The
 Title <em>and more</em> &amp; <time datetime="1923-06-04">June 4, <b>1923</b></time></h1>
<ul><li class="a">one</li><li class="a">two</li><li>three</li></ul>
<img class="big" data-src=" lazy.jpg " src="blank.gif" srcset="s.jpg 320w, l.jpg 1,280w, m.jpg 640w">
<p></p><p>Price: 1,234.50 EUR</p><a href="p?q=a%20b&amp;amp;x">Next &gt;</a>
<script type="application/ld+json">{"image": {"url": "https://x/y.jpg"}, "n": [1, true, null]}</script>
</body></html>"""


def got(field: str, text: str = PAGE, as_json: bool = False) -> list[str]:
    """What a field, written as in a recipe, brings."""
    fields = f"month = 'h9'\nyear = 'h9'\nday = 'h9'\nvalue = {field}"
    recipe = f"version = 1\nstart = 'https://x/'\n[page.one]\npicture = 'img@src'\n[page.one.fields]\n{fields}"
    parsed = schema.parsed(recipe, "f.toml", "f").kinds["one"].fields["value"]
    page = select.document(text, "https://example.org/dir/page", as_json)
    return select.value(parsed, page.root, page, {"month": "June", "year": "1923"})


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ('"h1"', ["The Title and more & June 4, 1923"]),
        ('{ css = "h1", take = "own-text" }', ["The Title"]),
        ('{ css = "h1 em", take = "html" }', ["<em>and more</em>"]),
        ('"time@datetime"', ["1923-06-04"]),
        ('{ xpath = "//li/text()", all = true }', ["one", "two", "three"]),
        ('{ css = "li", at = -1 }', ["three"]),
        ('{ css = "li", at = -2 }', ["two"]),
        ('{ css = "li", at = 7 }', []),
        ('{ css = "li", contains = "two" }', ["two"]),
        ('{ css = "li", matches = "^t", all = true }', ["two", "three"]),
        ('"p"', ["Price: 1,234.50 EUR"]),
        ('["h7", "h9", "li"]', ["one"]),
        ('{ css = "h7", default = "none" }', ["none"]),
        ('{ css = "img", attr = ["data-src", "src"] }', ["lazy.jpg"]),
        ('{ css = "img", attr = "src", then = "urljoin" }', ["https://example.org/sub/blank.gif"]),
        (
            '{ css = "img", attr = "srcset", then = { replace = ["1,280", "1280"] } }',
            ["s.jpg 320w, l.jpg 1280w, m.jpg 640w"],
        ),
        ('{ css = "img", attr = "srcset", then = [{ replace = ["1,280", "1280"] }, "srcset"] }', ["l.jpg"]),
        ('{ css = "script", json = "image.url" }', ["https://x/y.jpg"]),
        ('{ css = "script", json = "n", all = true }', ["1", "true"]),
        ('{ literal = "x" }', ["x"]),
        ("{ url = true }", ["https://example.org/dir/page"]),
        ('{ template = "{month} {year}" }', ["June 1923"]),
        ('{ template = "{month} {day}" }', []),
        ('{ css = "p", then = "int" }', ["1234"]),
        ('{ css = "p", then = { regex = "(\\\\d)(\\\\d+)\\\\.", group = 2 } }', ["34"]),
        ('{ css = "p", then = { regex = "no" } }', []),
        ('{ css = "li", all = true, then = [{ join = "|" }, "upper"] }', ["ONE|TWO|THREE"]),
        ('{ css = "li", then = [{ slice = [0, -1] }, { template = "<{value}>" }] }', ["<on>"]),
        ('{ css = "a", attr = "href", then = ["unescape", "unquote"] }', ["p?q=a b&x"]),
        ('{ literal = "a-250.jpg", then = { rewrite = ["-\\\\d+(\\\\.jpg)", "\\\\1"] } }', ["a.jpg"]),
        ('{ literal = "a,b", then = { split = "," } }', ["a", "b"]),
        ('{ css = "time", then = { date = ["%Y", "%b %d %Y"], to = "%d.%m.%Y" } }', ["04.06.1923"]),
    ],
)
def test_what_a_field_brings(field: str, texts: list[str]) -> None:
    assert got(field) == texts


def test_json_is_read_by_path() -> None:
    text = '{"a": [{"u": "1", "w": 3}, {"u": "2", "w": null}, {"w": 5}], "ok": true}'
    assert got('{ json = "a[].u", all = true }', text, True) == ["1", "2"]
    assert got('{ json = "a[].w", all = true }', text, True) == ["3", "5"]
    assert got('{ json = "ok" }', text, True) == ["true"]
    assert got('{ json = "length(ok)" }', text, True) == []
    with pytest.raises(select.NotThis):
        select.document("<html>", "https://x", True)


LARGE = "<ul>" + "<li><b>x</b></li>" * 6000 + "</ul>"


@pytest.mark.parametrize(
    "path", ["//li[count(//li[.='x']) > 1]", "//li[b/preceding::b]", "//li/following-sibling::li", "//b | //*[//*]"]
)
def test_an_xpath_that_would_run_away_is_not_begun(path: str) -> None:
    began = time.thread_time()
    with pytest.raises(SourceError, match="is too much work for a page of 12,003 elements"):
        got(f'{{ xpath = "{path}" }}', LARGE)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("way", "path"),
    [("xpath", "//li//b"), ("xpath", "//ul//li | //li//b"), ("xpath", "(//li)//b"), ("xpath", "//b/ancestor::li"),
     ("xpath", "//li/descendant::b"), ("css", "li b"), ("css", "ul > li b"), ("css", "a, li b")],
)  # fmt: skip
def test_steps_below_many_of_a_large_page_are_not_begun(way: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(got(f'{{ {way} = "{path}", all = true }}', LARGE)) >= 6000
    monkeypatch.setattr(xpath_work, "MANY", 10_000)
    with pytest.raises(SourceError, match="is too much work for a page of 12,003 elements"):
        got(f'{{ {way} = "{path}" }}', LARGE)


@pytest.mark.parametrize(
    ("way", "path"),
    [("xpath", "//ul//b"), ("xpath", "//li[.//b]"), ("xpath", "//li[contains(., '//')]/b | //b"), ("css", "ul b"),
     ("css", "body ul li"), ("xpath", "//li/b")],
)  # fmt: skip
def test_steps_below_one_are_taken_on_any_page(way: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xpath_work, "MANY", 10_000)
    assert len(got(f'{{ {way} = "{path}", all = true }}', LARGE)) == 6000


@pytest.mark.parametrize("path", ["li ~ li", "li:nth-child(odd) ~ li > b"])
def test_a_selector_that_would_run_away_is_not_begun(path: str) -> None:
    began = time.thread_time()
    with pytest.raises(SourceError, match="is too much work for a page with 6,000 elements side by side"):
        got(f'{{ css = "{path}" }}', LARGE)
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "path", ["li", "ul b", "li:nth-child(2)", "ul > li:last-child > b", "li + li > b", "li:first-child ~ li b"]
)
def test_a_usual_selector_is_no_matter_of_size(path: str) -> None:
    assert got(f'{{ css = "{path}", take = "html" }}', LARGE)[:1] != []


@pytest.mark.parametrize(
    "path", ["//li[.//b]", "//ul//li//b", "//li[. = '////']", "//li | //b", "//li[2]/ancestor::ul"]
)
def test_a_usual_xpath_is_no_matter_of_size(path: str) -> None:
    assert got(f'{{ xpath = "{path}", take = "html" }}', LARGE)[:1] != [] or "////" in path


@pytest.mark.parametrize("text", ["", "\x00", "<", "<a", "<!DOCTYPE html>", "<html/>" * 3, "</p></p><![CDATA["])
def test_broken_pages_bring_nothing(text: str) -> None:
    assert got('{ css = "h1" }', text) == []


@pytest.mark.parametrize(
    ("text", "formats", "iso"),
    [
        ("Jan. 13, 2014", ["%b %d %Y"], "2014-01-13"),
        ("June 4 1923", ["%b %d %Y"], "1923-06-04"),
        ("Sept 4 1923", ["%b %d %Y"], "1923-09-04"),
        ("Sept. 4, 1923", ["%B %d, %Y"], "1923-09-04"),
        ("March 3 1923", ["%b %d %Y"], "1923-03-03"),
        ("July 7 1930", ["%b %d %Y"], "1930-07-07"),
        ("MAY 1, 1950", ["%b %d %Y"], "1950-05-01"),
        ("4th of June, 1923", ["%d %b %Y", "%d of %b %Y"], "1923-06-04"),
        ("Monday, 4 June 1923", ["%A %d %B %Y"], "1923-06-04"),
        ("13.01.14", ["%d.%m.%y"], "2014-01-13"),
        ("13.01.74", ["%d.%m.%y"], "1974-01-13"),
        ("May 1923", ["%b %d %Y", "%b %Y"], "1923-05"),
        ("in 1923", ["in %Y"], "1923"),
        ("2014-01-13 9:05 pm", ["%Y-%m-%d %I:%M %p"], "2014-01-13T21:05:00"),
        ("2014-01-13T21:05:00.5+02:00", ["%Y-%m-%dT%H:%M:%S.%f%z"], "2014-01-13T21:05:00.500000+02:00"),
        ("2014-01-13T21:05:00Z", ["%Y-%m-%dT%H:%M:%S%z"], "2014-01-13T21:05:00+00:00"),
        ("86400", ["%s"], "1970-01-02T00:00:00+00:00"),
        ("Feb 30 1923", ["%b %d %Y"], ""),
        ("Ma 3 1923", ["%b %d %Y"], ""),
        ("Midsummer, 1923", ["%b %d %Y"], ""),
        ("Jun 4 1923 and more", ["%b %d %Y"], ""),
        ("", ["%Y"], ""),
    ],
)
def test_dates_as_people_write_them(text: str, formats: list[str], iso: str) -> None:
    assert dates.parsed(text, tuple(formats)) == iso


def test_a_jmespath_that_would_run_away_is_not_begun() -> None:
    with pytest.raises(SourceError, match="is too much work for this page"):
        json_work.search("a" + " | [@, @]" * 40 + " | to_string(@)", {"a": [1, 2]})


@pytest.mark.parametrize(
    ("path", "most"),
    [
        (
            "items[*].{a: [a, b, c, d, e, f], b: [a, b, c, d, e, f], c: {x: a, y: b, z: c, w: d}, d: [a, b, c]}",
            19,
        ),
        (
            "data.all[?width > `10`].{url: urls.full || urls.raw, size: [width, height], by: user.{n: name, id: id}}",
            5,
        ),
        ("a | [@, @] | [@, @] | {x: @, y: @}", 8),
    ],
)
def test_what_stands_beside_one_another_in_a_jmespath_is_no_doubling(path: str, most: int) -> None:
    assert json_work._copies(path) == most


@pytest.mark.parametrize(
    ("path", "text", "brought"),
    [
        ("dt + dd", "<dl><dt>a</dt><dd>1</dd><dd>2</dd><dt>b</dt><p>x</p><dd>3</dd></dl>", ["1"]),
        ("h2 + *", "<h2>a</h2><p>1</p><h2>b</h2><h3>2</h3><p>3</p>", ["1", "2"]),
        (
            "h2.on + p.it a::text",
            "<h2 class=on>a</h2><p class=it><a>1</a></p><h2>b</h2><p class=it><a>2</a></p>",
            ["1"],
        ),
        ("h2 ~ p, h3 + p", "<p>0</p><h2>a</h2><p>1</p><h3>b</h3><p>2</p>", ["1", "2"]),
    ],
)
def test_siblings_are_those_of_css(path: str, text: str, brought: list[str]) -> None:
    assert got(f'{{ css = "{path}", all = true }}', text) == brought


def test_steps_of_a_jmespath_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_work, "MOST_STEPS", 1000)
    assert json_work.search("a[*].{x: b, y: c}", {"a": [{"b": 1, "c": 2}] * 50}) == [{"x": 1, "y": 2}] * 50
    with pytest.raises(SourceError, match="is too much work for this page"):
        json_work.search("a[*].{x: b, y: c}", {"a": [{"b": 1, "c": 2}] * 500})
