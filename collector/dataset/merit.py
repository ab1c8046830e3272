"""Which of pictures that look the same is better: in colour, of its natural shape, without a text over it. Pure.

Of two alike the copy is often the one with more pixels: a stretched wallpaper, a quote in large letters, a scan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.images.hashing import PORTRAIT
from collector.ledger import Row

Plane = NDArray[np.float64]
_SHAPES: Final = (1, 5 / 4, 4 / 3, 3 / 2, 16 / 10, 16 / 9, 2)
"""Long by short side as cameras, films and screens have them."""
_SAME_SHAPE: Final = 0.025
"""Of the logarithm of width by height: within a pixel row or two, or a small crop."""
_USUAL: Final = 0.015
"""The same, for being one of the usual shapes."""
_COLOURFUL: Final = 6.0
"""Spread of the colours, in levels, of a picture that is not grey or tinted all over."""
_STEP: Final = 32.0
"""Levels by which an overlay stands out."""
_LEAST, _MOST = 0.002, 0.45
"""Share of the picture that an overlay covers."""
_LEAD: Final = 0.1
"""By how much the overlay's edges and ends must lead."""
_SHARP: Final = 0.3
"""Step from pixel to pixel at an overlay's rim, as a share of how much it stands out: of text 0.5 and more, of darkened
corners or a fading 0.2."""
_COMPARED: Final = 30
"""Members of a group that are compared with each other for overlays."""


@dataclass(frozen=True, order=True, slots=True)
class Merit:
    """What speaks against keeping a picture of a group; the smallest is the best."""

    grey: bool = False
    """Without the colours that another has."""
    stretched: bool = False
    overlaid: int = 0
    """Others of the group beside which something lies over it."""
    tiny: bool = False
    """No more than half as large a side as another."""


def merits(members: Sequence[Row], portraits: Mapping[str, bytes]) -> list[Merit]:
    """Of each member of a group; `portraits` are those of `portrait`, by sha256. Without one only sizes count."""
    pictures = [_unpacked(portraits.get(row.sha256)) for row in members]
    spreads = [None if picture is None else _spread(picture) for picture in pictures]
    most = max((spread for spread in spreads if spread is not None), default=0.0)
    stretched = _stretched(members, pictures)
    overlaid = _overlaid([None if picture is None else picture.mean(axis=2) for picture in pictures])
    largest = max(row.width * row.height for row in members)
    return [
        Merit(
            grey=spread is not None and most >= _COLOURFUL and spread < most / 4,
            stretched=stretched[place],
            overlaid=overlaid[place],
            tiny=4 * row.width * row.height <= largest,
        )
        for place, (row, spread) in enumerate(zip(members, spreads, strict=True))
    ]


def _unpacked(portrait: bytes | None) -> Plane | None:
    if portrait is None:
        return None
    return np.frombuffer(portrait, dtype=np.uint8).reshape(PORTRAIT, PORTRAIT, 3).astype(np.float64)


def _spread(picture: Plane) -> float:
    """How much the colours differ beyond what the brightness tells: next to nothing in a grey or a tinted picture."""
    red, green, blue = (picture[..., band].ravel() for band in range(3))
    bright = picture.mean(axis=2).ravel()
    known = np.stack([np.ones_like(bright), bright, bright**2], axis=1)
    colours = np.stack([red - green, (red + green) / 2 - blue], axis=1)
    left = colours - known @ np.linalg.lstsq(known, colours, rcond=None)[0]
    return float(np.hypot(*left.std(axis=0)))


# --------------------------------------------------------------------------- shape


def _stretched(members: Sequence[Row], pictures: Sequence[Plane | None]) -> list[bool]:
    """Those of another shape than the natural one: that of most members, else one that cameras have, else the one in
    which details run as much across as down."""
    shapes = [_shape(row) for row in members]
    groups: list[list[int]] = []
    for place in sorted(range(len(shapes)), key=lambda place: shapes[place]):
        if groups and shapes[place] - shapes[groups[-1][-1]] <= _SAME_SHAPE:
            groups[-1].append(place)
        else:
            groups.append([place])
    if len(groups) == 1:
        return [False] * len(members)

    def unnatural(group: list[int]) -> tuple[int, bool, float]:
        shape = shapes[group[0]]
        usual = min(abs(abs(shape) - log(ratio)) for ratio in _SHAPES) <= _USUAL
        picture = next((pictures[place] for place in group if pictures[place] is not None), None)
        return -len(group), not usual, 0.0 if picture is None else abs(_leaning(picture) - shape)

    natural = min(groups, key=unnatural)
    return [place not in natural for place in range(len(members))]


def _shape(row: Row) -> float:
    turned = row.orientation >= 5
    return log(max(1, row.width) / max(1, row.height)) * (-1 if turned else 1)


def _leaning(square: Plane) -> float:
    """The logarithm of width by height at which a picture that was made square has as much detail across as down."""
    grey = square.mean(axis=2)
    across, down = np.abs(np.diff(grey, axis=1)).mean(), np.abs(np.diff(grey, axis=0)).mean()
    return log(max(across, 1e-6) / max(down, 1e-6))


# --------------------------------------------------------------------------- overlays


def _overlaid(pictures: Sequence[Plane | None]) -> list[int]:
    """For each, beside how many others something lies over it."""
    counts = [0] * len(pictures)
    seen = [(place, picture) for place, picture in enumerate(pictures) if picture is not None][:_COMPARED]
    for number, (one, left) in enumerate(seen):
        for other, right in seen[number + 1 :]:
            side = _busier(left, right)
            counts[one] += side < 0
            counts[other] += side > 0
    return counts


def _busier(left: Plane, right: Plane) -> int:
    """-1 or 1 for the side with an overlay, 0 when there is none: the two differ in places only, which have sharp rims,
    and there one has the sharper edges, or the blacker blacks and whiter whites."""
    difference = left - right - np.median(left) + np.median(right)
    apart = np.abs(difference) > _STEP
    rest = np.abs(left - right)[~apart]
    if not _LEAST <= apart.mean() <= _MOST or np.abs(rest - np.median(rest)).mean() > _STEP / 3:
        return 0
    near = _grown(apart)
    if _edges(difference)[near].mean() < _SHARP * np.abs(difference)[apart].mean():
        return 0
    edges = [log(max(float(_edges(picture)[near].mean()), 1e-6)) for picture in (left, right)]
    ends = [float(((picture[apart] < 16) | (picture[apart] > 239)).mean()) for picture in (left, right)]
    lead = edges[0] - edges[1] + ends[0] - ends[1]
    return 0 if abs(lead) < _LEAD else -1 if lead > 0 else 1


def _edges(picture: Plane) -> Plane:
    across, down = np.zeros_like(picture), np.zeros_like(picture)
    across[:, 1:], down[1:] = np.abs(np.diff(picture, axis=1)), np.abs(np.diff(picture, axis=0))
    return across + down


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With a rim of two pixels, in which an overlay's own edges lie."""
    grown = mask.copy()
    for _ in range(2):
        wide = grown.copy()
        wide[1:] |= grown[:-1]
        wide[:-1] |= grown[1:]
        wide[:, 1:] |= grown[:, :-1]
        wide[:, :-1] |= grown[:, 1:]
        grown = wide
    return grown
