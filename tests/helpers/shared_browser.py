"""The Chromium of a process that runs tests."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import BrowserContext, expect, sync_playwright

import browser
from failures import missing
from kept_page import KeptPages


class SharedBrowser:
    """One Chromium for tests that come one after the other, and the pages that are kept in it.

    Until it is closed, Playwright's loop runs in the main thread, where some other tests have one.
    """

    def __init__(self, profile: Path) -> None:
        self.kept = KeptPages()
        self._profile = profile
        self._context: BrowserContext | None = None
        self._stack = ExitStack()

    @property
    def context(self) -> BrowserContext:
        """The browser, started if it is not open."""
        if self._context is None:
            executable = browser.find_chromium()
            if executable is None:
                missing(f"Chromium ({', '.join(browser.NAMES)})")
            expect.set_options(timeout=20_000)  # ms: the machine may be busy with other tests.
            playwright = self._stack.enter_context(sync_playwright())
            self._context = browser.launch(playwright, executable, self._profile)
            self._stack.callback(self._context.close)
        return self._context

    def close(self) -> None:
        """Close it, if it is open, and the kept pages with it."""
        self._stack.close()
        self._context = None
        self.kept = KeptPages()
