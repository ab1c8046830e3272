"""The docs say what the code says."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd

from collector import errors, sources
from collector.cli.groups import VERBS
from collector.dataset.formats import EXPORTERS

ROOT = Path(__file__).resolve().parents[1]


def test_the_made_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_setting_says_what_it_means() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\w+` \| ?(.*?) \|", page, re.MULTILINE)
    assert len(rows) > 150 and all(len(meaning) > 8 for meaning in rows)


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
        module = import_module(EXPORTERS[format].partition(":")[0])
        needs = "pyarrow()" in inspect.getsource(module) or format == "parquet"
        assert ("`.[parquet]`" in line) == needs, format


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            there = (page.parent / target).resolve()
            todo += there.glob("*.md") if there.is_dir() else [there]
    pages = {ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")}
    assert {str(page.relative_to(ROOT)) for page in pages - reached} == set()


def test_the_readme_leads_to_a_trained_model(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = text.partition("## From keywords to a trained model")[2].partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    right, of = re.fullmatch(r"(\d+)% of (\d+) pictures it never saw are right", done.stdout.strip()).groups()  # type: ignore[union-attr]
    assert int(of) >= 20 and int(right) > 60, "three classes: a guess is right by a third"


def test_the_map_is_read_by_the_line_in_the_readme(tmp_path: Path) -> None:
    [line] = re.findall(r"pd\.read_json\(.*", (ROOT / "README.md").read_text(encoding="utf-8"))
    (tmp_path / "urls.json").write_text(
        '{"tabby cat": ["http://a/1", "http://a/2"], "red fox": ["http://a/3"], "empty": []}'
    )
    table = eval(line.replace("images/urls.json", str(tmp_path / "urls.json")), {"pd": pd})  # noqa: S307
    assert table["tabby cat"].tolist() == ["http://a/1", "http://a/2"]
    assert table["red fox"] == "http://a/3"


def test_the_page_of_sources_names_every_filter() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    for name in sources.SOURCES:
        row = re.search(rf"^\| `{name}` \| .*", page, re.MULTILINE)
        assert row is not None, name
        named = re.findall(r"`(\w+)`", row[0].split(" | ")[2])
        assert sorted(named) == sorted(sources.load(name).filters), name
