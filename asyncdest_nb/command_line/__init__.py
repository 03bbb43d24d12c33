"""The command line: the commands, what they print, and their exit codes.

    output  what is printed, also where nobody reads it any more

Exit codes: 0 = done, 2 = a mistake in the command, and nothing was sent, 130 = interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from .. import __version__, demo
from ..errors import UsageError
from .output import tell

PROGRAM = "asyncdest-nb"
INTERRUPTED, NOTHING_SENT = 130, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = commands.main(arguments, PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Interrupted before there was a run.
        return INTERRUPTED
    except UsageError as error:
        tell(str(error))
        return NOTHING_SENT
    return int(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
def commands() -> None:
    """Send the rows of a table to a destination that answers later, and watch every row."""


@commands.command("demo")
@click.option("--headless", is_flag=True, help="In this terminal, without JupyterLab.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --headless: only the first N customers.",
)
@click.option("--no-browser", is_flag=True, help="Start JupyterLab, and open nothing.")
def show_demo(headless: bool, rows: int | None, no_browser: bool) -> int:
    """Send 5,000 customers to a simulated destination."""
    if headless:
        return demo.demo_headless(rows)
    if rows is not None:
        raise click.UsageError("--rows goes with --headless: the notebook sends all customers")
    return demo.demo_in_jupyterlab(browser=not no_browser)
