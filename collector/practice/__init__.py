"""The practice web: a loopback-only server that behaves like Google Images, with pictures and troubles of its own.

For the demo, the tests and the benchmarks, and for anyone who wants to test a scraper. Never talks to the internet.
"""

from __future__ import annotations

from collector.practice.knobs import LAYOUTS, STATES, TROUBLES, Knobs
from collector.practice.log import Request
from collector.practice.server import PracticeWeb, serve

__all__ = ["LAYOUTS", "STATES", "TROUBLES", "Knobs", "PracticeWeb", "Request", "serve"]
