"""Work in other processes: order, one file's trouble is its own, bounds of time, and no life after a killed parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from collector.errors import InputError
from collector.images.processes import FileTrouble, Workers, map_batches, map_files
from tests.support import pictures_work
from tests.support.children import alive, running
from tests.support.collection import drawn, encoded


def files(folder: Path, *names: str) -> list[tuple[str, Path]]:
    return [(name, folder / name) for name in names]


def test_answers_come_in_order_whoever_gives_them(tmp_path: Path) -> None:
    names = [f"{number} {'slow' if number % 7 == 0 else ''}" for number in range(60)]
    found = list(map_files(pictures_work.named, files(tmp_path, *names), "!", processes=2))
    assert found == [(name, f"{name}!") for name in names]


def test_a_file_that_kills_its_process_costs_only_itself(tmp_path: Path) -> None:
    names = ["a", "kill", "b", "no picture", "c", "memory", "d"]
    found = dict(map_files(pictures_work.named, files(tmp_path, *names), "", processes=1))
    assert {name: found[name] for name in "abcd"} == {name: name for name in "abcd"}
    assert found["kill"] == FileTrouble("image.decoder_crash", "the process ended with code -9")
    assert found["no picture"] == FileTrouble("image.unidentified", "told")
    assert found["memory"] == FileTrouble("image.decoder_crash", "it needs more memory than a picture may have")


def test_a_process_that_was_killed_once_is_not_the_files_fault(tmp_path: Path) -> None:
    found = dict(map_files(pictures_work.named, files(tmp_path, "a", "kill-once", "b"), "", processes=1))
    assert found == {"a": "a", "kill-once": "kill-once", "b": "b"}


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with Workers(pictures_work.named, "", processes=1, seconds=1.0) as workers:
        found = dict(workers.map(files(tmp_path, "a", "hang", "b")))
        again = dict(workers.map(files(tmp_path, "c")))
    assert found == {"a": "a", "hang": FileTrouble("image.decoder_timeout", "more than 1 seconds"), "b": "b"}
    assert again == {"c": "c"}


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities")
def test_files_of_a_spoiled_batch_stand_back_as_the_others_do(tmp_path: Path) -> None:
    batches = files(tmp_path, "a", "b", "c", "no picture")
    found = dict(map_batches(pictures_work.priorities, batches, 2, processes=1, gently=True))
    assert found == dict.fromkeys(("a", "b", "c", "no picture"), min(19, os.nice(0) + 19))


def test_a_surprise_is_raised(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(map_files(pictures_work.named, files(tmp_path, "a", "surprise"), ""))


def test_what_cannot_be_used_is_the_same_line_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^model\.onnx: no network$"):
        list(map_files(pictures_work.named, files(tmp_path, "a", "no model"), ""))


def test_trouble_is_told_in_words() -> None:
    assert str(FileTrouble("body.empty", "")) == "the response is empty"
    assert str(FileTrouble("body.html", "told")) == "told"


def test_none_of_them_outlives_the_block(tmp_path: Path) -> None:
    others = running("collector.images.worker")
    going = map_files(pictures_work.named, files(tmp_path, *"abc"), "", processes=1)
    assert next(going) == ("a", "a")
    started = [one for one in running("collector.images.worker") if one not in others]
    going.close()
    assert started and not any(map(alive, started))


SCRIPTS = {
    "hashing": "from collector.images.hashing import hash_files as go",
    "quality": "from collector.dataset.quality import scored\nfrom collector.images.processes import map_batches\n"
    "go = lambda files, processes: map_batches(scored, files, 32, processes=processes)",
    "export": "from collector.images.form import AS_IS\nfrom collector.images.pixels import encoded\n"
    "from collector.images.processes import map_files\n"
    "go = lambda files, processes: map_files(encoded, files, AS_IS, frozenset(), processes=processes)",
}
"""User of the processes -> its call."""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize("user", SCRIPTS)
def test_they_end_with_a_killed_parent(user: str, tmp_path: Path) -> None:
    if user == "quality":
        pytest.importorskip("cleanvision")
    picture = tmp_path / "x.jpg"
    picture.write_bytes(encoded(drawn(1, (320, 240))))
    script = tmp_path / "parent.py"
    script.write_text(
        f"import sys, itertools, pathlib\n{SCRIPTS[user]}\n"
        f"files = ((str(n), pathlib.Path({str(picture)!r})) for n in itertools.count())\n"
        "for n, _ in enumerate(go(files, 2)):\n    if n == 50: print('going', flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
                              env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})  # fmt: skip
    assert parent.stdout is not None and parent.stdout.readline() == b"going\n"
    children = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(children) == 2 and not any(map(alive, children))
