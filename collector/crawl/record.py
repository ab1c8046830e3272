"""Messages of workers become stored events: duplicates decided by hash, part files named, one commit a group.

Runs in the calling thread alone, the only one that touches ledger and pictures. Never prints.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, assert_never

from collector.crawl.frontier import Frontier, HostLimits
from collector.crawl.queries import SLOW, Queries, ending
from collector.crawl.query_state import QueryState
from collector.errors import SURPRISES, BrowserError, NetworkError
from collector.ledger import Ledger, OpenQuery, layout
from collector.ledger.keywords import LeftPicture
from collector.ledger.names import Named, Names
from collector.ledger.paths import inside, move
from collector.ledger.rows import Which
from collector.model import (
    Downloaded,
    DownloadFailed,
    Duplicate,
    Event,
    Failed,
    Found,
    Message,
    Noticed,
    Picture,
    Remembered,
    Saved,
    SearchEnded,
    SearchStarted,
    SearchState,
    Skipped,
    Task,
    WorkerError,
)
from collector.reasons import NEVER_FINAL, UNCONFIRMED, Fate, fate
from collector.settings import FetchSettings
from collector.urls import blocked, host_of, hostname

LOG = logging.getLogger("collector")


class Ticks(Protocol):
    """Told of saved pictures after each commit; see `collector.maintenance.checkpoint`."""

    def tick(self, saved: int) -> None: ...


class PictureFiles(Protocol):
    """Where verified part files become pictures. OSError when the disk is at fault."""

    def place(self, part: Path, name: Path) -> None:
        """Give a part its name, relative to the output folder."""

    def discard(self, part: Path) -> None:
        """Let go of a part; one that is gone already is fine."""

    def move(self, old: Path, name: Path) -> bool:
        """Give a picture another name; whether it has it, so that a move that a stop cut short can be done again."""


class OutputFolder:
    """Class folders below one folder, on the disk that has the parts too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._proved: dict[str, tuple[int, int]] = {}
        """Class folder -> the very folder (device, inode) that was seen to lie inside; a link would be another."""

    def place(self, part: Path, name: Path) -> None:
        """See `PictureFiles`."""
        final = f"{self._folder}{os.sep}{name}"
        parent = final.rpartition(os.sep)[0]  # For each picture: pathlib costs as much as the rest of it.
        if _identity(parent) != self._proved.get(parent, ()):
            inside(self._folder, name)
            Path(parent).mkdir(parents=True, exist_ok=True)
            self._proved[parent] = _identity(parent) or (0, 0)
        os.replace(part, final)  # noqa: PTH105 - as above.

    def discard(self, part: Path) -> None:
        """See `PictureFiles`."""
        part.unlink(missing_ok=True)

    def move(self, old: Path, name: Path) -> bool:
        """See `PictureFiles`."""
        return move(self._folder, old, name)


def _identity(folder: str) -> tuple[int, int] | None:
    """Device and inode of what stands there itself, not of what it links to; None when nothing does."""
    try:
        state = os.lstat(folder)
    except FileNotFoundError:
        return None
    return state.st_dev, state.st_ino


