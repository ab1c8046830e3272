"""Looks over all that a run needs - machine, browser, folder, ledger, sources - and says what to do about it.

Changes nothing and never prints; whatever it finds is a Finding, not an error.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from collector import sources
from collector.errors import BrowserError, FolderLocked, UsageError, counted
from collector.ledger import disk, examine
from collector.ledger.lock import FILE_NAME, FolderLock
from collector.model import SearchState
from collector.settings import SearchSettings, Settings
from collector.urls import Proxies

LITTLE, TOO_LITTLE = 2_000_000_000, 100_000_000
"""Free bytes below which a run may, and will soon, fill the disk."""
FEW_FILES = 10_000


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what is so, and what to do where something is to be done."""

    level: Level
    what: str
    cure: str = ""
    code: int = 0
    """The exit code that a run would end with because of a problem."""

    def __str__(self) -> str:
        return f"{self.level}: {self.what}" + (f": {self.cure}" if self.cure else "")


def checks(settings: Settings) -> Iterator[Finding]:
    """Everything but the sources, each finding as soon as it is known."""
    version = platform.python_version()
    yield _ok(f"Python {version} ({sys.executable})")
    yield from _browser(settings)
    yield from _display(settings)
    yield from _shared_memory()
    yield from _proxies(settings)
    yield from _disk(settings.out)
    yield from _folder(settings.out)


def live(settings: Settings) -> Iterator[Finding]:
    """Each source of the settings is asked for one keyword, by each way it knows."""
    for name in sources.split_names(settings.source):
        yield from _source(name, settings)


def _ok(what: str) -> Finding:
    return Finding(Level.OK, what)


# --------------------------------------------------------------------------- browser


def _browser(settings: Settings) -> Iterator[Finding]:
    from collector.browser import driver
    from collector.search import selftest

    search = settings.search
    try:
        if not search.grid:
            found = driver.locate(search.browser_binary, search.driver)
            yield _ok(f"browser {found.browser_version or 'of unknown version'} ({found.browser})")
            yield _ok(f"driver {found.driver_version} ({found.driver}), fits the browser")
        else:
            yield from _grid(search)
        started = selftest.start_once(search)
    except UsageError as error:
        yield Finding(Level.PROBLEM, str(error), code=10)
    except BrowserError as error:
        yield Finding(Level.PROBLEM, str(error), code=error.exit_code)
    except FolderLocked as error:
        yield Finding(Level.WARNING, "the browser was not tried", str(error))
    else:
        window = "with a window" if started.headed else "headless"
        where = f" on {settings.search.grid.rpartition('@')[2]}" if search.grid else ""
        yield _ok(
            f"the browser starts{where}, {window}, within {started.seconds:.1f} s, and says it is {started.agent}"
        )


def _grid(search: SearchSettings) -> Iterator[Finding]:
    """What the grid has, by its own words. BrowserError, UsageError."""
    from collector.browser.grid import Grid

    grid = Grid(search)
    status = grid.status()
    if status is None:
        yield _ok(f"{grid.name} is a single driver, not a grid of nodes")
        return
    text = f"grid {grid.name}: nodes {status.nodes}, slots for Chrome {status.slots}, free {status.free}"
    if status.slots and status.slots < search.browsers:
        cure = f"a run uses {status.slots} of the {search.browsers} browsers it is to have (`--browsers`)"
        yield Finding(Level.WARNING, text, cure)
    else:
        yield _ok(text)


def _display(settings: Settings) -> Iterator[Finding]:
    from collector.browser import display

    trouble = display.trouble()
    if settings.search.grid:
        return
    if not trouble:
        yield _ok(f"a window can be opened {display.name()}".rstrip())
    else:
        cure = "browsers run headless, which search engines challenge more; xvfb-run gives them a display"
        yield Finding(Level.WARNING, trouble, cure)


def _proxies(settings: Settings) -> Iterator[Finding]:
    """The proxies, and whether they take a connection."""
    proxies = Proxies.of(settings.fetch.proxy, os.environ)
    for proxy in dict.fromkeys(filter(None, (proxies.http, proxies.https))):
        kinds = " and ".join(kind for kind in ("http", "https") if getattr(proxies, kind) == proxy)
        try:
            socket.create_connection((proxy.host, proxy.port), timeout=settings.fetch.connect_timeout).close()
        except OSError as error:
            text = f"the proxy {proxy} for {kinds} takes no connection ({error.strerror or error})"
            yield Finding(Level.PROBLEM, text, "correct --proxy, or HTTP_PROXY and the like", 8)
        else:
            direct = f", not for {', '.join(proxies.bypass)}" if proxies.bypass else ""
            yield _ok(f"the proxy {proxy} is used for {kinds}{direct}; which addresses are reached is its business")


