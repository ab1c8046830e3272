"""The docs say what the code says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from collector import errors
from collector.cli.groups import VERBS
from collector.dataset.formats import EXPORTERS

ROOT = Path(__file__).resolve().parents[1]


def test_the_made_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_names_every_verb_and_no_other() -> None:
    table = re.findall(r"^\| `(\w+)[^`]*` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(VERBS)


def test_every_exit_code_of_the_command_line_is_documented() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    documented = {int(code) for cell in re.findall(r"^\| ([\d, ]+) \|", page, re.MULTILINE) for code in cell.split(",")}
    assert {error.exit_code for error in every_error(errors.CollectorError)} <= documented
    assert {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130} <= documented


def every_error(kind: type[errors.CollectorError]) -> list[type[errors.CollectorError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in every_error(child))]


def test_links_in_the_docs_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_files_that_the_docs_name_are_there() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(r"`((?:tests|collector|scripts|bench)/[\w/.]+\.py)`", page.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{page.name}: {name}"


def test_every_export_format_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "dataset.md").read_text(encoding="utf-8")
    table = page.partition("| format | layout |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(EXPORTERS)
    for format in EXPORTERS:
        line = next(line for line in table.splitlines() if line.startswith(f"| `{format}` |"))
        needs = "pyarrow()" in inspect.getsource(import_module(EXPORTERS[format])) or format == "parquet"
        assert ("collector[parquet]" in line) == needs, format
