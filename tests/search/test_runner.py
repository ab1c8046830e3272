"""The host loop with fake sources, browsers and clock: no threads, no Chromium."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.cookies import Cookies
from collector.errors import BrowserError, SourceError
from collector.http.contract import Answer, Request
from collector.model import Found, Hit, Noticed, Search, SearchStarted, SearchState
from collector.reasons import meaning
from collector.search.runner import Stopped
from collector.sources.contract import Web
from tests.support.browser_fakes import FakeBrowser, Stage, pages, tries
from tests.support.values import hit, query

CRASH = BrowserError("browser.crash", "tab crashed")
BLOCK = SourceError(SearchState.BLOCKED, "page.captcha", "asks for a captcha")


def a_search(number: int = 1, wanted: int = 10, known: frozenset[str] = frozenset(), source: str = "google") -> Search:
    return Search(number, query("cat"), source, wanted, known)


def test_posts_new_hits_in_order_and_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    ended = stage.search(a_search(), pages(hit(1), hit(2)))
    assert stage.posted[0] == SearchStarted(a_search())
    assert stage.found() == [(1, "id1"), (2, "id2")]
    assert (ended.state, ended.reason, ended.found, ended.diagnosis) == (SearchState.EXHAUSTED, "", 2, None)


def test_repeated_hits_count_once_and_take_no_rank(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    ended = stage.search(a_search(), pages(hit(1), hit(2), hit(1), hit(2), hit(3)))
    assert stage.found() == [(1, "id1"), (2, "id2"), (3, "id3")]
    assert ended.found == 3


def test_known_hits_are_posted_for_what_changed_and_are_no_finds(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    known = frozenset({hit(1).key, hit(3).key, hit(99).key})
    ended = stage.search(a_search(wanted=5, known=known), pages(*(hit(n) for n in range(1, 10))))
    assert stage.found() == [(1, "id1"), (2, "id2"), (3, "id3"), (4, "id4")], "five different URLs with the known ones"
    assert (ended.state, ended.found) == (SearchState.ENOUGH, 2)


def test_stops_the_source_at_the_limit(tmp_path: Path) -> None:
    asked: list[int] = []
    closed: list[bool] = []

    def endless(search: Search, web: Web) -> Iterator[Hit]:
        number = 0
        try:
            while True:
                number += 1
                asked.append(web.wanted())
                yield hit(number)
        finally:
            closed.append(True)

    stage = Stage(tmp_path)
    assert stage.search(a_search(wanted=3), endless).state is SearchState.ENOUGH
    assert (asked, closed) == ([3, 2, 1], [True])


def test_nothing_is_asked_when_enough_is_known(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    ended = stage.search(a_search(wanted=1, known=frozenset({hit(1).key})), pages(RuntimeError("asked")))
    assert (ended.state, stage.started) == (SearchState.ENOUGH, 0)


def test_empty_is_not_exhausted(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.search(a_search(), pages()).state is SearchState.EMPTY
    known = frozenset({hit(1).key})
    assert stage.search(a_search(known=known), pages(hit(1))).state is SearchState.EXHAUSTED


def test_the_source_sees_its_settings_and_may_speak(tmp_path: Path) -> None:
    def source(search: Search, web: Web) -> Iterator[Hit]:
        web.notice(f"asking {web.settings['home']}, {web.remaining():g} s, {web.wanted()} wanted")
        return iter(())

    stage = Stage(tmp_path, keyword_timeout=60)
    stage.search(a_search(), source)
    assert Noticed("asking http://site.test, 60 s, 10 wanted") in stage.posted
    assert stage.started == 0, "a source that needs no browser gets none"


# ---------------------------------------------------------------------- broken browsers


def test_a_crash_costs_a_browser_and_no_hit(tmp_path: Path) -> None:
    first, second = FakeBrowser(), FakeBrowser()
    stage = Stage(tmp_path, [first, second])
    ended = stage.search(a_search(), tries(pages(hit(1), hit(2), CRASH), pages(hit(1), hit(2), hit(3))))
    assert stage.found() == [(1, "id1"), (2, "id2"), (3, "id3")]
    assert (ended.state, ended.found) == (SearchState.EXHAUSTED, 3)
    assert (first.closed, second.closed) == (True, False)


def test_too_many_crashes_fail_the_search_and_keep_its_hits(tmp_path: Path) -> None:
    stage = Stage(tmp_path, restarts=2)
    ended = stage.search(a_search(), tries(pages(hit(1), CRASH), pages(CRASH), pages(hit(2), CRASH)))
    assert (ended.state, ended.reason, ended.detail) == (SearchState.FAILED, "browser.crash", "tab crashed")
    assert (stage.started, ended.found) == (3, 2)


def test_an_empty_second_try_is_not_empty(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.search(a_search(), tries(pages(hit(1), CRASH), pages())).state is SearchState.EXHAUSTED


def test_a_browser_that_does_not_start_fails_the_search(tmp_path: Path) -> None:
    ended = Stage(tmp_path, [], restarts=1).search(a_search(), pages(hit(1)))
    assert (ended.state, ended.reason, ended.detail) == (SearchState.FAILED, "browser.start", "no browser here")


def test_one_browser_serves_many_searches_until_it_is_used_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, recycle_after=3)
    for number in range(6):
        stage.search(a_search(number), pages(hit(number)))
        stage.lease.give_back()
    assert stage.started == 2
    fat = Stage(tmp_path, [FakeBrowser(memory=10), FakeBrowser(memory=2000), FakeBrowser()], recycle_memory=1000)
    for number in range(3):
        fat.search(a_search(number), pages(hit(number)))
        fat.lease.give_back()
    assert fat.started == 1
    fat.lease.discard()
    for number in range(2):
        fat.search(a_search(number), pages(hit(number)))
        fat.lease.give_back()
    assert fat.started == 3


# ---------------------------------------------------------------------- time


def test_a_source_that_never_ends_is_out_of_time_with_its_hits(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60)

    def slow(search: Search, web: Web) -> Iterator[Hit]:
        for number in range(1, 100):
            stage.clock.now += 25
            yield hit(number)

    ended = stage.search(a_search(), slow)
    assert (ended.state, ended.reason, ended.found, ended.seconds) == (SearchState.FAILED, "search.timeout", 3, 75)
    assert "60 s" in ended.detail


def test_no_command_is_given_after_the_time(tmp_path: Path) -> None:
    browser = FakeBrowser()
    stage = Stage(tmp_path, [browser], keyword_timeout=60)

    def looping(search: Search, web: Web) -> Iterator[Hit]:
        while True:
            web.browser.run("look")
            stage.clock.now += 25
            if web.remaining() < -1000:
                yield hit(1)

    assert stage.search(a_search(), looping).reason == "search.timeout"
    assert browser.asked == ["run look"] * 3
    assert browser.limits[-1] == 10, "the last command was bounded by what was left"


def test_a_source_that_leaves_off_for_time_is_not_exhausted(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60)

    def polite(search: Search, web: Web) -> Iterator[Hit]:
        yield hit(1)
        while web.remaining() > 0:
            stage.clock.now += 10

    ended = stage.search(a_search(), polite)
    assert (ended.state, ended.reason, ended.found) == (SearchState.FAILED, "search.timeout", 1)


def test_crashes_do_not_go_on_beyond_the_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60, restarts=9)

    def crashing(search: Search, web: Web) -> Iterator[Hit]:
        web.browser.open("http://site.test/")
        stage.clock.now += 31
        raise CRASH

    ended = stage.search(a_search(), crashing)
    assert (ended.reason, stage.started) == ("browser.crash", 2)


def test_waiting_for_a_full_inbox_is_not_the_searches_time(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60)
    whole = stage.posted.append

    class SlowInbox(list[object]):
        def append(self, event: object) -> None:
            stage.clock.now += 50
            whole(event)

    slow = SlowInbox()
    object.__setattr__(stage.terms, "emit", slow.append)
    assert stage.search(a_search(), pages(hit(1), hit(2), hit(3))).found == 3


def test_a_stop_ends_it_without_an_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    def stopping(search: Search, web: Web) -> Iterator[Hit]:
        yield hit(1)
        stage.stop = True
        web.browser.run("not any more")
        yield hit(2)

    with pytest.raises(Stopped):
        stage.search(a_search(), stopping)
    assert stage.found() == [(1, "id1")]
    stage = Stage(tmp_path)
    with pytest.raises(Stopped):
        stage.search(a_search(), pages(hit(1), lambda: setattr(stage, "stop", True), hit(2)))


def test_a_walk_for_everything_may_take_as_long_as_it_gets_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60)

    def slow(search: Search, web: Web) -> Iterator[Hit]:
        for number in range(1, 20):
            stage.clock.now += 50
            yield hit(number)
        for _ in range(9):
            stage.clock.now += 50
            yield hit(1)

    ended = stage.search(a_search(wanted=None), slow)
    assert (ended.state, ended.reason, ended.found) == (SearchState.FAILED, "search.timeout", 19)
    assert "nothing came for 60 s" in ended.detail


# ---------------------------------------------------------------------- blocked


def test_a_blocked_page_is_kept_for_a_look(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    ended = stage.search(a_search(), pages(hit(1), BLOCK))
    assert (ended.state, ended.reason, ended.detail) == (SearchState.BLOCKED, "page.captcha", "asks for a captcha")
    folder = ended.diagnosis
    assert folder is not None and folder.parent == tmp_path and folder.name.startswith("cat-google-")
    assert (folder / "page.html").read_text() == "<h1>the page</h1>"
    assert (folder / "page.png").read_bytes() == b"\x89PNG"
    about = (folder / "about.txt").read_text()
    assert "address: http://site.test/page" in about and "page.captcha" in about
    again = stage.search(a_search(), pages(BLOCK)).diagnosis
    assert again is not None and again != folder


def test_a_hostile_keyword_stays_inside_the_diagnosis_folder(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "diagnosis")
    layout = SourceError(SearchState.LAYOUT, "page.layout", "unknown")
    ended = stage.search(Search(1, query("../../etc/passwd\x00<b>"), "google", 5), pages(layout))
    assert ended.diagnosis is not None and ended.diagnosis.parent == tmp_path / "diagnosis"
    assert [path.name for path in tmp_path.iterdir()] == ["diagnosis"]


def test_a_dead_browser_or_full_disk_does_not_hide_the_block(tmp_path: Path) -> None:
    class Dead(FakeBrowser):
        def html(self) -> str:
            raise BrowserError("browser.crash", "gone")

    ended = Stage(tmp_path, [Dead()]).search(a_search(), pages(BLOCK))
    assert ended.diagnosis is not None and "gone" in (ended.diagnosis / "about.txt").read_text()
    (tmp_path / "file").write_text("not a folder")
    ended = Stage(tmp_path / "file").search(a_search(), pages(BLOCK))
    assert (ended.state, ended.diagnosis) == (SearchState.BLOCKED, None)


def test_two_blocks_in_a_row_stop_the_source_for_the_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for source in (pages(BLOCK), pages(hit(1)), pages(BLOCK)):
        assert stage.search(a_search(), source).reason != "search.skipped"
    assert not [event for event in stage.posted if isinstance(event, Noticed)]
    assert stage.search(a_search(), pages(BLOCK)).reason == "page.captcha"
    assert [event.level for event in stage.posted if isinstance(event, Noticed)] == ["warning"]
    skipped = stage.search(a_search(), pages(RuntimeError("asked")))
    assert (skipped.state, skipped.reason, skipped.diagnosis) == (SearchState.BLOCKED, "search.skipped", None)
    assert stage.search(a_search(source="bing"), pages(hit(1))).state is SearchState.EXHAUSTED


def test_two_times_unreachable_likewise_but_not_mixed_or_of_another_kind(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    away = SourceError(SearchState.UNREACHABLE, "page.unreachable", "site.test: net::ERR_NAME_NOT_RESOLVED")
    layout = SourceError(SearchState.LAYOUT, "page.layout", "unknown")
    for error in (layout, layout, layout, BLOCK, away, layout, away):
        assert stage.search(a_search(), pages(error)).reason == error.reason
    skipped = stage.search(a_search(), pages(hit(1)))
    assert (skipped.state, skipped.reason) == (SearchState.UNREACHABLE, "search.skipped")
    assert "google" in skipped.detail


def test_a_site_that_cannot_be_reached_because_of_the_proxy_is_told_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    asked: list[float] = []

    def trouble(since: float) -> str:
        asked.append(since)
        return "the proxy http://127.0.0.1:9 cannot be reached"

    stage.terms = replace(stage.terms, proxy_trouble=trouble)
    away = SourceError(SearchState.UNREACHABLE, "page.unreachable", "site.test: net::ERR_TUNNEL_CONNECTION_FAILED")
    began = stage.clock()
    ended = stage.search(a_search(), pages(away))
    assert (ended.state, ended.reason, ended.detail) == (SearchState.UNREACHABLE, "net.proxy", trouble(0))
    assert asked[0] >= began, "trouble of earlier searches is not this one's"
    assert stage.search(a_search(), pages(BLOCK)).reason == "page.captcha"


def test_sites_of_a_source_that_takes_addresses_are_stopped_one_by_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    def at(address: str) -> Search:
        return Search(1, query(address), "page", 10)

    for path in "ab":
        assert stage.search(at(f"https://one.test/{path}"), pages(BLOCK)).reason == "page.captcha"
    assert stage.search(at("https://one.test/c"), pages(hit(1))).reason == "search.skipped"
    assert stage.search(at("https://two.test/"), pages(hit(1))).state is SearchState.EXHAUSTED
    assert "page at one.test" in next(event.text for event in stage.posted if isinstance(event, Noticed))


def test_what_a_rule_forbids_stops_nothing_else(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    robots = SourceError(SearchState.BLOCKED, "policy.robots", "robots.txt forbids it")
    for _ in range(3):
        assert stage.search(a_search(), pages(robots)).reason == "policy.robots"


def test_an_error_that_nobody_foresaw_ends_its_search_alone_and_is_kept(tmp_path: Path) -> None:
    def broken(search: Search, web: Web) -> Iterator[Hit]:
        yield hit(1)
        raise TypeError("cannot read 'length' of \ud83d")

    stage = Stage(tmp_path)
    ended = stage.search(a_search(), broken)
    assert (ended.state, ended.reason) == (SearchState.FAILED, "internal.error")
    assert ended.detail.startswith("TypeError: cannot read 'length'")
    assert ended.diagnosis is not None
    about = (ended.diagnosis / "about.txt").read_text(encoding="utf-8")
    assert "Please report this" in about
    assert "in broken" in about


def test_what_no_ledger_can_hold_is_made_to_fit_or_is_no_find(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    odd = [Hit("http://[::1", "a"), Hit("https://a.test/1", "b", title="cat \ud83d", width=2**63)]
    ended = stage.search(a_search(), pages(*odd))
    assert (ended.state, ended.found) == (SearchState.EXHAUSTED, 1)
    (found,) = [event.hit for event in stage.posted if isinstance(event, Found)]
    assert (found.title, found.width) == ("cat \ufffd", 0)


# ---------------------------------------------------------------------- words of the right world


class OneAnswer:
    """A visit to a site that says one thing."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def get(self, request: Request) -> Answer:
        return self.answer

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        yield from (self.answer for _ in requests)

    def cookies(self, url: str) -> str:
        return ""

    def close(self) -> None:
        pass


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(("kind", "name"), [("text/html", "page.html"), ("application/json", "page.json")])
def test_the_last_answer_of_a_source_without_a_browser_is_kept(
    tmp_path: Path, kind: str, name: str, many: bool
) -> None:
    stage = Stage(tmp_path)
    said = Answer("https://api.test/search?api_key=S3CRET", 200, {"content-type": kind}, b"<b>are you human?")
    stage.terms = replace(stage.terms, open_visit=lambda _: OneAnswer(said))

    def source(search: Search, web: Web) -> Iterator[Hit]:
        asked = Request("https://api.test/search")
        yield from (hit(1) for _ in (web.get_all([asked]) if many else [web.get(asked)]))
        raise BLOCK

    kept = stage.search(a_search(), source).diagnosis
    assert kept is not None and (kept / name).read_bytes() == b"<b>are you human?"
    about = (kept / "about.txt").read_text()
    assert "address: https://api.test/search\nstatus:  200" in about and "S3CRET" not in about


