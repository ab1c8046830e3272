"""The house keeps its shape: rooms import downwards only, each outside world has one door, names say something."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from collector.reasons import REASONS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "collector"

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


@cache
def modules() -> dict[Path, tuple[str, list[ast.Import | ast.ImportFrom]]]:
    """What the first lines of each module of the package say, and its imports."""
    found: dict[Path, tuple[str, list[ast.Import | ast.ImportFrom]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        found[path] = ((ast.get_docstring(tree) or "").split("\n\n")[0], imports)
    return found


# ------------------------------------------------------------------------------- rooms


def test_imports_keep_their_contracts() -> None:
    """The layers and the one door of each outside world, as pyproject.toml lists them."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_rooms_take_nothing_but_the_version_from_the_public_api() -> None:
    rooms = {one.stem for one in PACKAGE.iterdir()}
    for path, (_, imports) in modules().items():
        for node in imports:
            if isinstance(node, ast.ImportFrom) and node.module == "collector":
                assert {name.name for name in node.names} <= rooms | {"__version__"}, path


def test_nothing_new_lies_at_the_top() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert modules == {"__init__", "__main__", "model", "settings", "reasons", "urls", "cookies", "errors"}


DISTRIBUTIONS = {"PIL": "pillow", "re2": "google-re2", "cv2": "opencv-python-headless"}
"""Packages that are not called as what they are imported by."""

BROUGHT = {"s3fs", "gcsfs"}
"""Extras that fsspec imports, not we."""


def imported() -> set[str]:
    """The top-level packages of others that the product imports, anywhere."""
    found: set[str] = set()
    for _, imports in modules().values():
        for node in imports:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            found |= {name.partition(".")[0] for name in names}
    return found - sys.stdlib_module_names - {"collector"}


def test_every_import_is_required_and_has_its_reason() -> None:
    """Nothing is used because another package happens to bring it; nothing is installed that is not used."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith("#")]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    listed = {re.split(r"[\[<>=~! ;]", line)[0].lower() for line in [*needed, *extras]}
    assert listed == {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in imported()} | BROUGHT
    decisions = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "decisions").glob("*.md"))
    assert {name for name in listed if name not in decisions.lower()} == set()


# ------------------------------------------------------------------------------- names, docs


def test_every_module_says_what_it_does_in_one_to_three_lines() -> None:
    summaries = {path: summary for path, (summary, _) in modules().items()}
    assert len(summaries) > 300
    assert [path for path, summary in summaries.items() if not summary] == [], "no docstring"
    assert [path for path, summary in summaries.items() if summary.count("\n") > 2] == [], "longer than three lines"
    assert [path for path in summaries if path.stem in EMPTY_NAMES] == [], "a name that says nothing"


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


def test_a_fetch_loads_nothing_that_it_has_no_use_for() -> None:
    loaded = python(
        "import collector.cli.collect, collector.crawl.assemble, collector.fetch.pool, sys; print(*sys.modules)"
    )
    assert [name for name in HEAVY if name in loaded.split()] == []


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
    """`python -m collector --help`: 0.1 s is usual; twice that is allowed to slow or busy machines."""
    seconds = min(float(python(HELP).split()[-1]) for _ in range(3))
    assert seconds < 0.2


def test_help_loads_no_verb() -> None:
    loaded = python(f"{HELP}\nprint(*sys.modules)").split()
    assert {
        name for name in loaded if name.startswith(("collector.api", "collector.ledger", "collector.sources"))
    } == set()
