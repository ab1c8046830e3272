"""What the studio starts and shows beside the pictures: runs, pages, exports, numbers. The work is done by commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from collector import sources
from collector.api.collection import Collection
from collector.api.pages import page_crawl
from collector.dataset import exporting
from collector.dataset.formats import EXPORTERS
from collector.report.rendering import OWN_PICTURES, policy
from collector.settings import Settings
from collector.studio import orders
from collector.studio.app import decoded, in_thread
from collector.studio.jobs import Jobs
from collector.studio.live import Live

T = TypeVar("T")


class Desk:
    """The handlers; all that takes long is done in one thread."""

    def __init__(self, settings: Settings, flags: Sequence[str], place: Path, thread: ThreadPoolExecutor) -> None:
        """`flags`: what commands are given of the user's settings; `place`: the folder for lists and the report."""
        self._settings, self._flags, self._place, self._thread = settings, tuple(flags), place, thread
        self._collection = Collection(settings.out)
        self._jobs = Jobs()
        self._live = Live(settings.out)
        self._lists = orders.Lists(place, settings.out)

    def routes(self) -> list[web.RouteDef]:
        """Every address."""
        return [
            web.get("/status", self.status),
            web.get("/sources", self.sources),
            web.get("/formats", self.formats),
            web.get("/found", self.found),
            web.get("/numbers", self.numbers),
            web.post("/jobs", self.begin),
            web.post("/stop", self.stop),
            web.post("/preview", self.preview),
        ]

    def close(self) -> None:
        """End the command that runs, and wait for it."""
        self._jobs.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await in_thread(self._thread, work)

    async def status(self, request: web.Request) -> web.Response:
        """How the command stands; how the folder stands, unless only `?job` is asked for."""
        known: dict[str, Any] = {"job": asdict(self._jobs.state())}
        if "job" not in request.query:
            known |= await self._in_thread(self._live.state)
            known["lists"] = self._lists.names()
        return web.json_response(known)

    async def sources(self, _request: web.Request) -> web.Response:
        """Source -> what it is, and its filters with the values they take; none where it is free text."""
        loaded = {name: sources.load(name) for name in sources.names()}
        return web.json_response({
            name: {"about": source.about, "filters": {one: list(values) if isinstance(values, tuple) else []
                                                      for one, values in source.filters.items()}}
            for name, source in loaded.items()
        })  # fmt: skip

    async def formats(self, _request: web.Request) -> web.Response:
        """The formats of exports, and the folder that is proposed."""
        out = self._settings.out.absolute()
        return web.json_response({"formats": list(EXPORTERS), "dest": str(out.with_name(f"{out.name}-export"))})

    async def begin(self, request: web.Request) -> web.Response:
        """Start what is wanted; the address of a page is told as it was taken."""
        wanted = await decoded(request, orders.Wanted)

        def start() -> dict[str, str]:
            with self._collection.reading() as ledger:
                practice = ledger.practice
            line = orders.arguments(wanted, self._settings.out, self._lists, practice)
            self._jobs.start([line[0], *(self._flags if line[0] == "run" else ()), *line[1:]])
            return {"address": wanted.address.strip()} if isinstance(wanted, orders.Page) else {}

        return web.json_response(await self._in_thread(start))

    async def stop(self, _request: web.Request) -> web.Response:
        """Ask the command to end."""
        self._jobs.stop()
        return web.json_response({})

    async def preview(self, request: web.Request) -> web.Response:
        """What an export would hold."""
        wanted = await decoded(request, orders.Export)

        def planned() -> dict[str, Any]:
            with self._collection.reading() as ledger:
                plan, unsplit = exporting.preview(ledger, orders.order(wanted))
            counts = plan.counts()
            return {
                "pictures": len(plan.samples), "unsplit": unsplit, "splits": list(plan.splits),
                "left": sorted(plan.left.items()),
                "rows": [[label, *(counts[part, label] for part in plan.splits)] for label in plan.classes],
            }  # fmt: skip

        return web.json_response(await self._in_thread(planned))

    async def found(self, request: web.Request) -> web.Response:
        """The pictures of a page so far, with what their hosts want when that is to be asked (`test=each`)."""
        address, test = request.query.get("address", ""), request.query.get("test", "none")
        if test not in ("each", "none"):
            raise web.HTTPBadRequest(text="test is each or none")

        def shown() -> list[dict[str, Any]]:
            with self._collection.reading() as ledger:
                practice = ledger.practice
            crawls = [
                page_crawl([address], self._settings, gallery=gallery, practice=practice) for gallery in (False, True)
            ]
            rows = [one for crawl in crawls for one in crawl.shown("each" if test == "each" else "none")]
            return [{**asdict(one), "from_host": one.from_host} for one in rows]

        return web.json_response(await self._in_thread(shown))

    async def numbers(self, _request: web.Request) -> web.Response:
        """The report, as it is now."""

        def page() -> str:
            [file] = self._collection.report(self._place / "report.html")
            return file.read_text(encoding="utf-8")

        headers = {"Content-Security-Policy": f"{policy(OWN_PICTURES)}; frame-ancestors 'none'"}
        return web.Response(text=await self._in_thread(page), content_type="text/html", headers=headers)
