"""The monitor beside other ways to show a live table, in a real JupyterLab, run by hand.

    python -m tests.benchmarks.monitor [seconds] [operations ...] [--json FILE]

Prints a table, and writes it as JSON, without --json into the folder of temporary files.
Five updates a second from a thread of the kernel, one operation in a hundred changing
with each. Bytes are all that the page's websocket receives. Python is the time of the
thread that reports to the monitor, on the CPU and by the wall (medians: a collection of garbage,
of which a notebook with 100,000 operations has some, may fall on any thread); browser
the main thread's, less what the idle page takes; task the longest that held the page up,
0 = none over 50 ms, and 1st task the longest while it opened, which has JupyterLab's own
work on the cell in it: the Label, a line of text, shows how long that is. All is how long it
took until all rows were there, memory what that took of the page's heap and of the kernel.
The lines below the monitor's are of the same page with a filter, a sort and a search: first is
how long it took until the rows were chosen, the others are per update while they stay so.
ipydatagrid and itables take part where they are installed (pip install -e ".[bench]"); the
others are measured with as many operations as they bear. On a machine with other work
the figures are too large.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent / "helpers"))

import browser
import notebook_server

from .monitor_cells import MEASURE, PREPARE, REPORT, SHOW

OPERATIONS = (1_000, 10_000, 100_000)
SECONDS = 10.0
PER_SECOND = 5
# Past these the page stands still for minutes.
BEARABLE = {
    "monitor": 10**6,
    "Label": 1_000,
    "HTML": 10_000,
    "ipydatagrid": 1_000,
    "itables": 1_000,
}

SEEN = {
    "monitor": ".adm-row .adm-cell",
    "Label": ".widget-label",
    "HTML": ".widget-html table td",
    "ipydatagrid": ".ipydatagrid-widget canvas, .lm-DataGrid canvas",
    "itables": "table.dataTable td, table td",
}
# Run the cell and return how long it took until something was drawn.
FIRST = """async ([cell, seen]) => {
  const app = window.jupyterapp;
  app.shell.currentWidget.content.activeCellIndex = cell;
  window.__tasks = [];
  const note = (list) => window.__tasks.push(...list.getEntries().map((e) => e.duration));
  new PerformanceObserver(note).observe({ entryTypes: ["longtask"] });
  const began = performance.now();
  app.commands.execute("notebook:run-cell");
  while (!document.querySelector(seen)) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


@dataclass
class Figures:
    """What one way of showing so many operations cost, per update."""

    way: str
    operations: int
    first_seconds: float
    bytes: float
    python_ms: tuple[float, float]  # on the CPU, by the wall
    browser_ms: float
    first_task_ms: float
    task_ms: float
    updates: int
    all_seconds: float
    memory_mb: tuple[float, float]  # of the page, of the kernel

    def __str__(self) -> str:
        cpu, wall = self.python_ms
        page, kernel = self.memory_mb
        return (
            f"{self.way:<12}{self.operations:>9,}{self.first_seconds:>9.2f} s"
            f"{self.bytes / 1000:>10.1f} kB{cpu:>9.1f} ms{wall:>8.1f} ms{self.browser_ms:>9.1f} ms"
            f"{self.task_ms:>8.0f} ms{self.first_task_ms:>10.0f} ms{self.updates:>6}"
            f"{self.all_seconds:>8.1f} s{page:>7.0f} +{kernel:>5.0f} MB"
        )


TITLES = (
    f"{'':<12}{'count':>9}{'first':>11}{'update':>13}{'Python':>12}{'wall':>11}{'browser':>12}{'task':>11}"
    f"{'1st task':>13}{'done':>6}{'all':>10}{'memory':>17}"
)


@contextmanager
def pages() -> Iterator[Any]:
    """Give what opens a notebook of cells in a new page."""
    home = Path(tempfile.mkdtemp())
    executable = browser.find_chromium()
    if executable is None:
        raise SystemExit(f"no Chromium here: {', '.join(browser.NAMES)}")
    with notebook_server.serve("lab", home) as server, sync_playwright() as playwright:
        launched = browser.launch(playwright, executable, home / "profile")
        numbers = iter(range(1000))

        @contextmanager
        def page(cells: Sequence[str]) -> Iterator[tuple[browser.NotebookPage, list[int]]]:
            opened = browser.NotebookPage(server, launched, f"benchmark-{next(numbers)}.ipynb")
            received: list[int] = []
            try:
                opened.page.on("websocket", lambda socket: _listen(socket, received))
                opened.open(cells)
                yield opened, received
            finally:
                opened.close()

        yield page
        launched.close()


def _listen(socket: Any, received: list[int]) -> None:
    socket.on("framereceived", lambda payload: received.append(len(payload)))


def measure(page: Any, way: str, count: int, seconds: float) -> Iterator[Figures]:
    """Show so many operations one way, and yield what it cost; of the monitor, also choices."""
    prepare = PREPARE.format(count=count, seconds=seconds, per_second=PER_SECOND)
    with page([prepare, SHOW[way], MEASURE, REPORT]) as (notebook, received):
        notebook.run(0)
        first = notebook.page.evaluate(FIRST, [1, SEEN[way]]) / 1000
        all_seconds = first + _until_quiet(notebook.page, received)
        first_task = _longest(notebook.page)
        cdp = notebook.context.new_cdp_session(notebook.page)
        cdp.send("Performance.enable")
        idle = _busy(notebook.page, cdp, seconds / 2) * 2

        def figures(name: str, first: float, first_task: float) -> Figures:
            notebook.run(2)
            _longest(notebook.page)
            received.clear()
            busy = _busy(notebook.page, cdp, seconds)
            task, size = _longest(notebook.page), sum(received)
            notebook.run(3)
            report = _printed(notebook.outputs()[3])
            updates = max(1, round(seconds * PER_SECOND))
            spent = zip(*report["spent"], strict=True)
            return Figures(
                way=name,
                operations=count,
                first_seconds=first,
                bytes=size / updates,
                python_ms=tuple(1000 * statistics.median(each) for each in spent),
                browser_ms=1000 * (busy - idle) / updates,
                first_task_ms=first_task,
                task_ms=task,
                updates=len(report["spent"]),
                all_seconds=all_seconds,
                memory_mb=(_metric(cdp, "JSHeapUsedSize") / 1e6, report["bytes"] / 1e6),
            )

        yield figures(way, first, first_task)
        for name, (choose, undo) in CHOICES.items() if way == "monitor" else ():
            began = time.perf_counter()
            choose(notebook.page)
            notebook.page.locator(".adm-matches", has_text=" of ").wait_for(timeout=WAIT)
            chosen = time.perf_counter() - began
            _until_quiet(notebook.page, received)  # The kernel searches the frame.
            yield figures(f"  {name}", chosen, _longest(notebook.page))
            undo(notebook.page)
            notebook.page.wait_for_function(NOTHING_CHOSEN, timeout=WAIT)


def _until_quiet(page: Page, received: list[int]) -> float:
    """Wait until nothing has come for two seconds; return how long it took until then."""
    began, last, known = time.perf_counter(), 0.0, -1
    while last < WAIT / 1000 and time.perf_counter() - began - last < 2:
        if len(received) != known:
            known, last = len(received), time.perf_counter() - began
        page.wait_for_timeout(50)
    return last


WAIT = 180_000  # ms
NOTHING_CHOSEN = "() => !document.querySelector('.adm-matches').textContent"


def _click(selector: str, times: int = 1) -> Callable[[Page], None]:
    def click(page: Page) -> None:
        for _ in range(times):
            page.locator(selector).first.click()

    return click


def _search(text: str) -> Callable[[Page], None]:
    return lambda page: page.locator(".adm-search").first.fill(text)


_PENDING = ".adm-counts [data-status=pending]"
_PROGRESS = ".adm-sorter:has-text('Progress')"
CHOICES = {
    "filter": (_click(_PENDING), _click(_PENDING)),
    "sort": (_click(_PROGRESS), _click(_PROGRESS, 2)),
    "search": (_search("step 3"), _search("")),
}


def _printed(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    text = outputs[0]["text"]
    found: dict[str, Any] = json.loads(text if isinstance(text, str) else "".join(text))
    return found


def _busy(page: Page, cdp: CDPSession, seconds: float) -> float:
    """Return the seconds that the main thread works within so many seconds."""
    before = _metric(cdp, "TaskDuration")
    page.wait_for_timeout(1000 * seconds)
    return _metric(cdp, "TaskDuration") - before


def _metric(cdp: CDPSession, name: str) -> float:
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == name))


def _longest(page: Page) -> float:
    """Return the longest long task since the last look, in ms; 0 = none over 50 ms."""
    return float(page.evaluate("() => Math.max(0, ...window.__tasks.splice(0))"))


def main(seconds: float, operations: Sequence[int], file: Path) -> None:
    """Measure every way that is installed, print a line each, and write all to *file*."""
    own = ("monitor", "Label", "HTML")
    ways = [way for way in SHOW if way in own or importlib.util.find_spec(way)]
    found: list[dict[str, Any]] = []
    print(TITLES)
    with pages() as page:
        for way in ways:
            for count in operations:
                if count <= BEARABLE[way]:
                    for figures in measure(page, way, count, seconds):
                        print(figures, flush=True)
                        found.append(asdict(figures))
                        file.write_text(json.dumps(found, indent=1))
    print(f"written to {file}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=SECONDS)
    parser.add_argument("operations", nargs="*", type=int, default=OPERATIONS)
    place = Path(tempfile.gettempdir()) / "monitor.json"
    parser.add_argument("--json", type=Path, default=place)
    given = parser.parse_args()
    main(given.seconds, given.operations or OPERATIONS, given.json)
