"""A search over the rows of a run: of a scripted one, and of a real one against the simulator."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import RowOutcome, RowStatus, State
from asyncdest_nb.widgets.answers import answer
from asyncdest_nb.widgets.row_search import found_rows
from monitor_comm import open_monitor, request
from one_action import destination
from scripted_run import ScriptedRun, planned


def jobs(count: int, rows_each: int) -> ScriptedRun:
    """Return a run of jobs with a frame of two columns."""
    run = ScriptedRun(planned(count, rows_each=rows_each))
    run.frame_rows = lambda rows: [{"city": f"City {row}", "none": None} for row in rows]
    return run


def test_any_column_of_the_frame_is_searched_in_any_case():
    found = found_rows(jobs(3, 1), " cITY 2")
    assert (list(found.rows), list(found.numbers)) == ([2], [2])
    assert (dict(found.hits), found.searched, found.columns) == ({"city": 1}, 3, 2)
    assert found.next is None
    assert not found_rows(jobs(3, 1), "none").rows  # An empty cell is no text.


def test_a_row_inside_a_job_is_found_by_its_label_and_by_its_own_message():
    run = jobs(2, 3)
    ends = (RowOutcome(RowStatus.COMPLETED), RowOutcome(RowStatus.FAILED, "too long", "E7"))
    job = replace(run.operations[1], state=State.PARTIAL, row_outcomes=(*ends, ends[0]))
    run.operations[1] = job
    for text, hits in [("row 4", {"Row": 1}), ("TOO LONG", {"Message": 1}), ("e7", {"Error": 1})]:
        found = found_rows(run, text)
        assert (list(found.rows), list(found.numbers)) == ([4], [1])
        assert found.hits == hits


def test_what_the_page_has_cut_off_of_a_message_is_searched():
    run = jobs(3, 1)
    run.operations[1] = replace(run.operations[1], message=f"{'x' * 600} needle")
    found = found_rows(run, "NEEDLE")
    assert (list(found.numbers), found.hits) == ([1], {"Message": 1})


def test_invalid_rows_are_searched_too():
    run = ScriptedRun(planned(2), invalid=1, labels=["a", "b", "c"])
    run.invalid, run.frame_rows = {2: "no"}, jobs(3, 1).frame_rows
    assert list(found_rows(run, "city 2").numbers) == [2]


def test_a_long_search_stops_and_goes_on_where_it_stopped():
    run, start, rows, parts = jobs(3, 700), (0, 0), [], 0
    while start is not None:
        found = found_rows(run, "9", start, seconds=0)
        rows += found.rows
        parts, start = parts + 1, found.next
    assert rows == [row for row in range(2_100) if "9" in str(row)]
    assert parts == 6  # The last one has nothing left to search.


def test_the_page_gets_the_rows_and_their_lines(clock):
    content, buffers = request(open_monitor(jobs(2, 3), clock), "search", text="4", start=[0, 0])
    assert [array("I", each).tolist() for each in buffers] == [[4], [1]]
    assert content["hits"] == {"Row": 1, "city": 1}
    assert (content["searched"], content["columns"], content["next"]) == (6, 2, None)


@pytest.mark.parametrize("start", [None, [1], ["a", 0], 7])
def test_a_search_that_is_no_request_of_the_page_gets_an_error(clock, start, caplog):
    content, _ = request(open_monitor(jobs(1, 1), clock), "search", text="x", start=start)
    assert content["error"]


async def perform_batch(request: Any, data: Any) -> Any:
    return ad.AsyncActionResponse(async_contexts=[{"id": "job-1"}])


async def poll(request: Any, data: Any) -> Any:
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])


def test_the_details_of_a_job_have_the_row_that_was_found(session):
    crm = session.connect(
        destination(perform_batch=perform_batch, poll=poll, operation_per="batch")
    )
    frame = pd.DataFrame({"user_id": [f"u{row}" for row in range(300)], "city": "Bern"})
    frame.loc[250, "city"] = "Zug"
    run = crm.submit(frame, "act")
    run.wait(20)
    [found] = found_rows(run, "zug").rows
    reply = answer(run, {"what": "details", "number": 0, "rows": [found]}, lambda run: None)
    details = reply.content["details"]
    assert [each["label"] for each in details["rows"]] == ["250"]
    assert '"u250"' in details["rows"][0]["payload"]
    assert (details["row_count"], details["are_found"]) == (300, True)
    assert len(run.details(0)["rows"]) == 100
