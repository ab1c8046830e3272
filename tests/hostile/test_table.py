"""All 225 hostile inputs have a line in table.txt, which leads to a test that exists or to a part still to come."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
COUNTS = {"K": 34, "C": 25, "U": 37, "H": 38, "I": 28, "D": 13, "B": 20, "S": 22, "R": 8}
LATER = {"exports", "reports", "network folders"}


@dataclass(frozen=True, slots=True)
class Line:
    """One hostile input."""

    id: str
    tests: tuple[str, ...]
    later: str


def lines() -> list[Line]:
    rows = []
    for text in (Path(__file__).with_name("table.txt")).read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            continue
        number, _, _, where = (part.strip() for part in text.split(" | "))
        named, _, later = where.partition("later: ")
        rows.append(Line(number, tuple(named.split()), later))
    return rows


def test_every_input_has_its_line() -> None:
    wanted = [f"{family}{number}" for family, count in COUNTS.items() for number in range(1, count + 1)]
    assert [line.id for line in lines()] == wanted
    assert len(wanted) == 225


def test_every_line_leads_to_a_test_or_to_a_part_to_come() -> None:
    known: dict[str, set[str]] = {}
    for line in lines():
        assert line.tests or line.later, line.id
        assert not line.later or line.later in LATER, line
        for test in line.tests:
            file, _, name = test.partition("::")
            if file not in known:
                tree = ast.parse((TESTS / file).read_bytes())
                known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert name in known[file], f"{line.id}: no {test}"


def test_every_input_is_tested() -> None:
    assert [line.id for line in lines() if not line.tests] == []
