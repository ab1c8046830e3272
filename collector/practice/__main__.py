"""`python -m collector.practice --port 8000`: serve the practice web until Ctrl-C."""

from __future__ import annotations

import argparse
import sys

from collector.practice import LAYOUTS, Knobs, serve


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after Ctrl-C, 4 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m collector.practice", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="default 8000; 0 takes any free one")
    parser.add_argument("--layout", choices=LAYOUTS, default="2026", help="the year whose result page is served")
    parser.add_argument("--total", type=int, default=240, help="pictures per keyword")
    parser.add_argument("--calm", action="store_true", help="no troubles and no latency")
    chosen = parser.parse_args(arguments)
    make = Knobs.calm if chosen.calm else Knobs
    knobs = make(layout=chosen.layout, total=chosen.total)
    try:
        serve(chosen.port, knobs, lambda url: _say(f"practice web on {url}/ - Ctrl-C ends it"))
    except OSError as error:
        _say(f"port {chosen.port} cannot be used: {error.strerror}")
        return 4
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
