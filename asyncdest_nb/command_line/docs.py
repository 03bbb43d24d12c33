"""asyncdest-nb docs: build the reference, and open it."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click
import platformdirs

from .. import __version__
from ..reference import build
from . import codes
from .output import show


@click.command(short_help="Open the reference to read.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the reference there, and open nothing.",
)
def docs(output: Path | None) -> int:
    """Open the reference: public names with examples, the mapping language, descriptions."""
    cache = Path(platformdirs.user_cache_dir("asyncdest_nb", appauthor=False)) / __version__
    address = build((output or cache).absolute()).as_uri()
    show(address)
    if output is None:
        webbrowser.open(address)
    return codes.COMPLETED
