"""The doubles of the other search engines: what they serve is real, and they mislead as the real ones do."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from collector.practice import Knobs, PracticeWeb
from collector.practice.bing import Double as Bing
from collector.practice.duckduckgo import Double as DuckDuckGo
from collector.practice.naver import Double as Naver

BROWSER = {"User-Agent": "Mozilla/5.0"}


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    doubles = {"bing": Bing(total=50), "duckduckgo": DuckDuckGo(total=5, hasty=1), "naver": Naver(total=60)}
    with PracticeWeb(Knobs.calm(), doubles=doubles) as web:
        yield web


def asked(url: str, headers: dict[str, str] | None = None, **params: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, params=params, headers={**BROWSER, **(headers or {})}, timeout=10)


def bing_addresses(web: PracticeWeb, first: int, headers: dict[str, str] | None = None) -> list[str]:
    page = asked(f"{web.url}/bing/images/async", headers, q="red fox", first=str(first)).text
    return [json.loads(html.unescape(data))["murl"] for data in re.findall(r'class="iusc"[^>]* m="([^"]*)"', page)]


def test_bing_counts_pictures_and_repeats_its_end(web: PracticeWeb) -> None:
    first = bing_addresses(web, 1)
    assert len(first) == 35 and "/pictures/red-fox" in first[0]
    assert bing_addresses(web, 36) == bing_addresses(web, 5000)
    with Image.open(io.BytesIO(asked(first[0]).content)) as image:
        image.load()


def test_duckduckgo_binds_its_token(web: PracticeWeb) -> None:
    home = f"{web.url}/duckduckgo"
    found = re.search(r'vqd="([\d-]+)"', asked(f"{home}/", q="red fox").text)
    assert found is not None
    referer = {"Referer": f"{home}/"}
    assert asked(f"{home}/i.js", referer, q="red fox", vqd=found[1]).status_code == 202
    assert len(asked(f"{home}/i.js", referer, q="red fox", vqd=found[1]).json()["results"]) == 5
    for headers, words in (({}, "red fox"), (referer, "fox"), ({**referer, "User-Agent": "other"}, "red fox")):
        assert asked(f"{home}/i.js", headers, q=words, vqd=found[1]).status_code == 403
