"""Events -> progress bars, plain lines, or JSON lines; the only printer, and the only room with rich.

Decides nothing and keeps nothing. What comes from the web or the user is escaped before it is shown.
"""

from collector.cli.terminal.progress import JsonLines, Nothing, choose
from collector.cli.terminal.story import story
from collector.cli.terminal.summary import summary, tally_lines
from collector.cli.terminal.tables import grid, report, store_accounts
from collector.cli.terminal.tee import LogFile, Together, Verbose
from collector.cli.terminal.text import error, facts, line, looked_at, outcome, unreadable

__all__ = [
    "JsonLines",
    "LogFile",
    "Nothing",
    "Together",
    "Verbose",
    "choose",
    "error",
    "facts",
    "grid",
    "line",
    "looked_at",
    "outcome",
    "report",
    "store_accounts",
    "story",
    "summary",
    "tally_lines",
    "unreadable",
]
