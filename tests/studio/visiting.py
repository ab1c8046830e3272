"""A browser without a window: asks a studio as its own page does."""

from __future__ import annotations

import struct
from typing import Any

import requests

from collector.studio import Studio


class Visitor:
    """Was let in by the address with the key."""

    def __init__(self, studio: Studio | str) -> None:
        url = studio if isinstance(studio, str) else studio.url
        self.base = url.partition("/?")[0]
        self.session = requests.Session()
        self.session.trust_env = False
        assert self.session.get(url).status_code == 200
        self.session.headers["Origin"] = self.base

    def asked(self, place: str, **wanted: object) -> requests.Response:
        """GET with a query."""
        return self.session.get(f"{self.base}/{place}", params={name: str(value) for name, value in wanted.items()})

    def get(self, place: str, **wanted: object) -> Any:
        """The JSON of a GET."""
        answer = self.asked(place, **wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, place: str, **body: object) -> Any:
        """The JSON of a POST."""
        answer = self.session.post(f"{self.base}/{place}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, place: str, status: int, **body: object) -> str:
        """What a POST is refused with."""
        answer = self.session.post(f"{self.base}/{place}", json=body)
        assert answer.status_code == status, answer.text
        return answer.text

    def order(self, **wanted: object) -> list[int]:
        """Numbers of the pictures that a filter leaves, in its order."""
        body = self.asked("pictures", **wanted).content
        count = len(body) // 7
        return list(struct.unpack(f"<{count}I", body[: 4 * count]))
