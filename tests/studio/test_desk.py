"""What the studio starts: runs, pages, exports, as commands; what it refuses; moves, groups and likeness."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import collector
from collector.api.options import made
from collector.api.queries import QueryRow
from collector.errors import UsageError
from collector.ledger import Ledger
from collector.practice import PracticeWeb
from collector.practice.knobs import Knobs
from collector.settings import LookSettings
from collector.studio.alike import AlikeView
from collector.studio.guard import _ours
from collector.studio.jobs import Jobs
from collector.studio.orders import Lists
from tests.studio.visiting import Visitor
from tests.support.collection import Collection, drawn
from tests.support.tiny_models import tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "images") as made:
        for number in range(4):
            made.add("cat", drawn(number))
        made.add("dog", drawn(0).resize((200, 150)))
    return tmp_path / "images"


@pytest.fixture
def visitor(folder: Path) -> Iterator[Visitor]:
    with collector.open(folder).studio() as served:
        yield Visitor(served)


def ids(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    with Ledger.read(folder) as ledger:
        for row in ledger.dataset.pictures():
            found.setdefault(row.label, []).append(row.id)
    return found


def test_moving_to_a_class_moves_the_file_and_can_be_taken_back(visitor: Visitor, folder: Path) -> None:
    first = ids(folder)["cat"][0]
    assert visitor.post("labels", words={first: "ginger cat"}) == {"before": {str(first): "cat"}}
    assert first in ids(folder)["ginger cat"]
    [file] = (folder / "ginger cat").iterdir()
    assert visitor.post("decisions", words={first: "keep"}) == {"before": {str(first): ""}}
    assert visitor.post("labels", words={first: "cat"}) == {"before": {str(first): "ginger cat"}}
    assert (folder / "cat" / file.name).is_file() and not file.exists()
    assert visitor.get("facets")["review"] == [["", 4], ["keep", 1]]
    assert "is empty" in visitor.refusal("labels", 404, words={first: " "})


def test_a_move_leaves_no_empty_class_and_what_lies_beside_the_folder_stays_there(
    visitor: Visitor, folder: Path
) -> None:
    [dog] = ids(folder)["dog"]
    visitor.post("labels", words={dog: "cat"})
    assert not (folder / "dog").exists()
    collector.open(folder).dedupe()
    assert collector.open(folder).apply() == 1
    with Ledger.read(folder) as ledger:
        beside = next(row for row in ledger.dataset.pictures() if row.file.parts[0] == "..")
    visitor.post("labels", words={beside.id: "lynx"})
    assert (folder.parent / "images-rejected" / "lynx" / beside.file.name).is_file()
    assert collector.open(folder).undo() == 1
    assert (folder / "lynx" / beside.file.name).is_file() and beside.id in ids(folder)["lynx"]


def test_a_move_that_is_undone_brings_its_further_classes_back(visitor: Visitor, folder: Path) -> None:
    first = ids(folder)["cat"][0]
    visitor.post("beside", words={first: ["dog", "pet"]})
    visitor.post("labels", words={first: "dog"})
    assert ["also of class", "pet"] in visitor.get(f"facts/{first}")["facts"]
    visitor.post("labels", words={first: "cat"})
    assert ["also of class", "dog, pet"] in visitor.get(f"facts/{first}")["facts"]


def test_classes_beside_its_own_outlive_the_rules(visitor: Visitor, folder: Path) -> None:
    first = ids(folder)["cat"][0]
    assert visitor.post("beside", words={first: ["pet", "cat", "pet"]}) == {"before": {str(first): []}}
    collector.open(folder).dedupe(conflicts="multi")
    assert ["also of class", "dog, pet"] in visitor.get(f"facts/{first}")["facts"]
    done = collector.open(folder).export("jsonl", folder.parent / "set", split="none")
    assert {sample.labels for sample in done.plan.samples if sample.item.id == first} == {("cat", "dog", "pet")}
    assert visitor.post("beside", words={first: []}) == {"before": {str(first): ["dog", "pet"]}}


def test_groups_are_shown_until_each_picture_is_judged(visitor: Visitor, folder: Path) -> None:
    assert visitor.get("cards")["hashed"] == 0
    collector.open(folder).dedupe(conflicts="list")
    known = ids(folder)
    [card] = visitor.get("cards")["cards"]
    assert card["labels"] == ["cat", "dog"]
    assert [one["id"] for one in card["pictures"]] == [known["cat"][0], known["dog"][0]]
    assert visitor.get(f"facts/{known['dog'][0]}")["alike"] == [known["cat"][0]]
    visitor.post("decisions", words={known["cat"][0]: "keep"})
    assert visitor.get("cards")["waiting"] == 1
    visitor.post("decisions", words={known["dog"][0]: "drop"})
    assert visitor.get("cards") == {"hashed": 5, "looked": True, "waiting": 0, "cards": []}


def test_likeness_orders_the_grid(visitor: Visitor, folder: Path) -> None:
    collector.open(folder).dedupe()
    first, twin = ids(folder)["cat"][0], ids(folder)["dog"][0]
    assert visitor.order(like=first)[:2] == [first, twin]
    assert visitor.order(unlike=first)[-2:] == [twin, first]
    assert visitor.asked("pictures", like="x").status_code == 400


def test_likeness_is_that_of_the_model_that_the_settings_name(folder: Path, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "tiny")
    collector.open(folder).embed(models=model)
    numbers = np.array(sorted(number for own in ids(folder).values() for number in own), np.uint32)
    with Ledger.read(folder) as ledger:
        found = AlikeView(lambda: ledger, folder, LookSettings(models=str(model))).likeness(int(numbers[0]), numbers)
        absent = AlikeView(lambda: ledger, folder, LookSettings(model="none")).likeness(int(numbers[0]), numbers)
    assert found[0] == pytest.approx(1, abs=1e-3) and not np.isnan(found).any()
    assert np.isnan(absent).all(), "nothing is hashed either"


def test_agreement_counts_what_a_person_said_of_the_rules(visitor: Visitor, folder: Path) -> None:
    collector.open(folder).filter(min_side=5000)
    cats = ids(folder)["cat"]
    visitor.post("decisions", words={cats[0]: "keep", cats[1]: "keep", cats[2]: "drop"})
    [row] = visitor.get("agreement")
    assert row == {"reason": "set.small", "left_out": 5, "dropped": 1, "kept": 2}


def test_a_run_is_the_run_of_the_command_line(tmp_path: Path) -> None:
    with PracticeWeb(Knobs.calm()) as web:
        with collector.collect(
            ["red panda"], out=tmp_path / "images", limit=2, practice=web, source="openverse"
        ) as first:
            first.wait()
        with collector.open(tmp_path / "images").studio(flags=["--browsers", "1"]) as served:
            visitor = Visitor(served)
            assert "red panda" in str(visitor.get("status")["keywords"])
            refused = visitor.refusal("jobs", 404, kind="run", keywords=["lighthouse"], sources=["gogle"])
            assert "gogle" in refused and visitor.get("status")["lists"] == []
            visitor.post("jobs", kind="run", keywords=["lighthouse", "-x"], limit=3, label="tower")
            state = finished(visitor)
    assert state["job"]["ended"] == 0, state["job"]["lines"]
    assert state["lists"] == ["keywords.csv"] and len(state["newest"]) == 8
    rows = (tmp_path / "images-studio" / "keywords.csv").read_text().splitlines()
    assert rows == ["keyword,label,source,limit", "lighthouse,tower,,3", "-x,tower,,3"]
    assert {row["keyword"]: row["saved"] for row in state["keywords"]} == {"red panda": 2, "lighthouse": 3, "-x": 3}


def test_a_page_and_what_its_hosts_want(folder: Path) -> None:
    led = made(folder, settings={"fetch.allow_private": True})
    with PracticeWeb(Knobs.calm()) as web:
        address = f"{web.url}/page/protected"
        with collector.open(folder).studio(settings=led, flags=["--allow-private"]) as served:
            visitor = Visitor(served)
            assert visitor.post("jobs", kind="page", address=f" {address} ", label="web") == {"address": address}
            assert finished(visitor)["job"]["ended"] == 0
            before = visitor.get("found", address=address, test="none")
            found = visitor.get("found", address=address, test="each")
    assert {one["state"] for one in before} == {"not tested"}
    assert {(one["state"], one["from_host"]) for one in found} >= {("open", True), ("needs Referer", False)}
    assert {one["id"] for one in found if not one["loss"]} == set(ids(folder)["web"])


def finished(visitor: Visitor) -> dict[str, Any]:
    end = time.monotonic() + 60
    while visitor.get("status?job")["job"]["running"] and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)  # What it told last is as old as that at most.
    return visitor.get("status")


def test_an_export_is_previewed_and_written(visitor: Visitor, folder: Path) -> None:
    place = folder.parent / "set"
    plan = visitor.post("preview", kind="export", format="csv", dest=str(place), min_side=160)
    assert (plan["pictures"], plan["unsplit"], plan["rows"]) == (4, 0, [["cat", 4]])
    assert plan["left"] == [["smaller than asked", 1]]
    visitor.post("jobs", kind="export", format="csv", dest=str(place), split="train=0.5,val=0.5", skip_small=True)
    assert finished(visitor)["job"]["ended"] == 0 and (place / "data.csv").is_file()
    assert "no export format" in visitor.refusal("preview", 409, kind="export", format="zip", dest="x")
    assert "write the folder" in visitor.refusal("preview", 404, kind="export", format="csv", dest=" ")
    assert visitor.refusal("jobs", 400, kind="rm", path="/")


def test_a_list_that_is_dropped_in_takes_no_place_of_what_was_typed(visitor: Visitor, folder: Path) -> None:
    place = folder.parent / "images-studio"
    lists = Lists(place, folder)
    lists.add([QueryRow("otter", limit=2)])
    assert lists.keep("keywords.csv", "badger\nstoat\n").name == "keywords-2.csv"
    lists.add([QueryRow("lynx"), QueryRow("otter", limit=2)])
    assert (place / "keywords.csv").read_text() == "keyword,label,source,limit\notter,,,2\nlynx,,,\n"
    (place / "keywords.csv").write_text("a;b\nc;d\n")
    assert "does not name" in visitor.refusal("jobs", 404, kind="run", keywords=["x"])


def test_nothing_is_moved_when_a_file_is_gone_and_odd_values_are_refused(visitor: Visitor, folder: Path) -> None:
    first, second = ids(folder)["cat"][:2]
    with Ledger.read(folder) as ledger:
        row = next(one for one in ledger.dataset.pictures() if one.id == second)
    (folder / row.file).unlink()
    assert "nothing was moved: no file at " in visitor.refusal("labels", 404, words={first: "x", second: "x"})
    assert "x" not in ids(folder)
    assert visitor.refusal("decisions", 400, words={1 << 63: "keep"})
    assert visitor.refusal("preview", 400, kind="export", format="csv", dest="x", max_per_class=-1)
    assert visitor.refusal("preview", 404, kind="export", format="csv", dest="a\0b")


def test_a_moved_picture_leaves_the_map_whole(folder: Path, visitor: Visitor) -> None:
    first = ids(folder)["cat"][0]
    visitor.post("labels", words={first: "dog"})
    keywords = [keyword for keyword, _ in collector.open(folder).urls()]
    assert keywords == sorted(keywords) and set(keywords) == {"cat", "dog"}


def test_the_end_of_the_studio_ends_the_run_it_started(folder: Path) -> None:
    command = [sys.executable, "-m", "collector", "studio", "--no-open", "--out", str(folder), "--allow-private"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served, PracticeWeb(Knobs.calm()) as web:
        assert served.stdout is not None
        visitor = Visitor(served.stdout.readline().strip())
        visitor.post("jobs", kind="page", address=f"{web.url}/page/wall")
        children = psutil.Process(served.pid).children(recursive=True)
        served.send_signal(signal.SIGINT)
        assert served.wait(60) == 0
        assert not psutil.wait_procs(children, timeout=10)[1]


def test_numbers_are_the_report(visitor: Visitor) -> None:
    page = visitor.asked("numbers")
    assert "Report on images" in page.text and "unsafe" not in page.headers["Content-Security-Policy"]


def test_one_command_at_a_time_and_a_clean_stop(tmp_path: Path) -> None:
    jobs = Jobs()
    jobs.start(["practice", "--port", "0"])
    with pytest.raises(UsageError, match="running already"):
        jobs.start(["sources"])
    end = time.monotonic() + 30
    while not jobs.state().lines and time.monotonic() < end:
        time.sleep(0.05)
    jobs.close()
    assert not jobs.state().running and jobs.state().ended is not None


@pytest.mark.parametrize(
    ("named", "host", "ours"),
    [
        ("127.0.0.1:80", "127.0.0.1", True),
        ("localhost:80", "127.0.0.1", True),
        ("evil.test:80", "127.0.0.1", False),
        ("127.0.0.1:81", "127.0.0.1", False),
        ("192.0.2.1:80", "127.0.0.1", False),
        ("192.0.2.1:80", "0.0.0.0", True),
        ("evil.test:80", "0.0.0.0", False),
        ("[::1]:80", "::", True),
        ("box.lan:80", "box.lan", True),
    ],
)
def test_which_names_are_ours(named: str, host: str, ours: bool) -> None:
    assert _ours(named, host, 80) is ours


def test_other_hosts_need_a_key_of_some_length(folder: Path) -> None:
    studio = collector.open(folder)
    for token in ("", "short"):
        with pytest.raises(UsageError, match="--token"):
            studio.studio(host="0.0.0.0", token=token)
    with studio.studio(host="0.0.0.0", token="k" * 16) as served:
        assert served.url == f"http://0.0.0.0:{served.port}/?token={'k' * 16}"
    with pytest.raises(UsageError, match="--token"):
        studio.studio(token="käse" * 8)
