"""The practice web in the place of every source, for a run or for the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collector import settings as settings_file
from collector.errors import UsageError
from collector.ledger.ledger import PRACTICE, PRACTICE_PORT
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.ledger import Ledger
    from collector.practice import PracticeWeb
USUAL = "practice-images"
"""What a folder of practice pictures is called."""
FOREIGN = 0.25
"""Share of the pictures there that show something else than their keyword, as a search brings them."""


@contextmanager
def site(practice: bool | PracticeWeb, ledger: Ledger, settings: Settings) -> Iterator[Settings]:
    """The settings, with every source led to a practice web if that is wanted: to the given one, or to one that
    runs meanwhile. UsageError for a folder that holds the other kind of pictures."""
    _keep_apart(practice is not False, ledger, settings.out)
    if practice is False:
        yield settings
    elif practice is not True:
        yield led_to(settings, practice.url)
    else:
        with practice_site(int(ledger.note(PRACTICE_PORT) or 0)) as address:
            ledger.remember(PRACTICE_PORT, address.rpartition(":")[2])
            yield led_to(settings, address)


def _keep_apart(practice: bool, ledger: Ledger, folder: Path) -> None:
    """Drawings must never pass for pictures of the world: a folder holds one kind. UsageError for the other."""
    if practice and ledger.maintenance.size and not ledger.practice:
        advice = f"give practice a folder of its own, such as --out {USUAL}"
        raise UsageError(f"{folder}: its pictures are real ones; {advice}")
    if not practice and ledger.practice:
        advice = "give another --out, or delete the folder; with --practice it goes on as it was"
        raise UsageError(f"{folder}: its pictures are drawings of the practice web; {advice}")
    if practice:
        ledger.remember(PRACTICE, "yes")


@contextmanager
def practice_site(port: int = 0) -> Iterator[str]:
    """The address of a practice web that runs meanwhile; port 0 is any free one. UsageError when it is taken."""
    try:
        web = _practice_web(port)
    except OSError:
        raise UsageError(
            f"--practice: port {port}, which the URLs of this folder use, is taken; free it, or give another --out"
        ) from None
    try:
        yield web.url
    finally:
        web.stop()


def led_to(settings: Settings, address: str) -> Settings:
    """The settings with every source at the practice web. It needs no browser window: it challenges nobody."""
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

    from collector.practice import Knobs, PracticeWeb

    knobs = Knobs(foreign=FOREIGN)
    candidates = [port] if port else random.sample(range(20_000, 30_000), 50)
    for candidate in candidates[:-1]:
        with suppress(OSError):
            return PracticeWeb(knobs, port=candidate).start()
    return PracticeWeb(knobs, port=candidates[-1]).start()
