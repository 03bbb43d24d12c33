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

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

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
        yield f"{server['url']}lab/tree/01_send_a_dataframe.ipynb?token={server['token']}"
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


def test_run_all_works_as_soon_as_the_notebook_of_the_demo_is_there(address, chromium):
    page = chromium.new_page()
    page.set_default_timeout(90_000)
    page.goto(address, wait_until="commit")
    # Before, JupyterLab has no cells that it could run.
    page.get_by_role("heading", name="Send a DataFrame").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".adm-progress").first).to_contain_text("of 5,000", timeout=60_000)
    page.close()
