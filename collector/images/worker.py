"""A process that works on picture files: `python -m collector.images.worker`, started by `processes` and nobody else.

The first line of standard input names the function, its arguments, the bytes of memory, and whether others go before;
each further one is a file or a list of some.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, get_type_hints

import msgspec

from collector.errors import InputError
from collector.images.child import ignore_signals, limit_memory, write_all
from collector.images.processes import DONE, FAILED, HEAD, READY, REFUSED, UNUSABLE, Work
from collector.images.sniff import Unusable


def main() -> None:
    """Answer every line until standard input ends, which it does with the process that started this one."""
    ignore_signals()
    warnings.simplefilter("ignore")
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Whatever prints must not end up among the answers.
    try:
        named, raw, memory, gently = json.loads(sys.stdin.buffer.readline())
        limit_memory(memory)
        if gently and hasattr(os, "nice"):
            os.nice(19)
        function, arguments = _function(named, raw)
        files: SimpleQueue[Work] = SimpleQueue()
        threading.Thread(target=_listen, args=(files,), daemon=True).start()
        _answer(out, READY, b"")
        while True:
            _answer(out, *_looked_at(function, files.get(), arguments))
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - told to the process that started this one, which raises it.
        known = isinstance(error, InputError)
        told = str(error) if known else traceback.format_exc(limit=-6)
        with contextlib.suppress(OSError):
            _answer(out, REFUSED if known else FAILED, told.encode(errors="replace"))
        os._exit(1)


def _function(named: str, raw: list[Any]) -> tuple[Callable[..., object], list[Any]]:
    """The function, and its arguments behind the file as its annotations want them."""
    module, _, name = named.partition(":")
    function: Callable[..., object] = getattr(import_module(module), name)
    kinds = [kind for name, kind in get_type_hints(function).items() if name != "return"][1:]
    return function, [msgspec.convert(value, kind) for value, kind in zip(raw, kinds, strict=True)]


def _looked_at(function: Callable[..., object], file: Work, arguments: list[Any]) -> tuple[bytes, bytes]:
    try:
        return DONE, msgspec.msgpack.encode(function(file, *arguments))
    except Unusable as unusable:
        return UNUSABLE, json.dumps([unusable.reason, unusable.detail]).encode()
    except MemoryError:
        return UNUSABLE, json.dumps(["image.decoder_crash", "it needs more memory than a picture may have"]).encode()


def _answer(out: int, kind: bytes, body: bytes) -> None:
    write_all(out, HEAD.pack(len(body), kind) + body)


def _listen(files: SimpleQueue[Work]) -> None:
    for line in sys.stdin.buffer:
        names = json.loads(line)
        files.put(Path(names) if isinstance(names, str) else tuple(map(Path, names)))
    os._exit(0)


if __name__ == "__main__":
    main()
