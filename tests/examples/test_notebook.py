"""The notebook of examples/ runs from its first cell to its last, and is kept without outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reader import environment
from tests.examples.test_examples import EXAMPLES

NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
RUN = """
import sys, nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def cells(path: Path) -> list[dict[str, object]]:
    found = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_there_are_notebooks_and_no_outputs() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert cells(path)
        assert all(not cell["outputs"] and not cell["execution_count"] for cell in cells(path))


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    executed = tmp_path / path.name
    done = subprocess.run(
        [sys.executable, "-c", RUN, path, executed],
        cwd=EXAMPLES,
        env={**environment(tmp_path), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert [cell["execution_count"] for cell in cells(executed)] == [
        *range(1, len(cells(path)) + 1)
    ]
