"""Exports as a user runs them: killed in the middle, and of labels that break loaders, pages and spreadsheets."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import time
from pathlib import Path

import psutil
import pytest

from tests.support.collection import Collection, drawn, encoded
from tests.support.command import Desk
from tests.support.exporting import HOSTILE, collected
from tests.support.pausing import Paused

WORSE = ("=HYPERLINK('http://evil.test')", "<script>alert(1)</script>", "| a | b |", "x" * 200, "-rf", "new\nline")
LABELS = (*HOSTILE, *WORSE)


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def waited(condition: object, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_a_killed_export_leaves_the_old_one_and_the_next_clears_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with Collection(desk.images) as collection:
        for number in range(16):
            collection.add(f"class {number % 2}", encoded(drawn(number, (64, 48)), quality=80))
    assert desk.run("export", "imagefolder", "set", "--max-per-class", "3").code == 0
    before, part = tree(desk.folder / "set"), desk.folder / ".set.collector-part"
    slow = ("--resize", "stretch", "--side", "64", "--as", "webp")
    paused = Paused(desk, "open", 6, "export", "imagefolder", "set", *slow, under=part)
    try:
        paused.reached()
        children = psutil.Process(paused.process.pid).children(recursive=True)
    finally:
        paused.process.kill()
        paused.process.communicate()
    assert part.is_dir()
    assert len(children) >= min(2, len(os.sched_getaffinity(0)))
    assert tree(desk.folder / "set") == before
    waited(lambda: all(gone(child) for child in children), "its processes live on")
    done = desk.run("export", "imagefolder", "set")
    assert done.code == 0, done.err
    assert "16 pictures in set" in done.out
    assert len(list((desk.folder / "set").rglob("*.jpg"))) == 16
    assert sorted(path.name for path in desk.folder.iterdir()) == ["images", "set", "tmp"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("hostile") / "desk", workers=False)
    with collected(desk.images, LABELS, each=3):
        pass
    return desk


@pytest.mark.parametrize("format", ["imagefolder", "jsonl", "webdataset", "labelstudio"])
def test_hostile_labels_through_the_command_line(hostile: Desk, format: str) -> None:
    dest = f"it's a {format} set; $(x)"
    around = sorted(path.name for path in hostile.folder.parent.iterdir())
    done = hostile.run("export", format, dest, "--split", "train=0.5,test=0.5")
    assert done.code == 0, done.err
    assert f"{3 * len(LABELS)} pictures in {dest}, read back and counted" in done.out
    assert "\nline" not in done.out, "a label breaks no line"
    code = done.out[done.out.index("read back and counted") :].partition("\n")[2]
    if format != "labelstudio":
        compile(code, "loading", "exec")
    assert sorted(path.name for path in hostile.folder.parent.iterdir()) == around
    made = hostile.folder / dest
    assert {path.parent for path in made.rglob("*")} >= {made}
    with (made / "ATTRIBUTION.csv").open(encoding="utf-8", newline="") as file:
        labels = {row["label"] for row in csv.DictReader(file)}
    assert {label for label in LABELS if label[0] not in "=-"} <= labels
    assert not any(label[:1] in ("=", "-") for label in labels), "a spreadsheet would run it"
    card = (made / "README.md").read_text(encoding="utf-8")
    assert "<script>" not in card
    lines = (made / "dataset.lock").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(lines[0])["classes"]) == sorted(LABELS)
    if format == "imagefolder":
        for split in ("train", "test"):
            assert len([path for path in (made / split).iterdir() if path.is_dir()]) == len(LABELS)
