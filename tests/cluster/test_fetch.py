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
from collector.cluster.partitions import Plan
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
        saved = kept.states["saved"]  # Ports say whether both hosts of number 0 are in one partition.
        assert kept.states in ({"saved": 24, "failed": 2}, {"saved": 23, "duplicate": 1, "failed": 2})
        assert kept.set == {"": 23, "duplicate.other_label": 1}, "number 0 lies at two hosts"
        assert members(store) == {"jpg": saved, "txt": saved, "json": saved}
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


def test_of_two_urls_with_the_same_bytes_the_better_rank_has_them_wherever_they_lie(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        ants = urls(host, range(10, 30))
        found = {"ant": [*ants, f"{host.home}/7.jpg"], "bee": [f"{host.home}/07.jpg"]}
        folder = listed(tmp_path / "images", found, limit=20)
        kept = fetch(folder, store=store, settings=SETTINGS)
    assert kept.states == {"saved": 21, "duplicate": 1}, "one of the two, as they came"
    assert kept.set == {"": 21, "duplicate.other_label": 1}
    [bee] = [row for row in parquet.read_table(tmp_path / "set" / "set.parquet").to_pylist() if row["label"] == "bee"]
    assert bee["kept"]
    with tarfile.open(tmp_path / "set" / bee["tar"]) as tar:
        assert f"{bee['id']}.jpg" in tar.getnames()


def test_a_limit_that_is_raised_keeps_more_and_fetches_nothing(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        found = {"cat": urls(host, range(8))}
        assert fetched(listed(tmp_path / "images", found, limit=3), store).set == {"": 3, "policy.limit": 5}
        before = asked([host])
        assert fetched(listed(tmp_path / "images", found, limit=6), store).set == {"": 6, "policy.limit": 2}
        assert asked([host]) == before


def test_a_split_host_never_sees_more_connections_than_its_limit(tmp_path: Path) -> None:
    with hosts(1, seconds=0.02) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(40))})
        kept = fetch(folder, store=f"file://{tmp_path}/set", partition_size=10,
                     settings={**SETTINGS, "fetch.per_host": 2})  # fmt: skip
        assert kept.states == {"saved": 40}
        assert kept.pieces == 2
        assert host.most == 1, "each of two partitions has one of the two"


@pytest.mark.parametrize("changed", [{"fetch.per_host": 1}, {"fetch.delay": 0.01}])
def test_a_split_host_is_not_fetched_with_fewer_connections_than_parts(
    tmp_path: Path, changed: dict[str, float]
) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(40))})
        fetch(folder, store=store, partition_size=10, settings={**SETTINGS, "fetch.per_host": 2})
        before = asked([host])
        with pytest.raises(UsageError, match="was begun with a host in 2 partitions of one connection each"):
            fetch(folder, store=store, partition_size=10, settings={**SETTINGS, **changed})
        assert asked([host]) == before


def test_two_runs_that_begin_a_store_at_once_do_not_mix_their_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"file://{tmp_path}/set"
    plans = iter([None, Plan(7, {})])
    monkeypatch.setattr("collector.cluster.accounts.stored_plan", lambda _: next(plans))
    with pytest.raises(InputError, match="another run has begun it at the same moment"):
        fetched(listed(tmp_path / "images", {"cat": ["http://127.0.0.1:9/1.jpg"]}), store)


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


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_a_marker_or_table_that_is_cut_off_is_named_and_done_again(tmp_path: Path, kind: str) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(4))})
        kept = fetched(folder, store)
        [spoilt] = tmp_path.glob(f"set/part-*.{kind}")
        size = spoilt.stat().st_size
        spoilt.write_bytes(spoilt.read_bytes()[:30])
        line = "not a marker of collector's" if kind == "json" else f"30 bytes instead of {size:,}"
        assert f"{spoilt.name}: {line}" in accounts(store).missing
        mended = fetched(folder, store)
    assert (mended.states, mended.closes, mended.set) == (kept.states, True, kept.set)


def test_a_piece_that_was_spoilt_is_done_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(1) as [host]:
        folder = listed(tmp_path / "images", {"cat": urls(host, range(4))})
        fetched(folder, store)
        tar = next(tmp_path.glob("set/*.tar"))
        tar.write_bytes(tar.read_bytes()[:100])
        (tmp_path / "set" / f"{tar.name}.0123abcd.part").write_bytes(b"half")
        listed(folder, {"cat": urls(host, range(6))})
        kept = fetched(folder, store)
    assert (kept.states, kept.closes, kept.pieces) == ({"saved": 6}, True, 1)
    assert not tar.exists(), "the new piece has other URLs, and so another name"
    assert members(store) == {"jpg": 6, "txt": 6, "json": 6}
    assert sorted(path.suffix for path in (tmp_path / "set").iterdir()) == [
        ".json",
        ".json",
        ".parquet",
        ".parquet",
        ".tar",
    ]


def test_a_store_that_is_away_for_a_moment_costs_no_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece, "PAUSES", (0.0, 0.0))
    put, fails = Store.put_file, iter([True, True, False, True])

    def shaky(self: Store, name: str, path: str) -> None:
        if next(fails, False):
            raise InputError("the store is away")
        put(self, name, path)

    monkeypatch.setattr(Store, "put_file", shaky)
    with hosts(1) as [host]:
        kept = fetched(listed(tmp_path / "images", {"cat": urls(host, range(4))}), f"file://{tmp_path}/set")
        assert (kept.states, kept.closes) == ({"saved": 4}, True)
        assert max(Counter(host.hits).values()) == 1


def test_a_store_that_stays_away_ends_the_run_and_the_next_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece, "PAUSES", ())
    put, store = Store.put_file, f"file://{tmp_path}/set"

    def gone(self: Store, name: str, path: str) -> None:
        if len(list(tmp_path.glob("set/part-*.json"))) == 1:
            raise InputError("the store is away")
        put(self, name, path)

    with hosts(3) as running:
        found = {"cat": [url for host in running for url in urls(host, range(12))]}
        folder = listed(tmp_path / "images", found)
        monkeypatch.setattr(Store, "put_file", gone)
        with pytest.raises(InputError, match="the store is away"):
            fetched(folder, store)
        monkeypatch.setattr(Store, "put_file", put)
        kept = fetched(folder, store)
    assert (kept.closes, kept.read, sum(kept.states.values())) == (True, 1, 36)


def test_cookies_go_with_the_work_and_are_not_shown(tmp_path: Path) -> None:
    from collector.cluster.piece import Work, packed, with_cookies
    from collector.settings import FetchSettings

    file = tmp_path / "cookies.txt"
    file.write_text("example.org\tFALSE\t/\tFALSE\t0\tsession\tsecret\n")
    settings, cookies = packed(FetchSettings(cookies=str(file)))
    file.unlink()
    assert settings.cookies == ""
    assert "secret" not in repr(Work(settings, "memory://x", cookies=cookies))
    there = with_cookies(settings, cookies, tmp_path)
    assert Path(there.cookies).read_bytes() == cookies


def test_memory_is_no_store_for_several_processes(tmp_path: Path) -> None:
    folder = listed(tmp_path / "images", {"cat": ["http://127.0.0.1:9/1.jpg"]})
    with pytest.raises(UsageError, match="each process has a memory of its own, so not with --on ray"):
        fetched(folder, "memory://ray", on="ray")


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
