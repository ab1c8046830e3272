"""The practice web: a loopback-only server that behaves like Google Images, with pictures and troubles of its own.

For the demo, the tests and the benchmarks, and for anyone who wants to test a scraper. Never talks to the internet.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType

from collector.practice.doubles import Double
from collector.practice.knobs import LAYOUTS, STATES, TROUBLES, Knobs
from collector.practice.log import Request
from collector.practice.server import PracticeWeb, serve

__all__ = ["LAYOUTS", "STATES", "TROUBLES", "Knobs", "PracticeWeb", "Request", "serve"]


class _Callable(ModuleType):
    """`collector.practice()` is a practice web: the room and the function of the API have one name."""

    def __call__(
        self, knobs: Knobs | None = None, port: int = 0, doubles: Mapping[str, Double] | None = None
    ) -> PracticeWeb:
        return PracticeWeb(knobs, port, doubles)


sys.modules[__name__].__class__ = _Callable
