"""The address of a result page: filters in, nothing smuggled in by a keyword."""

from urllib.parse import parse_qs, urlsplit

import pytest

from collector.errors import InputError, UsageError
from collector.model import Query
from collector.sources import SOURCES, check_filters, defaults, load
from collector.sources.google.filters import address

SETTINGS = defaults()["google"]


def fields(keyword: str, given: dict[str, str] | None = None, **settings: str) -> dict[str, str]:
    query = Query(keyword, keyword, 10, filters=tuple(sorted((given or {}).items())))
    url = address(query, {**SETTINGS, **settings})
    assert url.startswith("https://www.google.com/search?")
    return {name: "".join(values) for name, values in parse_qs(urlsplit(url).query).items()}


def test_plain() -> None:
    assert fields("red apple") == {"q": "red apple", "udm": "2"}


@pytest.mark.parametrize("keyword", ["a&udm=1", "a#b", "a=b?c", "50% off", "猫 😀", "a+b", "a;b", "a\u2028b", "&tbm=x"])
def test_a_keyword_adds_no_parameter(keyword: str) -> None:
    assert fields(keyword) == {"q": keyword, "udm": "2"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"size": "large", "rights": "creative-commons"}, {"tbs": "isz:l,sur:cl"}),
        ({"color": "red"}, {"tbs": "ic:specific,isc:red"}),
        ({"color": "transparent", "type": "lineart", "time": "week"}, {"tbs": "ic:trans,itp:lineart,qdr:w"}),
        ({"rights": "commercial"}, {"tbs": "sur:ol"}),
        ({"size": "1024x768", "type": "face"}, {"tbs": "isz:ex,iszw:1024,iszh:768,itp:face"}),
        ({"size": "over-2mp", "aspect": "panorama"}, {"tbs": "isz:lt,islt:2mp,iar:xw"}),
        ({"time": "2020-01-05..2021-12-31"}, {"tbs": "cdr:1,cd_min:01/05/2020,cd_max:12/31/2021"}),
        ({"type": "photo", "extension": "png"}, {"tbs": "itp:photo,ift:png"}),
        ({"safe": "on"}, {"safe": "active"}),
        ({"region": "DE", "language": "de"}, {"gl": "de", "cr": "countryDE", "lr": "lang_de"}),
        ({"site": "example.org"}, {"q": "cat site:example.org"}),
        ({"exact": "yes", "exclude": "dog -bird"}, {"q": '"cat" -dog -bird'}),
        ({"exact": "no"}, {}),
    ],
)
def test_filters(given: dict[str, str], wanted: dict[str, str]) -> None:
    check_filters("google", given)
    assert fields("cat", given) == {"q": "cat", "udm": "2", **wanted}


def test_settings_and_home() -> None:
    assert fields("cat", hl="en", gl="us", safe="off") == {
        "q": "cat",
        "udm": "2",
        "hl": "en",
        "gl": "us",
        "safe": "off",
    }
    url = address(Query("cat", "cat", 1), {**SETTINGS, "home": "http://127.0.0.1:8000/"})
    assert url == "http://127.0.0.1:8000/search?q=cat&udm=2"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"size": "huge"}, "large, medium, icon"),
        ({"shape": "round"}, "color"),
        ({"region": "Germany"}, "COUNTRY (such as DE)"),
        ({"size": "1024 x 768"}, "WIDTHxHEIGHT"),
        ({"time": "2020-13-01..2020-12-31"}, "YYYY-MM-DD..YYYY-MM-DD"),
        ({"site": "a b"}, "site"),
    ],
)
def test_what_is_unknown_is_told_with_the_choices(given: dict[str, str], told: str) -> None:
    with pytest.raises(InputError) as error:
        check_filters("google", given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_table() -> None:
    assert set(defaults()) == set(SOURCES)
    assert "size" in load("google").filters
    assert callable(load("google").search)
    with pytest.raises(UsageError, match="google"):
        load("altavista")
