"""The studio over a real folder: who may use it, what it answers, and every flow once in Chromium."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import collector
from collector.browser.browser import ChromeBrowser
from collector.dataset import service
from collector.errors import LedgerError
from collector.ledger import Ledger
from collector.ledger.lock import FolderLock
from collector.studio import Studio
from collector.studio.thumbnails import bound
from tests.support.collection import Collection, drawn

HOSTILE = '"><img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "images") as made:
        for number in range(6):
            made.add("cat" if number % 2 else HOSTILE, drawn(number), title=HOSTILE, site=HOSTILE)
    return tmp_path / "images"


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    with collector.open(folder).studio() as served:
        yield served


def visitor(studio: Studio) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    assert session.get(studio.url).status_code == 200
    session.headers["Origin"] = f"http://127.0.0.1:{studio.port}"
    return session


def until(what: Callable[[], object], wanted: object) -> None:
    end = time.monotonic() + 30
    while (found := what()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert found == wanted


def home(studio: Studio) -> str:
    return f"http://127.0.0.1:{studio.port}"


def ids(folder: Path) -> list[int]:
    with Ledger.read(folder) as ledger:
        return [row.id for row in ledger.dataset.pictures()]


def words(folder: Path) -> list[str]:
    with Ledger.read(folder) as ledger:
        return sorted(ledger.dataset.reviews().values())


def test_only_the_browser_with_the_key_is_let_in(studio: Studio) -> None:
    known = visitor(studio)
    (cookie,) = known.cookies
    assert cookie.has_nonstandard_attr("HttpOnly") and cookie.get_nonstandard_attr("SameSite") == "Strict"
    assert requests.get(home(studio)).status_code == 403
    assert requests.get(f"{home(studio)}/?token=wrong").status_code == 403
    assert known.get(home(studio), headers={"Host": f"evil.test:{studio.port}"}).status_code == 403
    assert known.get(home(studio), headers={"Origin": "http://evil.test"}).status_code == 403
    stroke = {"words": {"1": "keep"}}
    assert known.post(f"{home(studio)}/decisions", json=stroke, headers={"Origin": None}).status_code == 403
    assert known.post(f"{home(studio)}/decisions", data='{"words": {}}').status_code == 403
    for path in ("/", "/nothing", "/pictures", "/../collector.db"):
        headers = known.get(home(studio) + path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


def test_filters_and_decisions(studio: Studio, folder: Path) -> None:
    known = visitor(studio)
    assert len(known.get(f"{home(studio)}/pictures").content) == 6 * 7
    assert len(known.get(f"{home(studio)}/pictures", params={"label": "cat", "sort": "doubtful"}).content) == 3 * 7
    assert known.get(f"{home(studio)}/pictures", params={"sort": "x"}).status_code == 400
    first, second = ids(folder)[:2]

    def said(decisions: dict[int, str]) -> requests.Response:
        return known.post(f"{home(studio)}/decisions", json={"words": decisions})

    assert said({first: "drop", second: "keep"}).json() == {"before": {str(first): "", str(second): ""}}
    assert known.get(f"{home(studio)}/facets").json()["review"] == [["", 4], ["drop", 1], ["keep", 1]]
    assert said({first: "", second: "keep", 999: "keep"}).status_code == 404
    assert said({first: "burn"}).status_code == 404
    assert words(folder) == ["drop", "keep"]
    assert known.get(f"{home(studio)}/thumbnail/{first}").headers["Content-Type"] == "image/jpeg"
    original = known.get(f"{home(studio)}/original/{first}")
    assert original.headers["Content-Type"] == "image/jpeg"
    assert original.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert ["title", HOSTILE] in known.get(f"{home(studio)}/facts/{first}").json()["facts"]


def test_a_word_is_kept_beside_a_run_and_stands_against_its_rules(studio: Studio, folder: Path) -> None:
    known, (first, *_) = visitor(studio), ids(folder)
    with FolderLock(folder), Ledger.open(folder) as run:
        answer = known.post(f"{home(studio)}/decisions", json={"words": {first: "keep"}})
        assert answer.status_code == 200
        row = next(run.dataset.pictures())
        service.filter_set(run, folder, service.filter.Limits(min_side=5000))
        assert run.dataset.reviews() == {(row.sha256, row.label): "keep"}
        assert {verdict.sha256 for verdict in run.dataset.verdicts()}.isdisjoint({row.sha256})
    until(lambda: sorted(known.get(f"{home(studio)}/pictures").content[-6:]), [1, 1, 1, 1, 1, 2])


def test_a_row_that_leads_out_of_the_folder_is_not_served(studio: Studio, folder: Path) -> None:
    (folder.parent / "secret.jpg").write_bytes(b"secret")
    with Ledger.open(folder) as ledger:
        row = next(ledger.dataset.pictures())
        ledger.dataset.relocate(row.sha256, Path("../secret.jpg"), "")
    for what in ("original", "thumbnail"):
        answer = visitor(studio).get(f"{home(studio)}/{what}/{row.id}")
        assert answer.status_code == 503 and answer.content != b"secret"


def test_no_ledger_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        collector.open(tmp_path).studio()


def test_old_thumbnails_go_first(tmp_path: Path) -> None:
    for number in range(5):
        file = tmp_path / "ab" / f"{number}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
        os.utime(file, (number, number))
    bound(tmp_path, 2)
    assert sorted(file.name for file in tmp_path.glob("*/*")) == ["3.jpg", "4.jpg"]


def test_kill_between_two_strokes_loses_none(folder: Path) -> None:
    command = [sys.executable, "-m", "collector", "studio", "--no-open", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().strip()
        base = re.sub(r"/\?.*", "", url)
        session = requests.Session()
        session.get(url)
        session.headers["Origin"] = base
        for one in ids(folder)[:3]:
            assert session.post(f"{base}/decisions", json={"words": {one: "drop"}}).status_code == 200
        os.kill(served.pid, signal.SIGKILL)
    assert words(folder) == ["drop"] * 3


def test_by_keyboard_in_chromium(studio: Studio, folder: Path, shared: ChromeBrowser) -> None:
    """Judge, undo, redo, select, look, filter; nothing hostile runs."""

    def key(name: str, shift: bool = False) -> None:
        shared.run(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
            " {key: arguments[0], shiftKey: arguments[1], bubbles: true, cancelable: true}))",
            name,
            shift,
        )

    def count(selector: str) -> int:
        return int(shared.run("return document.querySelectorAll(arguments[0]).length", selector))

    shared.open(studio.url)
    until(lambda: shared.run("return document.getElementById('count').textContent"), "6 pictures")
    until(lambda: shared.run("return [...document.images].filter(i => i.naturalWidth).length"), 6)
    until(lambda: count("select") > 1, True)
    key("d")
    until(lambda: words(folder), ["drop"])
    key("z")
    until(lambda: words(folder), [])
    key("y")
    until(lambda: words(folder), ["drop"])
    key("End", shift=True)
    key("k")
    until(lambda: words(folder), ["drop", *["keep"] * 5])
    until(lambda: count(".state.keep"), 5)
    key("Enter")
    until(lambda: count("#one[open] dd") > 5, True)
    shared.run("document.getElementById('one').close()")
    shared.run("""const box = document.querySelector('select[name=label]'); box.value = '=cat';
                  box.dispatchEvent(new Event('change', {bubbles: true}))""")
    until(lambda: shared.run("return document.getElementById('count').textContent"), "3 pictures")
    assert shared.address().endswith("/?label=cat")
    assert shared.run("return document.title") == "Pictures - collector studio"
