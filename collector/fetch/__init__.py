"""Stage two: a URL becomes a verified picture in a part file, or a reason why not. Never touches the ledger."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """`collector.fetch(store=...)` is the API's function: the room and it have one name."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return import_module("collector.api.cluster").fetch(*arguments, **named)


sys.modules[__name__].__class__ = _Callable
