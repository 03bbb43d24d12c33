"""The reference to read: public names, the mapping language, and descriptions of APIs.

    examples          the examples of public names, from example_files/
    mapping_language, api_descriptions  the pages of these names

pdoc builds it from the docstrings; it needs no network to be built or read.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import UsageError, install_command
from . import api_descriptions, mapping_language
from .examples import SETUP, examples_by_name

PACKAGE = __name__.partition(".")[0]
PAGES = {
    PACKAGE: "Public names",
    mapping_language.__name__: "The mapping language",
    api_descriptions.__name__: "The description of an API",
}


def build(folder: Path) -> Path:
    """Write the reference into *folder*, and return its first page.

    Raises UsageError if pdoc is not installed, or the folder cannot be written.
    """
    try:
        import pdoc
    except ModuleNotFoundError:
        raise UsageError(
            f"the reference needs pdoc: {install_command('docs')}. Without it, its pages are the "
            f"help of these modules: {', '.join(PAGES)}"
        ) from None
    pdoc.render.configure(
        docformat="markdown",
        template_directory=Path(__file__).parent / "templates",
        show_source=False,
        search=False,
    )
    pdoc.render.env.filters["readable"] = _readable
    pdoc.render.env.globals.update(
        package=PACKAGE,
        pages=PAGES,
        examples=examples_by_name(),
        setup=SETUP.read_text(encoding="utf-8"),
    )
    try:
        first, *others = PAGES
        pdoc.pdoc(first, f"!{PACKAGE}.", *others, output_directory=folder)
    except OSError as error:
        raise UsageError(f"the reference cannot be written to {folder}: {error}") from None
    return folder / f"{PACKAGE}.html"


def _readable(text: str) -> str:
    """Return a type or a default as it is in the source, without what pydantic adds to it."""
    text = re.sub(r"typing\.Annotated\[(.+?), \w+\(.*\)\]", r"\1", text)
    return "" if text == "PydanticUndefined" else text
