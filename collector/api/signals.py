"""What a signal means during a run: the first stops cleanly, the second at once. Speaks only when it is looked at."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from collector.errors import GO_ON


class StopSignals:
    """First signal: stop cleanly. Second: at once; the browsers' watchdog clears up behind us.

    Python delivers signals to the main thread only: in any other this does nothing.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        """`notice` is told once that a stop is under way."""
        self.exit_code = 0
        self.gently = False
        """True while a run looks at us; until then the first signal ends at once what is being read or planned."""
        self._notice = notice
        self._said = False
        self._before: dict[int, Any] = {}

    @property
    def came(self) -> bool:
        return self.exit_code != 0

    def stopping(self) -> bool:
        """Whether to stop; says so the first time (a signal handler must not print)."""
        if self.came and self.gently and not self._said:
            self._said = True
            self._notice("stopping; what is under way is finished or put back (again: stop now)")
        return self.came

    def _handle(self, number: int, _frame: Any) -> None:
        if self.came:
            _leave(128 + number)
        self.exit_code = 128 + number
        if not self.gently:
            raise KeyboardInterrupt

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                if (number := getattr(signal, name, None)) is not None:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _leave(code: int) -> NoReturn:
    """End at once, with a terminal that has its cursor back and a word on how to go on. As a signal comes between any
    two steps, it writes past Python's streams, which may be in the middle of something.
    """
    with contextlib.suppress(OSError):
        shown = b"\x1b[?25h\r\n" if os.isatty(2) else b""
        os.write(2, shown + f"collector: stopped at once; what was saved is kept, {GO_ON}\n".encode())
    os._exit(code)
