"""Settings come from file, --set and flags; what nobody knows is an error that lists the choices."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.errors import UsageError
from collector.model import ALL
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
        ("google.hom=x", "in \\[google\\] there are: count, home"),
        ("gogle.home=x", "no table 'gogle'; there are: search, fetch, filters, google"),
        ("fetch.threads=many", "expected a whole number"),
        ("fetch.threads=-1", "expected a whole number"),
        ("google.video=perhaps", "expected true or false"),
        ("search.headed=perhaps", "search.headed = 'perhaps': choices: auto, yes, no"),
        ("limits=3", "no setting 'limits'"),
        ("google.home", "write it as table.key=value"),
    ],
)
def test_what_cannot_be_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(None, [text], DEFAULTS)


@pytest.mark.parametrize(
    ("content", "message"), [("a = [", "not valid TOML"), ("[google]\nhome = 3\n", "expected a text")]
)
def test_a_bad_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=f"my.toml.*{message}"):
        load(file, [], DEFAULTS)


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
    settings = load(None, ["filters.size=large"], DEFAULTS, ["size", "color"])
    assert settings.filters == {"size": "large", "color": ""}
    with pytest.raises(UsageError, match="in \\[filters\\] there are: color, size"):
        load(None, ["filters.shape=round"], DEFAULTS, ["size", "color"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such settings file"):
        load(tmp_path / "none.toml", [], DEFAULTS)


def test_the_defaults_are_not_shared() -> None:
    changed = load(None, ["google.home=http://b"], DEFAULTS)
    assert changed.sources["google"]["home"] == "http://b"
    assert DEFAULTS["google"]["home"] == "https://www.google.com"
    assert assign(Settings(), "out", "x", "--out").diagnosis.name == "x-diagnosis"


def test_every_setting_is_described() -> None:
    names = {(table, key) for table, key, _ in describe()}
    assert ("fetch", "deadline") in names
    assert ("search", "browsers") in names


def test_the_limit_may_be_all_and_is_unsaid_by_default(tmp_path: Path) -> None:
    assert Settings().limit == 0
    file = tmp_path / "collector.toml"
    file.write_text('limit = "all"\n')
    assert load(file, [], DEFAULTS).limit == ALL
    assert load(None, ["limit=All"], DEFAULTS).limit == ALL
    with pytest.raises(UsageError, match="whole number"):
        assign(Settings(), "limit", "some", "--set")
