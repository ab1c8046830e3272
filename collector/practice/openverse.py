"""A double of Openverse: its search with licences, its page bounds, its throttle, its tokens. Follows its public docs.

The pictures are the practice web's own; keywords that begin with `nothing` have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.pictures import plan, slug

LICENSES = (("by", "2.0"), ("by-sa", "4.0"), ("cc0", "1.0"), ("by-nc", "3.0"), ("by-nd", "2.0"), ("pdm", "1.0"))
_ANONYMOUS = 20
_NOT_FREE = {"commercial": "nc", "modification": "nd"}


class Double:
    """Every keyword has the same number of pictures, with licences in turn."""

    def __init__(
        self, total: int = 50, deepest: int = 20, throttled: int = 0, clients: Mapping[str, str] | None = None
    ) -> None:
        """`deepest`: pages given; `throttled`: requests answered 429 first; `clients`: id -> secret of those known."""
        self.agents: list[str] = []
        self._total, self._deepest, self._throttled = total, deepest, throttled
        self._clients = clients or {}
        self._place: Place | None = None

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._place = place
        return [("GET", "/v1/images/", self._images), ("POST", "/v1/auth_tokens/token/", self._token)]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        name, word = str(form.get("client_id", "")), str(form.get("client_secret", ""))
        if form.get("grant_type") != "client_credentials" or self._clients.get(name, "\0") != word:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"access_token": f"token-of-{name}", "token_type": "Bearer", "expires_in": 43200})

    async def _images(self, request: web.Request) -> web.StreamResponse:
        self.agents.append(request.headers.get("User-Agent", ""))
        if self._throttled > 0:
            self._throttled -= 1
            text = "Request was throttled. Expected available in 1 second."
            return web.json_response({"detail": text}, status=429, headers={"Retry-After": "1"})
        asked = request.query
        page, size = int(asked.get("page", "1")), int(asked.get("page_size", "20"))
        known = request.headers.get("Authorization", "").removeprefix("Bearer token-of-") in self._clients
        if size > _ANONYMOUS and not known:
            return web.json_response({"detail": "page_size: must be <= 20 for anonymous requests"}, status=401)
        if page > self._deepest:
            return web.json_response({"detail": {"page": ["Deep pagination is not allowed."]}}, status=400)
        numbers = [number for number in range(self._count(asked["q"])) if _wanted(number, asked)]
        results = [self._result(asked["q"], number) for number in numbers[(page - 1) * size : page * size]]
        pages = min(-(-len(numbers) // size), self._deepest + 1)
        about = {"result_count": len(numbers), "page_count": pages, "page_size": size, "page": page}
        return web.json_response({**about, "results": results})

    def _count(self, keyword: str) -> int:
        return 0 if keyword.startswith("nothing") else self._total

    def _result(self, keyword: str, number: int) -> dict[str, Any]:
        assert self._place is not None
        name, (license_, version) = slug(keyword), LICENSES[number % len(LICENSES)]
        drawn = plan(name, number)
        kind = "publicdomain" if license_ in ("cc0", "pdm") else "licenses"
        code = {"cc0": "zero", "pdm": "mark"}.get(license_, license_)
        address = f"https://creativecommons.org/{kind}/{code}/{version}/"
        return {
            "id": f"{name}-{number}",
            "title": f"{keyword} {number}",
            "url": f"{self._place.origin}/pictures/{name}/{number}.{drawn.extension}",
            "foreign_landing_url": f"{self._place.origin}/pages/{name}/{number}",
            "creator": None if number % 9 == 8 else f"Painter {number}",
            "creator_url": "https://painters.example/",
            "license": license_,
            "license_version": version,
            "license_url": address,
            "attribution": f'"{keyword} {number}" by Painter {number} is licensed under {license_} {version}.',
            "provider": "practice",
            "source": "practice",
            "category": "photograph",
            "filesize": None,
            "filetype": drawn.extension,
            "tags": [{"name": keyword, "accuracy": None}],
            "mature": False,
            "width": drawn.width,
            "height": drawn.height,
            "thumbnail": f"{self._place.origin}/thumb/{name}/{number}?{urlencode({'of': 'openverse'})}",
        }


def _wanted(number: int, asked: Mapping[str, str]) -> bool:
    name = LICENSES[number % len(LICENSES)][0]
    if asked.get("license") and name not in asked["license"].split(","):
        return False
    return not any(_NOT_FREE.get(kind, "\0") in name.split("-") for kind in asked.get("license_type", "").split(","))
