"""How an object store stands, for people or as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from collector.cli.terminal.text import write

if TYPE_CHECKING:
    from collector.cluster.accounts import Accounts

SHOWN = 10
"""Lines about what is missing, at most."""


def store_accounts(accounts: Accounts, url: str, *, as_json: bool = False) -> None:
    """Print the accounts of a store on stdout."""
    if as_json:
        write(sys.stdout, json.dumps({"event": "store", **asdict(accounts), "closes": accounts.closes}))
        return
    states = accounts.states
    write(sys.stdout, f"{url}: {accounts.given:,} URLs in {accounts.pieces:,} pieces")
    for state, count in states.items():
        write(sys.stdout, f"  {state:10}{count:>12,}")
    for reason, count in list(accounts.reasons.items())[:SHOWN]:
        write(sys.stdout, f"    {reason:28}{count:>12,}")
    if accounts.set:
        left = sum(accounts.set.values()) - accounts.set.get("", 0)
        write(
            sys.stdout,
            f"  {accounts.set.get('', 0):,} pictures make the set, {left:,} are left out of it (set.parquet)",
        )
        for reason, count in sorted(accounts.set.items()):
            if reason:
                write(sys.stdout, f"    {reason:28}{count:>12,}")
    if accounts.repeated:
        write(sys.stdout, f"  {accounts.repeated:,} more URLs stood under two keywords of one class")
    if accounts.read:
        write(sys.stdout, f"  {accounts.read:,} pieces were there before and were not fetched again")
    for line in accounts.missing[:SHOWN]:
        write(sys.stdout, f"  missing: {line}")
    if len(accounts.missing) > SHOWN:
        write(sys.stdout, f"  and {len(accounts.missing) - SHOWN:,} more are missing")
