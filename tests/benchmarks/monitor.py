"""The monitor beside other ways to show a live table, in a real JupyterLab, run by hand.

    python -m tests.benchmarks.monitor [seconds] [operations ...]

Five updates a second from a thread of the kernel, one operation in a hundred changing
with each. Bytes are all that the page's websocket receives. Python is the time of the
thread that reports to the monitor, on the CPU and by the wall (medians: a collection of garbage,
of which a notebook with 100,000 operations has some, may fall on any thread); browser
the main thread's, less what the idle page takes; task the longest that held the page up,
0 = none over 50 ms, and 1st task the longest while it opened, which has JupyterLab's own
work on the cell in it: the Label, a line of text, shows how long that is.
ipydatagrid and itables take part where they are installed (pip install -e ".[bench]"); the
others are measured with as many operations as they bear. On a machine with other work
the figures are too large.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent / "helpers"))

import browser
import notebook_server

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

PREPARE = """
import json, random, threading, time
from dataclasses import replace
import pandas as pd
from asyncdest_nb.operation import State
from scripted_run import ScriptedRun, planned

COUNT, SECONDS, PER_SECOND = {count}, {seconds}, {per_second}
now = time.time()
run = ScriptedRun([
    replace(each, state=State.RUNNING,
            operation_id=f"op-{{each.number:06d}}-{{each.number * 7919 % 65536:04x}}",
            submitted_at=now, accepted_at=now, progress=0.0, message="Processing: step 1 of 5")
    for each in planned(COUNT)
])
chance = random.Random(1)

def moved(each):
    progress = min(99.0, (each.progress or 0.0) + chance.randint(1, 20))
    if progress >= 90 and chance.random() < 0.5:
        return replace(each, state=State.COMPLETED, polls=each.polls + 1, progress=100.0,
                       message="Profile synchronized", finished_at=time.time())
    return replace(each, polls=each.polls + 1, progress=progress,
                   message=f"Processing: step {{1 + int(progress // 20)}} of 5")

def as_frame():
    return pd.DataFrame([
        {{"row": run.labels[it.number], "operation": it.operation_id, "status": str(it.state),
          "progress": it.progress, "message": it.message, "polls": it.polls}}
        for it in run.operations])

def go(show):
    spent = []
    def updates():
        for tick in range(round(SECONDS * PER_SECOND)):
            began = time.perf_counter()
            numbers = sorted(chance.sample(range(COUNT), max(1, COUNT // 100)))
            for number in numbers:
                if not run.operations[number].is_final:
                    run.operations[number] = moved(run.operations[number])
            wall, cpu = time.perf_counter(), time.thread_time()
            show(numbers)
            spent.append([time.thread_time() - cpu, time.perf_counter() - wall])
            time.sleep(max(0.0, 1 / PER_SECOND - (time.perf_counter() - began)))
    thread = threading.Thread(target=updates)
    thread.start()
    return thread, spent
"""
SHOW = {
    "monitor": """
from asyncdest_nb.widgets.monitor import Monitor
widget = Monitor(run)
def show(numbers):
    for callback in list(run.callbacks):
        callback(numbers, False)
widget
""",
    "Label": """
import ipywidgets
widget = ipywidgets.Label(run.operations[0].message)
def show(numbers):
    widget.value = run.operations[numbers[0]].message
widget
""",
    "HTML": """
import ipywidgets
widget = ipywidgets.HTML(as_frame().to_html())
def show(numbers):
    widget.value = as_frame().to_html()
widget
""",
    "ipydatagrid": """
from ipydatagrid import DataGrid
widget = DataGrid(as_frame())
def show(numbers):
    widget.data = as_frame()
widget
""",
    "itables": """
from itables.widget import ITable
widget = ITable(as_frame())
def show(numbers):
    widget.update(as_frame())
widget
""",
}
MEASURE = """
thread, spent = go(show)
"""
REPORT = """
thread.join()
print(json.dumps(spent))
"""
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

    def __str__(self) -> str:
        cpu, wall = self.python_ms
        return (
            f"{self.way:<12}{self.operations:>9,}{self.first_seconds:>9.2f} s"
            f"{self.bytes / 1000:>10.1f} kB{cpu:>9.1f} ms{wall:>8.1f} ms{self.browser_ms:>9.1f} ms"
            f"{self.task_ms:>8.0f} ms{self.first_task_ms:>10.0f} ms{self.updates:>6}"
        )


TITLES = (
    f"{'':<12}{'count':>9}{'first':>11}{'update':>13}{'Python':>12}{'wall':>11}{'browser':>12}{'task':>11}"
    f"{'1st task':>13}{'done':>6}"
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


def measure(page: Any, way: str, count: int, seconds: float) -> Figures:
    """Show so many operations one way and return what it cost."""
    prepare = PREPARE.format(count=count, seconds=seconds, per_second=PER_SECOND)
    with page([prepare, SHOW[way], MEASURE, REPORT]) as (notebook, received):
        notebook.run(0)
        first = notebook.page.evaluate(FIRST, [1, SEEN[way]]) / 1000
        notebook.page.wait_for_timeout(2000)
        first_task = _longest(notebook.page)
        cdp = notebook.context.new_cdp_session(notebook.page)
        cdp.send("Performance.enable")
        idle = _busy(notebook.page, cdp, seconds / 2) * 2
        notebook.run(2)
        _longest(notebook.page)
        received.clear()
        busy = _busy(notebook.page, cdp, seconds)
        task, size = _longest(notebook.page), sum(received)
        notebook.run(3)
        spent = _printed(notebook.outputs()[3])
    updates = max(1, round(seconds * PER_SECOND))
    return Figures(
        way=way,
        operations=count,
        first_seconds=first,
        bytes=size / updates,
        python_ms=tuple(1000 * statistics.median(each) for each in zip(*spent, strict=True)),
        browser_ms=1000 * (busy - idle) / updates,
        first_task_ms=first_task,
        task_ms=task,
        updates=len(spent),
    )


def _printed(outputs: list[dict[str, Any]]) -> list[list[float]]:
    text = outputs[0]["text"]
    found: list[list[float]] = json.loads(text if isinstance(text, str) else "".join(text))
    return found


def _busy(page: Page, cdp: CDPSession, seconds: float) -> float:
    """Return the seconds that the main thread works within so many seconds."""
    before = _task_seconds(cdp)
    page.wait_for_timeout(1000 * seconds)
    return _task_seconds(cdp) - before


def _task_seconds(cdp: CDPSession) -> float:
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _longest(page: Page) -> float:
    """Return the longest long task since the last look, in ms; 0 = none over 50 ms."""
    return float(page.evaluate("() => Math.max(0, ...window.__tasks.splice(0))"))


def main(seconds: float, operations: Sequence[int]) -> None:
    """Measure every way that is installed and print a line each."""
    own = ("monitor", "Label", "HTML")
    ways = [way for way in SHOW if way in own or importlib.util.find_spec(way)]
    print(TITLES)
    with pages() as page:
        for way in ways:
            for count in operations:
                if count <= BEARABLE[way]:
                    print(measure(page, way, count, seconds), flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        float(given[0]) if given else SECONDS,
        [int(each) for each in given[1:]] or OPERATIONS,
    )
