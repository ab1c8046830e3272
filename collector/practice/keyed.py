"""Doubles of the interfaces with a key: Brave, Yandex, Serper, SerpApi and SearchApi, each in its own words.

The pictures are the practice web's own; keywords that begin with `nothing` have none. Follows their public docs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.results import Result, Wanted, result

KEY = "practice-key"


class Double:
    """What all of them do alike; each says how it is asked and how it answers."""

    path = ""
    method = "GET"
    size = 100
    deepest = 10

    def __init__(self, total: int = 150, key: str = KEY, quota: int = 1000) -> None:
        """`total`: pictures of every keyword; `key`: the only one let in; `quota`: requests it is good for."""
        self.asked: list[Mapping[str, Any]] = []
        self._total, self._key, self._quota = total, key, quota
        self._origin = ""

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._origin = place.origin
        return [(self.method, self.path, self._answer)]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = dict(request.query) if self.method == "GET" else json.loads(await request.text())
        self.asked.append(asked)
        if self.given_key(request, asked) != self._key:
            return web.json_response({"error": "Invalid API key", "message": "Unauthorized."}, status=401)
        if self._quota <= 0:
            return web.json_response({"error": "Your account has run out of searches."}, status=429)
        self._quota -= 1
        keyword, page = self.wanted(asked)
        total = 0 if keyword.startswith("nothing") else min(self._total, self.size * self.deepest)
        numbers = range(page * self.size, min(total, (page + 1) * self.size))
        answer = self.told([result(Wanted(self._origin, keyword), number) for number in numbers])
        return web.json_response(answer, headers={"X-RateLimit-Remaining": f"1, {self._quota}"})

    def given_key(self, request: web.Request, _asked: Mapping[str, Any]) -> str:
        """The key that came with a request."""
        return request.headers.get("Authorization", "").rpartition(" ")[2]

    def wanted(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        """Keyword and page, counted from 0."""
        return str(asked["q"]), 0

    def told(self, found: list[Result]) -> Any:
        """The answer's JSON."""
        raise NotImplementedError


class Brave(Double):
    """api.search.brave.com: one page of 200."""

    path, size, deepest = "/res/v1/images/search", 200, 1

    def given_key(self, request: web.Request, _asked: Mapping[str, Any]) -> str:
        """See Double."""
        return request.headers.get("X-Subscription-Token", "")

    def told(self, found: list[Result]) -> Any:
        """See Double."""
        results = [
            {
                "type": "image_result",
                "title": one.title,
                "url": one.page,
                "source": one.domain,
                "thumbnail": {"src": one.thumbnail, "width": one.thumbnail_width, "height": one.thumbnail_height},
                "properties": {"url": one.original, "width": one.width, "height": one.height},
            }
            for one in found
        ]
        return {"type": "images", "results": results}


class Yandex(Double):
    """searchapi.api.cloud.yandex.net, version 2: XML in base64 in JSON."""

    path, method, size, deepest = "/v2/image/search", "POST", 60, 20

    def wanted(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        """See Double."""
        return str(asked["query"]["queryText"]), int(asked["query"]["page"])

    def told(self, found: list[Result]) -> Any:
        """See Double."""
        root = Element("yandexsearch", version="1.0")
        response = SubElement(root, "response")
        if not found:
            SubElement(response, "error", code="15").text = "Sorry, there are no results for this search"
        grouping = SubElement(SubElement(response, "results"), "grouping") if found else response
        for one in found:
            doc = SubElement(SubElement(grouping, "group"), "doc")
            SubElement(doc, "url").text = one.original
            SubElement(doc, "domain").text = one.domain
            facts = SubElement(doc, "image-properties")
            for name, value in (
                ("thumbnail-link", one.thumbnail),
                ("original-width", one.width),
                ("original-height", one.height),
                ("html-link", one.page),
                ("image-link", one.original),
            ):
                SubElement(facts, name).text = str(value)
        return {"rawData": base64.b64encode(tostring(root, encoding="utf-8")).decode()}


class Serper(Double):
    """google.serper.dev."""

    path, method = "/images", "POST"

    def given_key(self, request: web.Request, _asked: Mapping[str, Any]) -> str:
        """See Double."""
        return request.headers.get("X-API-KEY", "")

    def wanted(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        """See Double."""
        return str(asked["q"]), int(asked["page"]) - 1

    def told(self, found: list[Result]) -> Any:
        """See Double."""
        images = [
            {
                "title": one.title,
                "imageUrl": one.original,
                "imageWidth": one.width,
                "imageHeight": one.height,
                "thumbnailUrl": one.thumbnail,
                "source": one.site,
                "domain": one.domain,
                "link": one.page,
                "position": position,
            }
            for position, one in enumerate(found, start=1)
        ]
        return {"images": images, "credits": 2}


class SerpApi(Double):
    """serpapi.com."""

    path = "/search.json"

    def given_key(self, _request: web.Request, asked: Mapping[str, Any]) -> str:
        """See Double."""
        return str(asked.get("api_key", ""))

    def wanted(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        """See Double."""
        return str(asked["q"]), int(asked["ijn"])

    def told(self, found: list[Result]) -> Any:
        """See Double."""
        if not found:
            return {"error": "Google hasn't returned any results for this query."}
        results = [
            {
                "title": one.title,
                "original": one.original,
                "original_width": one.width,
                "original_height": one.height,
                "thumbnail": one.thumbnail,
                "source": one.site,
                "link": one.page,
            }
            for one in found
        ]
        return {"images_results": results}


class SearchApi(Double):
    """www.searchapi.io."""

    path = "/api/v1/search"

    def wanted(self, asked: Mapping[str, Any]) -> tuple[str, int]:
        """See Double."""
        return str(asked["q"]), int(asked["page"]) - 1

    def told(self, found: list[Result]) -> Any:
        """See Double."""
        if not found:
            return {"error": "Google Images didn't return any results."}
        images = [
            {
                "title": one.title,
                "source": {"name": one.site, "link": one.page},
                "original": {"link": one.original, "width": one.width, "height": one.height},
                "thumbnail": one.thumbnail,
            }
            for one in found
        ]
        return {"images": images}
