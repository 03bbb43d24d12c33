"""Random batches in runs beside Segment's framework itself, from npm: payloads and outcomes."""

from __future__ import annotations

import json
import random
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from recorded_function import multi_status
from segment_framework import ask, comparable

FIELDS = {
    "id": {"label": "Id", "type": "string", "required": True},
    "qty": {"label": "Quantity", "type": "integer"},
    "tags": {"label": "Tags", "type": "string", "multiple": True},
}
MAPPING = {key: {"@path": f"$.properties.{key}"} for key in FIELDS}
MISSING = "MultiStatusResponse is missing a response at the specified index"


def case(chance: random.Random) -> dict[str, Any]:
    events = [event(chance) for _ in range(chance.randint(1, 6))]
    ops = [operation(chance) for _ in range(chance.randint(0, 8))]
    return {"op": "batch", "fields": FIELDS, "mapping": MAPPING, "events": events, "ops": ops}


def event(chance: random.Random) -> dict[str, Any]:
    values = {
        "id": chance.choice(["a", "b", "", 5, None, ["x", "y"]]),
        "qty": chance.choice([1, "7", "x", None, 1.5, True, ""]),
        "tags": chance.choice(["t", ["t", None], [], None, {"a": 1}]),
    }
    kept = {key: each for key, each in values.items() if chance.random() < 0.8}
    return {"type": "track", "properties": kept | ({"id": "c"} if chance.random() < 0.6 else {})}


def operation(chance: random.Random) -> dict[str, Any]:
    good: dict[str, Any] = {"status": chance.choice([200, 201, 207, 400]), "sent": {"n": 1}}
    good["body"] = chance.choice([{"ok": True}, "B", 2, {}])
    bad: dict[str, Any] = {"status": chance.choice([400, 404, 409, 413, 418, 422, 599, 200])}
    bad |= {"errormessage": chance.choice(["no", "bad row"])}
    bad |= chance.choice([{}, {"sent": {"n": 2}}, {"sent": {}, "body": {"code": 7}}])
    at = chance.randint(0, 6)
    return chance.choice(
        [
            {"push_ok": good},
            {"push_err": bad},
            {"push_ok": good},
            {"at": at, "set_ok": good},
            {"at": at, "set_err": bad},
            {"unset": at},
        ]
    )


def run_of(session: ad.Session, asked: dict[str, Any]) -> tuple[pd.DataFrame, list[Any]]:
    payloads: list[Any] = []

    async def perform_batch(request: Any, data: Any) -> Any:
        payloads.append([each.as_json() for each in data.payload])
        return multi_status(asked["ops"])

    action = ad.Action(title="Act", fields=FIELDS, perform_batch=perform_batch)
    crm = session.connect(ad.Destination(name="Act", slug="act", actions={"act": action}))
    frame = pd.DataFrame(asked["events"])
    run = crm.submit(frame, "act", mapping=ad.StoredMapping(MAPPING), again=True)
    run.wait(timeout=20)
    return run.results(), payloads


def wanted(row: dict[str, Any]) -> tuple[str, str]:
    """Return the status of a row and a part of its message that Segment's outcome stands for."""
    message = row.get("errormessage")
    if message is None:
        return "completed", ""
    if message == MISSING:
        return "unknown", MISSING
    return ("failed" if message in ("no", "bad row") else "invalid"), message


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time it is installed.
@pytest.mark.parametrize("seed", range(2))
def test_rows_of_random_batches_end_as_in_segment(session, seed):
    chance = random.Random(seed)
    cases = [case(chance) for _ in range(60)]
    for asked, answer in zip(cases, ask(cases), strict=True):
        found, payloads = run_of(session, asked)
        rows = [wanted(each) for each in answer["output"]["rows"]]
        assert found["status"].tolist() == [status for status, _ in rows], json.dumps(asked)
        for message, (_, part) in zip(found["message"], rows, strict=True):
            assert part in message, json.dumps(asked)
        theirs = [each["payload"] for each in answer["output"]["calls"]]
        assert comparable(payloads) == comparable(theirs), json.dumps(asked)
