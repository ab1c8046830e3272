"""Settings come from file, --set and flags; what nobody knows is an error that lists the choices."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta

from collector.errors import UsageError
from collector.settings import Settings, assign, describe, load

DEFAULTS = {"google": {"home": "https://www.google.com", "panel_timeout": 5.0, "video": True, "count": 3}}


def test_file_then_set(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_text('limit = 7\n[google]\nhome = "http://a"\nvideo = false\n[search]\nbrowsers = 3\n')
    settings = load(file, ["google.home=http://b", "fetch.threads=64", "google.panel_timeout=2"], DEFAULTS)
    assert (settings.limit, settings.search.browsers, settings.fetch.threads) == (7, 3, 64)
    assert settings.sources["google"] == {"home": "http://b", "panel_timeout": 2.0, "video": False, "count": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("google.hom=x", "no setting google.hom; did you mean home?"),
        ("gogle.home=x", "no table 'gogle'; did you mean google?"),
        ("fetch.threads=many", "expected a whole number"),
        ("fetch.threads=-1", "expected a whole number from 1 to 1,024"),
        ("google.video=perhaps", "expected true or false"),
        ("search.headed=perhaps", "search.headed = 'perhaps': expected one of auto, yes, no"),
        ("limits=3", "no setting 'limits'"),
        ("google.home", "write it as table.key=value"),
        *(
            (f"google.home={text}", "expected an address with http:// or https://")
            for text in ("ftp://a", "a.example", "http://[", "http://", "https://a b/")
        ),
        ("user_agent=Mozillä", "fetch.user_agent = 'Mozillä': expected a text in ASCII"),
        ("fetch.contact=ü@a.example", "expected a text in ASCII"),
    ],
)
def test_what_cannot_be_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(None, [text], DEFAULTS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a = [", ": not valid TOML"),
        ("[google]\nhome = 3\n", ", line 2: google.home = 3: expected an address with http:// or https://"),
        ("[google]\npanel_timeout = inf\n", ", line 2: google.panel_timeout = inf: expected a number from 0"),
        ("[fetch]\n\ndeadline = nan\n", ", line 3: fetch.deadline = nan: expected a number above 0"),
        ("[fetch]\ndeadline = 0\n", ", line 2: fetch.deadline = 0: expected a number above 0"),
        ("[search]\nbrowsers = 0\n", ", line 2: search.browsers = 0: expected a whole number from 1"),
        ("limit = 0\n", ", line 1: limit = 0: expected a whole number from 1"),
        (f"limit = 1{'0' * 26}\n", ", line 1: limit = 1000000"),
        (f"limit = 1{'0' * 5000}\n", ": not valid TOML: Exceeds the limit"),
        ('out = "a\\u0000b"\n', ", line 1: out = 'a"),
        ("a = " + "[" * 5000 + "]" * 5000, ": nested too deeply"),
        ("[google.home]\na = 1\n", ", line 1: google.home = {'a': 1}: expected an address with http:// or https://"),
        ("[[search]]\nbrowsers = 1\n", ", line 1: no setting 'search'"),
        (f"limit = 0x1{'0' * 5000}\n", ", line 1: limit = a very long int: expected a whole number"),
        ("# " + "x" * 2_000_000, ": larger than 1,048,576 bytes"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=re.escape(f"my.toml{message}")) as error:
        load(file, [], DEFAULTS)
    assert "\n" not in str(error.value)


def test_a_choice_may_be_given_as_true_or_false(tmp_path: Path) -> None:
    assert Settings().search.headed == "auto"
    file = tmp_path / "collector.toml"
    for text, expected in (("true", "yes"), ("false", "no"), ('"auto"', "auto"), ('"yes"', "yes")):
        file.write_text(f"[search]\nheaded = {text}\n")
        assert load(file, [], DEFAULTS).search.headed == expected
        assert load(None, [f"search.headed={text.strip(chr(34))}"], DEFAULTS).search.headed == expected


def test_a_setting_of_an_earlier_version_is_without_effect(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_text('[fetch]\ntransport = "requests"\n')
    assert load(file, ["fetch.transport=curl"], DEFAULTS) == load(None, [], DEFAULTS)


def test_filters_are_a_table_of_their_own() -> None:
    settings = load(None, ["filters.size=large"], DEFAULTS, {"size": "", "color": ""})
    assert settings.filters == {"size": "large", "color": ""}
    with pytest.raises(UsageError, match=r"no setting filters\.shape; there are: color, size"):
        load(None, ["filters.shape=round"], DEFAULTS, {"size": "", "color": ""})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: no such file"):
        load(tmp_path / "none.toml", [], DEFAULTS)


def test_the_defaults_are_not_shared() -> None:
    changed = load(None, ["google.home=http://b"], DEFAULTS)
    assert changed.sources["google"]["home"] == "http://b"
    assert DEFAULTS["google"]["home"] == "https://www.google.com"
    assert assign(Settings(), "out", "x", "--out").diagnosis.name == "x-diagnosis"


def test_every_setting_is_described() -> None:
    names = {(table, key): expected for table, key, _, expected in describe()}
    assert names["fetch", "deadline"] == "a number above 0 to 604,800"
    assert names["search", "browsers"] == "a whole number from 1 to 1,024"


def test_the_limit_may_be_all_and_is_unsaid_by_default(tmp_path: Path) -> None:
    assert Settings().limit is None
    file = tmp_path / "collector.toml"
    file.write_text('limit = "all"\n')
    assert load(file, [], DEFAULTS).limit == "all"
    assert load(None, ["limit=All"], DEFAULTS).limit == "all"
    with pytest.raises(UsageError, match="whole number"):
        assign(Settings(), "limit", "some", "--set")


def test_a_byte_order_mark_is_none_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    file.write_bytes(b"\xef\xbb\xbflimit = 7\n")
    assert load(file, [], DEFAULTS).limit == 7
    file.write_bytes("limit = 7\n".encode("utf-16"))
    with pytest.raises(UsageError, match=r"collector\.toml': cannot be read: 'utf-8' codec"):
        load(file, [], DEFAULTS)


def test_a_source_says_what_its_settings_may_be() -> None:
    kinds = {"google": {"count": Annotated[int, Meta(ge=1, le=5)], "home": Literal["a", "b"]}}
    assert load(None, ["google.count=5", "google.home=b"], DEFAULTS, kinds=kinds).sources["google"]["count"] == 5
    with pytest.raises(UsageError, match=r"--set: google\.count = '6': expected a whole number from 1 to 5"):
        load(None, ["google.count=6"], DEFAULTS, kinds=kinds)
    with pytest.raises(UsageError, match=r"--set: google\.home = 'c': expected one of a, b"):
        load(None, ["google.home=c"], DEFAULTS, kinds=kinds)


@given(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
@example("fetch.threads", 10**4400)
@example("search.browsers", float("inf"))
def test_no_key_and_no_value_is_worse_than_one_line(key: str, value: object) -> None:
    settings = load(None, [], DEFAULTS, {"size": ""})
    for name in (key, "limit", "out", "fetch.deadline", "search.headed", "filters.size", "google.video"):
        try:
            assign(settings, name, value, "x.toml")
        except UsageError as error:
            assert str(error).startswith("x.toml: ")


def test_what_the_two_settings_of_thumbnails_were_is_one_now() -> None:
    for old, new in (("stand_ins=true", "fallback"), ("stand_ins=no", "yes"), ("thumbnails=false", "no"),
                     ("thumbnails=true", "yes"), ("thumbnails=fallback", "fallback")):  # fmt: skip
        assert load(None, [f"fetch.{old}"], {}).fetch.thumbnails == new
    with pytest.raises(UsageError, match="one of no, yes, fallback"):
        load(None, ["fetch.thumbnails=often"], {})
