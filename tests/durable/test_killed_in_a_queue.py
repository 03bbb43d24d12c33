"""A process that is killed while most of its batches wait for their turn.

A real process that may send one request in two seconds, against the documented server.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

import asyncdest_nb as ad
from documented_server import DocumentedServer

pytestmark = pytest.mark.slow

ROWS, SIZE = 12, 2
OPTIONS = {"operation_type": "sync_profile", "batch_size": SIZE}
CHILD = f"""
import sys, threading
import pandas as pd
import asyncdest_nb as ad

path, url = sys.argv[1:]
crm = ad.Session(path=path).connect("example-async", endpoint=url, requests_per_second=0.5)
frame = pd.DataFrame({{"user_id": [f"u-{{number}}" for number in range({ROWS})]}})
run = crm.submit(frame, "asyncOperation", **{OPTIONS})
while not run.requests:
    threading.Event().wait(0.01)
print("sent", flush=True)
sys.stdin.read()
"""


def killed_after_its_first_request(path: str, url: str) -> None:
    command = [sys.executable, "-c", CHILD, path, url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "sent\n"
        child.kill()


def test_what_waits_for_its_turn_when_the_process_is_killed_is_not_in_doubt(tmp_path):
    path = tmp_path / "killed.db"
    with DocumentedServer(polls_until_final=0) as server:
        killed_after_its_first_request(str(path), server.url)
        sent = sum(server.posted.values())
        assert 0 < sent < ROWS
        with ad.Session(path=path) as session:
            session.connect("example-async", endpoint=server.url, requests_per_second=200)
            (run,) = session.runs()
            run.wait(timeout=60)
            statuses = list(run.results()["status"])
    assert statuses.count("unknown") <= sent
    assert statuses.count("completed") >= ROWS - sent
    assert set(server.applied.values()) == {1}
