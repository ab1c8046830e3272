from __future__ import annotations

import pytest

from collector.practice.knobs import Knobs


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": "1999"},
        {"state": "sad"},
        {"troubles": {"ghosts": 0.1}},
        {"troubles": {"dead": 0.7, "slow": 0.7}},
        {"troubles": {"dead": -0.1}},
        {"pinned": {3: "ghosts"}},
        {"total": -1},
        {"keywords": {"a": {"colour": "red"}}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Knobs(**wrong)  # type: ignore[arg-type]
