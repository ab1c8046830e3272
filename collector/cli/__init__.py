"""The command line: verbs in groups, and the exit code of every ending. Imports nothing heavy: `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from collector import __version__
from collector.cli.endings import exit_code, open_closed_streams
from collector.cli.groups import Verbs

__all__ = ["cli", "main"]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="collector")
def cli() -> None:
    """From a CSV of keywords to a clean, documented folder of pictures.

    Stop at any moment (Ctrl-C) and run the same command again: it goes on where it was.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; expected trouble is one line on standard error."""
    open_closed_streams()
    sys.exit(exit_code(lambda: cli.main(arguments, prog_name="collector", standalone_mode=False)))
