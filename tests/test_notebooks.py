"""Every notebook runs, its solutions too, and is kept without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
SECONDS = 600

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def test_there_are_notebooks():
    assert NOTEBOOKS


def solutions(notebook: nbformat.NotebookNode) -> list[str]:
    """The Python that is folded away in the exercises."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.findall(r"^```python\n(.*?)^```", "\n".join(texts), re.M | re.S)


@each_notebook
def test_no_outputs_are_kept(path):
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert notebook.metadata.kernelspec.name == "python3"


@each_notebook
def test_it_runs_without_a_warning(path, tmp_path):
    notebook = read(path)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions(notebook)]
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        startup_timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    said = [o.text for o in outputs if o.get("name") == "stderr"]
    assert not [text for text in said if "Warning" in text]
    assert any("image/png" in o.get("data", {}) for o in outputs)
