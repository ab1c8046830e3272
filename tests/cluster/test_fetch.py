"""Pictures into a store: every URL has a fate there, nothing is fetched twice, and what is missing is named."""

from __future__ import annotations

import io
import re
import socket
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from collector import Accounts, accounts, fetch
from collector.cluster import piece
from collector.cluster.store import Store
from collector.errors import Incomplete, InputError, UsageError
from tests.support.picture_hosts import Host, hosts, listed

pytest.importorskip("fsspec")
parquet = pytest.importorskip("pyarrow.parquet")
SETTINGS = {"fetch.allow_private": True, "fetch.processes": 1, "fetch.threads": 8, "fetch.keep_free": 0}


def fetched(folder: Path, store: str, **more: Any) -> Accounts:
    return fetch(folder, store=store, partition_size=10, settings=SETTINGS, **more)


def fates(store: str) -> list[dict[str, Any]]:
    kept = Store(store)
    tables = [name for name in kept.sizes() if name.startswith("part-") and name.endswith(".parquet")]
    return [row for name in tables for row in parquet.read_table(io.BytesIO(kept.read(name))).to_pylist()]


def members(store: str) -> Counter[str]:
    """Extension -> files in all tars."""
    kept = Store(store)
    found: Counter[str] = Counter()
    for name in kept.sizes():
        if name.endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(kept.read(name))) as tar:
                found.update(member.name.rpartition(".")[2] for member in tar)
    return found


def urls(host: Host, numbers: range, name: str = "") -> list[str]:
    return [f"{host.home}/{name}{number}.jpg" for number in numbers]


def asked(running: list[Host]) -> int:
    return sum(path != "/robots.txt" for host in running for path in host.hits)


def test_a_set_lands_in_a_store_and_the_same_call_fetches_nothing(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(3) as running:
        found = {
            "cat": [*urls(running[0], range(12)), *urls(running[1], range(20, 25)), *urls(running[1], range(2), "no-")],
            "dog": [*urls(running[2], range(40, 46)), *urls(running[2], range(1))],
        }
        folder = listed(tmp_path / "images", found)
        kept = fetched(folder, store)
        assert (kept.given, kept.closes, kept.read) == (26, True, 0)
        assert kept.states == {"saved": 24, "failed": 2}
        assert kept.set == {"": 23, "duplicate.other_label": 1}, "number 0 lies at two hosts"
        assert members(store) == {"jpg": 24, "txt": 24, "json": 24}
        assert Counter(row["state"] for row in fates(store)) == kept.states
        before = asked(running)
        again = fetched(folder, store)
        assert (again.pieces, again.read, again.states) == (kept.pieces, kept.pieces, kept.states)
        assert asked(running) == before
    assert accounts(store).states == kept.states
    assert not list((tmp_path / "images").glob("cat/*")), "the folder is only read"


def test_new_urls_become_new_pieces_and_old_ones_are_left_alone(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(5))})
        assert fetched(folder, store).states == {"saved": 5}
        listed(folder, {"cat": urls(host, range(8))})
        kept = fetched(folder, store)
        assert (kept.states, kept.given, kept.closes) == ({"saved": 8}, 8, True)
        assert Counter(host.hits).most_common(2)[1][1] == 1, "every picture was asked for once"


