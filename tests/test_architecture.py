"""The house keeps its shape: rooms import downwards only, each outside world has one door, names say something.

Reads source text with `ast`; only the start-up tests run the program.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.reasons import REASONS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "collector"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("ui", "review"),
    ("launch", "doctor"),
    ("run",),
    ("settle",),
    ("course",),
    ("schedule", "watch"),
    ("job",),
    ("merge",),
    ("mend", "curate", "scrapyfiles", "frames", "intake"),
    ("store", "search", "fetch", "dataset"),
    ("sources",),
    ("urlmap",),
    ("queries", "settings", "layout", "lock"),
    ("blocklist", "delimited", "disk"),
    ("contracts",),
    ("reasons",),
    ("model",),
)
"""Top to bottom. A room may import lower ones and itself; rooms of one line do not know each other."""

APART = "practice"
"""Knows no other room, so that it can test any scraper; only the command line and the tests know it."""

DOORS: dict[str, tuple[str, ...]] = {
    "selenium": ("search",),
    "webdriver_manager": ("search",),
    "sqlite3": ("store",),
    "PIL": ("fetch.imaging", "dataset.pixels", "practice"),
    "rich": ("ui", "cli"),
    "click": ("cli",),
    "requests": ("fetch",),
    "pycurl": ("fetch",),
    "urllib3": ("fetch", "search"),
    "aiohttp": ("practice",),
    "parsel": ("sources",),
    "jmespath": ("sources.recipe",),
    "av": ("fetch.stills",),
    "cleanvision": ("dataset.audit",),
    "pandas": ("queries", "urlmap", "delimited", "dataset.exporters.csv_table"),
    "pyarrow": ("dataset.exporters.arrow", "urlmap"),
}
"""Outside package -> the only rooms or modules that may import it. search/ needs urllib3's errors: selenium lets
them through when a driver dies."""

ONLY_IMPORTERS: dict[str, tuple[str, ...]] = {
    "ui": ("cli", "chores"),
    "chores": ("cli",),
    "cli": ("__main__",),
    APART: ("cli",),
}

EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "base", "misc"}

HEAVY = (
    "selenium",
    "webdriver_manager",
    "pandas",
    "numpy",
    "aiohttp",
    "requests",
    "pycurl",
    "PIL",
    "rich",
    "parsel",
    "lxml",
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import found in the source; `module` and `target` are dotted names, ours without the `collector.`"""

    module: str
    line: int
    target: str
    ours: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target or 'collector'}"


