"""A page of JupyterLab or Notebook 7 that stays open from test to test: to open one takes seconds.

Notebooks are opened in it one after the other. A page in which anything of a notebook or of a
test is left is not kept, so that no test disturbs the next.
"""

from __future__ import annotations

from playwright.sync_api import Page

from notebook_server import NotebookServer

VIEWPORT = {"width": 1280, "height": 900}

_OPEN = """async ([path, kernel]) => {
  const { commands, serviceManager, shell } = window.jupyterapp;
  const { kernelspecs } = serviceManager;
  if (!(kernel in kernelspecs.specs.kernelspecs)) await kernelspecs.refreshSpecs();
  // Without the option Notebook 7 opens another tab.
  const options = { ref: "_noref" };
  const opened = await commands.execute("docmanager:open", { path, factory: "Notebook", options });
  for (const each of [...shell.widgets("main")]) if (each !== opened) each.dispose();
  // JupyterLab does this itself. A reload opens what is there.
  if (location.pathname.includes("/notebooks/")) history.replaceState(null, "", path);
}"""
_CLOSE = """async () => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  await panel?.sessionContext?.shutdown();
  if (panel?.sessionContext) panel.dispose();
}"""
# What scripts can put in place of what the browser has, by object and name.
_VALUES = """() => new Map([window, navigator].flatMap((of, at) =>
  Object.entries(Object.getOwnPropertyDescriptors(of))
    .map(([name, { get, value }]) => [`${at}.${name}`, get ?? value])))"""
_REMEMBER = f"() => {{ window.__before ??= ({_VALUES})(); }}"
_LEFT = f"""() => {{
  const {{ __before: before, jupyterapp: app }} = window;
  if (!before || !app) return ["another page"];
  const now = ({_VALUES})();
  const own = ["0.__before", "0.__ran", "0.MathJax"];  // It comes when an output has a formula.
  const changed = [...new Set([...before.keys(), ...now.keys()])]
    .filter((name) => !own.includes(name))
    .filter((name) => before.has(name) !== now.has(name)
      || !Object.is(before.get(name), now.get(name)));
  const documents = [...app.shell.widgets("main")].filter((each) => each.context);
  const drawn = document.querySelectorAll(".jp-Cell, .jp-Dialog, .lm-Menu, .adm-root, .ade-root");
  return [...changed, ...documents.map((each) => each.id), ...[...drawn].map((it) => it.className)];
}}"""


class KeptPages:
    """The pages of a browser that have no notebook now: one for a server at most."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}

    def take(self, server: NotebookServer) -> Page | None:
        """Return the page that was kept for *server*, if there is one."""
        page = self._pages.pop(server.url, None)
        if page is not None:
            page.bring_to_front()
        return page

    def keep(self, server: NotebookServer, page: Page) -> bool:
        """Keep *page* and return True, if nothing of a notebook or of a test is left in it."""
        if left(page):
            return False
        page.set_viewport_size(VIEWPORT)
        page.emulate_media(forced_colors="null", reduced_motion="reduce")
        page.mouse.move(0, 0)
        self._pages[server.url] = page
        return True


def open_notebook(page: Page, name: str, kernel: str) -> None:
    """Open a notebook in a page that has none."""
    page.evaluate(_OPEN, [name, kernel])


def close_notebook(page: Page) -> None:
    """End the kernel of the notebook in a page, and close it without saving."""
    page.evaluate(_CLOSE)


def remember(page: Page) -> None:
    """Note how a page is before a test does anything to it."""
    page.evaluate(_REMEMBER)


def left(page: Page) -> list[str]:
    """Return what a test has left in a page: names of what it changed, documents, and classes."""
    found: list[str] = page.evaluate(_LEFT)
    return found
