"""The practice web in the place of every source, for a run or for the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from collector import settings as settings_file
from collector.errors import UsageError
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.ledger import Ledger
    from collector.practice import PracticeWeb


@contextmanager
def site(practice: bool, ledger: Ledger, settings: Settings) -> Iterator[Settings]:
    """The settings, with every source led to a running practice web if that is wanted.

    The port is kept in the ledger, because the URLs found there hold it and a later run goes on.
    """
    if not practice:
        yield settings
        return
    with practice_site(int(ledger.note("practice.port") or 0)) as address:
        ledger.remember("practice.port", address.rpartition(":")[2])
        yield led_to(settings, address)


@contextmanager
def practice_site(port: int) -> Iterator[str]:
    """The address of a practice web that runs meanwhile; 0 is any free port."""
    try:
        web = _practice_web(port)
    except OSError:
        raise UsageError(
            f"--practice: port {port}, which this folder's URLs use, is taken; free it or give --out"
        ) from None
    try:
        yield web.url
    finally:
        web.stop()


def led_to(settings: Settings, address: str) -> Settings:
    """The settings with every source at the practice web, which needs no window: it challenges nobody for that."""
    for name, table in settings.sources.items():
        if "home" in table:
            home = address if name == "google" else f"{address}/{name}"
            settings = settings_file.assign(settings, f"{name}.home", home, "--practice")
            for pace in table.keys() & {"rate", "api_rate"}:  # Nobody is burdened there.
                settings = settings_file.assign(settings, f"{name}.{pace}", 0.0, "--practice")
    if settings.search.headed == "auto":
        settings = settings_file.assign(settings, "search.headed", "no", "--practice")
    return settings_file.assign(settings, "fetch.allow_private", True, "--practice")


def _practice_web(port: int) -> PracticeWeb:
    """A running practice web; without a port, on a free one below those that systems give to clients."""
    import random

    from collector.practice import PracticeWeb

    candidates = [port] if port else random.sample(range(20_000, 30_000), 50)
    for candidate in candidates[:-1]:
        with suppress(OSError):
            return PracticeWeb(port=candidate).start()
    return PracticeWeb(port=candidates[-1]).start()
