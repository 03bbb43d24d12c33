"""The notebooks of the repository: their names, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paths import NOTEBOOKS

if TYPE_CHECKING:  # It takes two seconds to import, and most tests need none of it.
    import nbformat

ALL = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
FIRST = "01_send_a_dataframe"
EXPLORING = "02_explore_a_destination"
SALESFORCE = "03_salesforce_contacts"
FAILING = "04_when_things_fail"
OWN = "05_write_your_own_destination"
TRANSLATED = "06_translate_a_destination"
MODELS = "07_ask_a_model_about_every_row"
DESCRIBED = "08_describe_your_own_api"
KEPT = "09_keep_a_crm_in_step"
SEGMENT = "10_take_a_mapping_from_segment"


def source(stem: str) -> nbformat.NotebookNode:
    """Return a notebook as it is in the repository."""
    import nbformat

    return nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4)


def code(stem: str) -> list[str]:
    """Return the code cells of a notebook."""
    return [cell.source for cell in source(stem).cells if cell.cell_type == "code"]
