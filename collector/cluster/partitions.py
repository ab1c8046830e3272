"""Which partition a URL belongs to: all URLs of a host are in one, so that politeness needs no talk between machines.

Pure. A host that is too large for one is split into at most as many as it bears connections, each with its share.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from zlib import crc32

from collector.model import Hit
from collector.urls import host_of

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
    def of(cls, jobs: Iterable[Job], size: int, per_host: int) -> Plan:
        """A plan for partitions of about `size` URLs, whose largest hosts are split into `per_host` at most."""
        hosts = Counter(host_of(job.hit.url) for job in jobs)
        split = {
            host: min(per_host, ceil(urls / size))
            for host, urls in sorted(hosts.items())
            if host and urls > size and per_host > 1
        }
        rest = sum(urls for host, urls in hosts.items() if host not in split)
        return cls(max(1, ceil(rest / size)), split)

    def partitions(self, jobs: Iterable[Job]) -> list[Partition]:
        """The jobs as partitions that are not empty, the largest first: no long one is left for the end."""
        dealt: dict[int, list[Job]] = {}
        shares: dict[int, int] = {}
        first = self._first_of_split()
        for job in jobs:
            host = host_of(job.hit.url)
            if host in first:
                number = first[host] + _hash(job.hit.key) % self.split[host]
                shares[number] = self.split[host]
            else:
                number = _hash(host or job.hit.key) % self.count  # A data: URL has no host to be polite to.
            dealt.setdefault(number, []).append(job)
        partitions = [Partition(number, tuple(found), shares.get(number, 1)) for number, found in dealt.items()]
        return sorted(partitions, key=lambda one: (-len(one.jobs), one.number))

    def _first_of_split(self) -> dict[str, int]:
        first, number = {}, self.count
        for host, parts in sorted(self.split.items()):
            first[host] = number
            number += parts
        return first


def distinct(jobs: Iterable[Job]) -> list[Job]:
    """Each job once, as it came first."""
    found: dict[tuple[str, str], Job] = {}
    for job in jobs:
        found.setdefault(job.identity, job)
    return list(found.values())


def piece_name(number: int, turn: int, jobs: Sequence[Job]) -> str:
    """What the outcome of these jobs is called in a store: the same jobs have the same name for ever.

    `turn` counts the pieces of a partition, so that names sort as they were made.
    """
    digest = hashlib.sha256("\n".join(sorted("\t".join(job.identity) for job in jobs)).encode("utf-8", "replace"))
    return f"part-{number:05}-{turn:03}-{digest.hexdigest()[:12]}"


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))
