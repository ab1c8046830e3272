"""The command line without a browser: verbs, bad input, exit codes, one clear line each."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import click
import pytest

from collector.api.collect import Summary
from collector.api.practice import led_to
from collector.cli import cli
from collector.cli.collect import offer_widening
from collector.cli.groups import GROUPS, VERBS
from collector.cli.options import filters_of
from collector.errors import Incomplete, UsageError
from collector.model import SearchState, Tally
from collector.settings import Settings, assign
from collector.sources import SOURCES
from tests.support.command import Desk
from tests.support.values import digest_of

USUAL = ("run", "search", "fetch", "status", "urls", "doctor", "practice")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def test_help_names_every_verb(desk: Desk) -> None:
    ended = desk.run("--help")
    assert ended.code == 0
    assert all(verb in ended.out for verb in USUAL)


def test_every_verb_has_help(desk: Desk) -> None:
    for verb in VERBS:
        ended = desk.run(verb, "--help")
        assert (ended.code, ended.err) == (0, "")
        assert f"Usage: collector {verb}" in ended.out


def test_what_only_a_run_can_do_is_a_flag_of_run_alone(desk: Desk) -> None:
    assert "--relevant" in desk.run("run", "--help").out
    assert "--relevant" not in desk.run("search", "--help").out


def test_help_groups_every_verb_and_cuts_no_summary(desk: Desk) -> None:
    shown = desk.run("--help").out
    assert re.findall(r"^(\w[\w ]+):$", shown, re.MULTILINE) == ["Options", *GROUPS]
    assert len(VERBS) == sum(map(len, GROUPS.values())), "each verb in one group"
    for name, (_, summary) in VERBS.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", shown, re.MULTILINE), name
        command = cli.get_command(click.Context(cli), name)
        assert command is not None and command.name == name
    assert "junk" not in shown and "audit" not in shown


def test_many_options_stand_under_headings(desk: Desk) -> None:
    shown = desk.run("run", "--help").out
    headings = ["Keywords", "Search", "Download", "Browsers", "General", "Other options"]
    assert re.findall(r"^(\w[\w ]+):$", shown, re.MULTILINE) == headings
    assert all(shown.count(f"  {flag} ") == 1 for flag in ("--encoding", "--limit", "--threads", "--out", "--dry-run"))
    assert "INTEGER RANGE" not in shown


def test_old_names_of_verbs_and_filters_work_and_are_not_shown(desk: Desk) -> None:
    assert "Leave out what is of no use" in desk.run("junk", "--help").out
    assert desk.run("audit", "--help").code == 0
    desk.write("good.csv", "cat\n")
    shown = desk.run("run", "--help").out
    assert "--filter" in shown and "--size" not in shown and "--transport" not in shown
    for flags in (["--size", "huge"], ["--filter", "size=huge"]):
        ended = desk.run("run", "good.csv", *flags)
        assert (ended.code, "size='huge' is not a choice of google" in ended.err) == (4, True), ended.err
    for verb in ("run", "search"):
        ended = desk.run(verb, "good.csv", "--aspect", "huge")
        assert (ended.code, "aspect='huge' is not a choice of google" in ended.err) == (4, True), ended.err
    assert "--aspect" not in desk.run("search", "--help").out
    for arguments in (("fetch", "--aspect", "wide"), ("run", "good.csv", "--aspect", "0.5")):
        assert desk.run(*arguments).code == 2


def test_filters_are_pairs_and_a_comma_inside_a_value_is_no_end() -> None:
    assert filters_of(("size=large,colour=red", "exclude=a, b")) == {"size": "large", "color": "red", "exclude": "a, b"}
    for wrong in ("large", "size=", "=large"):
        with pytest.raises(UsageError, match="write it as name=value"):
            filters_of((wrong,))


def test_one_spelling_of_license_is_shown_and_both_work(desk: Desk) -> None:
    assert "--license" in desk.run("export", "--help").out and "--licence" not in desk.run("export", "--help").out
    for spelled in ("--license", "--licence"):
        assert desk.run("export", "csv", "set", spelled, "by").code == 6, "the flag is known; there is no ledger"
    assert filters_of(("licence=by",)) == {"license": "by"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_verbs(desk: Desk, shell: str) -> None:
    desk.environment |= {"_COLLECTOR_COMPLETE": f"{shell}_source"}
    assert "_collector_completion" in desk.run().out
    desk.environment |= {"_COLLECTOR_COMPLETE": f"{shell}_complete", "COMP_WORDS": "collector re", "COMP_CWORD": "1"}
    if shell == "fish":
        desk.environment["COMP_CWORD"] = "re"
    completed = desk.run().out
    assert all(verb in completed for verb in ("repair", "report", "retry", "review", "recipe"))
    assert "junk" not in completed


def test_page_tells_its_own_folder(desk: Desk) -> None:
    assert "[default: pages/HOST]" in desk.run("page", "--help").out
    assert "[default: images]" in desk.run("run", "--help").out


def test_sources_are_listed_and_told(desk: Desk) -> None:
    listed = desk.run("sources")
    assert [line.split()[0] for line in listed.out.splitlines()] == list(SOURCES)
    assert all(len(line.split("  ", 1)[1].strip()) > 10 for line in listed.out.splitlines()), "each says what it is"
    told = desk.run("sources", "openverse").out
    assert "filter     size=small | medium | large" in told or "size=" in told
    assert "openverse.home = " in told
    assert desk.run("sources", "gogle").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "bad.csv"], 4, ["bad.csv", "keyword", "colour_of"]),
        (["run", "good.csv", "--set", "source= , "], 2, ["source", "google"]),
        (["run", "good.csv", "--driver", "/no/such/driver"], 2, ["/no/such/driver"]),
        (["status"], 6, ["images", "no ledger"]),
        (["urls"], 6, ["no ledger"]),
        (["urls", "--import", "none.json"], 4, ["none.json"]),
    ],
)
def test_bad_input_is_one_line_with_the_right_code(
    desk: Desk, arguments: list[str], code: int, words: list[str]
) -> None:
    desk.write("good.csv", "cat\n")
    desk.write("bad.csv", "keyword,colour_of\ncat,red\n")
    ended = desk.run(*arguments)
    assert ended.code == code, ended.err
    assert all(word in ended.err for word in words), ended.err
    assert "Traceback" not in ended.err
    assert not list(desk.images.glob("*/*"))


def test_bad_queries_touch_nothing(desk: Desk) -> None:
    desk.write("bad.csv", 'cat\n"dog\n')
    assert desk.run("run", "bad.csv").code == 4
    assert not desk.images.exists()


def test_an_output_that_is_a_file_is_exit_3(desk: Desk) -> None:
    desk.write("queries.csv", "cat\n")
    desk.write("images", "a file")
    ended = desk.run("run")
    assert ended.code == 3, ended.err
    assert "images" in ended.last_line


def test_a_damaged_ledger_is_exit_6_and_left_alone(desk: Desk) -> None:
    desk.write("queries.csv", "cat\n")
    desk.images.mkdir()
    (desk.images / "collector.db").write_bytes(b"\0garbage" * 1000)
    ended = desk.run("run")
    assert ended.code == 6, ended.err
    assert (desk.images / "collector.db").read_bytes() == b"\0garbage" * 1000


def test_a_saved_map_is_imported_shown_and_fetched(desk: Desk) -> None:
    desk.write(
        "keyword_urls.txt",
        "{'tiny': ['data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'ftp://x.test/a']}",
    )
    ended = desk.run("urls", "--import", "keyword_urls.txt")
    assert (ended.code, ended.err) == (0, "")
    assert "2 of them new" in ended.out
    listed = desk.run("urls").out.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["tiny", "tiny"]
    assert list(json.loads((desk.images / "urls.json").read_text())) == ["tiny"]
    assert desk.run("fetch").code == 0
    status = desk.run("status")
    assert status.code == 0
    assert "tiny" in status.out
    assert "url.scheme" in status.out


def test_events_are_json_lines_and_nothing_else(desk: Desk) -> None:
    desk.write("list.txt", "ftp://x.test/a\n")
    desk.run("urls", "--import", "list.txt")
    ended = desk.run("fetch", "--events")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["event"] for line in lines][:1] == ["failed"]
    assert lines[0]["reason"] == "url.scheme"


def test_a_loopback_url_needs_allow_private(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        desk.write("list.txt", f"http://127.0.0.1:{server.getsockname()[1]}/a.jpg\n")
        desk.run("urls", "--import", "list.txt")
        assert desk.run("fetch").code == 9
        assert "url.private_addr" in desk.run("status").out
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_practice_web_is_visited_without_a_window_unless_one_is_asked_for() -> None:
    settings = Settings(sources={"google": {"home": "https://www.google.com"}})
    led = led_to(settings, "http://127.0.0.1:8000")
    assert (led.sources["google"]["home"], led.search.headed) == ("http://127.0.0.1:8000", "no")
    assert led.fetch.allow_private
    asked = assign(settings, "search.headed", True, "--headed")
    assert led_to(asked, "http://127.0.0.1:8000").search.headed == "yes"


@pytest.mark.parametrize(
    ("tally", "code"),
    [
        (Tally("ann", "ann", None, found=9, saved=9), 0),
        (Tally("ann", "ann", None, found=9, saved=7, failed=1, rejected=1), 0),
        (Tally("ann", "ann", None, found=9, saved=1, failed=8), 0),
        (Tally("ann", "ann", None, found=9, rejected=9), 0),
        (Tally("ann", "ann", None, found=9, saved=8, failed=1, retry=1), 9),
        (Tally("ann", "ann", None, found=9, saved=8, waiting=1), 9),
        (Tally("cat", "cat", 100, found=9, saved=9), 0),
        (Tally("cat", "cat", 100, found=9, saved=8, failed=1, retry=1), 9),
    ],
)
def test_who_wants_everything_is_short_only_of_what_can_still_be_had(tally: Tally, code: int) -> None:
    try:
        digest = digest_of([replace(tally, searches=(("imgur", SearchState.EXHAUSTED, ""),))])
        Summary(digest, seconds=1.0, fetched=True).check()
    except Incomplete as verdict:
        assert verdict.exit_code == code
        assert ("not complete yet" if tally.limit is None else "below the limit") in str(verdict)
    else:
        assert code == 0


@pytest.mark.parametrize("limit", [None, 100])
def test_a_run_that_saved_nothing_because_downloads_failed_does_not_end_well(limit: int | None) -> None:
    digest = digest_of([Tally("cat", "cat", limit, found=15, failed=15), Tally("dog", "dog", limit)])
    with pytest.raises(Incomplete) as caught:
        Summary(digest, seconds=1.0, fetched=True).check()
    assert caught.value.exit_code == 9
    assert str(caught.value) == "nothing was saved, 15 downloads failed; `collector retry` queues them again"
    Summary(digest, seconds=1.0, fetched=False).check()


def test_a_fetch_of_which_nothing_came_says_so(desk: Desk) -> None:
    desk.write("list.txt", "".join(f"ftp://x.test/{number}\n" for number in range(15)))
    desk.run("urls", "--import", "list.txt")
    ended = desk.run("fetch")
    assert (ended.code, ended.last_line.count("15 downloads failed")) == (9, 1)
    assert desk.run("fetch").code == 0, "nothing is left to do"


def test_nobody_is_offered_to_widen_everything(capsys: pytest.CaptureFixture[str]) -> None:
    exhausted = (("google", SearchState.EXHAUSTED, ""),)
    offer_widening(digest_of([Tally("ann", "ann", None, saved=3, searches=exhausted)]))
    assert capsys.readouterr().err == ""
    offer_widening(digest_of([Tally("cat", "cat", 100, saved=3, searches=exhausted)]))
    assert "1 keyword exhausted" in capsys.readouterr().err


def test_a_limit_of_all_is_planned_as_such_and_shown_as_null(desk: Desk) -> None:
    row = "keyword,source,limit\nr/funny,imgur,\nr/pics,imgur,3\n"
    desk.write("queries.csv", row)
    nowhere = ("--set", "imgur.home=http://127.0.0.1:9", "--set", "imgur.client_id=x", "--allow-private")
    ended = desk.run("run", "--limit", "All", *nowhere, "--set", "search.keyword_timeout=1")
    assert ended.code in (7, 8, 9), ended.err
    lines = [json.loads(line) for line in desk.run("status", "--json").out.splitlines()]
    assert [line["limit"] for line in lines] == [None, 3, None]
    assert {line["label"] for line in lines[:2]} == {"funny", "pics"}, "the source makes the class"
    shown = desk.run("status").out
    assert "1,000,000,000" not in shown
    assert not list(desk.left_behind()), "no browser was started"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keyword,source\ncat,google\nr/,imgur\n", ["line 3", "r/"]),
        ("keyword,limit\ncat,most\n", ["line 2", "all"]),
    ],
)
def test_a_row_that_cannot_be_used_is_exit_4_with_its_line(desk: Desk, text: str, words: list[str]) -> None:
    desk.write("queries.csv", text)
    ended = desk.run("run", "queries.csv")
    assert ended.code == 4, ended.err
    assert all(word in ended.err for word in words), ended.err
    assert not desk.images.exists()


@pytest.mark.parametrize(
    ("states", "said", "line", "code"),
    [
        ((SearchState.BLOCKED,), ("brave needs BRAVE_API_KEY",), "brave needs BRAVE_API_KEY", 7),
        ((SearchState.FAILED,), ("10.0.0.1: private",), "10.0.0.1: private", 9),
        ((SearchState.FAILED, SearchState.FAILED), ("one", "two"), "one (and 1 more search)", 9),
    ],
)
def test_what_running_again_does_not_mend_is_not_told_to_be_run_again(
    states: tuple[SearchState, ...], said: tuple[str, ...], line: str, code: int
) -> None:
    digest = digest_of([Tally(f"{n}", "cat", 9, searches=(("brave", state, ""),)) for n, state in enumerate(states)])
    with pytest.raises(Incomplete) as caught:
        Summary(digest, seconds=1.0, fetched=True, unchanging=said).check()
    assert (str(caught.value), caught.value.exit_code) == (line, code)
    with pytest.raises(Incomplete, match="run the same command"):
        Summary(digest, seconds=1.0, fetched=True).check()


def test_pictures_at_private_addresses_name_the_flag() -> None:
    digest = digest_of([Tally("cat", "cat", 9, found=2, failed=2, reasons=(("url.private_addr", 2),))])
    with pytest.raises(Incomplete, match="2 at private addresses, which --allow-private allows"):
        Summary(digest, seconds=1.0, fetched=True).check()
