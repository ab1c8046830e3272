"""What pip is given: every file of the package goes along, and hints name what can be installed from where it came."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_file_of_the_package_is_in_a_wheel() -> None:
    package = ROOT / "collector"
    packed = {path for pattern in PROJECT["tool"]["setuptools"]["package-data"]["collector"]
              for path in package.glob(pattern)}  # fmt: skip
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert {str(path.relative_to(package)) for path in files - packed} == set()
    folders = {path.parent for path in package.rglob("*.py")}
    assert {str(path) for path in folders if not (path / "__init__.py").is_file()} == set(), "no package for find"


def test_a_source_distribution_has_tests_and_docs() -> None:
    packed = set[Path]()
    for line in (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines():
        match line.split():
            case ["recursive-include", folder, *patterns]:
                packed |= {path for pattern in patterns for path in (ROOT / folder).rglob(pattern)}
            case ["include", *names]:
                assert all((ROOT / name).is_file() for name in names)
    for folder in ("bench", "docs", "scripts", "tests"):
        files = {path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert {str(path.relative_to(ROOT)) for path in files - packed} == set()


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("file://{folder}/a%20checkout", "{folder}/a checkout"),
        ("file://{folder}/gone", "keyword-image-collector"),
        ("https://files.example/it.whl", "keyword-image-collector"),
        (None, "keyword-image-collector"),
    ],
)
def test_a_hint_at_an_extra_names_what_pip_took(tmp_path: Path, url: str | None, named: str) -> None:
    site = tmp_path / "site"
    site.joinpath("collector").mkdir(parents=True)
    (tmp_path / "a checkout").mkdir()
    for name in ("__init__.py", "errors.py", "model.py", "reasons.py"):
        shutil.copy(ROOT / "collector" / name, site / "collector")
    facts = site / "keyword_image_collector-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.4\nName: keyword-image-collector\nVersion: 0.1.0\n")
    if url is not None:
        (facts / "direct_url.json").write_text(json.dumps({"url": url.format(folder=tmp_path)}))
    code = "from collector import errors; print(errors._came_from())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=site,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == named.format(folder=tmp_path), done.stderr
