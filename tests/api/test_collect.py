"""`collector.collect` against the practice web: events, stopping, going on, errors. No browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import collector
from collector.errors import FolderLocked, Incomplete, InputError, Stopped, UsageError
from collector.ledger import Ledger
from tests.support.invariants import judge

NAVER = {"source": "naver", "settings": {"fetch.threads": 8}}


@pytest.fixture(scope="module")
def web() -> Iterator[collector.practice]:
    with collector.practice(collector.practice.Knobs.calm()) as web:
        yield web


def crawl(folder: Path, web: collector.practice, keywords: list[str | collector.Query], limit: int) -> collector.Crawl:
    return collector.collect(keywords, folder, limit=limit, source="naver", practice=web)


def test_events_end_in_what_the_summary_says(tmp_path: Path, web: collector.practice) -> None:
    run = crawl(tmp_path / "images", web, ["tabby cat", collector.Query("金魚", label="goldfish", limit=2)], 4)
    events = list(run)
    saved = [event for event in events if isinstance(event, collector.Saved)]
    assert [type(event) for event in events[:1]] == [collector.SearchStarted]
    assert len(saved) == 6
    assert {event.path.parts[0] for event in saved} == {"tabby cat", "goldfish"}
    assert [(tally.keyword, tally.label, tally.limit, tally.saved) for tally in run.tallies()] == [
        ("tabby cat", "tabby cat", 4, 4),
        ("金魚", "goldfish", 2, 2),
    ]
    judge(tmp_path / "images")


def test_the_same_call_goes_on_and_fetches_nothing_twice(tmp_path: Path, web: collector.practice) -> None:
    folder = tmp_path / "images"
    with crawl(folder, web, ["tabby cat"], 12) as run:
        for event in run:
            if isinstance(event, collector.Saved):
                break
    with Ledger.open(folder) as ledger:  # nobody holds it any more
        some = ledger.stats.digest().total.saved
    assert 1 <= some <= 12
    asked = len(web.pictures())
    summary = crawl(folder, web, ["tabby cat"], 12).wait()
    summary.check()
    assert summary.digest.total.saved == 12
    paths = [request.path for request in web.pictures()]
    assert len(paths) - asked == 12 - some, "what was saved is not fetched again"
    again = crawl(folder, web, ["tabby cat"], 12).wait()
    assert (again.digest.total.saved, len(web.pictures())) == (12, len(paths))


def test_closing_before_anything_began_leaves_nothing_behind(tmp_path: Path, web: collector.practice) -> None:
    run = crawl(tmp_path / "images", web, ["tabby cat"], 4)
    run.close()
    assert not (tmp_path / "images").exists()
    assert list(run) == []


def test_a_collection_is_readable_while_a_run_goes_on_and_cannot_be_changed(
    tmp_path: Path, web: collector.practice
) -> None:
    with crawl(tmp_path / "images", web, ["tabby cat"], 6) as run:
        next(event for event in run if isinstance(event, collector.Saved))
        collection = collector.open(tmp_path / "images")
        assert collection.status().keywords == 1
        assert len(collection.pictures()) >= 1
        with pytest.raises(FolderLocked, match="another collector works in this folder"):
            collection.dedupe()


def test_waiting_in_another_thread_needs_no_signals(tmp_path: Path, web: collector.practice) -> None:
    found: list[collector.Summary] = []
    thread = threading.Thread(target=lambda: found.append(crawl(tmp_path / "images", web, ["tabby cat"], 3).wait()))
    thread.start()
    thread.join(60)
    assert [summary.digest.total.saved for summary in found] == [3]


def test_progress_is_shown_when_it_is_wished(
    tmp_path: Path, web: collector.practice, capsys: pytest.CaptureFixture[str]
) -> None:
    crawl(tmp_path / "images", web, ["tabby cat"], 3).wait()
    assert capsys.readouterr() == ("", "")
    crawl(tmp_path / "images", web, ["tabby cat", "red cat"], 3).wait(progress=True)
    assert '"red cat" has 3 of 3 pictures' in capsys.readouterr().err


def test_what_is_left_is_an_error_only_when_it_is_asked_for(tmp_path: Path) -> None:
    nowhere = {"naver.home": "http://127.0.0.1:9", "fetch.allow_private": True, "search.keyword_timeout": 2.0}
    run = collector.collect(["tabby cat"], tmp_path / "images", source="naver", settings=nowhere)
    summary = run.wait()
    with pytest.raises(Incomplete) as caught:
        summary.check()
    assert caught.value.exit_code in (8, 9)
    assert "http" in str(caught.value) or "failed" in str(caught.value)


def test_a_stopped_run_says_so() -> None:
    summary = collector.Summary(digest=None, seconds=1.0, fetched=True, stopped=143)  # type: ignore[arg-type]
    with pytest.raises(Stopped, match="everything so far is kept") as caught:
        summary.check()
    assert caught.value.exit_code == 143


# --------------------------------------------------------------------------- what is asked


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no keyword was given"),
        (["  "], "a keyword is empty"),
        (["a" * 600], "600 characters"),
        ([collector.Query("cat", limit=0)], "neither a whole number of at least 1 nor all"),
        ([collector.Query("cat", filters={"size": "huge"})], "naver has no filter 'size'"),
        ([collector.Query("r/", source="imgur")], "r/"),
    ],
)
def test_rows_that_cannot_be_used_are_an_input_error(tmp_path: Path, rows: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        collector.collect(rows, tmp_path / "images", source="naver")
    assert not (tmp_path / "images").exists()


def test_settings_that_do_not_exist_are_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no setting fetch\.speed"):
        collector.collect(["cat"], tmp_path / "images", settings={"fetch.speed": 1})
    with pytest.raises(UsageError, match="no source 'gogle'"):
        collector.collect(["cat"], tmp_path / "images", source="gogle")
    with pytest.raises(UsageError, match="a folder of its own"):
        collector.collect(["cat"], Path.home())
    with pytest.raises(TypeError, match="list of keywords"):
        collector.collect("tabby cat", tmp_path / "images")


def test_rows_take_from_the_run_what_they_do_not_say(tmp_path: Path) -> None:
    from collector.api.options import made
    from collector.api.queries import from_rows

    settings = made(tmp_path / "images", limit=7, source="bing+flickr", filters={"safe": "on"})
    rows = [collector.Query("cat", limit="all"), "dog", "dog", collector.Query("ann", source="deviantart")]
    asked = from_rows(rows[:3], settings)
    assert [(query.keyword, query.limit, query.sources, query.filters) for query in asked.queries] == [
        ("cat", None, ("bing", "flickr"), (("safe", "on"),)),
        ("dog", 7, ("bing", "flickr"), (("safe", "on"),)),
    ]
    assert from_rows(rows[3:], made(tmp_path)).queries[0].limit is None, "an artist is read whole"


def test_a_csv_is_read_as_on_the_command_line(tmp_path: Path, web: collector.practice) -> None:
    (tmp_path / "queries.csv").write_text("keyword,limit,label\ntabby cat,2,cat\n", encoding="utf-8")
    run = collector.collect(tmp_path / "queries.csv", tmp_path / "images", source="naver", practice=web)
    assert run.wait().digest.total.saved == 2
    assert (tmp_path / "images" / "cat").is_dir()


def test_terms_of_a_block_list_are_not_searched(
    tmp_path: Path, web: collector.practice, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "terms.txt").write_text("dog\n", encoding="utf-8")
    settings = {"blocklist": str(tmp_path / "terms.txt")}
    run = collector.collect(["tabby cat", "dog"], tmp_path / "i", source="naver", limit=1, settings=settings,
                            practice=web)  # fmt: skip
    with caplog.at_level(logging.WARNING, "collector"):
        summary = run.wait()
    assert summary.digest.keywords == 1
