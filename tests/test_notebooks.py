"""The notebooks, from top to bottom: in a real kernel, and in a real JupyterLab in a browser."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import expect

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
FIRST = NOTEBOOKS / "01_send_a_dataframe.ipynb"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))


def texts(notebook: nbformat.NotebookNode) -> str:
    """Return every output of *notebook* as one text."""
    return json.dumps([cell.get("outputs", []) for cell in notebook.cells])


def code(path: Path) -> list[str]:
    """Return the code cells of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_saved_without_outputs(path: Path):
    notebook = nbformat.read(path, as_version=4)
    assert len(notebook.cells) <= 17
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
@pytest.mark.timeout(180)
def test_a_notebook_runs_from_top_to_bottom_in_a_kernel(path: Path, tmp_path: Path):
    shutil.copytree(NOTEBOOKS, tmp_path, dirs_exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert "widgets" not in notebook.metadata, "no widget state in a saved notebook"


@pytest.mark.timeout(180)
def test_the_first_notebook_ends_with_an_outcome_for_every_customer(tmp_path: Path):
    shutil.copytree(NOTEBOOKS, tmp_path, dirs_exist_ok=True)
    notebook = nbformat.read(FIRST, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print('COUNTS', run.counts)"))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = notebook.cells[-1].outputs[0].text
    counts = json.loads(printed.removeprefix("COUNTS ").replace("'", '"'))
    assert sum(counts.values()) == 5000
    assert (counts["pending"], counts["unknown"], counts["invalid"]) == (0, 0, 5)
    # What a headless host saves is the record with the final counts, and no widget.
    saved = texts(notebook)
    assert f"{counts['completed']:,}" in saved
    assert "application/vnd.jupyter.widget-view+json" not in saved


@pytest.mark.timeout(180)
def test_the_salesforce_notebook_ends_with_the_corrected_rows_sent(tmp_path: Path):
    shutil.copytree(NOTEBOOKS, tmp_path, dirs_exist_ok=True)
    notebook = nbformat.read(NOTEBOOKS / "02_salesforce_contacts.ipynb", as_version=4)
    look = "there = {each['Customer_Id__c'] for each in org.records['Contact']}\n"
    look += "done = [each.results()['status'] == 'completed' for each in (run, second)]\n"
    look += "keys = set(contacts.loc[done[0], 'Customer_Id__c']) | "
    look += "set(again.loc[done[1], 'Customer_Id__c'])\n"
    look += "print(done[0].sum(), done[1].sum(), len(second.failed()), keys == there)"
    notebook.cells.append(nbformat.v4.new_code_cell(look))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    first, second, left, is_true = notebook.cells[-1].outputs[0].text.split()
    assert int(first) > 4_700
    assert int(second) > int(left)
    assert is_true == "True"


@pytest.mark.e2e
@pytest.mark.timeout(240)
@pytest.mark.parametrize("app", ["lab"], indirect=True)
def test_the_first_notebook_in_a_browser_moves_while_a_later_cell_computes(notebook):
    shutil.copytree(NOTEBOOKS / "data", notebook.server.root / "data", dirs_exist_ok=True)
    notebook.open(code(FIRST))
    notebook.start_all()
    rest = notebook.page.locator(".adm-rest")
    busy = next(index for index, source in enumerate(code(FIRST)) if "monotonic() + 5" in source)
    seen = set()
    while notebook.is_running():
        if is_computing(notebook, busy) and rest.count():
            seen.add(rest.first.inner_text())
    # Nothing at rest, the invalid rows, and then one operation after the other.
    assert len(seen) > 2, "the monitor stood still while the cell computed"
    expect(rest.first).to_have_text("5,000 of 5,000 rows at rest · 100 %", timeout=60_000)
    shown = {
        chip.get_attribute("data-word"): int(re.sub(r"\D", "", chip.inner_text()))
        for chip in notebook.page.locator(".adm-counts").first.locator("[data-word]").all()
    }
    assert sum(shown.values()) == 5000
    assert shown["pending"] == 0
    assert shown["invalid"] == 5
    errors = [
        each for cell in notebook.outputs() for each in cell if each["output_type"] == "error"
    ]
    assert errors == []


def is_computing(notebook, cell: int) -> bool:
    """Say whether *cell* has been started and has not ended: its prompt is a star."""
    return bool(
        notebook.page.evaluate(
            """cell => {
                const content = window.jupyterapp.shell.currentWidget.content;
                return content.widgets[cell].promptNode.textContent.includes("*")
                    && !content.widgets[cell - 1].promptNode.textContent.includes("*");
            }""",
            cell,
        )
    )