def module_name(path: Path, package: Path) -> str:
    """`collector/fetch/imaging.py` -> `fetch.imaging`; the package itself is the empty name."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, package: Path) -> Iterator[Import]:
    """Every import of one file, those inside functions and TYPE_CHECKING blocks too."""
    module = module_name(path, package)
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            source = node.module or ""
            # `from collector import layout` names a room, `from collector.model import Hit` a value of one
            named = [f"{source}.{alias.name}" if source == "collector" else source for alias in node.names]
        else:
            continue
        for name in dict.fromkeys(named):
            first, _, rest = name.partition(".")
            ours = first == "collector"
            yield Import(module, node.lineno, ("" if rest == "__version__" else rest) if ours else name, ours)


def imports_under(package: Path) -> list[Import]:
    return [found for path in sorted(package.rglob("*.py")) for found in imports_of(path, package)]


def room(module: str) -> str:
    return module.partition(".")[0]


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def upward(imports: list[Import]) -> list[str]:
    """The imports that go up or sideways, and those from or to a room that has no layer."""
    level = {name: depth for depth, names in enumerate(LAYERS) for name in names}
    wrong = []
    for found in imports:
        source, target = room(found.module), room(found.target)
        if not found.ours or source == target or target == "" or APART in (source, target):
            continue
        if source not in level or target not in level or level[target] <= level[source]:
            wrong.append(str(found))
    return wrong


def strangers(imports: list[Import]) -> list[str]:
    """Imports of outside packages by anyone but their door, and of rooms by anyone but their only importers."""
    wrong = []
    for found in imports:
        target = room(found.target)
        if found.ours:
            allowed = ONLY_IMPORTERS.get(target)
            refused = allowed is not None and not within(found.module, (*allowed, target))
            refused |= room(found.module) == APART and target not in ("", APART)
        else:
            refused = target in DOORS and not within(found.module, DOORS[target])
        if refused:
            wrong.append(str(found))
    return wrong


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return imports_under(PACKAGE)


# ------------------------------------------------------------------------------- rooms and doors


def test_imports_go_down_only(imports: list[Import]) -> None:
    assert upward(imports) == []


def test_each_outside_world_has_one_door(imports: list[Import]) -> None:
    assert strangers(imports) == []


def test_every_room_has_a_layer() -> None:
    rooms = {room(module_name(path, PACKAGE)) for path in PACKAGE.rglob("*.py")} - {""}
    assert rooms - {APART} == {name for names in LAYERS for name in names}


def test_every_door_leads_somewhere() -> None:
    modules = {module_name(path, PACKAGE) for path in PACKAGE.rglob("*.py")}
    assert [place for places in DOORS.values() for place in places if place not in modules] == []


def test_the_import_linter_has_the_same_layers() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    assert tuple(tuple(re.findall(r"\w+", line)) for line in layers) == LAYERS


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("model.py", "from collector.store import Ledger", "model:1 imports store"),
        ("fetch/pool.py", "from collector import search", "fetch.pool:1 imports search"),
        ("search/pool.py", "def start():\n    import collector.fetch.pool", "search.pool:2 imports fetch.pool"),
        ("run.py", "from collector.ui import show", "run:1 imports ui"),
        ("attic.py", "from collector import model", "attic:1 imports model"),
        ("sources/bing.py", "from selenium import webdriver", "sources.bing:1 imports selenium"),
        ("run.py", "if True:\n    import sqlite3", "run:2 imports sqlite3"),
        ("fetch/checks.py", "import PIL.Image", "fetch.checks:1 imports PIL.Image"),
        ("launch.py", "from collector.practice import serve", "launch:1 imports practice"),
        ("practice/server.py", "from collector.settings import load", "practice.server:1 imports settings"),
    ],
)
def test_a_wrong_import_is_seen(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = imports_under(tmp_path)
    assert any(line.startswith(complaint) for line in upward(found) + strangers(found))


# ------------------------------------------------------------------------------- names, docs


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: module_name(path, PACKAGE) or "collector"
)
def test_a_module_says_what_it_does_in_one_to_three_lines(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_bytes()))
    assert text, "no docstring"
    summary = text.split("\n\n")[0].splitlines()
    assert len(summary) <= 3, "the first paragraph is longer than three lines"
    assert path.stem not in EMPTY_NAMES, "a name that says nothing"


def test_the_list_of_reasons_is_written_down() -> None:
    """docs/reasons.md has a line that begins with each slug (`http.<status>` stands for all of HTTP), and no other."""
    text = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\W*`([a-z]+\.[a-z0-9_<>]+)`", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted([reason.slug for reason in REASONS] + ["http.<status>"])


def test_every_decision_is_numbered_and_dated() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:5] for page in pages] == [f"{number:04}-" for number in range(1, len(pages) + 1)]
    for page in pages:
        head = page.read_text(encoding="utf-8").splitlines()[:3]
        assert head[0].startswith(f"# {page.name[:4]} "), page.name
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", head[2]), f"{page.name}: no date on its third line"


# ------------------------------------------------------------------------------- start-up


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = python("import collector.cli, sys; print(*sys.modules)").split()
    assert [name for name in HEAVY if name in loaded] == []


HELP = """
import runpy, sys, time
sys.argv = ["collector", "--help"]
try:
    runpy.run_module("collector", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
print(time.process_time())
"""


def test_help_answers_at_once() -> None:
    """`python -m collector --help`: 0.3 s is the promise; twice that is allowed to slow or busy machines."""
    seconds = min(float(python(HELP).split()[-1]) for _ in range(3))
    assert seconds < 0.6
