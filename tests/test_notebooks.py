"""Every notebook runs from its first cell to its last, in any folder, and is committed without outputs."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

# What Jupyter's own packages call and a newer Python no longer likes is for them to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(nbclient|jupyter_client|jupyter_core|zmq|tornado)")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    read: nbformat.NotebookNode = nbformat.read(request.param, as_version=4)  # type: ignore[no-untyped-call]
    return read


def test_there_are_notebooks_to_run() -> None:
    assert NOTEBOOKS


def test_no_outputs_are_stored(notebook: nbformat.NotebookNode) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_no_cell_fails(notebook: nbformat.NotebookNode, tmp_path: Path) -> None:
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    # A kernel of this name may be registered for the whole machine; this Python is the one that has pathlit.
    kernel = client.create_kernel_manager().kernel_spec
    assert kernel is not None
    kernel.argv[0] = sys.executable
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs
    assert [output for output in outputs if output.output_type == "error"] == []
