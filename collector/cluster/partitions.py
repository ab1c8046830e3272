"""Which partition a URL belongs to: all URLs of a host are in one, so that politeness needs no talk between machines.

A host that is too large for one is split into at most as many as it bears connections, each with its share. Jobs wait
on disk, so that memory holds one partition.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from zlib import crc32

import msgspec

from collector.model import Hit
from collector.urls import host_of

AT_ONCE = 50_000
"""Jobs in memory while they are dealt."""
SIZE = 20_000
"""URLs of a partition, unless the user says something: a start costs about a second, and a lost one is done again."""


@dataclass(frozen=True, slots=True)
class Job:
    """A URL to fetch, with what the set needs to know of it."""

    keyword: str
    label: str
    source: str
    rank: int
    wanted: int
    """Pictures that are wanted of its keyword."""
    hit: Hit

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same job: a class needs a URL once."""
        return self.label, self.hit.key


@dataclass(frozen=True, slots=True)
class Partition:
    """Jobs that one worker does, and the share of a host's connections that it may use."""

    number: int
    jobs: tuple[Job, ...]
    shares: int = 1
    """In how many partitions its host is split."""

    def connections(self, per_host: int) -> int:
        """Downloads in flight at one host: all partitions of a split host together keep to the limit."""
        return max(1, per_host // self.shares)


@dataclass(frozen=True, slots=True)
class Plan:
    """How hosts are dealt to partitions. Made once for a store, so that a URL is in the same one for ever."""

    count: int
    """Partitions of hosts that fit into one."""
    split: Mapping[str, int]
    """Host -> partitions of its own."""

    @classmethod
    def of(cls, hosts: Mapping[str, int], size: int, per_host: int) -> Plan:
        """A plan for partitions of about `size` URLs, whose largest hosts are split into `per_host` at most.

        `hosts`: host -> URLs; "" are those without one.
        """
        split = {
            host: min(per_host, ceil(urls / size))
            for host, urls in sorted(hosts.items())
            if host and urls > size and per_host > 1
        }
        rest = sum(urls for host, urls in hosts.items() if host not in split)
        return cls(max(1, ceil(rest / size)), split)

    def first_of_split(self) -> dict[str, int]:
        """Host that is split -> its first partition; the others follow."""
        first, number = {}, self.count
        for host, parts in sorted(self.split.items()):
            first[host] = number
            number += parts
        return first


class Dealt:
    """Jobs as partitions, each job once, as it came first; their files lie in a folder."""

    def __init__(self, plan: Plan, jobs: Iterable[Job], folder: Path) -> None:
        self._folder = folder
        self._shares: dict[int, int] = {}
        first, dealt = plan.first_of_split(), 0
        waiting: defaultdict[int, list[Job]] = defaultdict(list)
        for dealt, job in enumerate(jobs, 1):
            host = host_of(job.hit.url)
            if host in first:
                number = first[host] + _hash(job.hit.key) % plan.split[host]
            else:
                number = _hash(host or job.hit.key) % plan.count  # A data: URL has no host to be polite to.
            self._shares[number] = plan.split.get(host, 1)
            waiting[number].append(job)
            if dealt % AT_ONCE == 0:
                self._write(waiting)
        self._write(waiting)
        self.given = {number: len(self._read(number)) for number in sorted(self._shares)}
        """Partition -> its jobs."""
        self.repeated = dealt - sum(self.given.values())
        """Jobs that came again, under another keyword of their class."""

    def __len__(self) -> int:
        return len(self.given)

    def __iter__(self) -> Iterator[Partition]:
        """The partitions, the largest first: no long one is left for the end."""
        for number in sorted(self.given, key=lambda number: (-self.given[number], number)):
            yield Partition(number, self._read(number), self._shares[number])

    @property
    def shares(self) -> int:
        """In how many partitions a host is split at most."""
        return max(self._shares.values(), default=1)

    def _write(self, waiting: dict[int, list[Job]]) -> None:
        for number, jobs in waiting.items():
            with (self._folder / str(number)).open("ab") as file:
                file.writelines(msgspec.json.encode(job) + b"\n" for job in jobs)
        waiting.clear()

    def _read(self, number: int) -> tuple[Job, ...]:
        found: dict[tuple[str, str], Job] = {}
        with (self._folder / str(number)).open("rb") as file:
            for text in file:
                job = _JOB.decode(text)
                found.setdefault(job.identity, job)
        return tuple(found.values())


def piece_name(number: int, turn: int, jobs: Sequence[Job]) -> str:
    """What the outcome of these jobs is called in a store: the same jobs have the same name for ever.

    `turn` counts the pieces of a partition, so that names sort as they were made.
    """
    digest = hashlib.sha256("\n".join(sorted("\t".join(job.identity) for job in jobs)).encode("utf-8", "replace"))
    return f"part-{number:05}-{turn:03}-{digest.hexdigest()[:12]}"


_JOB = msgspec.json.Decoder(Job)


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))
