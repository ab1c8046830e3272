"""The door to object stores: a folder of names that are put whole or not at all. fsspec knows the addresses."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from collector.errors import InputError, UsageError, install, missing

_AT_ONCE = 8
"""Files that go up at a time."""
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}


class Store:
    """Objects below an address: s3://bucket/set, gs://bucket/set, file:///folder or memory://set.

    Credentials and endpoints come from where each service's own tools take them (AWS_PROFILE, AWS_ENDPOINT_URL,
    GOOGLE_APPLICATION_CREDENTIALS, ...); none is read, kept or logged here.
    """

    def __init__(self, url: str) -> None:
        """UsageError for an address of no known kind, InputError for a store that does not answer."""
        if "://" not in url:
            raise UsageError(f"{url}: give an address, such as s3://bucket/set or file:///folder/set")
        self.url = url.rstrip("/")
        self._fs, self._root = _opened(self.url)
        self._local = self.url.startswith(("file://", "local://"))
        with self._told():
            if self._local:
                self._fs.makedirs(self._root, exist_ok=True)
            else:
                self._fs.ls(self._root.partition("/")[0])  # The bucket: one that is missing is told before any work.

    def sizes(self) -> dict[str, int]:
        """Name -> bytes of every object, as it stands now."""
        with self._told():
            self._fs.invalidate_cache()
            if not self._fs.exists(self._root):
                return {}
            listed = self._fs.ls(self._root, detail=True)
        names = {one["name"].rstrip("/").rpartition("/")[2]: one for one in listed if one["type"] == "file"}
        return {name: int(one["size"]) for name, one in sorted(names.items()) if not name.endswith(".part")}

    def read(self, name: str) -> bytes:
        """A whole object."""
        with self._told():
            return bytes(self._fs.cat_file(f"{self._root}/{name}"))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """An object to read from, in any order."""
        with self._told(), self._fs.open(f"{self._root}/{name}", "rb") as file:
            yield file

    def put(self, name: str, body: bytes) -> None:
        """Write an object, in the place of one of that name."""
        with self._written(name) as target:
            self._fs.pipe_file(target, body)

    def put_file(self, name: str, path: str) -> None:
        """Write an object from a file on this machine."""
        with self._written(name) as target:
            self._fs.put_file(path, target)

    def replace_with(self, folder: Path, last: str) -> None:
        """Make the store hold the files of a folder and nothing else; the one called `last` is there only when all
        others are. Files go up several at a time.

        InputError when it holds something that was not written so; what an interrupted call left is made good.
        """
        begun = f"{last}.begun"
        there = self.names()
        if there and not {last, begun} & there:
            raise InputError(f"{self.url}: holds something that is no export of collector; give an empty place")
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        names = {file.relative_to(folder).as_posix(): file for file in files}
        self.put(begun, b"")
        self.remove({last} & there)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload") as pool:
            list(pool.map(lambda name: self.put_file(name, str(names[name])), names.keys() - {last}))
        self.put_file(last, str(names[last]))
        self.remove(sorted((there | {begun}) - names.keys()))

    def names(self) -> set[str]:
        """The names of all objects, in folders of it, too."""
        with self._told():
            self._fs.invalidate_cache()
            found = self._fs.find(self._root) if self._fs.exists(self._root) else []
        return {str(name)[len(self._root) :].lstrip("/") for name in found}

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects, in this order."""
        with self._told():
            for name in names:
                self._fs.rm_file(f"{self._root}/{name}")

    @contextmanager
    def _written(self, name: str) -> Iterator[str]:
        """Where to write to: a store puts an object whole; a folder needs another name first."""
        final = f"{self._root}/{name}"
        target = f"{final}.{secrets.token_hex(4)}.part" if self._local else final
        with self._told():
            if self._local:
                self._fs.makedirs(final.rpartition("/")[0], exist_ok=True)
            yield target
            if self._local:
                self._fs.mv(target, final)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a store's library says becomes one line."""
        try:
            yield
        except (UsageError, InputError):
            raise
        except Exception as error:  # each library has a tree of errors of its own
            text = str(error).partition("\n")[0] or type(error).__name__
            raise InputError(f"{self.url}: the store cannot be used: {text[:300]}") from error


def _opened(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise missing("fsspec", "--store", "cluster") from None
    protocol = url.partition("://")[0]
    try:
        filesystem, root = fsspec.core.url_to_fs(url)
    except ImportError:
        extra = _EXTRAS.get(protocol)
        how = install(extra) if extra else "see the list of fsspec's file systems for the package it needs"
        raise UsageError(f"--store {url}: {protocol}:// needs a package that is not installed: {how}") from None
    except ValueError as error:
        raise UsageError(f"--store {url}: {str(error).partition(chr(10))[0]}") from None
    return filesystem, str(root).rstrip("/")
