"""A loopback server that answers byte for byte what a test tells it to, and keeps a log of what was asked."""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

Writer = asyncio.StreamWriter
Answer = bytes | Callable[["Request", Writer], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    peer: tuple[str, int]
    method: str = "GET"
    body: bytes = b""


class Server:
    """Serves `answers[path]`: bytes are written as they are, functions do what they want with the connection."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.log: list[Request] = []
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    @property
    def base(self) -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def put(self, path: str, answer: Answer) -> str:
        """Serve an answer; its URL."""
        self.answers[path] = answer
        return self.base + path

    def paths(self) -> list[str]:
        return [request.path for request in self.log]

    @property
    def pictures(self) -> list[Request]:
        """What was asked for beside robots.txt, which comes first at every host, once per process."""
        return [request for request in self.log if request.path != "/robots.txt"]

    def picture_paths(self) -> list[str]:
        return [request.path for request in self.pictures]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> None:
            self._server = await asyncio.start_server(self._accept, sock=self._listener, ssl=self._context)
            self._ready.set()

        self._loop.run_until_complete(start())
        self._loop.run_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, path = first.split(" ")[:2]
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(path, headers, writer.get_extra_info("peername"), method, body)
        self.log.append(request)
        answer = self.answers.get(
            request.path.partition("?")[0], ok(b"nothing here", "404 Not Found", type="text/html")
        )
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return b"content-length" in answer.partition(b"\r\n\r\n")[0].lower() and b"close" not in answer[:500]
        await answer(request, writer)
        return False


def ok(body: bytes, status: str = "200 OK", type: str = "image/jpeg", length: int | None = None, **more: str) -> bytes:
    """A well-formed answer; `length` lies about the body's length."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {type}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def bare(head: str, body: bytes = b"") -> bytes:
    """Any head, no Content-Length of ours; the connection is closed after it."""
    return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


def redirect(to: str, status: str = "302 Found", body: bytes = b"") -> bytes:
    return ok(body, status, type="text/html", Location=to)


def drip(start: bytes, rest: bytes = b"x" * 100_000, every: float = 0.05, step: int = 1) -> Answer:
    """`start` at once, then a few bytes at a time for ever (or until the client is gone)."""

    async def answer(request: Request, writer: Writer) -> None:
        writer.write(start)
        for at in range(0, len(rest), step):
            writer.write(rest[at : at + step])
            await writer.drain()
            await asyncio.sleep(every)

    return answer


def silence(start: bytes = b"") -> Answer:
    """`start`, then nothing more; the connection stays open."""

    async def answer(request: Request, writer: Writer) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.sleep(60)

    return answer


def reset(start: bytes) -> Answer:
    """`start`, then RST."""

    async def answer(request: Request, writer: Writer) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.sleep(0.05)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return answer


def endless(start: bytes, block: bytes = b"\xff" * 65536) -> Answer:
    """`start`, then bytes as fast as they are taken."""

    async def answer(request: Request, writer: Writer) -> None:
        writer.write(start)
        while True:
            writer.write(block)
            await writer.drain()

    return answer


def picture(
    format: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", seed: int = 1, **save: object
) -> bytes:
    """A small noisy picture."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = random.Random(seed).randbytes(size[0] * size[1] * bands)
    out = io.BytesIO()
    Image.frombytes(mode, size, noise).save(out, format, **save)
    return out.getvalue()


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".part"))


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None):
    server = Server(context)
    try:
        yield server
    finally:
        server.close()
