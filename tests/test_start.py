"""Started by a Python that cannot run it, the program says so in one line; its messages name what works here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from collector import __main__ as start
from collector import errors

ROOT = Path(__file__).resolve().parents[1]


def test_a_python_without_the_packages_is_told_so() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "collector", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("collector: the package click is missing; use the environment it was set up in, or install")
    assert line.endswith(f"-m pip install {ROOT}")


def test_an_old_python_is_told_as_such(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(SystemExit) as ended:
        start.run()
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"collector: needs Python 3.11 or newer, and {sys.executable} is Python 3.10.13"


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_an_old_python_comes_as_far_as_to_say_so(name: str) -> None:
    ast.parse((ROOT / "collector" / name).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_what_to_install_is_this_folder_into_this_environment() -> None:
    assert errors.install("video") == f"{sys.executable} -m pip install '{ROOT}[video]'"
