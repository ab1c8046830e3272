"""Which licences the filters `rights` and `license` let through together. Asks nobody; knows Creative Commons alone.

Facts: creativecommons.org/licenses and /publicdomain. Used by every source that has both filters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LICENSES: Final = ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "cc0", "pdm")
PUBLIC: Final = ("cc0", "pdm")
RIGHTS: Final = ("creative-commons", "commercial", "modification", "commercial-modification", "public-domain")
ONE_OR_SEVERAL: Final = ("{licenses}",)
"""The values of the filter `license`."""
_REFUSED: Final = {"nc": "commercial", "nd": "modification"}
"""Part of a licence's name -> the right that it does not grant."""
_SEPARATORS: Final = re.compile(r"[|,; ]+")


def fitting(rights: str, license: str) -> tuple[str, ...]:
    """Those of LICENSES that both filters allow; "" is a filter that is not set."""
    wanted = _SEPARATORS.split(license) if license else LICENSES
    return tuple(name for name in LICENSES if name in wanted and _grants(name, rights))


def contradiction(given: Mapping[str, str]) -> str | None:
    """What is wrong with filters that no licence fits, in one line; None when there is one."""
    rights, license = given.get("rights", ""), given.get("license", "")
    if fitting(rights, license):
        return None
    fit = ", ".join(fitting(rights, ""))
    return f"rights={rights} and license={license} contradict each other: of {rights} are only {fit}; leave one out"


def _grants(name: str, rights: str) -> bool:
    if rights == "public-domain":
        return name in PUBLIC
    refused = {part for part, right in _REFUSED.items() if right in rights}
    return refused.isdisjoint(name.split("-"))
