"""Processes without standard streams, as pythonw and services have them: real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WORK = """
import sys
from pathlib import Path
{before}
import pandas as pd
import asyncdest_nb as ad

seen = []
try:
    with ad.simulate("example-async", duration_seconds=0.3, failing=0.5, seed=1) as demo:
        with ad.Session(path=sys.argv[1] + ".sqlite") as session:
            {later}
            frame = pd.DataFrame({{"user_id": list("abcdef"), "operation_type": "sync_profile"}})
            crm = session.connect(demo)
            crm.preview(frame, "asyncOperation")
            run = crm.submit(frame, "asyncOperation")
            seen.append(run.wait(timeout=60))
            again = crm.submit(frame, "asyncOperation")  # It warns.
            seen.append(again is run)
            seen.append(run.wait(keep_loop=False))
            seen.append(len(repr(run)) > 0)
except BaseException as error:
    import traceback
    seen.append(traceback.format_exc())
Path(sys.argv[1]).write_text(repr(seen))
"""
STREAMS = {
    "none": "sys.stderr = None",
    "neither": "sys.stderr = sys.stdout = sys.stdin = None",
    "closed": "sys.stderr.close()",
    "closed both": "sys.stderr.close(); sys.stdout.close()",
    "no stream": "sys.stderr = sys.stdout = object()",
}


def seen_without_streams(
    tmp_path: Path, *, before: str = "", later: str = "pass", ends: str = ""
) -> str:
    """Return what a process without standard streams wrote about its run."""
    script, found = tmp_path / "work.py", tmp_path / "seen"
    script.write_text(WORK.format(before=before, later=later))
    command = [sys.executable, str(script), str(found)]
    if ends:
        command = ["sh", "-c", f'exec "$@" {ends}', "sh", *command]
    subprocess.run(command, check=False, timeout=120, capture_output=True)
    return found.read_text()


DONE = "['partial', True, 'partial', True]"


@pytest.mark.parametrize("stream", STREAMS)
def test_a_run_is_waited_for_without_streams(tmp_path: Path, stream: str):
    assert seen_without_streams(tmp_path, before=STREAMS[stream]) == DONE


@pytest.mark.parametrize("stream", STREAMS)
def test_a_run_is_waited_for_whose_streams_go_away(tmp_path: Path, stream: str):
    assert seen_without_streams(tmp_path, later=STREAMS[stream]) == DONE


@pytest.mark.skipif(sys.platform == "win32", reason="it has no sh")
def test_a_run_is_waited_for_in_a_process_that_is_born_without_streams(tmp_path: Path):
    assert seen_without_streams(tmp_path, ends="<&- >&- 2>&-") == DONE


FAILS = """
class Gone:
    encoding = "utf-8"
    def isatty(self):
        return True
    def write(self, *_):
        raise BrokenPipeError(32, "Broken pipe")
    flush = fileno = write
sys.stderr = Gone()
"""


def test_a_terminal_that_closes_does_not_end_the_wait(tmp_path: Path):
    assert seen_without_streams(tmp_path, before=FAILS) == DONE