class Recorder:
    """Records messages. `trouble` is why the run must end, kept until what is good is stored."""

    def __init__(
        self,
        ledger: Ledger,
        settings: FetchSettings,
        frontier: Frontier,
        queries: Queries,
        hosts: HostLimits,
        files: PictureFiles,
        checkpoints: Ticks | None = None,
        doubtful: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`doubtful`: sources whose empty answer is believed only when it was given again."""
        self.trouble: Exception | None = None
        self._proxy: str | None = None
        """What the last failed download had to say of its proxy."""
        self._ledger, self._settings, self._frontier, self._queries = ledger, settings, frontier, queries
        self._hosts, self._files, self._checkpoints = hosts, files, checkpoints
        self._doubtful = doubtful
        self._names = Names.parse(settings.names) if settings.names else None
        self._let_go_of: set[int] = set()
        """Searches of queries that an error nobody foresaw has ended for this run."""
        self._empty: set[int] = set()
        """Searches that came back empty in this run."""
        self._forgotten_hosts = ledger.maintenance.forgotten_hosts()
        self._reclaims = queries.stages.fetch and ledger.keywords.note_left()
        """Whether there are pictures of keywords that no file lists any more: who finds one has it."""
        self._folders: dict[str, str] = {}
        """Label -> class folder, which stays while the run has the output folder to itself."""

    def take_up(self, opened: OpenQuery) -> list[Event]:
        """A query in hand, with what keywords that nobody lists any more have left of its pictures."""
        events: list[Event] = []
        for task, sha256 in self._ledger.keywords.left_to(opened.id) if self._reclaims else ():
            if opened.query.limit is not None and opened.saved + len(events) >= opened.query.limit:
                break
            left = self._ledger.keywords.left(sha256=sha256)
            if left and (saved := self._taken_over(task, opened.query.label, left)):
                self._ledger.work.outcome(saved)
                events.append(saved)
        return [*events, *self._queries.take_up(replace(opened, saved=opened.saved + len(events)))]

    def _taken_over(self, task: Task, label: str, left: LeftPicture, part: Path | None = None) -> Saved | None:
        """A picture that was left behind is this query's now, with the bytes of `part` where its own file is gone; None
        when there are neither. What an applied verdict moved beside the folder stays there while it is left out."""
        base = left.path.parent.parent if left.left_out else Path()
        path = base / self._folder(label) / self._name(task, left.picture)
        if not self._files.move(left.path, path):
            if part is None:
                return None
            self._files.place(part, path)
        self._ledger.keywords.hand_over(left.picture.sha256, label, path)
        return Saved(task, left.picture, path, left.attempt)

    def record(self, messages: Sequence[Message]) -> list[Event]:
        """Turn messages into stored events, all in one commit. Trouble is kept until what is good is stored."""
        events: list[Event] = []
        if not messages:
            return events
        with self._ledger.transaction():
            for message in messages:
                try:
                    events += self._stored(message)
                except OSError as error:
                    self.stop(error)
                except SURPRISES as error:
                    events.append(self._let_go(message, error))
        if self._checkpoints is not None:
            self._checkpoints.tick(sum(isinstance(event, Saved) for event in events))
        if self._hosts.network_down:
            who = self._proxy or "the network is down: no host answers"
            line = f"{who}; nothing was marked failed, run again later"
            self.stop(NetworkError(line))
        return events

    def stop(self, trouble: Exception) -> None:
        """The run must end; the first trouble tells most."""
        self.trouble = self.trouble or trouble

    def _stored(self, message: Message) -> list[Event]:
        """One message of a worker, stored; what is to be shown of it."""
        if isinstance(message, SearchStarted | Found | SearchEnded) and message.search.id in self._let_go_of:
            return self._left(message)
        match message:
            case Downloaded():
                return self._downloaded(message)
            case DownloadFailed():
                return self._failed(message)
            case Found(search=search, rank=rank):
                state = self._frontier.search_heard(search.id, rank)
                return [*self._found(message, state), *self._queries.advance(state)]
            case SearchStarted(search=search):
                self._ledger.work.search_started(search)
                self._frontier.search_heard(search.id)
                return [message]
            case SearchEnded():
                return self._search_ended(message)
            case Noticed():
                return [message]
            case Remembered(name=name, text=text):
                self._ledger.remember(name, text)
                return []
            case WorkerError(error=error):
                self.stop(error)
                return []
        assert_never(message)

    def _let_go(self, message: Message, error: Exception) -> Event:
        """What nobody foresaw costs a query the rest of this run; the next one takes it up again."""
        LOG.info("%r", message, exc_info=True)
        if isinstance(message, Downloaded):
            self._files.discard(message.part)
        if isinstance(message, WorkerError | Noticed | Remembered):
            return Noticed(f"internal.error: {type(error).__name__}: {error}"[:200], "warning")
        number = message.task.search_id if isinstance(message, Downloaded | DownloadFailed) else message.search.id
        if (state := self._frontier.asking(number)) is None:
            return Noticed(f"internal.error: {type(error).__name__}: {error}"[:200], "warning")
        return self._leave(state.id, state.query.keyword, error)

    def guarded(self, query: int, keyword: str, work: Callable[[], list[Event]]) -> list[Event]:
        """What some work for one query brings; what nobody foresaw costs that query, and no other, this run."""
        try:
            return work()
        except SURPRISES as error:
            LOG.info("%s", keyword, exc_info=True)
            return [self._leave(query, keyword, error)]

    def _leave(self, query: int, keyword: str, error: Exception) -> Event:
        if (state := self._frontier.in_hand(query)) is not None:
            self._frontier.drop(state)
            self._let_go_of.update(state.searches)
        text = f'"{keyword}" is left for the next run: internal.error, {type(error).__name__}: {error}'
        return Noticed(text[:300], "warning")

    def _left(self, message: SearchStarted | Found | SearchEnded) -> list[Event]:
        """What still comes of a query that was let go of: that its searches end, to be taken up again."""
        if not isinstance(message, SearchEnded):
            return []
        ended = replace(message, state=SearchState.FAILED, reason="internal.error", detail="")
        self._ledger.work.search_ended(ended)
        return [ended]

    # ----------------------------------------------------------------- searches

    def _found(self, event: Found, state: QueryState) -> list[Event]:
        task = self._ledger.work.found(event, state.id)
        if task is None:
            if (changed := self._ledger.work.seen_again(event, state.id, state.places)) is not None:
                state.url_changed(*changed)
            return []
        if reason := event.hit.skip_reason:  # Not one of the URLs that the query can live on.
            told = dict(event.hit.fields).get("skipped", "")
            return [event, self._queries.record(state, Skipped(task, reason, told))]
        if self._forgotten_hosts and self._is_forgotten(event):
            return [event, self._queries.record(state, Skipped(task, "policy.forgotten"))]
        left = self._ledger.keywords.left(url_key=event.hit.key) if self._reclaims and state.short else None
        if left and (saved := self._taken_over(task, state.query.label, left)):
            return [event, self._queries.record(state, saved)]
        state.url_found(task, event.rank)
        return [event]

    def _is_forgotten(self, event: Found) -> bool:
        """Whether it comes from a host that is to be forgotten, or from a page there."""
        return any(blocked(hostname(url), self._forgotten_hosts) for url in (event.hit.url, event.hit.page))

    def _search_ended(self, event: SearchEnded) -> list[Event]:
        number = event.search.id
        if doubted := self._is_doubted(event):
            event = replace(event, state=SearchState.PENDING, reason=UNCONFIRMED)
        self._ledger.work.search_ended(event)
        state = self._frontier.search_ended(number, event.state)
        if doubted and number not in self._empty:  # once more in this run, behind all that waits already
            self._empty.add(number)
            extra = None if event.search.wanted is None else event.search.wanted - len(event.search.known)
            self._frontier.plan_search(state, replace(state.searches[number], doubted=True), extra)
        if event.reason == "browser.start":  # Every other keyword would end the same way.
            self.stop(BrowserError("browser.start", event.detail or "the browser would not start"))
        return [event, *self._queries.advance(state)]

    def _is_doubted(self, event: SearchEnded) -> bool:
        """Whether an empty answer needs another witness: a second one in this run, and then one of a later run."""
        if event.state is not SearchState.EMPTY or not self._doubtful(event.search.source):
            return False
        return event.search.id in self._empty or not self._ledger.work.was_empty(event.search.id)

    # ----------------------------------------------------------------- downloads

    def _downloaded(self, downloaded: Downloaded) -> list[Event]:
        state = self._frontier.ended(downloaded)
        if state is None:
            self._files.discard(downloaded.part)
            return []
        try:
            outcome = self._placed(downloaded, state)
            if not isinstance(outcome, Saved):
                self._files.discard(downloaded.part)
            event = self._queries.record(state, outcome)
        except SURPRISES as error:  # what a picture holds must not end the run
            LOG.info("%s", downloaded.task.url, exc_info=True)
            self._files.discard(downloaded.part)
            detail = f"{type(error).__name__}: {error}"[:200]
            event = self._queries.record(state, Failed(downloaded.task, "internal.error", detail))
        return [event, *self._queries.advance(state)]

    def _placed(self, downloaded: Downloaded, state: QueryState) -> Saved | Duplicate | Skipped:
        """The part gets its name, unless it comes too late, its bytes are there already, or were forgotten."""
        task, picture, label = downloaded.task, downloaded.picture, state.query.label
        if not state.short:  # Another URL was tried in the place of a slow one, and both came.
            return Skipped(task, "policy.limit", SLOW)
        left = self._ledger.keywords.left(sha256=picture.sha256) if self._reclaims else None
        if left and (saved := self._taken_over(task, label, left, downloaded.part)):
            self._files.discard(downloaded.part)
            return saved
        if (known := self._ledger.work.already(task, picture, label, downloaded.attempt)) is not None:
            return known
        path = Path(self._folder(label), self._name(task, picture))
        self._files.place(downloaded.part, path)
        return Saved(task, picture, path, downloaded.attempt)

    def _folder(self, label: str) -> str:
        if label not in self._folders:
            self._folders[label] = self._ledger.work.folder(label)
        return self._folders[label]

    def _name(self, task: Task, picture: Picture) -> str:
        if self._names is None:
            return layout.file_name(picture)
        (row,) = self._ledger.dataset.rows(Which(id=task.id))
        return f"{self._names.stem(Named.of(row, picture.sha256))}.{layout.extension(picture)}"

    def _failed(self, failed: DownloadFailed) -> list[Event]:
        """Try again later in this run, in a later run, or never."""
        state = self._frontier.ended(failed)
        if state is None:
            return []
        task, settings = failed.task, self._settings
        self._proxy = failed.detail if failed.reason == "net.proxy" else None
        if state.retried(task):
            return self._queries.advance(state)
        if fate(failed.reason) is not Fate.RETRY or not host_of(task.url):  # A data: URL stays what it is.
            return [self._queries.record(state, ending(failed, later=False)), *self._queries.advance(state)]
        tries = state.tries(task)
        delay = self._hosts.backoff(tries) if failed.retry_after is None else failed.retry_after
        if tries < settings.attempts_per_run and delay <= settings.retry_after_max:
            self._frontier.put_off(failed, delay)
            return self._queries.advance(state)
        if later := task.attempt < settings.attempts or failed.reason in NEVER_FINAL:
            state.stays()
        return [self._queries.record(state, ending(failed, later)), *self._queries.advance(state)]
