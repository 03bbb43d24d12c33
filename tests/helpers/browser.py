"""A notebook in a real browser, off the network.

No name but that of this machine leads anywhere, and a page that asks for another server than its
own has the address in ``refused``. All pages of one browser share its profile, with the scripts
of JupyterLab as they were compiled: that halves the work of opening one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    Request,
)

import kept_page
from kept_page import VIEWPORT, KeptPages
from notebook_server import NotebookServer
from paths import TESTS

ARTIFACTS = TESTS / "artifacts"
NAMES = ("chromium", "chromium-browser", "google-chrome")

_FLAGS = [
    "--no-sandbox",  # root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-extensions",
    "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
_READY = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  if (!panel?.context?.isReady || !panel.sessionContext?.isReady) return false;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""
# A reloaded page of a busy kernel never sees it idle.
_CONNECTED = _READY.replace(' && kernel.status === "idle"', "")
_RUN = """([command, cell]) => {
  const app = window.jupyterapp;
  if (cell !== null) app.shell.currentWidget.content.activeCellIndex = cell;
  window.__ran = false;
  app.commands.execute(command).finally(() => { window.__ran = true; });
}"""
_OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content?.widgets.map(
  (cell) => cell.model.outputs?.toJSON() ?? []) ?? []"""
# What a cell that does not end waits for.
_STATE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const kernel = panel?.sessionContext?.session?.kernel;
  return { ran: window.__ran, kernel: kernel?.status, connection: kernel?.connectionStatus,
    prompts: panel?.content?.widgets?.map((cell) => cell.prompt) };
}"""
_COUNT = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
_KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
# Whether all channels of the kernel work; of a new one what is asked first got lost, seldom.
_ANSWERS = f"""() => Promise.race([
  {_KERNEL}.requestExecute({{ code: "", silent: true, store_history: false }}).done
    .then(() => true),
  new Promise((resolve) => setTimeout(resolve, 10_000, false)),
])"""
# A cell that computes without a pause until the test has seen enough, on a machine of any pace.
COMPUTE = """
import pathlib, time

enough, give_up = pathlib.Path("enough"), time.monotonic() + 150
while time.monotonic() < give_up and not enough.exists():
    for _ in range(5_000):
        sum(range(1000))
enough.unlink()
"""


_KEEP_TEXTS = """node => {
  const texts = (node.textsShown = [node.textContent]);
  new MutationObserver(() => texts.push(node.textContent))
    .observe(node, { childList: true, characterData: true, subtree: true });
}"""


def keep_texts(locator: Locator) -> Callable[[], set[str]]:
    """Return what gives every text that an element has shown since, however briefly."""
    locator.evaluate(_KEEP_TEXTS)
    return lambda: set(locator.evaluate("node => node.textsShown"))


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, executable: str, profile: Path) -> BrowserContext:
    """Start one browser with the user's directory *profile*, which need not exist."""
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=executable,
        args=_FLAGS,
        viewport=VIEWPORT,
        reduced_motion="reduce",
    )


