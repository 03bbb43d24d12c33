"""A real JupyterLab, Notebook 7, nbclassic, or Notebook 6 of an environment of its own.

The server has directories of its own, listens on loopback, and does not read the user's
settings.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from paths import HELPERS, ROOT

App = Literal["lab", "notebook", "nbclassic", "notebook6"]

# Its Python has what Colab's kernels have, as .ci/run installs it.
NOTEBOOK_6 = ROOT / ".kernels" / "notebook6" / "bin" / "python"

_START_SECONDS = 150.0
_EXPOSE = {
    "lab": ["--LabApp.expose_app_in_browser=True"],
    "notebook": ["--JupyterNotebookApp.expose_app_in_browser=True"],
}
_PAGE = {
    "lab": "doc/tree/{name}?token={token}&reset",
    "nbclassic": "nbclassic/notebooks/{name}?token={token}",
}
_ANY_PAGE = "notebooks/{name}?token={token}"


class NotebookServer:
    """A running Jupyter server: its address, its token and the directory it serves."""

    def __init__(self, app: App, url: str, token: str, root: Path, log: Path) -> None:
        self.app = app
        self.url = url
        self.token = token
        self.root = root
        self.log = log

    def address(self, name: str) -> str:
        """Return where the notebook *name* opens."""
        return self.url + _PAGE.get(self.app, _ANY_PAGE).format(name=name, token=self.token)

    def offer(self, name: str, kernel: dict[str, Any]) -> None:
        """Let notebooks have the *kernel* of a specification by *name*."""
        folder = self.log.parent / "data" / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(kernel), "utf-8")

    def kernels_left(self) -> list[str]:
        """Wait until no kernel runs, ten seconds at most, and return the names of those that do."""
        give_up = time.monotonic() + 10
        while (kernels := self._kernels()) and time.monotonic() < give_up:
            time.sleep(0.1)
        return [each["name"] for each in kernels]

    def end_kernels(self) -> None:
        """End all kernels that run."""
        for each in self._kernels():
            address = f"{self.url}api/kernels/{each['id']}?token={self.token}"
            with suppress(urllib.error.HTTPError):  # It ended meanwhile.
                urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()

    def _kernels(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}api/kernels?token={self.token}") as answer:
            return list(json.load(answer))

    def write(self, name: str, cells: Sequence[str], kernel: str = "python3") -> Path:
        """Write a notebook of code *cells* for *kernel* and return its path.

        To import nbformat, which would write it too, takes two seconds.
        """
        notebook = {
            "cells": [_code_cell(number, source) for number, source in enumerate(cells)],
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.root / name
        path.write_text(json.dumps(notebook), "utf-8")
        return path


def _code_cell(number: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }


@contextmanager
def serve(
    app: App, home: Path, *options: str, theme: str = "JupyterLab Light"
) -> Iterator[NotebookServer]:
    """Run a server with all its directories under *home*; end it on leaving."""
    root, log, token = home / "root", home / "server.log", secrets.token_hex(16)
    root.mkdir(parents=True)
    _write_settings(home / "config", theme)
    command = _classic_command(root, token) if app == "notebook6" else _command(app, root, token)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], env=_environment(home), stdout=output, stderr=output
        )
        name = "nbserver" if app == "notebook6" else "jpserver"
        try:
            known = home / "runtime" / f"{name}-{process.pid}.json"
            url = _wait_for_url(process, known, token, log)
            yield NotebookServer(app, url, token, root, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _command(app: App, root: Path, token: str) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyter", app, "--no-browser", "--allow-root"),
        *_EXPOSE.get(app, []),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--ServerApp.root_dir={root}"),
        *(f"--IdentityProvider.token={token}", "--ServerApp.terminals_enabled=False"),
        "--ServerApp.use_redirect_file=False",
    ]


def _classic_command(root: Path, token: str) -> list[str]:
    return [
        *(str(NOTEBOOK_6), "-m", "notebook", "--no-browser", "--allow-root"),
        # Of port 0 it does not say what it became.
        *("--NotebookApp.ip=127.0.0.1", f"--NotebookApp.port={_free_port()}"),
        f"--NotebookApp.token={token}",
        *(f"--NotebookApp.notebook_dir={root}", "--NotebookApp.terminals_enabled=False"),
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _environment(home: Path) -> dict[str, str]:
    # ipykernel captures descriptors differently when it sees pytest's variable.
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    paths = os.pathsep.join([str(HELPERS), str(ROOT)])
    own = {key: str(home / name) for key, name in places.items()}
    # In a virtual environment its kernels would come before those of the data directory.
    return {**kept, **own, "JUPYTER_PREFER_ENV_PATH": "0", "PYTHONPATH": paths}


def _write_settings(config: Path, theme: str) -> None:
    overrides = {
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        },
        "@jupyterlab/apputils-extension:themes": {"theme": theme},
        "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    }
    path = config / "labconfig"
    path.mkdir(parents=True)
    (path / "default_setting_overrides.json").write_text(json.dumps(overrides), "utf-8")
    # Users have no button of Voila's in their notebooks.
    disabled = {"disabledExtensions": {"@voila-dashboards/jupyterlab-preview": True}}
    (path / "page_config.json").write_text(json.dumps(disabled), "utf-8")


def _wait_for_url(process: subprocess.Popen[bytes], known: Path, token: str, log: Path) -> str:
    give_up = time.monotonic() + _START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if (url := _answering(known, token)) is not None:
            return url
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start; its log ends:\n{log.read_text()[-2000:]}")


def _answering(known: Path, token: str) -> str | None:
    try:
        url: str = json.loads(known.read_text("utf-8"))["url"]
        with urllib.request.urlopen(f"{url}api/status?token={token}", timeout=5):
            return url
    except (OSError, ValueError, urllib.error.URLError):
        return None
