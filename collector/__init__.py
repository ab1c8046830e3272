"""From a list of keywords to a clean, documented folder of pictures: the Python API (docs/python.md).

Importing it is light: a name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector import errors
    from collector.api.cluster import accounts, fetch
    from collector.api.collect import Crawl, Summary, collect
    from collector.api.collection import Collection, Exported
    from collector.api.collection import open_collection as open
    from collector.api.models import get_model
    from collector.api.pages import PageCrawl, pages
    from collector.api.pictures import PictureDataset, Pictures
    from collector.api.queries import QueryRow as Query
    from collector.cluster.accounts import Accounts
    from collector.dataset.lock import compare
    from collector.dataset.samples import Choice
    from collector.images.form import Form
    from collector.model import (
        Duplicate,
        Event,
        Failed,
        Found,
        Noticed,
        Rejected,
        Saved,
        SearchEnded,
        SearchStarted,
        Skipped,
    )
    from collector.practice.server import PracticeWeb as practice

__version__ = "0.1.0"

__all__ = [
    "Accounts",
    "Choice",
    "Collection",
    "Crawl",
    "Duplicate",
    "Event",
    "Exported",
    "Failed",
    "Form",
    "Found",
    "Noticed",
    "PageCrawl",
    "PictureDataset",
    "Pictures",
    "Query",
    "Rejected",
    "Saved",
    "SearchEnded",
    "SearchStarted",
    "Skipped",
    "Summary",
    "__version__",
    "accounts",
    "collect",
    "compare",
    "errors",
    "fetch",
    "get_model",
    "open",
    "pages",
    "practice",
]

_PLACES = {
    "collector.api.cluster": ("accounts",),
    "collector.cluster.accounts": ("Accounts",),
    "collector.api.collect": ("Crawl", "Summary", "collect"),
    "collector.api.collection": ("Collection", "Exported"),
    "collector.api.models": ("get_model",),
    "collector.api.pages": ("PageCrawl", "pages"),
    "collector.api.pictures": ("PictureDataset", "Pictures"),
    "collector.dataset.lock": ("compare",),
    "collector.dataset.samples": ("Choice",),
    "collector.images.form": ("Form",),
    "collector.model": ("Duplicate", "Event", "Failed", "Found", "Noticed", "Rejected", "Saved", "SearchEnded",
                        "SearchStarted", "Skipped"),
}  # fmt: skip
_HOMES = {name: (module, name) for module, names in _PLACES.items() for name in names} | {
    "Query": ("collector.api.queries", "QueryRow"),
    "open": ("collector.api.collection", "open_collection"),
}
_ROOMS = ("errors", "fetch", "practice")
"""Exported as they are; two of these rooms may be called."""


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"collector.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'collector' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
