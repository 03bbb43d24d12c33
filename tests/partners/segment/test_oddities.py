"""The table of what surprises in Segment, row by row, beside the framework itself, from npm.

Of each row: that it is so in Segment, what is here, and how something else can be had.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.fql import matches, parse
from asyncdest_nb.reference import mapping_language
from paths import DATA
from recorded_function import multi_status
from segment_framework import ask
from segment_oddities import PURE, Sane, read

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]  # The first time it is installed.

ID = {"id": {"label": "Id", "type": "string", "required": True}}
ROWS = [{"id": "a"}, {"id": "b"}]
RECORDED = [json.loads(each) for each in (DATA / "batch.jsonl").read_text("utf-8").splitlines()]
Answers = list[dict[str, Any]]
Check = Callable[[ad.Session, Answers], None]
BY_RUN: dict[str, Check] = {}
QUESTIONS: dict[str, Answers] = {}


def row(first_cell: str, *questions: dict[str, Any]) -> Callable[[Check], Check]:
    """Make a function the check of a row of the table; it is given what Segment answers."""
    batch = {"op": "batch", "fields": ID, "mapping": {"id": {"@path": "$.id"}}, "events": ROWS}
    QUESTIONS[first_cell] = [{**batch, **each} for each in questions]

    def kept(check: Check) -> Check:
        BY_RUN[first_cell] = check
        return check

    return kept


@pytest.fixture(scope="module")
def answers() -> dict[str, Answers]:
    """What Segment answers to all questions, by the rows of the table."""
    asked = {name: [each.question] for name, each in PURE.items()} | QUESTIONS
    found = iter(ask([each for questions in asked.values() for each in questions]))
    return {name: [next(found) for _ in questions] for name, questions in asked.items()}


def recorded(id: str) -> dict[str, Any]:
    return next(each for each in RECORDED if each["id"] == id)


def connected(session: ad.Session, function: Any, fields: Any = ID, **more: Any) -> ad.Connection:
    own = more.pop("destination", {})
    action = ad.Action(title="Act", fields=fields, perform_batch=function, **more)
    return session.connect(ad.Destination(name="A", slug="a", actions={"act": action}, **own))


def ends(crm: ad.Connection, rows: list[dict[str, Any]], **given: Any) -> list[str]:
    run = crm.submit(pd.DataFrame(rows), "act", **given)
    run.wait(timeout=20)
    return run.results()["status"].tolist()


async def done(request: Any, data: Any) -> Any:
    return {"done": True}


@row(
    "a dot in a path separates keys, also in quotes",
    {"op": "transform", "mapping": {"id": {"@path": "$.a['b.c']"}}, "input": {"a": {"b.c": "x"}}},
)
def check_dots(session: ad.Session, found: Answers) -> None:
    assert found[0]["output"] == {}
    crm, frame = connected(session, done), pd.DataFrame([{"b.c": "x"}])
    preview = crm.preview(frame, "act", mapping={"id": {"@path": "$.b.c"}})
    assert preview.payloads == {0: {"id": "x"}}


BAD = {"id": {"@template": {"@path": "$.text"}}}
BAD_ROWS = [{"text": "{{id}}", "id": "a"}, {"text": 5, "id": "b"}]


@row(
    "a row for which a directive fails loses its batch",
    {"mapping": BAD, "events": BAD_ROWS},
)
def check_failing_directive(session: ad.Session, found: Answers) -> None:
    assert "output" not in found[0]
    assert ends(connected(session, done), BAD_ROWS, mapping=BAD) == ["completed", "invalid"]


UNEQUAL, EVENT = ["properties.n != 5", 'properties.n != "5"'], {"type": "track", "properties": {}}


@row(
    '`!= 5` is false where there is no value, and `!= "5"` is true',
    *({"op": "fql", "text": text, "event": EVENT} for text in UNEQUAL),
)
def check_unequal(session: ad.Session, found: Answers) -> None:
    assert [each["output"] for each in found] == [False, True]
    assert [matches(parse(text), EVENT) for text in UNEQUAL] == [False, True]
    assert matches(parse("properties.n != 5 or properties.n = null"), EVENT)


TEXT = {"text": {"label": "Text", "type": "string"}}


@row(
    '`""` is no value in a single event, and one in a batch',
    {"op": "fields", "fields": TEXT, "payload": {"text": ""}, "mode": "single"},
    {"op": "fields", "fields": TEXT, "payload": {"text": ""}, "mode": "batch"},
)
def check_empty_text(session: ad.Session, found: Answers) -> None:
    assert [each["output"] for each in found] == [{}, {"text": ""}]
    assert [read(TEXT, {"text": ""}, alone=each) for each in (True, False)] == [{}, {"text": ""}]
    assert [read(Sane, {"text": ""}, alone=each) for each in (True, False)] == [{}, {}]


NUMBER = {"n": {"label": "N", "type": "number"}}


@row(
    '`"Infinity"` is a number, which is sent as `null`',
    {"op": "fields", "fields": NUMBER, "payload": {"n": "Infinity"}, "mode": "batch"},
)
def check_infinity(session: ad.Session, found: Answers) -> None:
    assert found[0]["output"] == {"n": {"$number": "Infinity"}}
    assert ends(connected(session, done, NUMBER), [{"n": "Infinity"}]) == ["invalid"]


@row(
    "actions of the same title have the fields of the first",
    {"title": "Same", "fields": TEXT},
    {"title": "Same"},
)
def check_titles(session: ad.Session, found: Answers) -> None:
    assert [each["output"]["calls"][0]["payload"] for each in found] == [[{}, {}], [{}, {}]]
    one, two = (ad.Action(title="Same", fields=each, perform_batch=done) for each in (TEXT, ID))
    crm = session.connect(ad.Destination(name="A", slug="a", actions={"one": one, "act": two}))
    assert crm.preview(pd.DataFrame([{"text": "x"}]), "one").payloads == {0: {"text": "x"}}
    assert crm.preview(pd.DataFrame(ROWS), "act").payloads == dict(enumerate(ROWS))


@row("an object that `performBatch` returns completes all rows", {})
def check_returned_object(session: ad.Session, found: Answers) -> None:
    assert [each["status"] for each in found[0]["output"]["rows"]] == [200, 200]
    assert ends(connected(session, done), ROWS) == ["completed", "completed"]

    async def refuse(request: Any, data: Any) -> Any:
        return multi_status([OK, {"push_err": {"status": 400, "errormessage": "no"}}])

    assert ends(connected(session, refuse), ROWS, again=True) == ["completed", "failed"]


OK = {"push_ok": {"status": 200, "sent": {}, "body": {}}}


@row("a row without an entry in a multi-status is a wrong payload", {"ops": [OK]})
def check_hole(session: ad.Session, found: Answers) -> None:
    assert found[0]["output"]["rows"][1]["errortype"] == "PAYLOAD_VALIDATION_FAILED"

    async def forget(request: Any, data: Any) -> Any:
        return multi_status([OK])

    assert ends(connected(session, forget), ROWS) == ["completed", "unknown"]


@row(
    "an error in `performBatch` loses the outcomes of its rows",
    {"events": [*ROWS, {"id": None}], "throws": "no"},
)
def check_error(session: ad.Session, found: Answers) -> None:
    assert found[0]["errors"] == ["no"]

    async def fail(request: Any, data: Any) -> Any:
        raise ad.PayloadValidationError("no")

    rows = [*ROWS, {"id": None}]
    assert ends(connected(session, fail), rows) == ["failed", "failed", "invalid"]


@row("a job without a multi-status is lost")
def check_job(session: ad.Session, found: Answers) -> None:
    lost = recorded("b-085")
    assert lost["perform_calls"]
    assert "error" in lost

    async def accept(request: Any, data: Any) -> Any:
        return {"jobId": "j", "status": 200}

    async def poll(request: Any, data: Any) -> Any:
        return {"jobId": "j", "status": 200, "jobStatus": "SUCCEEDED"}

    crm = connected(session, accept, poll=poll, operation_per="batch", operation_id="job_id")
    assert ends(crm, ROWS) == ["completed", "completed"]


@row("a 401 for one row sends all rows again")
def check_unauthorized(session: ad.Session, found: Answers) -> None:
    first, second = recorded("b-112")["perform_calls"]
    assert len(first["payload"]) == len(second["payload"]) > 1
    sent: list[list[str]] = []
    tokens = iter(["t1", "t2"])

    async def refresh(request: Any, data: Any) -> str:
        return next(tokens)

    async def send(request: Any, data: Any) -> Any:
        sent.append([each.id for each in data.payload])
        expired = {"push_err": {"status": 401, "errormessage": "expired"}}
        is_first = len(sent) == 1
        return multi_status([expired if each == "b" and is_first else OK for each in sent[-1]])

    crm = connected(session, send, destination={"refresh_access_token": refresh})
    assert ends(crm, ROWS) == ["completed", "completed"]
    assert sent == [["a", "b"], ["b"]]


def test_each_row_of_the_table_is_checked():
    text = (mapping_language.__doc__ or "").partition("# As in Segment")[2]
    rows = re.findall(r"^\| (.+?) \| ", text, re.MULTILINE)[1:]
    assert set(rows) == {*PURE, *BY_RUN}


@pytest.mark.parametrize("name", PURE)
def test_mappings_subscriptions_and_fields_are_as_the_table_has_it(name, answers):
    oddity = PURE[name]
    assert answers[name][0].get("output") == oddity.theirs
    assert oddity.ours() == oddity.same
    assert oddity.otherwise() == oddity.other


@pytest.mark.parametrize("name", BY_RUN)
def test_a_run_does_as_the_table_has_it(name, session, answers):
    BY_RUN[name](session, answers[name])
