"""A night's list in small: ten keywords, of which five meet what a searcher meets; it ends by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk

TROUBLED = {"sorry": "captcha", "agree": "consent", "qzxv": "empty", "frozen": "hung", "broken": "crash"}
"""Keyword -> the state of its result page."""
LIMIT = 2


@pytest.mark.browser
def test_ten_keywords_of_which_five_meet_trouble(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    keywords = [f"thing {number}" for number in range(5)]
    for place, keyword in enumerate(TROUBLED):  # apart, because two blocks in a row stop a source
        keywords.insert(2 * place, keyword)
    desk.write("queries.csv", "\n".join(keywords) + "\n")
    knobs = Knobs.calm(total=20, first=20, keywords={keyword: {"state": state} for keyword, state in TROUBLED.items()})
    quick = ("keyword_timeout=20", "command_timeout=4", "script_timeout=3", "page_load_timeout=6", "restarts=0")
    flags = [part for setting in quick for part in ("--set", f"search.{setting}")]
    with PracticeWeb(knobs) as web:
        home = ["--set", f"google.home={web.url}", "--allow-private"]
        ended = desk.run("run", "--limit", str(LIMIT), "--browsers", "2", *home, *flags, seconds=110)
    assert ended.code == 7, ended.err
    with closing(sqlite3.connect(desk.images / "collector.db")) as ledger:
        rows = ledger.execute(
            "SELECT keyword, search.state, search.reason FROM search JOIN query ON query_id = query.id"
        )
        ends = {keyword: (state, reason) for keyword, state, reason in rows}
        saved = dict(ledger.execute("SELECT keyword, count(*) FROM picture WHERE state = 'saved' GROUP BY keyword"))
    assert len(ends) == 10
    assert ends.pop("sorry") == ("blocked", "page.captcha")
    assert ends.pop("qzxv") == ("pending", "search.unconfirmed"), "empty twice; the next run is the third witness"
    assert ends.pop("frozen") == ("failed", "browser.hung")
    assert ends.pop("broken") == ("failed", "browser.crash")
    assert set(ends.values()) == {("enough", "")}, "and the consent page was declined"
    assert len(ends) == 6
    assert {keyword: saved.get(keyword) for keyword in ends} == dict.fromkeys(ends, LIMIT)
    assert "agree" in ends
    assert "sorry" in ended.err
    assert desk.strays() == []
    assert desk.left_behind() == []
    [kept] = (desk.folder / "images-diagnosis").iterdir()
    assert {file.name for file in kept.iterdir()} == {"about.txt", "page.html", "page.png"}
