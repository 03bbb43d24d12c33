"""Secrets that are in no setting: tokens of single calls, and keys in reasons of a check."""

from __future__ import annotations

import logging
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.widgets.record import record_text
from key_echo import FRAME, KEY, Echo, Payload, Settings, extend_request, perform, shown, submitted


async def perform_with_own_login(request: Any, data: Any) -> Any:
    token = f"{data.payload.user_id}-Token4711xyz"
    sent = await request(
        "/jobs", method="POST", json={}, headers={"authorization": f"Bearer {token}"}
    )
    return ad.AsyncActionResponse(async_contexts=[dict(sent.data)], message=str(sent.data))


async def poll_as_anybody(request: Any, data: Any) -> Any:
    # The answer of another call has the name; this call never sends the token in it.
    name = data.async_contexts[0]["id"]
    result = ad.AsyncOperationResult(status="completed", message=f"for {name}", result={"at": name})
    return ad.AsyncPollResponse.of([result])


def test_the_token_of_one_call_is_masked_in_its_results(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    action = ad.Action(
        title="Send",
        payload=Payload,
        perform=perform_with_own_login,
        poll=poll_as_anybody,
        operation_id="id",
    )
    calls = ad.Destination(
        name="Calls",
        slug="calls",
        settings=Settings,
        extend_request=extend_request,
        actions={"send": action},
    )
    echo = Echo(lambda key, number: f"job-{key}-{number}")
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(session.connect(calls, endpoint=server.url, api_key=KEY))
        assert run.wait(timeout=20) == "completed"
        everything = shown(session, run, caplog, tmp_path)
    assert "Token4711xyz" not in everything


def test_the_reason_of_a_check_for_refusing_a_row_is_masked(tmp_path):
    async def check(request: Any, data: Any) -> Any:
        job = (await request("/fields", method="POST", json={})).data
        return [f"no such user for {job['id']}"] * len(data.payload)

    action = ad.Action(title="Send", payload=Payload, perform=perform, check=check)
    checked = ad.Destination(
        name="Checked",
        slug="checked",
        settings=Settings,
        extend_request=extend_request,
        actions={"send": action},
    )
    echo = Echo(lambda key, number: f"job-{key}-{number}")
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        crm = session.connect(checked, endpoint=server.url, api_key=KEY)
        preview = crm.preview(FRAME, "send")
        run = submitted(crm)
        run.wait(timeout=20)
        assert run.counts["invalid"] == 3
        texts = [repr(preview), str(preview.invalid), run.results().to_json(), record_text(run)]
    files = [each.read_bytes().decode("latin-1") for each in tmp_path.iterdir()]
    assert not [text for text in texts + files if KEY in text]