class NotebookPage:
    """An open notebook: run its cells, look at its outputs.

    It is opened in a page of its own, or in one of *kept*, if there are such. ``refused`` are the
    addresses off the server that the page asked for, ``console`` what it logged.
    """

    def __init__(
        self,
        server: NotebookServer,
        context: BrowserContext,
        name: str,
        kept: KeptPages | None = None,
    ) -> None:
        self.server = server
        self.name = name
        self.refused: list[str] = []
        self.console: list[str] = []
        self.context = context
        self._kept = kept
        used = kept and kept.take(server)
        self._is_loaded = used is not None
        self.page: Page = used or context.new_page()
        self._first = self.page
        self._others = [each for each in context.pages if each is not self.page]
        context.on("request", self._note_if_elsewhere)
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._note_message)

    def _note_message(self, message: ConsoleMessage) -> None:
        self.console.append(message.text)

    def _note_if_elsewhere(self, request: Request) -> None:
        is_own = request.url.startswith((self.server.url, "data:", "blob:", "about:"))
        if not is_own and not self._is_of_another_page(request):
            self.refused.append(request.url)

    def _is_of_another_page(self, request: Request) -> bool:
        with suppress(Error):  # A page that is being opened has none.
            return request.frame.page in self._others
        return False

    def open(self, cells: Sequence[str], kernel: str = "python3") -> None:
        """Write a notebook of *cells* and wait until its *kernel* is idle."""
        (self.server.root / "enough").unlink(missing_ok=True)
        self.server.write(self.name, cells, kernel)
        if self._is_loaded:
            kept_page.open_notebook(self.page, self.name, kernel)
        else:
            self.page.goto(self.server.address(self.name), wait_until="domcontentloaded")
        self.wait_until_ready()
        for _ in range(3):
            if self.page.evaluate(_ANSWERS):
                kept_page.remember(self.page)
                return
            self.page.reload(wait_until="domcontentloaded")
            self.wait_until_ready()
        raise RuntimeError("the kernel is idle and does not answer")

    def wait_until_ready(self) -> None:
        """Wait until the notebook is there and its kernel is idle."""
        self.page.wait_for_function(_READY, timeout=60_000)

    def reload(self) -> None:
        """Reload the page and wait until it is connected to the kernel, busy or not."""
        self.page.reload(wait_until="domcontentloaded")
        self.page.wait_for_function(_CONNECTED)
        kept_page.remember(self.page)

    def start(self, cell: int) -> None:
        """Run one cell without waiting for its end."""
        self.page.evaluate(_RUN, ["notebook:run-cell", cell])

    def start_all(self) -> None:
        """Run all cells without waiting for their end."""
        self.page.evaluate(_RUN, ["notebook:run-all-cells", None])

    def run(self, cell: int) -> None:
        """Run one cell to its end."""
        self.start(cell)
        self.wait_until_ran()

    def run_all(self) -> None:
        """Run all cells to their end."""
        self.start_all()
        self.wait_until_ran()

    def execute(self, code: str) -> None:
        """Have the kernel run *code* that is in no cell."""
        self.page.evaluate(f"(code) => {_KERNEL}.requestExecute({{code}}).done", code)

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self.page.evaluate(f"() => {_KERNEL}.interrupt()")

    def restart(self) -> None:
        """Kill the kernel and wait until another one has started."""
        self.page.evaluate(f"() => {_KERNEL}.restart()")
        self.wait_until_ready()

    def is_running(self) -> bool:
        """Whether what was started last has not ended."""
        return not self.page.evaluate("window.__ran")

    def enough(self) -> None:
        """Let the cell ``COMPUTE`` end, which must be running still."""
        assert self.is_running(), "the cell should compute until now"
        (self.server.root / "enough").touch()
        self.wait_until_ran()

    def wait_until_ran(self) -> None:
        """Wait for the end of what was started last."""
        self.page.wait_for_function("window.__ran", timeout=120_000)

    def outputs(self) -> list[list[dict[str, Any]]]:
        """Return the outputs of each cell, as the notebook holds them."""
        found: list[list[dict[str, Any]]] = self.page.evaluate(_OUTPUTS)
        return found

    def cell_count(self) -> int:
        """Return how many cells the notebook has now."""
        return int(self.page.evaluate(_COUNT))

    def save(self) -> Any:
        """Save the notebook and return what is in the file."""
        import nbformat  # It takes two seconds, and most tests need none of it.

        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.server.root / self.name, as_version=4)

    def keep_evidence(self) -> None:
        """Write a screenshot, the console and the outputs into tests/artifacts."""
        ARTIFACTS.mkdir(exist_ok=True)
        stem = f"{self.server.app}-{Path(self.name).stem}"
        self.page.screenshot(path=ARTIFACTS / f"{stem}.png")
        (ARTIFACTS / f"{stem}.console.txt").write_text("\n".join(self.console), "utf-8")
        state = json.dumps(self.page.evaluate(_STATE), indent=1)
        (ARTIFACTS / f"{stem}.state.json").write_text(state, "utf-8")
        shutil.copy(self.server.log, ARTIFACTS / f"{stem}.server.log")
        outputs = json.dumps(self.outputs(), indent=1, ensure_ascii=False)
        (ARTIFACTS / f"{stem}.outputs.json").write_text(outputs, "utf-8")

    def close(self, *, may_keep: bool = True) -> None:
        """End the kernel, and close what was opened since, but for a page that is kept."""
        is_kept = False
        try:
            kept_page.close_notebook(self.page)
        finally:
            self.context.remove_listener("request", self._note_if_elsewhere)
            self._first.remove_listener("console", self._note_message)
            self.context.clear_permissions()
            if may_keep and self._kept is not None:
                is_kept = self._kept.keep(self.server, self._first)
            for page in self.context.pages:
                if page not in self._others and not (is_kept and page is self._first):
                    page.close()
