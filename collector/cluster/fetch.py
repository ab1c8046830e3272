"""A fetch whose pictures go to a store, piece by piece, on this machine or on many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from collector.cluster import accounts, engines
from collector.cluster.accounts import Accounts
from collector.cluster.partitions import Job, Plan, distinct
from collector.cluster.piece import Work
from collector.cluster.settle import settle
from collector.cluster.store import Store
from collector.ledger import Ledger
from collector.settings import Settings


def fetch(
    ledger: Ledger,
    settings: Settings,
    store: Store,
    *,
    on: str,
    size: int,
    again: bool = False,
    blocked: Callable[[str], str] | None = None,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Accounts:
    """Fetch what the ledger has to do into the store; it is only read. `tell` hears of partitions done, and of all.

    Earlier pieces are read, not fetched; `again` tries what they have left to be tried again.
    """
    found = list(_jobs(ledger, blocked))
    jobs = distinct(found)
    plan = accounts.stored_plan(store) or Plan.of(jobs, size, 1 if settings.fetch.delay else settings.fetch.per_host)
    partitions = plan.partitions(jobs)
    accounts.remember_plan(store, plan, partitions, len(found) - len(jobs))
    hosts = ",".join(filter(None, (settings.fetch.block_hosts, *sorted(ledger.maintenance.forgotten_hosts()))))
    before = set(store.sizes())
    read = 0
    work = Work(replace(settings.fetch, block_hosts=hosts), store.url, again)
    for done, markers in enumerate(engines.each(on, work, partitions, stopping), 1):
        read += sum(f"{marker.piece}.json" in before for marker in markers)
        tell(done, len(partitions))
    settle(store, ledger.work.forgotten)
    return accounts.accounts(store, read)


def _jobs(ledger: Ledger, blocked: Callable[[str], str] | None) -> Iterator[Job]:
    for keyword, label, source, rank, wanted, hit in ledger.work.jobs():
        if not (blocked and blocked(keyword)):
            yield Job(keyword, label, source, rank, wanted, hit)
