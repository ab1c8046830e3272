"""A whole run behind a proxy: the browser goes by it as pages and pictures do, and loopback needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.ledger import Ledger
from collector.practice import PracticeWeb
from tests.support.command import Desk
from tests.support.proxy_double import proxying

DEAD = "http://ann:s3cret@127.0.0.1:9"


@pytest.mark.browser
def test_the_browser_goes_by_the_proxy(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.write("queries.csv", "tabby cat\n")
    with PracticeWeb() as web, proxying(int(web.url.rpartition(":")[2])) as proxy:
        home = "google.home=http://search.example"
        flags = ["--limit", "2", "--headless", "--allow-private"]
        ended = desk.run("run", *flags, "--set", home, "--proxy", f"http://{proxy.url}")
    assert ended.code == 0, ended.err
    assert any(asked.startswith("http://search.example/") for asked in proxy.asked)


def test_a_dead_proxy_is_named_fails_no_url_and_practice_needs_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    desk.write("urls.txt", "http://pictures.example/a.jpg\n")
    desk.environment["HTTP_PROXY"] = DEAD
    assert desk.run("urls", "--import", "urls.txt").code == 0
    fast = ["--set", "fetch.attempts_per_run=1", "--set", "fetch.attempts=1"]
    for _ in range(2):
        ended = desk.run("fetch", *fast)
        assert ended.code == 9, ended.err
    with Ledger.read(desk.images) as ledger:
        [row] = ledger.dataset.rows()
    assert (row.state, row.reason, row.attempts) == ("retry", "net.proxy", 0)
    assert "http://127.0.0.1:9" in row.detail and "s3cret" not in row.detail
    told = desk.run("doctor", "--set", "search.browser_binary=/nowhere/chrome")  # One thing less to start.
    assert "problem: the proxy http://127.0.0.1:9 for http takes no connection" in told.out
    assert "s3cret" not in told.out + told.err
    desk.write("queries.csv", "tabby cat\n")
    assert desk.run("run", "--practice", "--source", "openverse", "--limit", "2", "--out", "practice").code == 0
