"""Kernels that start at once: forked from a process that has imported what all of them import.

The process listens on a Unix socket. What a Jupyter server starts as its kernel is
``kernel_starter.py``: it asks the process for a kernel, hands interrupts on, and lives as long as
the kernel does. When it is killed, the kernel dies too.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paths import HELPERS, ROOT

_IMPORTED = (
    "ipykernel.kernelapp",
    "pandas",
    "asyncdest_nb",
    "asyncdest_nb.widgets.show",
    "scripted_run",
)
_STARTER = HELPERS / "kernel_starter.py"


@contextmanager
def serve(home: Path) -> Iterator[dict[str, Any]]:
    """Run the process and give the kernel specification to ask it with; end it on leaving."""
    paths = os.pathsep.join([str(HELPERS), str(ROOT)])
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    # The path of a test's folder may be too long for a socket.
    with tempfile.TemporaryDirectory() as folder, (home / "kernels.log").open("wb") as log:
        where = str(Path(folder, "socket"))
        process = subprocess.Popen(
            [sys.executable, __file__, where],
            env={**kept, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
        )
        try:
            yield {
                "argv": [sys.executable, "-S", "-E", str(_STARTER), where, "{connection_file}"],
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            }
        finally:
            process.terminate()
            process.wait(timeout=20)


def main(where: str) -> None:
    """Fork a kernel for whoever connects, until the process is ended."""
    del sys.path[0]  # The folder of this file, which is in PYTHONPATH as well.
    for name in _IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # The dead are nobody's.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(where)
        listener.listen()
        while True:
            asked, _ = listener.accept()
            with asked:
                if os.fork() == 0:
                    listener.close()
                    _be_kernel(asked)


def _be_kernel(asked: socket.socket) -> None:
    """Become a kernel as it would be if the one who asked had started it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    request = json.loads(asked.makefile("rb").readline())
    asked.sendall(b"%d\n" % os.getpid())
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    threading.Thread(target=_die_with, args=(asked,), daemon=True).start()

    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import load_ipython_extension

    sys.argv = ["ipykernel_launcher.py", "-f", request["connection_file"]]
    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    load_ipython_extension(app.shell)  # What importing ipywidgets does in a kernel.
    app.start()
    sys.exit()


def _die_with(asked: socket.socket) -> None:
    asked.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
