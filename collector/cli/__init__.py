"""The command line: verbs, flags, and the exit code of every ending. Imports nothing heavy: `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from collector.cli.endings import exit_code
from collector.cli.verbs import cli

__all__ = ["cli", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; expected trouble is one line on standard error."""
    sys.exit(exit_code(lambda: cli.main(arguments, prog_name="collector", standalone_mode=False)))
