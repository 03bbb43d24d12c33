"""The demo in a browser: its page, clicked as soon as that is possible."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Route, expect

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NOTEBOOK = "01_send_a_dataframe.ipynb"
COMMAND = [sys.executable, "-W", "error", "-m", "asyncdest_nb", "demo", "--no-browser"]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Give the address that the demo prints, of a server that opens no browser."""
    runtime = tmp_path / "runtime"
    places = {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_PREFER_ENV_PATH": "1"}
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        COMMAND,
        cwd=tmp_path,
        env={**os.environ, **places},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        server = started(runtime, process)
        wait_for_session(server, NOTEBOOK)
        yield f"{server['url']}lab/tree/{NOTEBOOK}?token={server['token']}"
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def started(runtime: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    """Wait until the server has written where it is."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError):  # It is being written.
                found: dict[str, str] = json.loads(file.read_text())
                return found
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")


def wait_for_session(server: dict[str, str], notebook: str) -> None:
    """Wait until the kernel session of *notebook* is there; no page has asked for it yet."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if notebook in sessions(server):
            return
        time.sleep(0.2)
    raise AssertionError("no session of the notebook was started")


def sessions(server: dict[str, str]) -> list[str]:
    """Return the notebooks that have a kernel session.

    The server writes where it is before it listens there.
    """
    try:
        with urlopen(f"{server['url']}api/sessions?token={server['token']}", timeout=30) as answer:
            return [each["path"] for each in json.load(answer)]
    except URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return []
        raise


def refuse_new_sessions(route: Route) -> None:
    """Let a page find the sessions that there are, and start none itself."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def test_run_all_works_as_soon_as_the_notebook_of_the_demo_is_there(address, chromium):
    page = chromium.new_page()
    page.set_default_timeout(90_000)
    # As on a machine on which the page needs long to start a kernel.
    page.route("**/api/sessions?*", refuse_new_sessions)
    page.goto(address, wait_until="commit")
    # Before, JupyterLab has no cells that it could run.
    page.get_by_role("heading", name="Send a DataFrame").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".adm-progress").first).to_contain_text("of 5,000", timeout=60_000)
    page.close()
