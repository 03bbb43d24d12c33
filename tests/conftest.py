"""Fixtures: a session in memory; for tests in a browser a server, a Chromium, and a page each.

The whole run is watched for secrets that get out; each process that runs tests tells at
its end, as an error of its last one.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import asyncdest_nb as ad
import brisk_time
import distribution
import leaks
import no_credentials
from failures import FAILED, missing

_WATCH = leaks.Watch()
_PATCH = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Begin to watch for secrets, and hear interrupts: a shell's background jobs do not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    no_credentials.install(_PATCH)
    leaks.attach(_WATCH, _PATCH)
    hypothesis.settings.register_profile("tests", deadline=None)  # The machine may be busy.
    hypothesis.settings.load_profile("tests")


def pytest_unconfigure() -> None:
    """Stop watching."""
    _PATCH.undo()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests first, so that no process is left alone with one at the end."""
    items.sort(key=distribution.place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> distribution.Distribution:
    """Share the tests out among processes."""
    return distribution.Distribution(config, log)


@pytest.fixture(scope="session", autouse=True)
def _no_secret_got_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Look back on the whole run, when all that was started has stopped."""
    yield
    assert _WATCH.found(tmp_path_factory.getbasetemp()) == []


@pytest.fixture(scope="session")
def watch() -> leaks.Watch:
    """Give what was seen of secrets so far."""
    return _WATCH


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Remember on the item whether its body failed, for the page's teardown."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(autouse=True)
def _brisk_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine's waits be short in the fast tests, but where its time is the machine's."""
    if not any(map(request.node.get_closest_marker, ("real_time", "slow", "e2e"))):
        brisk_time.install(monkeypatch)


@pytest.fixture
def session() -> Iterator[ad.Session]:
    """Give a session in memory that is closed with the test."""
    with ad.Session() as session:
        yield session


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a browser's user, who keeps compiled scripts from file to file."""
    return tmp_path_factory.mktemp("profile")


@pytest.fixture(scope="module")
def chromium(profile: Path):
    """One Chromium for a file: until it is closed, Playwright's loop runs in the main thread."""
    sync_api = pytest.importorskip("playwright.sync_api")
    import browser

    executable = browser.find_chromium()
    if executable is None:
        missing(f"Chromium ({', '.join(browser.NAMES)})")
    sync_api.expect.set_options(timeout=20_000)  # ms: the machine may be busy with other tests.
    with sync_api.sync_playwright() as playwright:
        launched = browser.launch(playwright, executable, profile)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Give the server of an app ("lab", "notebook"), started when first asked for."""
    import notebook_server

    servers = {}
    with ExitStack() as stack:

        def server(app: str):
            if app not in servers:
                home = tmp_path_factory.mktemp(app)
                servers[app] = stack.enter_context(notebook_server.serve(app, home))
            return servers[app]

        yield server


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    """Run the test in JupyterLab and in Notebook 7."""
    return request.param


@pytest.fixture
def notebook(app: str, jupyter, chromium, request: pytest.FixtureRequest):
    """An empty page of *app* with a context of its own; evidence is kept when the test fails."""
    import browser

    name = re.sub(r"\W+", "-", request.node.originalname) + ".ipynb"
    page = browser.NotebookPage(jupyter(app), chromium, name)
    yield page
    if request.node.stash.get(FAILED, False):
        page.keep_evidence()
    page.close()
    assert page.refused == [], "the page asked for more than its own server"
