"""All 225 hostile inputs have a line in table.txt, which leads to tests that exist."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
COUNTS = {"K": 34, "C": 25, "U": 37, "H": 38, "I": 28, "D": 13, "B": 20, "S": 22, "R": 8}


@dataclass(frozen=True, slots=True)
class Line:
    """One hostile input."""

    id: str
    tests: tuple[str, ...]


def lines() -> list[Line]:
    rows = []
    for text in (Path(__file__).with_name("table.txt")).read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            continue
        number, _, _, where = (part.strip() for part in text.split(" | "))
        rows.append(Line(number, tuple(where.split())))
    return rows


def test_every_input_has_its_line() -> None:
    wanted = [f"{family}{number}" for family, count in COUNTS.items() for number in range(1, count + 1)]
    assert [line.id for line in lines()] == wanted
    assert len(wanted) == 225


def test_every_line_leads_to_a_test() -> None:
    known: dict[str, set[str]] = {}
    for line in lines():
        assert line.tests, line.id
        for test in line.tests:
            file, _, name = test.partition("::")
            if file not in known:
                tree = ast.parse((TESTS / file).read_bytes())
                known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert name in known[file], f"{line.id}: no {test}"