def test_what_is_left_to_be_tried_again_is_tried_when_that_is_asked_for(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(2) as running:
        first = {"cat": [*urls(running[0], range(3)), *urls(running[1], range(10, 12))]}
        port = running[1].server_port
        running[1].shutdown()
        running[1].server_close()
        folder = listed(tmp_path / "images", first)
        quick = {**SETTINGS, "fetch.attempts_per_run": 1, "fetch.connect_timeout": 1.0}
        kept = fetch(folder, store=store, settings=quick)
        assert (kept.states, kept.to_do, kept.closes) == ({"saved": 3, "retry": 2}, 2, True)
        assert fetch(folder, store=store, settings=quick).states == {"saved": 3, "retry": 2}, "not asked for"
        back = Host.__new__(Host)
        back_up(back, port)
        try:
            mended = fetch(folder, store=store, settings=quick, again=True)
        finally:
            back.shutdown()
            back.server_close()
    assert (mended.states, mended.given, mended.closes) == ({"saved": 5}, 5, True)


def back_up(host: Host, port: int) -> None:
    """The host is there again, at the same port."""
    import threading
    from http.server import ThreadingHTTPServer

    from tests.support.picture_hosts import _Handler

    host.seconds, host.hits, host.most, host.now, host.counting = 0.0, [], 0, 0, threading.Lock()
    ThreadingHTTPServer.__init__(host, ("127.0.0.1", port), _Handler)
    host.home = f"http://127.0.0.1:{port}"
    threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


def test_a_piece_without_its_marker_is_done_again_under_the_same_names(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(2) as running:
        folder = listed(tmp_path / "images", {"cat": [*urls(running[0], range(12)), *urls(running[1], range(20, 32))]})
        kept = fetched(folder, store)
        names = set(Store(store).sizes())
        gone = next(tmp_path.glob("set/part-*.json"))
        table = gone.with_suffix(".parquet")
        gone.unlink()
        half = accounts(store)
        assert not half.closes
        [line] = half.missing
        assert re.fullmatch(r"partition \d+: (\d+) of \1 URLs have no fate yet", line)
        table.write_bytes(b"half")
        done = fetched(folder, store)
        assert (done.states, done.closes, done.read) == (kept.states, True, kept.pieces - 1)
        assert set(Store(store).sizes()) == names


def test_a_limit_holds_over_all_partitions(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(3) as running:
        found = {"cat": [url for host, first in zip(running, (0, 10, 20), strict=True)
                         for url in urls(host, range(first, first + 4))]}  # fmt: skip
        folder = listed(tmp_path / "images", found, limit=5)
        kept = fetched(folder, store)
    assert kept.states == {"saved": 12}
    assert kept.set == {"": 5, "policy.limit": 7}
    rows = parquet.read_table(tmp_path / "set" / "set.parquet").to_pylist()
    assert [row["rank"] for row in rows if row["kept"]] == [1, 2, 3, 4, 5]


def test_a_split_host_never_sees_more_connections_than_its_limit(tmp_path: Path) -> None:
    with hosts(1, seconds=0.02) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(40))})
        kept = fetch(folder, store=f"file://{tmp_path}/set", partition_size=10,
                     settings={**SETTINGS, "fetch.per_host": 2})  # fmt: skip
        assert kept.states == {"saved": 40}
        assert kept.pieces == 2
        assert host.most == 1, "each of two partitions has one of the two"


def test_missing_and_altered_objects_are_named(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        fetched(listed(tmp_path / "images", {"cat": urls(host, range(4))}), store)
    tar = next(tmp_path.glob("set/*.tar"))
    size = tar.stat().st_size
    tar.write_bytes(b"x")
    assert accounts(store).missing == (f"{tar.name}: 1 bytes instead of {size:,}",)
    next(tmp_path.glob("set/part-*.parquet")).unlink()
    assert len(accounts(store).missing) == 2


def test_what_dead_workers_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece.tempfile, "tempdir", str(tmp_path))
    dead = tmp_path / f"{piece.SCRATCH}999999999-1-abc"
    dead.mkdir()
    (dead / "pictures.tar").write_bytes(b"x")
    with piece.scratch() as mine:
        assert not dead.exists()
        with piece.scratch() as other:
            assert mine.exists(), "whose process lives"
            assert other != mine


@pytest.mark.parametrize(
    ("store", "error", "text"),
    [
        ("set", UsageError, "set: give an address, such as s3://bucket/set or file:///folder/set"),
        ("nowhere://x/y", UsageError, "--store nowhere://x/y: Protocol not known: nowhere"),
        ("memory://empty", InputError,
         "memory://empty: no set of collector's is there; `collector fetch --store` makes one"),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_used_is_one_line(store: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        accounts(store)
    assert str(caught.value) == text


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    folder = listed(tmp_path / "images", {"cat": ["http://127.0.0.1:9/1.jpg"]})
    with pytest.raises(UsageError, match="--on spark: local, ray, or ray://HEAD:PORT"):
        fetched(folder, "memory://engine", on="spark")


def test_what_is_left_to_do_is_told_with_the_exit_code_for_it(tmp_path: Path) -> None:
    from collector.api.cluster import check_store

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]  # and free again when the pictures are asked for
    folder = listed(tmp_path / "images", {"cat": [f"http://127.0.0.1:{port}/1.jpg"]})
    quick = {**SETTINGS, "fetch.attempts_per_run": 1, "fetch.connect_timeout": 1.0}
    kept = fetch(folder, store="memory://todo", settings=quick)
    with pytest.raises(Incomplete, match="1 URL is left to be tried again; --again does it"):
        check_store(kept, "memory://todo")
