"""What a signal means: the first stops cleanly, the second now. Prints only when it is looked at."""

from __future__ import annotations

import os
import signal
from typing import Any

from collector.cli import terminal


class Stop:
    """First signal: stop cleanly. Second: now; the browsers' watchdog clears up behind us."""

    def __init__(self) -> None:
        self.code = 0
        self.gently = False
        """True while a run looks at us; else the first signal ends at once what is being read or planned."""
        self._said = False
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        return self.code != 0

    def look(self) -> bool:
        """Whether to stop; says so the first time (a signal handler must not print)."""
        if self.asked and not self._said:
            self._said = True
            terminal.error("stopping; what is under way is finished or put back (again: stop now)")
        return self.asked

    def _handle(self, number: int, _frame: Any) -> None:
        if self.asked:
            os._exit(128 + number)
        self.code = 128 + number
        if not self.gently:
            raise KeyboardInterrupt

    def __enter__(self) -> Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
