"""Events -> progress bars, plain lines, or JSON lines; the only printer.

Decides nothing and keeps nothing. What comes from the web or the user is escaped before it is shown.
"""

from collector.ui.grid import grid
from collector.ui.shows import Show, choose
from collector.ui.story import story
from collector.ui.table import summary, tally_lines
from collector.ui.text import error, line, meaning

__all__ = ["Show", "choose", "error", "grid", "line", "meaning", "story", "summary", "tally_lines"]