def test_a_search_that_takes_too_long_is_no_browsers_fault(tmp_path: Path) -> None:
    stage = Stage(tmp_path, keyword_timeout=60)

    def slow(search: Search, web: Web) -> Iterator[Hit]:
        while True:
            stage.clock.now += 25
            yield hit(1)

    ended = stage.search(a_search(), slow)
    assert (ended.reason, stage.started) == ("search.timeout", 0)
    assert "browser" not in meaning(ended.reason)


@pytest.mark.parametrize(("lasting", "tries"), [(True, 1), (False, 4)])
def test_a_verdict_that_cannot_change_is_asked_for_once(tmp_path: Path, lasting: bool, tries: int) -> None:
    asked = []

    def source(search: Search, web: Web) -> Iterator[Hit]:
        asked.append(1)
        raise BrowserError("browser.start", "the driver ended with code 1", lasting)

    ended = Stage(tmp_path).search(a_search(), source)
    assert (ended.reason, len(asked)) == ("browser.start", tries)


def test_no_hit_carries_the_users_own_cookies_off(tmp_path: Path) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text("pictures.test\tFALSE\t/\tFALSE\t0\tsession\tS3CRET\n")
    stage = Stage(tmp_path / "diagnosis")
    stage.terms = replace(stage.terms, cookies=Cookies.read(str(file)))
    stage.search(a_search(), pages(replace(hit(1), cookies="session=S3CRET; theirs=1")))
    assert [event.hit.cookies for event in stage.posted if isinstance(event, Found)] == ["theirs=1"]
