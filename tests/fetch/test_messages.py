"""What crosses between the processes comes out as it went in, and anything else is refused."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pytest

from collector.fetch.messages import (
    ORDERS,
    RESULTS,
    Begin,
    Came,
    Close,
    Given,
    Missed,
    Ready,
    WorkerFailed,
    line,
    missed,
    trouble,
)
from collector.model import Attempt, Downloaded, DownloadFailed, Media, Picture, Task
from collector.settings import FetchSettings

TASK = Task(7, 3, "https://a.example/x.jpg", "https://a.example/", 10, 20, True, 2, ("https://b.example/x.jpg",),
            Media.VIDEO, "a=b", "https://a.example/t.jpg")  # fmt: skip
PICTURE = Picture("0" * 64, "JPEG", "jpg", 640, 480, 1234, "L", 6, 3, "f" * 16, rights=(("creator", "Jörg 金"),))
ATTEMPT = Attempt(200, "https://c.example/", 1.5, "fallback", "X-Robots-Tag: noai", 1234)


def test_orders() -> None:
    begin = Begin(FetchSettings(threads=3, robots=False), "/out", "token", 8, 2, "/tmp/page")
    assert msgspec.json.decode(line(begin), type=Begin) == begin
    orders: list[Given | Close] = [Given(1, TASK), Given(2, Task(8, 3, "https://a.example/y.jpg")), Close()]
    text = line(orders)
    assert ORDERS.decode(text) == orders
    assert text.count(b"\n") == 1


def test_results_come_back_with_their_task() -> None:
    came = Downloaded(TASK, PICTURE, Path("/out/.collector-1.part"), ATTEMPT)
    failed = DownloadFailed(TASK, "http.503", "busy", Attempt(503, seconds=0.5), 7.0)
    [ready, first, second] = RESULTS.decode(line([Ready(), Came(1, PICTURE, ATTEMPT), missed(2, failed)]))
    assert ready == Ready()
    assert isinstance(first, Came) and isinstance(second, Missed)
    assert (first.serial, first.whole(TASK, came.part)) == (1, came)
    assert (second.serial, second.whole(TASK, came.part)) == (2, failed)


def test_a_worker_cannot_say_where_its_part_file_lies() -> None:
    text = line([Came(1, PICTURE, ATTEMPT)]).replace(b'"serial":1', b'"serial":1,"part":"../../etc/passwd"')
    [came] = RESULTS.decode(text)
    assert isinstance(came, Came)
    assert came.whole(TASK, Path("/out/mine")).part == Path("/out/mine")


def test_trouble_is_raised_as_what_it_was() -> None:
    full, bug = RESULTS.decode(line([trouble(OSError(errno.ENOSPC, "full", "/out/x"), 4), trouble(KeyError("k"))]))
    assert not isinstance(full, Ready | Came | Missed) and not isinstance(bug, Ready | Came | Missed)
    error = full.error()
    assert isinstance(error, OSError)
    assert (full.serial, error.errno, error.strerror, error.filename) == (4, errno.ENOSPC, "full", "/out/x")
    assert isinstance(bug.error(), WorkerFailed)
    assert (bug.serial, str(bug.error())) == (None, "KeyError: 'k'")


def test_half_a_character_is_the_one_for_what_is_none() -> None:
    failed = DownloadFailed(TASK, "net.reset", "cat \ud83d")
    [came] = RESULTS.decode(line([missed(1, failed)]))
    assert isinstance(came, Missed)
    assert came.detail == "cat \ufffd"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[[0, 1]]",
        b'[{"type": "close"}]',
        b'[{"type": "came", "serial": "1"}]',
        b'[{"type": "missed"}]',
        b"\xff",
    ],
)
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        RESULTS.decode(text)
