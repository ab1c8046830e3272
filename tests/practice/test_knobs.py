from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from collector.practice.knobs import REALISTIC, STATES, TROUBLES, Knobs, from_query


def test_default_troubles_are_about_one_picture_in_seven() -> None:
    assert 0.10 <= sum(Knobs().troubles.values()) <= 0.16
    assert set(REALISTIC) <= set(TROUBLES)


def test_calm_has_no_troubles_and_takes_changes() -> None:
    knobs = Knobs.calm(layout="2020", troubles={"dead": 0.5})
    assert knobs.latency == (0.0, 0.0)
    assert (knobs.layout, dict(knobs.troubles)) == ("2020", {"dead": 0.5})


def test_a_keyword_has_its_own_changes() -> None:
    knobs = Knobs(total=50, keywords={"wall": {"state": "captcha"}})
    assert (knobs.of("wall").state, knobs.of("wall").total) == ("captcha", 50)
    assert knobs.of("other").state == "results"


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


def test_an_address_can_set_simple_knobs() -> None:
    query = {
        "q": "x",
        "practice_layout": "2024",
        "practice_hover": "0",
        "practice_swap": "1,2.5",
        "practice_total": "9",
    }
    assert from_query(query) == {"layout": "2024", "hover": False, "swap": (1.0, 2.5), "total": 9}


@pytest.mark.parametrize("name", ["practice_troubles", "practice_nothing", "practice_of"])
def test_an_address_cannot_set_other_things(name: str) -> None:
    with pytest.raises(ValueError):
        from_query({name: "1"})


def test_the_page_about_it_lists_everything() -> None:
    text = (Path(__file__).parents[2] / "docs" / "practice-web.md").read_text(encoding="utf-8")
    for name in (*(knob.name for knob in fields(Knobs)), *STATES, *TROUBLES):
        assert f"| `{name}` |" in text, name
    for name, meaning in (*STATES.items(), *TROUBLES.items()):
        assert f"| `{name}` | {meaning} |" in text, name
