"""The cells of the benchmark of the monitor: a run that is played, and ways to show it."""

from __future__ import annotations

PREPARE = """
import json, random, threading, time
from dataclasses import replace
import pandas as pd
from asyncdest_nb.operation import State
from scripted_run import ScriptedRun, planned

COUNT, SECONDS, PER_SECOND = {count}, {seconds}, {per_second}
import psutil
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

before = psutil.Process().memory_info().rss

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
print(json.dumps({"spent": spent, "bytes": psutil.Process().memory_info().rss - before}))
"""
