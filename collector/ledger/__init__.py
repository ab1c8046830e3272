"""The ledger: one SQLite file beside the pictures. The only room with SQL; it never touches a picture."""

from collector.ledger.db import Interrupted, SqlTrouble, translated
from collector.ledger.examine import Examined, examine
from collector.ledger.ledger import Ledger
from collector.ledger.looks import Looks
from collector.ledger.rows import Row, Which
from collector.ledger.work import KnownSearch, OpenQuery

__all__ = [
    "Examined",
    "Interrupted",
    "KnownSearch",
    "Ledger",
    "Looks",
    "OpenQuery",
    "Row",
    "SqlTrouble",
    "Which",
    "examine",
    "translated",
]
