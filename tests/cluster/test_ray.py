"""A Ray cluster of two machines, one of which is lost in the middle. Heavy: skipped without Ray."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import accounts, fetch
from collector import open as open_collection
from collector.cluster.ray_engine import _join
from collector.errors import InputError
from tests.support.command import ROOT
from tests.support.picture_hosts import hosts, listed

pytest.importorskip("ray", reason="ray is not installed")
pytest.importorskip("fsspec")
SETTINGS = {"fetch.allow_private": True, "fetch.threads": 8, "fetch.keep_free": 0}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores, and two machines with one each."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _cluster(monkeypatch)


def _cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),
                        ("PYTHONPATH", str(ROOT))):  # fmt: skip
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own affair
        from ray.cluster_utils import Cluster

        few = {"object_store_memory": 100 << 20, "include_dashboard": False}
        soon = {
            "health_check_initial_delay_ms": 1000,
            "health_check_period_ms": 500,
            "health_check_failure_threshold": 4,
        }
        running = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "_system_config": soon, **few})
        monkeypatch.setenv("RAY_ADDRESS", running.address)
        for _ in range(2):
            running.add_node(num_cpus=1, object_store_memory=100 << 20)
        yield running
        running.shutdown()


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore")
def test_a_machine_lost_in_the_middle_costs_time_and_no_picture(tmp_path: Path, cluster: Any) -> None:
    store = f"file://{tmp_path}/set"
    with hosts(6, seconds=0.1) as running:
        found = {"cat": [f"{host.home}/{n}.jpg" for place, host in enumerate(running)
                         for n in range(place * 100, place * 100 + 30)],
                 "dog": [f"{host.home}/no-{n}.jpg" for host in running for n in range(5)]}  # fmt: skip
        folder = listed(tmp_path / "images", found)
        lost: list[str] = []

        def lose() -> None:
            """Take one of the machines away as soon as a piece is done."""
            while not list((tmp_path / "set").glob("part-*.json")):
                time.sleep(0.02)
            victim = cluster.list_all_nodes()[-1]
            cluster.remove_node(victim, allow_graceful=False)
            lost.append(victim.node_id)

        killer = threading.Thread(target=lose, daemon=True)
        killer.start()
        kept = fetch(folder, store=store, on="ray", partition_size=30, settings=SETTINGS)
        killer.join()
        assert lost
        assert (kept.given, kept.closes) == (210, True)
        assert kept.states == {"saved": 180, "failed": 30}
        assert kept.set == {"": 180}
        assert max(host.most for host in running) <= 8, "connections at a host, whoever asks"
        before = sum(len(host.hits) for host in running)
        again = fetch(folder, store=store, on="ray", partition_size=30, settings=SETTINGS)
        assert (again.read, again.states) == (kept.pieces, kept.states)
        assert sum(len(host.hits) for host in running) == before
    assert accounts(store).states == kept.states
    assert os.environ["RAY_ADDRESS"] == cluster.address


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore")
def test_one_ledger_loses_nothing_with_a_machine(tmp_path: Path, cluster: Any) -> None:
    cluster.add_node(num_cpus=1, object_store_memory=100 << 20)  # In the place of the one that was lost, if it was.
    with hosts(6, seconds=0.02) as running:
        found = {
            "cat": [f"{host.home}/{n}.jpg" for place, host in enumerate(running)
                    for n in range(place * 100, place * 100 + 40)],
            "dog": [f"{host.home}/no-{n}.jpg" for host in running for n in range(5)],
        }  # fmt: skip
        folder = listed(tmp_path / "images", found, limit=200)
        seen: Counter[str] = Counter()
        for event in open_collection(folder).fetch(on="ray", workers=4, settings=SETTINGS):
            seen[type(event).__name__] += 1
            if seen.total() == 60:
                cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        assert seen == {"Saved": 200, "Failed": 30, "Skipped": 40}
        assert max(host.most for host in running) <= 8, "connections at a host, whoever asks"
    assert len(list(folder.rglob("*.jpg"))) == 200
    assert not list(folder.glob(".collector-*.part"))


class _Away:
    """A Ray whose client does not get through."""

    def init(self, **_: Any) -> None:
        raise ConnectionError("Initialization failure from server:\n\nno room for another job\n")


@pytest.mark.parametrize(("mode", "hint"), [
    (None, "; if it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"), ("token", ""),
])  # fmt: skip
def test_a_cluster_that_is_away_is_told_in_one_line(
    mode: str | None, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    if mode:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    with pytest.raises(InputError) as told:
        _join(_Away(), "ray://head:10001")
    assert str(told.value) == f"ray://head:10001: the cluster cannot be reached: no room for another job{hint}"
