"""No part of an API key is shown; against a server that echoes it everywhere.

Checked: reprs, results, what a single call shows, logs at every level, exceptions
with their chains, the session's file, and what a notebook saves.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import RowStatus
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.widgets.record import record_html, record_text
from raw_server import RawServer, Writer, answer

KEY = 'sk-live-4eC39HqLyjW"DarjtT1/zdp7dc'
PARTS = [KEY[start : start + 6] for start in range(3, len(KEY) - 5)]
FRAME = pd.DataFrame({"user_id": ["a", "b"], "operation_type": "sync_profile"})


def echo(status: int, body: Any) -> Any:
    """Answer with the key in the body, in a header and in the reason of a redirect."""

    async def write(writer: Writer) -> None:
        text = json.dumps(body)
        headers = {"content-type": "application/json", "x-your-key": KEY, "location": f"/{KEY}"}
        await answer(status, text, headers)(writer)

    return write


def clean(text: str) -> None:
    """Fail if *text* holds six characters of the key in a row, plain or encoded."""
    found = [part for part in PARTS if part in text]
    assert not found, (found, text[:2000])
    assert base64.b64encode(KEY.encode()).decode()[:-2] not in text


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ad.Session]:
    with ad.Session(path=tmp_path / "s.sqlite") as session:
        yield session


@pytest.mark.parametrize("status", [200, 202, 302, 401, 422, 500])
def test_no_part_of_an_echoed_key_is_shown(session, tmp_path, caplog, status):
    caplog.set_level(logging.DEBUG)
    message = f"Incorrect API key provided: {KEY} (starts with {KEY[:11]}, ends with {KEY[-9:]})"
    body = {"status": "failed", "error_code": KEY, "error_message": message, "you": {"sent": KEY}}
    with RawServer(echo(status, body)) as server:
        crm = session.connect("example-async", endpoint=server.url, api_key=KEY)
        run = crm.submit(FRAME, "asyncOperation", batch_size=1, schedule=SquareRoot(minimum=0.01))
        run.wait(timeout=20)
        executed = crm.execute_action("asyncOperation", dict(FRAME.iloc[0]))
        authorization = server.arrived[0].headers["authorization"]
        preview = crm.preview(FRAME, "asyncOperation")
    assert authorization == f"Bearer {KEY}"  # It was sent.
    shown = [repr(crm), repr(run), repr(session), repr(executed), repr(preview), run.notices]
    shown += [preview.first_request, crm.__dict__, run.__dict__, executed.exchanges]
    shown += [run.results().to_json(), run.failed().to_json(), list(run.operations)]
    shown += [record_html(run), record_text(run)]
    for each in shown:
        clean(str(each))
    clean(caplog.text)
    if executed.error is not None:
        clean("".join(traceback.format_exception(executed.error)))
        clean(str(vars(executed.error)))
    session.close()
    for file in tmp_path.iterdir():
        clean(file.read_bytes().decode("utf-8", "replace"))


def test_a_key_in_a_polls_answer_is_not_shown_either(session, caplog):
    caplog.set_level(logging.DEBUG)
    taken = answer(202, {"status": "accepted", "operation_id": "op-1"})
    failed = {"status": "failed", "error_code": "E", "error_message": f"bad key {KEY}"}
    with RawServer(taken, echo(500, failed), echo(200, failed)) as server:
        crm = session.connect("example-async", endpoint=server.url, api_key=KEY)
        run = crm.submit(
            FRAME.head(1), "asyncOperation", batch_size=1, schedule=SquareRoot(minimum=0.01)
        )
        assert run.wait(timeout=20) == "failed"
    assert run.results()["status"].iloc[0] == RowStatus.FAILED
    for each in (run.failed().to_json(), repr(list(run.operations)), caplog.text):
        clean(str(each))


def test_an_exception_of_a_users_function_that_holds_the_key_is_masked(session, caplog):
    caplog.set_level(logging.DEBUG)

    async def perform(request: Any, data: Any) -> Any:
        raise RuntimeError(f"could not use {data.settings.api_key.get_secret_value()}")

    example = session.connect("example-async", endpoint="http://127.0.0.1:1").destination
    action = example.action("asyncOperation")
    leaky = ad.Destination(
        name="Leaky",
        slug="leaky",
        settings=example.settings,
        actions={"act": ad.Action(title="Act", payload=action.payload, perform=perform)},
    )
    crm = session.connect(leaky, endpoint="http://127.0.0.1:1", api_key=KEY)
    run = crm.submit(FRAME, "act")
    assert run.wait(timeout=20) == "failed"
    for each in (
        run.results().to_json(),
        caplog.text,
        repr(crm.execute_action("act", dict(FRAME.iloc[0]))),
    ):
        clean(str(each))
    assert "RuntimeError: could not use •••" in run.results()["message"].iloc[0]


def test_an_error_about_settings_does_not_show_their_secret(session):
    with pytest.raises(ad.SettingsError) as raised:
        session.connect("example-async", endpoint="nowhere", api_key=KEY)
    clean("".join(traceback.format_exception(raised.value)))


def test_credentials_go_to_no_other_origin(session):
    async def perform(request: Any, data: Any) -> Any:
        return await request(data.payload.user_id, method="POST", json={})

    with RawServer(answer(200, {})) as elsewhere:
        example = session.connect("example-async", endpoint="http://127.0.0.1:1").destination
        action = example.action("asyncOperation")
        astray = ad.Destination(
            name="Astray",
            slug="astray",
            settings=example.settings,
            extend_request=example.extend_request,
            actions={"act": ad.Action(title="Act", payload=action.payload, perform=perform)},
        )
        crm = session.connect(astray, endpoint="http://127.0.0.1:1", api_key=KEY)
        crm.submit(FRAME.assign(user_id=f"{elsewhere.url}/upload"), "act").wait(timeout=20)
        assert len(elsewhere.arrived) == 2
        assert all("authorization" not in each.headers for each in elsewhere.arrived)
