"""Messages of workers become stored events: duplicates decided by hash, part files named, one commit a group.

Runs in the calling thread alone, the only one that touches ledger and pictures. Never prints.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Protocol, assert_never

from collector.crawl.job import Job
from collector.crawl.plan import SLOW, Course, final
from collector.crawl.schedule import HostBook, Schedule
from collector.errors import BrowserError, NetworkError
from collector.ledger import Ledger, layout
from collector.model import (
    Downloaded,
    DownloadFailed,
    Duplicate,
    Event,
    Found,
    Message,
    Noticed,
    Saved,
    SearchEnded,
    SearchStarted,
    Skipped,
    WorkerError,
)
from collector.reasons import Fate, fate
from collector.settings import Settings
from collector.urls import blocked, host_of, hostname


class Ticks(Protocol):
    """Told of saved pictures after each commit; see `collector.maintenance.checkpoint`."""

    def tick(self, saved: int) -> None: ...


class Settler:
    """Settles messages. `trouble` is why the run must end, kept until what is good is stored."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        schedule: Schedule,
        course: Course,
        hosts: HostBook,
        checkpoints: Ticks | None,
    ) -> None:
        self.trouble: Exception | None = None
        self._ledger, self._settings, self._schedule = ledger, settings, schedule
        self._course, self._hosts, self._checkpoints = course, hosts, checkpoints
        self._forgotten_hosts = ledger.maintenance.forgotten_hosts()

    def settle(self, messages: list[Message]) -> list[Event]:
        """Turn messages into stored events, all in one commit. Trouble is kept until what is good is stored."""
        events: list[Event] = []
        if not messages:
            return events
        with self._ledger.transaction():
            for message in messages:
                try:
                    events += self._handle(message)
                except OSError as error:
                    self.trouble = self.trouble or error
        if self._checkpoints is not None:
            self._checkpoints.tick(sum(isinstance(event, Saved) for event in events))
        if self._hosts.network_down:
            line = "the network is down: no host answers; nothing was marked failed, run again later"
            self.trouble = self.trouble or NetworkError(line)
        return events

    def _handle(self, message: Message) -> list[Event]:
        """One message of a worker, stored; what is to be shown of it."""
        match message:
            case Downloaded():
                if (of := self._schedule.ended(message)) is None:
                    message.part.unlink(missing_ok=True)
                    return []
                return [self._course.record(self._place(message, of)), *self._course.advance(of)]
            case DownloadFailed():
                of = self._schedule.ended(message)
                return [] if of is None else [*self._missed(message, of), *self._course.advance(of)]
            case WorkerError(error=error):
                self.trouble = self.trouble or error
                return []
            case SearchStarted(search=search):
                self._ledger.work.search_started(search)
                self._schedule.news(search.id)
            case Found(search=search, rank=rank):
                job = self._schedule.news(search.id, rank)
                return [*self._enter(message, job), *self._course.advance(job)]
            case SearchEnded(search=search):
                job = self._schedule.job(search.id)
                self._search_ended(message, job)
                return [message, *self._course.advance(job)]
            case Noticed():
                pass
            case _:
                assert_never(message)
        return [message]

    def _enter(self, event: Found, job: Job) -> list[Event]:
        task = self._ledger.work.found(event, job.query.id)
        if task is None:
            order = job.merge.order if job.merge is not None else {}
            if (again := self._ledger.work.seen_again(event, job.query.id, order)) is not None:
                self._schedule.refresh(job, *again, event.rank)
            return []
        if skip := event.hit.skip_reason:  # Not one of the URLs that the query can live on.
            told = dict(event.hit.fields).get("skipped", "")
            return [event, self._course.record(Skipped(task, skip, told))]
        if self._forgotten_hosts and self._forgotten(event):
            return [event, self._course.record(Skipped(task, "policy.forgotten"))]
        job.found += 1
        self._schedule.wait(job, task, event.rank)
        return [event]

    def _forgotten(self, event: Found) -> bool:
        """Whether it comes from a host that is to be forgotten, or from a page there."""
        return any(blocked(hostname(url), self._forgotten_hosts) for url in (event.hit.url, event.hit.page))

    def _search_ended(self, event: SearchEnded, job: Job) -> None:
        self._ledger.work.search_ended(event)
        job.searching -= 1
        if job.merge is not None:
            job.merge.ended(event.search.id)
        job.searches[event.search.id] = replace(job.searches[event.search.id], state=event.state)
        if event.reason == "browser.start":  # Every other keyword would end the same way.
            self.trouble = self.trouble or BrowserError(event.reason, event.detail or "the browser would not start")

    def _place(self, downloaded: Downloaded, job: Job) -> Saved | Duplicate | Skipped:
        """The part file gets its name, unless it comes too late, its bytes are on disk already, or were forgotten."""
        task, picture, label = downloaded.task, downloaded.picture, job.query.query.label
        if not job.short:  # Another URL was tried in the place of a slow one, and both came.
            downloaded.part.unlink(missing_ok=True)
            return Skipped(task, "policy.limit", SLOW)
        known = self._ledger.work.file_of(picture.sha256)
        if known is not None:
            downloaded.part.unlink(missing_ok=True)
            reason = "duplicate.same_label" if known[1] == label else "duplicate.other_label"
            return Duplicate(task, picture, known[0], reason, downloaded.attempt)
        if self._ledger.work.forgotten(picture.sha256):
            downloaded.part.unlink(missing_ok=True)
            return Skipped(task, "policy.forgotten")
        path = Path(self._ledger.work.folder(label), layout.file_name(picture))
        final = f"{self._settings.out}{os.sep}{path}"
        try:
            os.replace(downloaded.part, final)  # noqa: PTH105 - for each picture: Path.replace makes two paths more.
        except FileNotFoundError:  # No folder before its first picture.
            Path(final).parent.mkdir(exist_ok=True)
            downloaded.part.replace(final)
        job.saved += 1
        return Saved(task, picture, path, downloaded.attempt)

    def _missed(self, failed: DownloadFailed, job: Job) -> list[Event]:
        """Try again later in this run, in a later run, or never."""
        settings, task = self._settings.fetch, failed.task
        if self._schedule.again(job, task):
            return []
        if fate(failed.reason) is not Fate.RETRY or not host_of(task.url):  # A data: URL stays what it is.
            return [self._course.record(final(failed, later=False))]
        tries = self._schedule.tries(task)
        delay = self._hosts.backoff(tries) if failed.retry_after is None else failed.retry_after
        if tries < settings.attempts_per_run and delay <= settings.retry_after_max:
            self._schedule.delay(failed, delay)
            return []
        later = task.attempt < settings.attempts
        job.left_over |= later
        return [self._course.record(final(failed, later))]
