from __future__ import annotations

import io
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from PIL import Image

from collector.practice import TROUBLES, Knobs, PracticeWeb
from collector.practice.knobs import REALISTIC
from collector.practice.pictures import picture, slug, stand_in
from collector.practice.troubles import trouble

NAMES = list(TROUBLES)
NUMBERS = {name: number for number, name in enumerate(NAMES)}
HEALTHY = 500
SLUG = slug("apple")


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    """Picture n has the n-th trouble."""
    with PracticeWeb(Knobs.calm(slow=0.4, pinned=dict(enumerate(NAMES)))) as running:
        yield running


def path(name: str) -> str:
    return f"/pictures/{SLUG}/{NUMBERS[name]}.jpg"


def get(web: PracticeWeb, name: str, **headers: str) -> requests.Response:
    with requests.Session() as session:
        return session.get(web.url + path(name), headers=headers, timeout=5)


def on_the_wire(web: PracticeWeb, target: str, seconds: float = 5.0) -> tuple[bytes, bytes, str]:
    """Head, body and how it ended (closed, reset or silent), as a bare socket sees it."""
    got, end = b"", "closed"
    with socket.create_connection(("127.0.0.1", web.port), timeout=seconds) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionResetError:
            end = "reset"
        except TimeoutError:
            end = "silent"
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body, end


def announced(head: bytes) -> int:
    return int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1])


def original(name: str) -> bytes:
    return picture(SLUG, NUMBERS[name])


def test_a_healthy_picture(web: PracticeWeb) -> None:
    url = f"{web.url}/pictures/{SLUG}/{HEALTHY}.jpg"
    with requests.Session() as session:
        answer = session.get(url, timeout=5)
        assert answer.content == picture(SLUG, HEALTHY)
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["Content-Type"].startswith("image/")
        again = session.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=5)
        assert (again.status_code, again.content) == (304, b"")
        part = session.get(url, headers={"Range": "bytes=100-"}, timeout=5)
        assert (part.status_code, part.content) == (206, answer.content[100:])
        assert part.headers["Content-Range"] == f"bytes 100-{len(answer.content) - 1}/{len(answer.content)}"


def test_not_found(web: PracticeWeb) -> None:
    assert get(web, "not_found").status_code == 404


def test_forbidden_wants_any_referer(web: PracticeWeb) -> None:
    assert get(web, "forbidden").status_code == 403
    assert get(web, "forbidden", Referer="http://anywhere.example/").content == original("forbidden")


def test_hotlink_wants_its_own_page_or_nothing(web: PracticeWeb) -> None:
    page = f"{web.url}/pages/{SLUG}/{NUMBERS['hotlink']}"
    assert get(web, "hotlink", Referer=web.url + "/search?q=apple").status_code == 403
    assert get(web, "hotlink", Referer=page).status_code == 200
    assert get(web, "hotlink").status_code == 200


def test_rate_limited_once(web: PracticeWeb) -> None:
    first, second = get(web, "rate_limited"), get(web, "rate_limited")
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    assert second.content == original("rate_limited")


def test_unavailable_once(web: PracticeWeb) -> None:
    assert [get(web, "unavailable").status_code for _ in range(2)] == [503, 200]


def test_slow_pauses_in_the_middle(web: PracticeWeb) -> None:
    started = time.monotonic()
    _, body, _ = on_the_wire(web, path("slow"))
    assert body == original("slow")
    assert time.monotonic() - started >= 0.4


def test_drip_comes_in_small_parts(web: PracticeWeb) -> None:
    head, body, end = on_the_wire(web, path("drip"), seconds=0.5)
    assert announced(head) == len(original("drip"))
    assert (len(body), end) == (1024, "silent")


def test_dead_says_nothing(web: PracticeWeb) -> None:
    assert on_the_wire(web, path("dead"), seconds=0.4) == (b"", b"", "silent")


def test_truncated_is_short_of_what_it_announced(web: PracticeWeb) -> None:
    head, body, end = on_the_wire(web, path("truncated"))
    assert (announced(head), end) == (len(original("truncated")), "closed")
    assert body == original("truncated")[: len(original("truncated")) * 2 // 3]


def test_reset_breaks_the_connection(web: PracticeWeb) -> None:
    head, _, end = on_the_wire(web, path("reset"))
    assert end == "reset"
    assert head.startswith(b"HTTP/1.1 200")


def test_bad_framing_is_no_http(web: PracticeWeb) -> None:
    head, _, _ = on_the_wire(web, path("bad_framing"))
    assert not head.startswith(b"HTTP/")
    with pytest.raises(requests.ConnectionError):
        get(web, "bad_framing")


def test_html_instead_of_a_picture(web: PracticeWeb) -> None:
    honest, lying = get(web, "html"), get(web, "html_as_jpeg")
    assert honest.headers["Content-Type"].startswith("text/html")
    assert lying.headers["Content-Type"] == "image/jpeg"
    assert honest.content[:9] == lying.content[:9] == b"<!doctype"


def test_empty_has_no_bytes(web: PracticeWeb) -> None:
    answer = get(web, "empty")
    assert (answer.status_code, answer.content) == (200, b"")


def test_corrupt_is_complete_and_wrong(web: PracticeWeb) -> None:
    body = get(web, "corrupt").content
    assert len(body) == len(original("corrupt"))
    assert body != original("corrupt")
    assert body[:1000] == original("corrupt")[:1000]


def test_svg_is_a_drawing(web: PracticeWeb) -> None:
    assert get(web, "svg").headers["Content-Type"] == "image/svg+xml"


def test_redirect_leads_to_the_picture(web: PracticeWeb) -> None:
    answer = get(web, "redirect")
    assert answer.content == original("redirect")
    assert [step.status_code for step in answer.history] == [302]


def test_redirect_loop_never_ends(web: PracticeWeb) -> None:
    with pytest.raises(requests.TooManyRedirects):
        get(web, "redirect_loop")


def test_placeholders_are_the_same_for_everyone(web: PracticeWeb) -> None:
    led, given = get(web, "placeholder_302"), get(web, "placeholder_200")
    assert led.content == given.content == stand_in()
    assert (len(led.history), len(given.history)) == (1, 0)


def test_chunked_has_no_length(web: PracticeWeb) -> None:
    answer = get(web, "chunked")
    assert answer.content == original("chunked")
    assert "Content-Length" not in answer.headers
    assert Image.open(io.BytesIO(answer.content)).size


def test_every_trouble_was_asked_for_and_written_down(web: PracticeWeb) -> None:
    seen = {request.trouble: request.status for request in web.pictures()}
    assert set(TROUBLES) <= set(seen)
    assert (seen["not_found"], seen["truncated"], seen["dead"], seen["bad_framing"]) == (404, 200, 0, 0)


def test_troubles_are_the_same_every_time_and_follow_the_shares() -> None:
    knobs = Knobs()
    first = [trouble(knobs, SLUG, number) for number in range(5000)]
    assert first == [trouble(knobs, SLUG, number) for number in range(5000)]
    counts = Counter(first)
    assert abs(counts["not_found"] / 5000 - REALISTIC["not_found"]) < 0.01
    assert 0.09 < 1 - counts[""] / 5000 < 0.18
    assert [trouble(Knobs(seed=1), SLUG, number) for number in range(5000)] != first


def test_pinned_pictures_have_their_trouble_and_no_other() -> None:
    knobs = Knobs(troubles={"dead": 1.0}, pinned={1: "", 2: "html"})
    assert [trouble(knobs, SLUG, number) for number in range(4)] == ["dead", "", "html", "dead"]
