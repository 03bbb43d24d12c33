"""Messages of the browser, received while a cell runs."""

from __future__ import annotations

from typing import Any

# ipykernel has no public name for it.
_REPLY_SUBSHELL = "_reply_subshell_for"


def receive_while_cells_run(comm: Any) -> None:
    """Let the browser's messages by *comm* go to the thread that they are sent to, a subshell.

    ipykernel 7.4 moves them to the thread that sent by this comm last: the engine's for a
    run, the cell's for a new widget. Both lead to the main thread, where a message waits
    until the cell has ended.
    """
    if hasattr(comm, _REPLY_SUBSHELL):
        setattr(comm, _REPLY_SUBSHELL, lambda data, default: default)
