"""What a recipe's file may say, and how it is told what is wrong: file, line, key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.errors import InputError
from collector.sources import recipe as source
from collector.sources.recipe import catalog, schema
from collector.sources.recipe.start_urls import expanded
from collector.sources.recipe.transforms import PLAIN, WORK

SMALL = """\
version = 1
start = "https://example.org/{year}/[1-3]"
params = { year = "1923" }

[page.list]
follow = [
  { css = "a", to = "one" },
]

[page.one]
picture = "img@src"
title = { css = "h1", then = ["strip"] }
"""


def test_a_small_recipe_is_read_whole() -> None:
    recipe = schema.parsed(SMALL, "small.toml", "small", {"year": "1930"})
    assert recipe.start == tuple(f"https://example.org/1930/{number}" for number in (1, 2, 3))
    assert list(recipe.kinds) == ["list", "one"]
    assert recipe.kinds["list"].follow[0].attr == ("href",)
    picture = recipe.kinds["one"].picture
    assert picture is not None
    assert picture.picks[0].attr == ("src",)
    assert recipe.head.robots


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("version = 1", "version = 2", 1, "version"),
        ('to = "one"', 'to = "two"', 6, "page.list.follow.0.to: 'two' is no kind of page here; there are: list, one"),
        ('to = "one"', 'to = "one", mots = 3', 6, "page.list.follow.0.mots: no such key"),
        ('css = "a"', 'css = "a["', 6, "page.list.follow.0.css: 'a['"),
        ('css = "a"', 'xpath = "//a["', 6, "page.list.follow.0.xpath"),
        ('css = "a"', 'css = "a", json = "a["', 6, "page.list.follow.0.json"),
        ('css = "a"', 'css = "a", xpath = "//a"', 6, "write one of css, xpath"),
        ('css = "a"', 'css = "a", matches = "("', 6, "page.list.follow.0: '(' is not a regular expression: missing )"),
        ('"img@src"', "3", 11, "page.one.picture.0: expected a table"),
        ('"strip"', '"evaluate"', 12, "no transform 'evaluate'"),
        ('"strip"', '{ regex = "(a)", group = 2 }', 12, "the expression has 1 groups"),
        ('"strip"', '{ date = "%d %b" }', 12, "it has no year"),
        ('"strip"', '{ date = "%q" }', 12, "%q is not possible"),
        ('"strip"', '{ rewrite = ["a", "\\\\7"] }', 12, "invalid group reference"),
        ('"strip"', '{ slice = "a" }', 12, "page.one.title.0.then.0.slice: Expected `int | array | null`, got `str`"),
        ('"strip"', '{ strip = "x" }', 12, "takes no argument"),
        ('{ css = "h1", then = ["strip"] }', '{ template = "{month} {x}" }', 12, "{month} is no other field"),
        ("{year}", "{month}", 2, "{month} is not a parameter"),
        ('"https://example.org/{year}/[1-3]"', '"example.org"', 2, "is not an address"),
        ("[1-3]", "[3-1]", 2, "is not a range"),
        ("params", "parms", 3, "no such key"),
        ('css = "a"', 'css = "a", include = "(?=x)"', 6, "'(?=x)' is not a regular expression: invalid perl operator"),
        ('css = "a"', 'css = "a", most = -1', 6, "page.list.follow.0.most: Expected `int` >= 0"),
        ('css = "a"', 'css = "a", most = 0x1' + "0" * 5000, 6, "page.list.follow.0.most"),
        ("version = 1", "version = 1\nconnections = 0", 2, "connections: Expected `int` >= 1"),
        ("version = 1", "version = 1\nrate = inf", 2, "rate: Expected `float` <= 1000.0"),
        ("version = 1", "version = 1\nhosts = 3", 2, "hosts: Expected `array`, got `int`"),
        ("picture =", "pciture =", 11, "no such key"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_line_and_key(old: str, new: str, line: int, says: str) -> None:
    text = SMALL.replace(old, new)
    if old == "params":
        text = text.replace("{year}/", "")
    with pytest.raises(InputError) as error:
        schema.parsed(text, "small.toml", "small")
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"small.toml, line {line}: ")
    assert says in message


def test_toml_that_is_none_names_its_line() -> None:
    with pytest.raises(InputError, match=r"small.toml: not valid TOML: .*line 3"):
        schema.parsed("version = 1\n\nstart = = 3", "small.toml", "small")


@pytest.mark.parametrize("depth", [100, 900, 3000, 100_000])
def test_toml_that_is_nested_too_deeply_is_one_line(depth: int) -> None:
    with pytest.raises(InputError, match=r"^small\.toml: nested too deeply$"):
        schema.parsed(f"version = 1\nstart = {'[' * depth}{']' * depth}", "small.toml", "small")


def test_a_recipe_without_pictures_is_none() -> None:
    text = SMALL.replace('picture = "img@src"', 'follow = { css = "a", to = "list" }')
    with pytest.raises(InputError, match="no kind of page has a picture"):
        schema.parsed(text, "small.toml", "small")


def test_parameters_that_are_missing_or_unknown_are_named() -> None:
    assert "has no parameter 'month'; it has: year" in source.validate_keyword("time-covers?month=3")
    assert source.validate_keyword("inaturalist") == "inaturalist needs taxon; write inaturalist?taxon=..."
    assert source.validate_keyword("inaturalist?taxon=Vulpes vulpes") is None
    assert re.search(
        "no recipe 'nothing', and no path of a .toml file; there are: .*time-covers", source.validate_keyword("nothing")
    )
    assert "nothing.toml: no such file" in source.validate_keyword("nothing.toml")


def test_parameters_stand_for_themselves_in_expressions() -> None:
    text = SMALL.replace('to = "one"', 'to = "one", include = "{year}"')
    recipe = schema.parsed(text, "small.toml", "small", {"year": "1.2"})
    follow = recipe.kinds["list"].follow[0]
    assert follow.fits("https://x/1.2")
    assert not follow.fits("https://x/1x2")


@pytest.mark.parametrize(
    ("text", "values", "urls"),
    [
        ("https://x/[1-3]", {}, ["https://x/1", "https://x/2", "https://x/3"]),
        ("https://x/[08-10]", {}, ["https://x/08", "https://x/09", "https://x/10"]),
        ("https://x/[0-20:10]", {}, ["https://x/0", "https://x/10", "https://x/20"]),
        ("https://x/[a, b]?q={q}", {"q": "red fox"}, ["https://x/a?q=red%20fox", "https://x/b?q=red%20fox"]),
        ("https://x/{y}", {"y": "[1923-1924]"}, ["https://x/1923", "https://x/1924"]),
        ("{site}/p", {"site": "example.org/[1-2]/"}, ["https://example.org/[1-2]/p"]),
    ],
)
def test_start_addresses_are_spread_out(text: str, values: dict[str, str], urls: list[str]) -> None:
    assert list(expanded(text, values)) == urls


def test_a_class_is_called_as_its_recipe() -> None:
    assert source.default_label("time-covers") == "time-covers"
    assert source.default_label("time-covers?year=1923") == "time-covers 1923"
    assert source.default_label("mine/birds.toml?kind=owl") == "birds owl"


def test_every_shipped_recipe_is_sound_and_says_what_it_is() -> None:
    assert set(catalog.names()) >= {"time-covers", "inaturalist", "wordpress"}
    for name in catalog.names():
        assert catalog.shown(name).head.about


def test_the_time_recipe_is_about_twenty_lines() -> None:
    lines = [line for line in catalog.text("time-covers")[2].splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 20


def test_the_docs_show_the_time_recipe_as_it_is() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")
    shown = page.partition("```toml\n")[2].partition("```")[0]
    text = catalog.text("time-covers")[2]
    assert shown == text[text.index("version") :]


def test_the_docs_name_every_transform() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")
    told = page.partition("## Transforms")[2].partition("**Dates**")[0]
    assert set(re.findall(r'`"(\w+)"`', told)) | set(re.findall(r"`\{ (\w+) =", told)) == {*PLAIN, *WORK, "urljoin"}
