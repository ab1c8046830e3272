"""The notebook of the docs runs from its first cell to its last, on the practice web, and comes to what it says."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "quickstart.ipynb"


@pytest.mark.filterwarnings("ignore::Warning")  # Jupyter's own.
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat  # Here, as each worker of the suite imports all files of tests.
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[2]))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "kept without outputs"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        NotebookClient(notebook, timeout=90, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        (output.get("data") or {}).get("text/plain") or output.get("text")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    assert shown[0].startswith("2/2 keywords, ") and "14/14 saved" in shown[0], "one output that renewed itself"
    assert shown[1:3] == ["14", "0"], "all is saved, and nothing is asked twice"
    assert any("ImageFolder" in text for text in shown)
