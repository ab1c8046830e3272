"""The ledger: one SQLite file beside the pictures. The only room with SQL; it never touches a picture."""

from collector.store.examine import Examined, examine
from collector.store.ledger import KnownSearch, Ledger, OpenQuery, StoreError

__all__ = ["Examined", "KnownSearch", "Ledger", "OpenQuery", "StoreError", "examine"]
