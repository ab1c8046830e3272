"""The result pages of three years; one line per layout."""

from __future__ import annotations

from types import ModuleType

from collector.practice.layouts import grid2020, grid2024, grid2026

LAYOUTS: dict[str, ModuleType] = {"2026": grid2026, "2024": grid2024, "2020": grid2020}
"""Each module has page(view, found), batch(view, found, ended) and related(view, found)."""
