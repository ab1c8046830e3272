"""How a command ends: which exit code, and the one line that says why. The table: docs/exit-codes.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches

import click

from collector.errors import GO_ON, CollectorError, Stopped


def exit_code(run: Callable[[], object]) -> int:
    """Run the command line; its exit code, after one line on standard error for expected trouble."""
    out = sys.stdout
    try:
        run()
    except click.exceptions.NoArgsIsHelpError as error:
        with suppress(BrokenPipeError):
            error.show()
        return error.exit_code
    except SystemExit:
        if sys.stdout is out:
            raise
        return 0  # click puts another in its place when its reader has gone away, and exits.
    except click.ClickException as error:
        return _say(error.exit_code, _in_a_line(error))
    except (click.Abort, KeyboardInterrupt):
        return _say(130, str(Stopped()))
    except CollectorError as error:
        return _say(error.exit_code, str(error))
    except OSError as error:
        return _say_disk(error)
    except Exception as error:
        if (meant := _of_the_ledger(error)) is None:
            raise
        return _say(meant.exit_code, str(meant)) if isinstance(meant, CollectorError) else _say_disk(meant)
    return 0


def _in_a_line(error: click.ClickException) -> str:
    """What the command line itself found wrong."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        [meant] = get_close_matches(error.option_name, error.possibilities, 1, 0)
        return f"no option {error.option_name}; did you mean {meant}?"
    text = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    more = f"; `{context.command_path} --help` says more" if context is not None and not text.endswith("?") else ""
    return f"{text[:1].lower()}{text[1:]}{more}"


def open_closed_streams() -> None:
    """Standard streams that the caller closed (`>&-`) lead nowhere: else files of ours would get their numbers, and
    what is meant for people would be written into them.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere == number:
                os.set_inheritable(nowhere, True)
            else:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _of_the_ledger(error: Exception) -> Exception | None:
    """What a trouble of the ledger means; None for any other."""
    from collector.ledger import SqlTrouble, translated

    if not isinstance(error, SqlTrouble):
        return None
    meant = translated(error)
    return None if meant is error else meant


def _say_disk(error: Exception) -> int:
    name, text = getattr(error, "filename", None), getattr(error, "strerror", None)
    where = f"{name}: " if name else ""
    if isinstance(error, FileExistsError | NotADirectoryError):
        text = "a file is in the place of a folder"
    return _say(3, f"{where}{text or error}; nothing saved is lost: put it right and {GO_ON}")


def _say(code: int, line: str) -> int:
    from collector.cli import terminal

    terminal.error(line)
    return code
