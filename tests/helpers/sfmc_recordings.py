"""What Segment's own action for Marketing Cloud answered, and a server of the answers it got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.mapping import transform
from described_api import RESET, ApiCall, DescribedApi
from segment_recordings import recorded_rows

RECORDED = recorded_rows("sfmc_async.jsonl")
SUBMITTED = [each for each in RECORDED if each["op"] == "submit"]
POLLED = [each for each in RECORDED if each["op"] == "poll"]
ACCEPTED = {"status": 202, "data": {"requestId": "req-1", "resultMessages": []}}
COMPLETE = {"status": 200, "data": {"status": {"requestStatus": "Complete", "resultStatus": "OK"}}}
OK = {"status": 200, "data": {"items": [{"status": "OK"}, {"status": "OK"}], "count": 2}}
# Of another value in a column of its name, the action takes the one in "values".
_ROWS = {"@merge": {"direction": "right", "objects": [{"@path": "$.keys"}, {"@path": "$.values"}]}}


def name_of(recorded: Mapping[str, Any]) -> str:
    return str(recorded["id"])


def serve(
    *, rows: Sequence[Any] = (), status: Sequence[Any] = (), results: Sequence[Any] = ()
) -> DescribedApi:
    """Return a server with recorded answers, each in its turn and the last for good."""
    left = {"rows": [*rows, ACCEPTED], "status": [*status], "results": [*results]}
    left = {kind: answers or [OK] for kind, answers in left.items()}

    def answer(call: ApiCall) -> Any:
        if call.path == "/v2/token":
            return {"access_token": "t", "rest_instance_url": f"http://{call.headers['host']}/"}
        if call.query.get("$page", "1") != "1":
            return {"items": [], "page": int(call.query["$page"])}
        answers = left[call.path.rpartition("/")[2]]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return RESET if "network" in found else (found["status"], found["data"])

    return DescribedApi(answer)


def connected(session: ad.Session, api: DescribedApi) -> ad.Connection:
    settings = {"auth_url": api.url, "client_id": "c", "client_secret": "s3cret-1"}
    return session.connect("sfmc-rows", **settings)


def payloads_of(recorded: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a recorded submission as payloads of our action."""
    hooks = recorded["hookOutputs"]
    chosen = hooks.get("onMappingSave") or hooks.get("retlOnMappingSave")
    name = {"data_extension": chosen["outputs"]["id"]} if chosen else {}
    return [{"values": transform(_ROWS, each), **name} for each in recorded["payload"]]


def submitted(session: ad.Session, api: DescribedApi, recorded: Mapping[str, Any]) -> ad.Run:
    """Return a run of the rows of a recorded submission, at its end."""
    frame = pd.DataFrame(recorded["payload"])
    crm = connected(session, api)
    run = crm.submit(frame, "upsert", mapping={"values": _ROWS}, data_extension="DE-1")
    run.wait(timeout=30)
    return run


def sent_rows(api: DescribedApi) -> list[ApiCall]:
    return [each for each in api.calls if each.method == "PUT"]
