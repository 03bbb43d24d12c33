"""The command line: the commands, what they print, and their exit codes.

send          the command for each action of each destination
options       options for what a destination declares
order         what a send is asked to do
sender        does it
runs          lists and shows the runs of named sessions
run_texts     what is printed about runs
result_files  results as files
option_words  messages with options in place of Python
output        printing, also where nobody reads it any more
codes         exit codes
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import click

from .. import __version__, demo
from ..errors import AlreadySubmitted, AsyncDestError
from . import codes
from .docs import docs
from .output import tell
from .runs import runs, show
from .send import send

PROGRAM = "asyncdest-nb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AlreadySubmitted)  # It is told in the words of a command.
        warnings.showwarning = lambda message, *place, **more: tell(str(message))
        return _code_of(arguments)


def _code_of(arguments: Sequence[str] | None) -> int:
    try:
        return commands.main(arguments, PROGRAM, standalone_mode=False) or codes.COMPLETED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Interrupted before there was a run.
        return codes.INTERRUPTED
    except AsyncDestError as error:
        tell(str(error))
        return codes.NOTHING_SENT


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


for each in (send, runs, show, docs):
    commands.add_command(each)
