"""JupyterLab with the kernel of one notebook started before its page opens.

JupyterLab drops a *Run All* of a notebook whose kernel it does not know yet, and on a slow
machine that takes long after the page can be clicked. Run as a script by its path, so that
the server does not spend its time on an import of the package.
"""

from __future__ import annotations

import sys
from typing import Any

from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]  # It has no types.


def serve(notebook: str, options: list[str]) -> None:
    """Serve JupyterLab with its *options*; *notebook* is a path in the folder it serves."""
    server = LabApp.initialize_server(options)
    opens_browser, server.open_browser = server.open_browser, False
    server.io_loop.add_callback(_open, server, notebook, opens_browser)
    server.start()


async def _open(server: Any, notebook: str, opens_browser: bool) -> None:
    """Start the kernel of *notebook*, then open the browser."""
    try:
        await server.session_manager.create_session(path=notebook, name=notebook, type="notebook")
    except Exception:  # The page starts a kernel itself, or shows why it cannot.
        server.log.exception("the kernel of %s could not be started", notebook)
    if opens_browser:
        server.launch_browser()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
