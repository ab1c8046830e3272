"""The ledger: one SQLite file beside the pictures. The only room with SQL; it never touches a picture."""

from collector.store.connection import Interrupted, NotOurs, SqlTrouble, StoreBusy, StoreError, translated
from collector.store.examine import Examined, examine
from collector.store.ledger import Ledger
from collector.store.work import KnownSearch, OpenQuery

__all__ = [
    "Examined",
    "Interrupted",
    "KnownSearch",
    "Ledger",
    "NotOurs",
    "OpenQuery",
    "SqlTrouble",
    "StoreBusy",
    "StoreError",
    "examine",
    "translated",
]
