"""A fetch beyond one machine: pictures into an object store, on this machine or on a Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from os import PathLike
from typing import TYPE_CHECKING

from collector.api import options
from collector.api.practice import site
from collector.api.signals import StopSignals
from collector.errors import GO_ON, Incomplete, Stopped
from collector.ledger import Interrupted
from collector.settings import Settings, Value

if TYPE_CHECKING:
    from collector.cluster.accounts import Accounts
    from collector.practice import PracticeWeb

LOG = logging.getLogger("collector")
PARTITION = 20_000
"""URLs of a partition; see docs/scale.md."""


def fetch(
    out: str | PathLike[str] = "images",
    *,
    store: str,
    on: str = "local",
    partition_size: int = PARTITION,
    again: bool = False,
    settings: Mapping[str, Value] | None = None,
    practice: bool | PracticeWeb = False,
) -> Accounts:
    """Fetch what the folder has to do into a store: s3://bucket/set, gs://bucket/set, file:///folder/set.

    `on`: local, ray (RAY_ADDRESS, else this machine) or ray://HEAD:PORT. The folder's ledger is only read. What lies
    in the store is not fetched again, unless `again` and it was left to be tried again. UsageError, InputError.
    """
    built = options.made(out, settings=settings)
    return fetch_to(built, store, on=on, partition_size=partition_size, again=again, practice=practice)


def fetch_to(
    settings: Settings,
    url: str,
    *,
    on: str = "local",
    partition_size: int = PARTITION,
    again: bool = False,
    practice: bool | PracticeWeb = False,
    notice: Callable[[str], None] = LOG.warning,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Accounts:
    """As `fetch`, with settings that are made already; `tell` hears of partitions done, and of all."""
    from collector.cluster.fetch import fetch as fetched
    from collector.cluster.store import Store
    from collector.crawl import assemble

    store = Store(url)
    with StopSignals(notice) as signals, ExitStack() as stack:
        try:
            ledger = stack.enter_context(assemble.open_existing(settings.out, notice))
            led = stack.enter_context(site(practice, ledger, settings))
            signals.gently = True
            return fetched(
                ledger, led, store, on=on, size=partition_size, again=again,
                stopping=signals.stopping, tell=tell,
            )  # fmt: skip
        except (KeyboardInterrupt, Interrupted, Stopped):
            line = f"stopped; pieces that were whole are kept, {GO_ON}"
            raise Stopped(line, signals.exit_code or 130) from None


def check_store(accounts: Accounts, store: str) -> None:
    """Incomplete when something is missing, or left to be tried again."""
    if not accounts.closes:
        raise Incomplete(f"{store}: the accounts do not close ({accounts.missing[0]}); {GO_ON}")
    if accounts.to_do:
        left = "1 URL is" if accounts.to_do == 1 else f"{accounts.to_do:,} URLs are"
        raise Incomplete(f"{left} left to be tried again; --again does it")


def accounts(store: str) -> Accounts:
    """How a store stands that `fetch` filled: sums over its pieces, and what is missing. InputError without one."""
    from collector.cluster import accounts as kept
    from collector.cluster.store import Store

    return kept.accounts(Store(store))
