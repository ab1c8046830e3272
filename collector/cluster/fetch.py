"""A fetch whose pictures go to a store, piece by piece, on this machine or on many."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from collector.cluster import accounts, engines
from collector.cluster.accounts import Accounts
from collector.cluster.partitions import Dealt, Job, Plan
from collector.cluster.piece import Work, packed
from collector.cluster.settle import settle
from collector.cluster.store import Store
from collector.errors import GO_ON, InputError, UsageError
from collector.http.blocklist import hosts as blocked_hosts
from collector.importers.blocklist import Terms
from collector.ledger import Ledger
from collector.settings import FetchSettings, Settings
from collector.urls import host_of


def fetch(
    ledger: Ledger,
    settings: Settings,
    store: Store,
    *,
    on: str,
    size: int,
    again: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Accounts:
    """Fetch what the ledger has to do into the store; it is only read. `tell` hears of partitions done, and of all.

    Earlier pieces are read, not fetched; `again` tries what they have left to be tried again.
    """
    wanted: dict[tuple[str, str], int] = {}

    def jobs() -> Iterator[Job]:
        for job in _jobs(ledger, settings):
            wanted[job.keyword, job.label] = job.wanted
            yield job

    shares = 1 if settings.fetch.delay else settings.fetch.per_host
    plan = accounts.stored_plan(store) or Plan.of(Counter(host_of(job.hit.url) for job in jobs()), size, shares)
    with tempfile.TemporaryDirectory(prefix="collector-deal-") as folder:
        dealt = Dealt(plan, jobs(), Path(folder))
        _check_shares(dealt.shares, settings.fetch, store)
        accounts.remember_plan(store, plan, dealt.given, dealt.repeated)
        if accounts.stored_plan(store) != plan:
            raise InputError(f"{store.url}: another run has begun it at the same moment; {GO_ON}")
        work = _work(ledger, settings, store, again)
        before = set(store.sizes())
        read = 0
        for done, markers in enumerate(engines.each(on, work, dealt, stopping), 1):
            read += sum(f"{marker.piece}.json" in before for marker in markers)
            tell(done, len(dealt))
    settle(store, wanted, ledger.work.forgotten())
    return accounts.accounts(store, read)


def _work(ledger: Ledger, settings: Settings, store: Store, again: bool) -> Work:
    hosts = ",".join(sorted(blocked_hosts(settings.fetch.block_hosts) | ledger.maintenance.forgotten_hosts()))
    own, cookies = packed(replace(settings.fetch, block_hosts=hosts))
    return Work(own, store.url, again, cookies=cookies)


def _check_shares(shares: int, settings: FetchSettings, store: Store) -> None:
    """UsageError when a host was split into more partitions than the settings now have connections for."""
    if shares > (1 if settings.delay else settings.per_host):
        allowed = "fetch.delay has one" if settings.delay else f"fetch.per_host is {settings.per_host}"
        raise UsageError(
            f"{store.url}: was begun with a host in {shares} partitions of one connection each, and {allowed}; "
            "fetch as it was begun, or begin another store"
        )


def _jobs(ledger: Ledger, settings: Settings) -> Iterator[Job]:
    blocked = Terms.of(settings)
    for keyword, label, source, rank, wanted, hit in ledger.work.jobs():
        if not blocked(keyword):
            yield Job(keyword, label, source, rank, wanted, hit)
