"""A run from Python: plan the queries, work them off as events, stop at any moment, go on with the same call."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from collector import sources
from collector.api import options, queries
from collector.api.practice import site
from collector.api.queries import QueryRow
from collector.api.replacing import Replacing
from collector.api.signals import StopSignals
from collector.dataset import labels
from collector.errors import GO_ON, Incomplete, Stopped, counted, some
from collector.importers.blocklist import Terms
from collector.importers.queries import QueryFile
from collector.ledger import Interrupted, Ledger
from collector.ledger.ledger import no_ledger
from collector.model import Digest, Event, InWords, Saved, SearchEnded, SearchState, Tally
from collector.reasons import UNCHANGING, UNCONFIRMED, meaning
from collector.settings import Limit, LookSettings, Settings, Value

if TYPE_CHECKING:
    from collector.dataset.embeddings import Alongside
    from collector.fetch.process import Start
    from collector.images.embed import Embedder
    from collector.practice import PracticeWeb

LOG = logging.getLogger("collector")
_NETWORK_CURE = "check the address and the network"
_PROXY_CURE = "check --proxy and HTTP_PROXY or HTTPS_PROXY; `collector doctor` shows what is used"
_TOLD = 10
"""Keywords that are named one by one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands before it begins; earlier runs may have done a part."""

    keywords: int
    wanted: int | None
    """Pictures in all; None when a keyword wants everything."""
    searched: int
    saved: int


class Progress(Protocol):
    """Something to watch a run with: `with progress: progress.show(event)`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, event: Event) -> None: ...

    def notice(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Summary(InWords):
    """How a run ended."""

    digest: Digest
    """How all its keywords stand: `digest.total.saved`, `digest.shown`, ..."""
    seconds: float
    fetched: bool
    """Whether pictures were downloaded at all."""
    empty: tuple[str, ...] = ()
    """Keywords that came back empty from a source, in the order of their answers."""
    unreachable: tuple[str, ...] = ()
    """What was said of sources that could not be reached, and what to do."""
    unchanging: tuple[str, ...] = ()
    """What was said of searches that the same command will not bring further, such as for want of a key."""
    left_out: int | None = None
    """Pictures of the folder that the set leaves out; None when the run did not judge them."""
    stopped: int = 0
    """The exit code of the signal that stopped it; 0 when it went on to its end."""

    def __str__(self) -> str:
        left_out = f"\nleft out of the set: {self.left_out:,}" if self.left_out else ""
        return f"{self.digest}\nin {self.seconds:,.1f} s{left_out}"

    def check(self) -> None:
        """Incomplete when something is left to do or nothing but failures came, Stopped when it was stopped.

        A keyword that wants everything has no limit to fall short of: only URLs to try again count there.
        """
        if self.stopped:
            raise Stopped(exit_code=self.stopped)
        states = dict(self.digest.states)
        if SearchState.UNREACHABLE in states:
            raise Incomplete(self.unreachable[0] if self.unreachable else "a source could not be reached", 8)
        blocked = states.get(SearchState.BLOCKED, 0) + states.get(SearchState.LAYOUT, 0)
        failed = states.get(SearchState.FAILED, 0)
        if self.unchanging and len(self.unchanging) >= blocked + failed:
            more = f" (and {counted(len(self.unchanging) - 1, 'more search', 'es')})" if self.unchanging[1:] else ""
            raise Incomplete(f"{self.unchanging[0]}{more}", 7 if blocked else 9)
        if blocked:
            line = f"{counted(blocked, 'search', 'es')} met a block or an unknown page (see above); {GO_ON} later"
            raise Incomplete(line, 7)
        if left := self._left(failed):
            raise Incomplete(f"{' and '.join(left)}; {GO_ON}")
        total = self.digest.total
        if self.fetched and total.failed and not total.saved:
            line = f"nothing was saved, {counted(total.failed, 'download')} failed"
            private = dict(total.reasons).get("url.private_addr", 0)
            why = f"; {private:,} at private addresses, which --allow-private allows" if private else ""
            raise Incomplete(f"{line}{why}; `collector retry` queues them again")

    def _left(self, failed: int) -> list[str]:
        short, whole = self.fetched * self.digest.short, self.fetched * self.digest.unfinished
        parts = [counted(failed, "search", "es") + " failed"] * bool(failed)
        parts += [counted(short, "keyword") + " below the limit with URLs to try again"] * bool(short)
        parts += [counted(whole, "keyword") + " not complete yet, with URLs to try again"] * bool(whole)
        return parts


class Crawl:
    """A run: iterate it for its events, or wait for its end. Closing it stops it; the same call goes on later.

    One thread uses it. What is yielded is stored already. Use it in a `with`, or use it up, so that browsers and
    worker processes are gone afterwards.
    """

    def __init__(
        self,
        settings: Settings,
        asked: QueryFile | None,
        *,
        search: bool = True,
        fetch: bool = True,
        practice: bool | PracticeWeb = False,
        keep_removed: bool = False,
        refresh: bool = False,
        relevant: bool = False,
        embed: bool = False,
        on: str | None = None,
        workers: int | None = None,
        notice: Callable[[str], None] = LOG.warning,
    ) -> None:
        """`asked` None: whatever the folder has left to do. `notice` is told what the user should read once.

        `keep_removed`: pictures of rows that are gone from a file stay in the set. `refresh`: keywords below their
        limit are searched again at every source, for what is new. `relevant`: pictures that do not show their class
        are left out, with a confidence of 0.8, and others are collected in their place; a row's own word goes before.
        `embed`: pictures get their embeddings while others are fetched. UsageError without the extra for both,
        InputError and DiskError where its model cannot be had.
        `on`: which machines download, ray, ray://HEAD:PORT or local, with so many `workers`, one for each core where
        None is said; None: this one, as ever.
        """
        replacing = asked is not None and fetch and (relevant or any(asked.relevant.values()))
        self._embedder = _embedder(settings.look) if embed and fetch else None
        self._replacing = Replacing(settings, asked, relevant, notice) if replacing and asked is not None else None
        self._keep_removed, self._refresh = keep_removed, refresh
        self._settings, self._asked, self._practice, self._notice = settings, asked, practice, notice
        self._search, self._fetch = search, fetch
        self._on, self._workers = on, workers
        self._start: Start | None = None
        self._stack = ExitStack()
        self._ledger: Ledger | None = None
        self._number = 0
        self._standing = Standing(0, 0, 0, 0)
        self._stopping: Callable[[], bool] = lambda: False
        self._closed = False
        self._unreachable: list[str] = []
        self._unchanging: list[str] = []
        self._empty: dict[tuple[str, str], None] = {}
        """(keyword, source) that came back empty."""
        self._started = time.monotonic()
        self._digest: Digest | None = None
        self._left_out: int | None = None
        self._events = self._work()

    # ------------------------------------------------------------------ using it

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, progress: bool | Callable[[Standing], Progress] = False) -> Summary:
        """Work it off to its end; True shows how it goes: bars in a terminal, plain text in a notebook.

        In the main thread Ctrl-C (in a notebook: interrupt) stops it cleanly: then Stopped is raised. What is merely
        left to do is no error; `Summary.check` makes it one.
        """
        summary = self.run(progress)
        if summary.stopped:
            summary.check()
        return summary

    def run(self, progress: bool | Callable[[Standing], Progress] = False) -> Summary:
        """As `wait`, but a stop by a signal is told by the summary. Stopped when there was nothing to sum up yet."""
        with StopSignals(self._notice) as signals, self:
            self._stopping = signals.stopping
            try:
                standing = self.begin()
            except (KeyboardInterrupt, Interrupted):
                raise Stopped(exit_code=signals.exit_code or 130) from None
            signals.gently = True
            with _shown(progress, standing) as show:
                for note in self._asked.notes if self._asked else ():
                    show.notice(note)
                for event in self:
                    show.show(event)
            return self._summary(signals.exit_code)

    def close(self) -> None:
        """Stop: what has arrived is stored, what is under way is put back. Does nothing after the end."""
        self._closed = True
        if self._ledger is not None:
            for _ in self._events:
                pass
        self._events.close()
        self._stack.close()

    def begin(self) -> Standing:
        """Open the folder and plan the queries, unless that is done; how the run stands. FolderLocked, LedgerError,
        DiskError and OSError say why not."""
        if self._ledger is None:
            from collector.crawl import assemble

            self._started = time.monotonic()
            with ExitStack() as stack:
                if self._on is not None:
                    from collector.cluster.central import workers

                    wide, self._start = stack.enter_context(workers(self._on, self._workers, self._settings.fetch))
                    self._settings = replace(self._settings, fetch=wide)
                if self._asked is None and not self._settings.out.exists():
                    raise no_ledger(self._settings.out)
                opened = assemble.open_collection(self._settings.out, self._notice, self._stop_now)
                ledger = stack.enter_context(opened)
                self._settings = stack.enter_context(site(self._practice, ledger, self._settings))
                with ledger.interruptible(self._stop_now):
                    self._plan(ledger)
                self._stack = stack.pop_all()
            self._ledger = ledger
        return self._standing

    @property
    def settings(self) -> Settings:
        """The settings it runs with."""
        return self._settings

    def tallies(self) -> Iterator[Tally]:
        """How each keyword of it stands; after its end, too."""
        if self._number:
            with Ledger.read(self._settings.out) as ledger:
                yield from ledger.stats.tallies(self._number)

    # ------------------------------------------------------------------ inside

    def _plan(self, ledger: Ledger) -> None:
        if self._asked is not None:
            self._follow(ledger, self._asked)
            feeds = [name for name in sources.names() if self._refresh or sources.load(name).incremental]
            self._number = ledger.work.plan(self._asked.queries, self._settings.search.widen, feeds)
            self._list(ledger, self._asked)
        else:
            blocked = Terms.of(self._settings)
            self._number = ledger.work.take_up_all(blocked)
            if self._settings.blocklist and (left := ledger.work.left_alone(blocked)):
                self._notice(f"keywords not fetched because of the block list (policy.blocklist): {left:,}")
        self._standing = Standing(*ledger.stats.progress(self._number))

    def _follow(self, ledger: Ledger, asked: QueryFile) -> None:
        """Labels follow the file: what it puts into another class goes there."""
        if asked.file:
            changes = labels.follow(ledger, self._settings.out, asked.file, asked.queries)
            for one in changes[:_TOLD]:
                self._notice(
                    f'"{one.keyword}" is of class {one.new} now, not {one.old}: {counted(one.files, "file")} moved'
                )
            if len(changes) > _TOLD:
                self._notice(f"and {len(changes) - _TOLD:,} more keywords of another class")

    def _list(self, ledger: Ledger, asked: QueryFile) -> None:
        """Pictures of rows that are gone leave the set, unless they are to stay."""
        if asked.file:
            removed, out = labels.listed(ledger, asked.file, asked.queries, self._keep_removed, asked.passed_over)
            if removed:
                names = some([f'"{one.keyword}"' for one in removed], _TOLD)
                what = "stay in the set" if self._keep_removed else (
                    f"leave the set ({out:,}); nothing is deleted, and --keep-removed keeps them"
                )  # fmt: skip
                self._notice(f"no longer in {asked.file}: {names}; their pictures {what}")

    def _work(self) -> Generator[Event, None, None]:
        from collector.crawl import assemble

        self.begin()
        assert self._ledger is not None
        ledger = self._ledger
        embedding = self._alongside(self._embedder) if self._embedder is not None else None
        with self._stack:
            further: int | None = self._number
            while further is not None:
                self._number = further
                run = assemble.build_run(ledger, self._number, self._settings, search=self._search, fetch=self._fetch,
                                         start=self._start)  # fmt: skip
                try:
                    with closing(run.events(self._stop_now)) as events:
                        for event in events:
                            self._remember(event)
                            if embedding is not None and isinstance(event, Saved):
                                embedding.take(event.picture.sha256, event.path)
                            yield event
                finally:
                    if self._search:
                        assemble.write_map(ledger, self._settings.out)
                    if embedding is not None:
                        self._embed_rest(ledger, embedding)
                again = self._replacing is not None and not self._stop_now()
                further = self._replacing.plan(ledger, self._number) if again and self._replacing else None
            self._digest = ledger.stats.digest(self._number)
            self._left_out = ledger.stats.count_left_out() if self._replacing else None

    def _alongside(self, model: Embedder) -> Alongside:
        from collector.dataset.embeddings import Alongside

        return Alongside(self._settings.out, model)

    def _embed_rest(self, ledger: Ledger, beside: Alongside) -> None:
        """On all cores, as nothing is being fetched now; a stop leaves it to later verbs."""
        from collector.dataset.embeddings import embed_set
        from collector.maintenance import altered

        if beside.left > _TOLD:
            self._notice(f"embeddings: {counted(beside.left, 'picture')} still to be looked at")
        beside.finish()
        if not self._stop_now():
            altered.leave_out(ledger, self._settings.out, self._notice)
            embed_set(ledger, self._settings.out, beside.model, stop=self._stop_now)

    def _stop_now(self) -> bool:
        return self._closed or self._stopping()

    def _remember(self, event: Event) -> None:
        if not isinstance(event, SearchEnded):
            return
        if event.state is SearchState.UNREACHABLE and event.detail:
            drawable = not self._practice and sources.load(event.search.source).is_engine  # Not a page of somebody's.
            cure = f"{_NETWORK_CURE}, or try it out with --practice" if drawable else _NETWORK_CURE
            self._unreachable.append(f"{event.detail}; {_PROXY_CURE if event.reason == 'net.proxy' else cure}")
        if event.reason in UNCHANGING:
            self._unchanging.append(event.detail or meaning(event.reason))
        asked = event.search.query.keyword, event.search.source
        if event.state is SearchState.EMPTY or event.reason == UNCONFIRMED:
            self._empty[asked] = None
        else:
            self._empty.pop(asked, None)

    def _summary(self, stopped: int) -> Summary:
        assert self._digest is not None, "the run has not come to its end"
        seconds = time.monotonic() - self._started
        empty = tuple(dict.fromkeys(keyword for keyword, _ in self._empty))
        return Summary(
            self._digest,
            seconds,
            self._fetch,
            empty,
            tuple(self._unreachable),
            tuple(self._unchanging),
            self._left_out,
            stopped,
        )


