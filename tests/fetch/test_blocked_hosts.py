"""Blocked hosts through a whole pool: nothing is sent to them, wherever the way to them begins."""

from __future__ import annotations

import pytest

from collector.model import Downloaded, DownloadFailed
from tests.support.misbehaving import Server, ok, picture, redirect

JPEG = picture(size=(400, 300))


@pytest.fixture
def named(second: Server) -> str:
    """The second server under another name of loopback."""
    return f"http://127.0.0.2:{second.port}"


def test_a_redirect_to_a_blocked_host_is_not_followed(server: Server, second: Server, named: str, fetch) -> None:
    settings = {"block_hosts": "127.0.0.2"}
    second.put("/b.jpg", ok(JPEG))
    value = fetch(server.put("/a.jpg", redirect(f"{named}/b.jpg")), settings)
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.detail) == ("policy.blocked_host", "127.0.0.2")
    assert (second.connections, server.picture_paths()) == (0, ["/a.jpg"])


def test_another_url_takes_its_place_and_its_thumbnail_does_not(
    server: Server, second: Server, named: str, fetch
) -> None:
    settings = {"block_hosts": "127.0.0.2", "thumbnails": "fallback"}
    thumbnail = server.put("/small.jpg", ok(JPEG))
    good = server.put("/good.jpg", ok(JPEG))
    assert isinstance(fetch(f"{named}/a.jpg", settings, fallbacks=(good,)), Downloaded)
    missed = fetch(f"{named}/a.jpg", settings, fallbacks=(f"{named}/c.jpg",), thumbnail_url=thumbnail)
    assert missed.reason == "policy.blocked_host"
    assert (second.connections, server.picture_paths()) == (0, ["/good.jpg"])


def test_rules_that_lie_at_a_blocked_host_are_no_rules(server: Server, second: Server, named: str, fetch) -> None:
    server.put("/robots.txt", redirect(f"{named}/robots.txt"))
    assert isinstance(fetch(server.put("/a.jpg", ok(JPEG)), {"block_hosts": "127.0.0.2"}), Downloaded)
    assert second.connections == 0
