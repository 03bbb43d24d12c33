"""Answers of HubSpot that do not tell, from a server that shares nothing with the simulator."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import RESET, ApiCall, DescribedApi

PEOPLE = pd.DataFrame(
    {
        "email": ["a@x.de", "BAD@x.de", "c@x.de", "d@x.de"],
        "note": ["one\ntwo", "x", "y\rz", ""],
    },
    index=list("abcd"),
)
RIGHT = ["completed", "failed", "completed", "completed"]
INTERNAL = {"status": "error", "message": "internal error"}


def of_rows(at: int, rows: list[list[str]]) -> int:
    """Count rows, without the header."""
    return at + 1


def of_file(at: int, rows: list[list[str]]) -> int:
    """Count the lines of the file, of which a cell may have several."""
    return at + 2 + sum(cell.count("\n") for cells in rows[:at] for cell in cells)


class Imports:
    """Imports whose rows with BAD in their email are refused, at the line that *line* says.

    *lists* and *errors* are what the first requests for a list and for errors are answered.
    With *lost* the reply to the first create is; with *cells* errors have those of their row.
    """

    def __init__(
        self,
        *,
        lists: list[Any] | None = None,
        errors: list[Any] | None = None,
        lost: bool = False,
        line: Callable[[int, list[list[str]]], int] = lambda at, rows: at + 2,
        cells: bool = True,
        counters: dict[str, int] | None = None,
    ) -> None:
        self.imports: list[dict[str, Any]] = []
        self.rows: list[list[str]] = []
        self._lists, self._errors, self._lost = lists or [], errors or [], lost
        self._line, self._cells = line, cells
        self._counters = {"TOTAL_ROWS": 4} if counters is None else counters

    def __call__(self, call: ApiCall) -> Any:
        if call.method == "POST":
            return self._created(call)
        if call.path == "/crm/v3/imports":
            return self._lists.pop(0) if self._lists else {"results": self.imports}
        if call.path.endswith("/errors"):
            return self._errors.pop(0) if self._errors else {"results": list(self._refused(call))}
        return {"state": "DONE", "metadata": {"counters": self._counters}}

    def _created(self, call: ApiCall) -> Any:
        head = f"content-type: {call.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + call.body).get_payload()
        asked, file = (each.get_payload(decode=True).decode() for each in parts)
        self.rows = list(csv.reader(io.StringIO(file, newline="")))[1:]
        # The name of an import is not among the fields that are always there.
        self.imports.append({"id": f"{len(self.imports)}", "importRequestJson": json.loads(asked)})
        is_lost = self._lost and len(self.imports) == 1
        return RESET if is_lost else self.imports[-1]

    def _refused(self, call: ApiCall) -> Iterator[dict[str, Any]]:
        is_asked = call.query.get("includeRowData") == "true"
        for at, cells in enumerate(self.rows):
            if cells[0].startswith("BAD"):
                source = {"lineNumber": self._line(at, self.rows), "fileId": 1}
                source |= {"rowData": cells} if self._cells and is_asked else {}
                yield {"errorType": "INVALID_EMAIL", "errorMessage": "bad", "sourceData": source}


def outcomes(
    session: ad.Session, api: Imports, action: str = "upsert", frame: pd.DataFrame = PEOPLE
) -> pd.DataFrame:
    with DescribedApi(api) as server:
        crm = session.connect(
            "hubspot-imports",
            base_url=server.url,
            access_token="pat-na1-5b4a3928",
            requests_per_second=1000,
        )
        run = crm.submit(frame, action)
        run.wait(timeout=60)
    return run.results()


@pytest.mark.parametrize(
    "odd",
    [INTERNAL, {"results": None}, {"results": [{"id": "7"}]}, (404, {"message": "no such page"})],
)
def test_a_list_that_does_not_tell_makes_no_second_import(session, odd):
    api = Imports(lists=[odd] * 2, lost=True)
    found = outcomes(session, api, "create")
    assert len(api.imports) == 1
    assert found["status"].tolist() == RIGHT


@pytest.mark.parametrize("odd", [INTERNAL, {"results": None}])
def test_no_row_is_completed_without_a_list_of_errors(session, odd):
    assert outcomes(session, Imports(errors=[odd] * 2))["status"].tolist() == RIGHT


@pytest.mark.parametrize("line", [of_rows, of_file])
def test_an_error_is_of_the_row_whose_cells_it_has(session, line):
    assert outcomes(session, Imports(line=line))["status"].tolist() == RIGHT


def test_an_error_in_a_row_without_a_key_is_known_by_all_its_cells(session):
    frame = PEOPLE.rename(columns={"email": "dealname"}).assign(object_type="deals")
    found = outcomes(session, Imports(line=of_rows), "create", frame)
    assert found["status"].tolist() == RIGHT


def test_a_line_alone_tells_no_row_below_a_cell_with_several_lines(session):
    found = outcomes(session, Imports(line=of_file, cells=False))
    assert found["status"].tolist() == ["unknown"] * 4
    assert "rows that cannot be told by line and cells: bad" in found["message"].iloc[0]


def test_a_line_alone_tells_the_row_if_each_row_is_one_line(session):
    frame = PEOPLE.assign(note="")
    found = outcomes(session, Imports(line=of_file, cells=False), frame=frame)
    assert found["status"].tolist() == RIGHT


def test_a_line_after_the_last_row_puts_all_lines_in_doubt(session):
    frame = PEOPLE.assign(note="", email=["a@x.de", "BAD1@x.de", "c@x.de", "BAD2@x.de"])
    api = Imports(line=lambda at, rows: at + 3, cells=False)
    assert outcomes(session, api, frame=frame)["status"].tolist() == ["unknown"] * 4


@pytest.mark.parametrize("counters", [{}, {"ERRORS": 1}, {"CREATED_OBJECTS": 3}])
def test_errors_that_are_listed_a_little_later_are_waited_for(session, counters):
    api = Imports(errors=[{"results": []}], counters=counters)
    assert outcomes(session, api)["status"].tolist() == RIGHT


def test_an_error_that_names_no_row_leaves_them_unknown(session):
    api = Imports(line=lambda at, rows: 0, cells=False, counters={"TOTAL_ROWS": 4, "ERRORS": 1})
    found = outcomes(session, api)
    assert found["status"].tolist() == ["unknown"] * 4
    assert found["message"].iloc[0] == "no row is named by the error: bad"


@pytest.mark.parametrize("counted", [1, 2])
def test_a_row_with_two_errors_may_be_counted_once_or_twice(session, counted):
    twice = [{"errorType": "X", "errorMessage": "bad", "sourceData": {"lineNumber": "3"}}] * 2
    api = Imports(errors=[{"results": twice}], counters={"TOTAL_ROWS": 4, "ERRORS": counted})
    assert outcomes(session, api, frame=PEOPLE.assign(note=""))["status"].tolist() == RIGHT


def test_of_errors_on_pages_in_a_circle_each_counts_and_other_rows_are_unknown(session):
    error = {"errorType": "X", "errorMessage": "bad", "sourceData": {"lineNumber": 3}}
    page = {"results": [error], "paging": {"next": {"after": "5"}}}
    api = Imports(errors=[page] * 50)
    found = outcomes(session, api, frame=PEOPLE.assign(note=""))
    assert found["status"].tolist() == ["unknown", "failed", "unknown", "unknown"]
    assert found["message"].iloc[1] == "bad"
    assert "go round in a circle" in found["message"].iloc[0]
