"""A real marimo that shows one notebook, off the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from paths import HELPERS, ROOT

Mode = Literal["edit", "run"]

_START_SECONDS = 150.0
_URL = re.compile(r"http://\S+")
_HEAD = """import marimo

app = marimo.App()
"""


@contextmanager
def serve_marimo(mode: Mode, home: Path, cells: Sequence[str]) -> Iterator[str]:
    """Serve a notebook of *cells*, functions in Python, and give its address; end it on leaving."""
    file, log = home / "notebook.py", home / "marimo.log"
    file.write_text(_HEAD + "".join(map(_cell, cells)), "utf-8")
    command = [
        *(sys.executable, "-m", "marimo", "-y", mode, str(file), "--headless", "--no-token"),
        "--host=127.0.0.1",
    ]
    paths = os.pathsep.join([str(HELPERS), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "HOME": str(home), "NO_COLOR": "1"}
    environment["MARIMO_SKIP_UPDATE_CHECK"] = "1"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            yield _wait_for_url(process, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _cell(function: str) -> str:
    return f"\n\n@app.cell\n{textwrap.dedent(function).strip()}\n"


def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if found := _URL.search(log.read_text("utf-8")):
            return found[0].replace("localhost", "127.0.0.1")
        time.sleep(0.1)
    raise RuntimeError(f"marimo did not start; its log ends:\n{log.read_text()[-2000:]}")
