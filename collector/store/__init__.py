"""The ledger: one SQLite file beside the pictures. The only room with SQL; it never touches a picture."""

from collector.store.ledger import Ledger, OpenQuery, StoreError

__all__ = ["Ledger", "OpenQuery", "StoreError"]