def collect(
    asked: Iterable[str | QueryRow] | PathLike[str],
    out: str | PathLike[str] = "images",
    *,
    limit: Limit | None = None,
    source: str | None = None,
    filters: Mapping[str, str] | None = None,
    settings: Mapping[str, Value] | None = None,
    config: str | PathLike[str] | None = None,
    search: bool = True,
    fetch: bool = True,
    practice: bool | PracticeWeb = False,
    keep_removed: bool = False,
    relevant: bool = False,
    embed: bool = False,
) -> Crawl:
    """Search for keywords and fetch their pictures into class folders below `out`. Nothing starts before it is used.

    `asked`: keywords, `collector.Query` values, or the Path of a CSV. `source` and `limit` hold for those that name
    none; `settings` are dotted keys such as {"fetch.verify": "full"}. `practice`: the practice web in the place of
    every source. A CSV is the truth about its keywords: those that it puts into another class go there, and pictures
    of rows that are gone leave the set, unless `keep_removed`. `relevant` (the extra `look`): pictures that do not
    show their class are left out and do not count towards the limit; others are collected in their place. `embed` (the
    same extra): pictures get their embeddings while others are fetched. UsageError and InputError for what cannot be
    asked.
    """
    built = options.made(out, limit=limit, source=source, filters=filters, settings=settings, config=config)
    if isinstance(asked, str):
        raise TypeError("give a list of keywords, or the pathlib.Path of a CSV")
    rows = queries.from_file(Path(asked), built) if isinstance(asked, PathLike) else queries.from_rows(asked, built)
    return Crawl(built, rows, search=search, fetch=fetch, practice=practice, keep_removed=keep_removed,
                 relevant=relevant, embed=embed)  # fmt: skip


def _embedder(look: LookSettings) -> Embedder:
    from collector.images.known_models import embedder_of  # With numpy, which other runs have no use for.

    return embedder_of(look.model, look.models)


def _shown(progress: bool | Callable[[Standing], Progress], standing: Standing) -> Progress:
    from collector.cli import terminal

    if callable(progress):
        return progress(standing)
    return terminal.choose(standing, sys.stderr) if progress else terminal.Nothing()
