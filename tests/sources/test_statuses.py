"""What every source without a browser says of a status, of HTML where JSON is due, and of nothing at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from collector import sources
from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.sources.imgur import api as imgur
from tests.support.lent_web import LentWeb, search_for

KEYS = {"client_id": "i", "api_key": "k", "folder_id": "f"}
LISTS = {"deviantart": "ann", "imgur": "r/cats"}
"""Sources that are asked for one thing; it may be gone."""
ENGINES = ("bing", "duckduckgo", "naver", "openverse", "commons", "flickr", "brave", "yandex", "serper", "serpapi")
REASONS = {
    400: "page.layout",
    401: "page.denied",
    403: "page.denied",
    404: "page.layout",
    405: "page.blocked",
    409: "page.layout",
    410: "page.layout",
    418: "page.blocked",
    429: "page.rate_limited",
    451: "page.blocked",
    500: "page.unreachable",
    503: "page.unreachable",
    522: "page.unreachable",
}
OTHERWISE = {("bing", 401): "page.blocked", ("bing", 403): "page.blocked"}


class Saying(LentWeb):
    """Answers everything the same."""

    said = Answer("https://a.test/", 200)

    def get(self, request: Request) -> Answer:
        return self.said

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        yield from (self.said for request in requests if request)


def refused(name: str, status: int, body: str, kind: str = "text/html") -> SourceError:
    known = sources.load(name).settings
    keys = {key: value for key, value in KEYS.items() if key in known and name != "deviantart"}
    with Saying({**known, **keys}) as web, pytest.raises(SourceError) as caught:
        web.said = Answer("https://www.deviantart.com/", status, {"content-type": kind}, body.encode(), body)
        list(sources.load(name).search(search_for(LISTS.get(name, "cat"), name), web))
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", [*LISTS, *ENGINES])
@pytest.mark.parametrize("status", REASONS)
def test_a_status_is_what_it_says(name: str, status: int) -> None:
    error = refused(name, status, "<html><title>No</title><p>Something else.</p></html>")
    gone = name in LISTS and status in (404, 410)
    assert error.reason == ("page.gone" if gone else OTHERWISE.get((name, status), REASONS[status])), str(error)
    assert str(status) in str(error) or gone


@pytest.mark.parametrize("name", [*LISTS, *ENGINES])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html><p>A page of another kind.</p></html>", "text/html"),
        ("[]", "text/json"),
        ("", "text/json"),
        ('{"x": 1}', ""),
    ],
)
def test_what_is_no_answer_is_never_an_empty_one(name: str, body: str, kind: str) -> None:
    error = refused(name, 200, body, kind)
    nothing = name == "deviantart" and len(body) < 20
    assert error.reason in (("page.layout", "page.denied") if nothing else ("page.layout",))


@pytest.mark.parametrize(
    ("status", "body", "reason", "told"),
    [
        (200, '{"data": {"error": "Server"}, "success": false, "status": 500}', "page.unreachable", "(500): Server"),
        (200, '{"data": {"error": "Forbidden"}, "success": false, "status": 403}', "page.denied", "Forbidden"),
        (200, '{"data": {"error": "No such user"}, "success": false, "status": 404}', "page.gone", "cats"),
        (200, '{"data": {"error": "Bad page"}, "success": false, "status": 200}', "page.layout", "Bad page"),
        (400, '{"data": {"error": "Not available in your region"}, "success": false}', "page.blocked", "your region"),
        (451, '{"data": {"error": "Unavailable"}, "success": false}', "page.blocked", "(451): Unavailable"),
    ],
)  # fmt: skip
def test_imgurs_failures_under_any_status(status: int, body: str, reason: str, told: str) -> None:
    error = refused("imgur", status, body, "application/json")
    assert error.reason == reason
    assert told in str(error)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_imgur_over_capacity_is_waited_for_under_any_status(status: int) -> None:
    body = b'{"data":{"error":"Imgur is temporarily over capacity."},"success":false,"status":403}'
    assert imgur.throttled(Answer("", status, {}, body, body.decode())) == imgur.OVER_CAPACITY
    fine = b'{"data":[{"title":"over capacity"}],"success":true,"status":200}'
    assert imgur.throttled(Answer("", 200, {}, fine, fine.decode())) is None
