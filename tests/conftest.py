"""Fixtures: a session in memory; for tests in a browser a server, a Chromium, and a page each.

The whole run is watched for secrets that get out; each process that runs tests tells at
its end, as an error of its last one.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import hypothesis
import pytest

import asyncdest_nb as ad
import brisk_time
import bytecode
import distribution
import leaks
import no_credentials
from failures import FAILED

_WATCH = leaks.Watch()
_PATCH = pytest.MonkeyPatch()
_BROWSER = pytest.StashKey[Any]()


def pytest_configure() -> None:
    """Begin to watch for secrets, and hear interrupts: a shell's background jobs do not."""
    bytecode.keep()
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
def _shared_browser(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Give the browser of this process, whose user keeps compiled scripts from file to file."""
    pytest.importorskip("playwright.sync_api")
    from shared_browser import SharedBrowser

    shared = SharedBrowser(tmp_path_factory.mktemp("profile"))
    pytestconfig.stash[_BROWSER] = shared
    yield shared
    shared.close()


@pytest.fixture
def chromium(_shared_browser):
    """Give one Chromium to all tests with it that come one after the other."""
    return _shared_browser.context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None):
    """Close the browser where the next test needs none."""
    try:
        return (yield)
    finally:
        needed = nextitem is not None and "chromium" in getattr(nextitem, "fixturenames", ())
        if not needed and (shared := item.config.stash.get(_BROWSER, None)):
            shared.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Give the server of an app ("lab", "notebook"), started when first asked for."""
    import forked_kernels
    import notebook_server

    servers = {}
    with ExitStack() as stack:
        kernels = None

        def server(app: str):
            nonlocal kernels
            if app not in servers:
                home = tmp_path_factory.mktemp(app)
                servers[app] = stack.enter_context(notebook_server.serve(app, home))
                if app in ("lab", "notebook") and sys.platform == "linux":
                    kernels = kernels or stack.enter_context(forked_kernels.serve(home))
                    servers[app].offer("python3", kernels)
            return servers[app]

        yield server


@pytest.fixture(params=["lab", "notebook"])
def app(request: pytest.FixtureRequest) -> str:
    """Run the test in JupyterLab and in Notebook 7."""
    return request.param


@pytest.fixture
def notebook(app: str, jupyter, chromium, _shared_browser, request: pytest.FixtureRequest):
    """Give an empty page of *app*, maybe one of an earlier test, for a notebook of its own."""
    yield from _notebook(jupyter(app), chromium, request, _shared_browser.kept)


@pytest.fixture
def own_page(app: str, jupyter, chromium, request: pytest.FixtureRequest):
    """Give the same, but always in a new page."""
    yield from _notebook(jupyter(app), chromium, request)


def _notebook(server, chromium, request: pytest.FixtureRequest, kept=None):
    """Open the page, keep evidence when the test fails, and see what is left after it."""
    import browser

    name = re.sub(r"\W+", "-", request.node.originalname) + ".ipynb"
    page = browser.NotebookPage(server, chromium, name, kept)
    yield page
    failed = request.node.stash.get(FAILED, False)
    try:
        if failed:
            page.keep_evidence()
    finally:
        page.close(may_keep=not failed)
    assert page.refused == [], "the page asked for more than its own server"
    assert server.kernels_left() == [], "a kernel goes on without a notebook"
