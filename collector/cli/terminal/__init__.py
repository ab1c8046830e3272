"""Events -> progress bars, plain lines, or JSON lines; the only printer.

Decides nothing and keeps nothing. What comes from the web or the user is escaped before it is shown.
"""

from collector.cli.terminal.grid import grid
from collector.cli.terminal.progress import Show, choose
from collector.cli.terminal.story import story
from collector.cli.terminal.table import summary, tally_lines
from collector.cli.terminal.text import error, line, meaning

__all__ = ["Show", "choose", "error", "grid", "line", "meaning", "story", "summary", "tally_lines"]
