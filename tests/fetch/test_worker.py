"""What a fetch worker does before its first picture."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from collector.fetch import worker


@pytest.mark.parametrize("ends", [None, PermissionError(errno.EACCES, "no"), ImportError("a broken install")])
def test_decoders_are_loaded_once_a_file_may_be_open(monkeypatch: pytest.MonkeyPatch, ends: Exception | None) -> None:
    """Threads of a worker that cannot load them yet wait, and none of them dies: its pictures would wait for ever."""
    tried: list[str] = []
    full = [OSError(errno.EMFILE, "too many open files"), OSError(errno.ENFILE, "too many in the system")]
    answers: Iterator[Exception | None] = iter([*full, ends])

    def load(name: str) -> None:
        tried.append(name)
        if (error := next(answers)) is not None:
            raise error

    monkeypatch.setattr(worker, "import_module", load)
    worker._load_decoders()
    assert tried == ["collector.images.decode"] * 3