def _shared_memory() -> Iterator[Finding]:
    from collector.browser.options import SMALL_SHM, shm_is_small

    if sys.platform != "linux":
        return
    if shm_is_small():
        cure = "Chrome uses files instead, which is slower; in Docker give --shm-size=1g"
        yield Finding(Level.WARNING, f"/dev/shm is missing or below {SMALL_SHM // 2**20} MB", cure)
    else:
        yield _ok(f"/dev/shm has {shutil.disk_usage('/dev/shm').total // 2**20:,} MB")


# --------------------------------------------------------------------------- folder


def _disk(out: Path) -> Iterator[Finding]:
    """Space and write access where the output folder is or will be."""
    place = out.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        yield Finding(Level.PROBLEM, f"{place} is a file, not a folder", "move it away or give another --out", 3)
        return
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * 4096)
        free = shutil.disk_usage(place).free
        files = os.statvfs(place).f_favail if hasattr(os, "statvfs") else -1
    except OSError as error:
        cure = "make it writable, or give another --out"
        yield Finding(Level.PROBLEM, f"{place} cannot be written to ({error.strerror or error})", cure, 3)
        return
    text = f"{place} can be written to, {free / 1e9:,.1f} GB free"
    if free < TOO_LITTLE:
        yield Finding(Level.PROBLEM, text, "make room or give another --out", 3)
    elif free < LITTLE or 0 < files < FEW_FILES:
        yield Finding(Level.WARNING, text, "make room before a large run")
    else:
        yield _ok(text)
    if kind := disk.network(place):
        cure = "a local disk is faster and safer; copy the folder when it is done"
        yield Finding(Level.WARNING, f"{place} is on a network file system ({kind})", cure)


def _folder(out: Path) -> Iterator[Finding]:
    """Who is at work in the output folder, and its ledger."""
    busy = False
    if (out / FILE_NAME).exists():
        try:
            with FolderLock(out):
                yield _ok(f"nobody else works in {out}")
        except FolderLocked as error:
            busy = True
            yield Finding(Level.WARNING, "the output folder is in use", str(error))
        except OSError:
            return  # told by the check of the disk
    found = examine(out)
    if found is None:
        yield _ok(f"no ledger in {out} yet")
    elif found.trouble:
        cure = "`collector repair` if it is damaged, else move it away or update collector"
        yield Finding(Level.PROBLEM, f"the ledger in {out} is {found.trouble}", cure, 6)
    else:
        counts = f"{counted(found.keywords, 'keyword')}, {counted(found.found, 'URL')}, {found.saved:,} saved"
        yield _ok(f"the ledger in {out} is whole: {counts}, schema {found.version}")
        if found.interrupted and not busy:
            yield _ok("the last run was interrupted; the next one clears up after it")


# --------------------------------------------------------------------------- sources


def _source(name: str, settings: Settings) -> Iterator[Finding]:
    from collector.http.page_client import PageClient
    from collector.search.selftest import Way, try_ways

    source, pages = sources.load(name), PageClient(settings.fetch)
    keyword = source.example
    ways: list[Way] = []
    tried = try_ways(name, source, settings.sources[name], settings.search, pages.visit, settings.fetch.allow_private)
    try:
        for way in tried:
            ways.append(way)
            if way.reason == "page.open":
                yield _ok(f'{name} for "{keyword}"{_by(way.name)}: not needed, addresses are open')
            elif way.matched:
                yield _ok(f'{name} for "{keyword}"{_by(way.name)}: {way.matched} pictures')
            else:
                others = f"; {way.others} came otherwise or small" if way.others else ""
                why = " ".join(filter(None, (way.state.value, way.reason, way.detail)))
                text = f'{name} for "{keyword}"{_by(way.name)}: none ({why}{others})'
                yield Finding(Level.WARNING, text)
    except (BrowserError, UsageError, FolderLocked) as error:
        yield Finding(Level.PROBLEM, f"{name} was not tried", str(error), 10)
        return
    for text in dict.fromkeys(text for way in ways for text in way.told):
        yield Finding(Level.WARNING, f"{name}: {text}")
    if not any(way.matched for way in ways):
        states = {way.state for way in ways}
        code = 8 if SearchState.UNREACHABLE in states else 10 if SearchState.FAILED in states else 7
        yield Finding(Level.PROBLEM, f"{name} gives no pictures by any way", "try later, or with --headed", code)
    elif not all(way.matched or way.reason == "page.open" for way in ways):
        cure = "a run takes the others, but the site may be changing: look for a newer collector"
        yield Finding(Level.WARNING, f"{name} no longer answers to every way", cure)


def _by(way: str) -> str:
    return f" by {way}" if way else ""
