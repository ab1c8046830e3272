"""The decisions are tested here, not the processes: those that look at pictures are few."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _mostly_in_process(pictures_in_process: None) -> None:
    """See there."""
