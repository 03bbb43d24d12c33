"""A destination's code gets responses unmasked; a secret in them is masked where it is shown.

Against a server that puts the key it was sent into ids, URLs, statuses, headers and errors,
in many spellings.
"""

from __future__ import annotations

import base64
import html
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import HTTPError
from asyncdest_nb.request import MASK
from key_echo import (
    KEY,
    LONG,
    Echo,
    Payload,
    Settings,
    connected,
    extend_request,
    jobs,
    shown,
    submitted,
)
from raw_server import RawServer, answer


@pytest.mark.parametrize("key", [KEY, LONG, "x7Q", "hunter2"])
def test_poll_gets_an_id_and_a_url_with_the_key_unmasked(tmp_path, caplog, key):
    caplog.set_level(logging.DEBUG)
    echo = Echo(lambda key, number: f"job-{key}-{number}")
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, key))
        assert run.wait(timeout=20) == "completed"
        ids = sorted(run.results()["operation_id"])
        assert ids == [f"job-{MASK}-{number}" for number in range(3)]
        everything = shown(session, run, caplog, tmp_path)
    assert key not in everything
    assert "{secret:api_key}" in everything


@pytest.mark.parametrize("spelled", [quote, str.upper, lambda key: key.encode().hex(), html.escape])
def test_poll_gets_a_key_in_another_spelling_unmasked_also_after_a_restart(tmp_path, spelled):
    echo = Echo(lambda key, number: f"job-{spelled(key)}-{number}", pending=3)
    with echo.server as server:
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            run = submitted(connected(session, server, LONG))
            while len(echo.asked) < 3:
                run.wait(timeout=0.05)
        kept = (tmp_path / "s.sqlite").read_bytes().decode("latin-1")
        assert spelled(LONG) not in kept
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            connected(session, server, LONG)
            (run,) = session.runs()
            assert run.wait(timeout=20) == "completed"
    assert len({each for each in echo.asked}) == 3


def test_after_a_restart_a_reference_stands_for_the_new_key(tmp_path):
    echo = Echo(lambda key, number: f"job-{key}-{number}", pending=1_000)
    with echo.server as server:
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            run = submitted(connected(session, server))
            while len(echo.asked) < 3:
                run.wait(timeout=0.05)
        before = len(server.arrived)
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            connected(session, server, "other-6789")
            (run,) = session.runs()
            while not any("other-6789" in each.target for each in server.arrived):
                run.wait(timeout=0.05)
            # The server does not know an id with the new key, so the run does not end.
            assert run.status == "pending"
    assert all(KEY not in each.target for each in server.arrived[before:])


COMMON = ["demo", "test", "status", "pending", "1", "true", "id", "completed", "job", "url"]


@pytest.mark.parametrize("key", COMMON)
def test_a_key_that_is_a_common_word_breaks_no_run(tmp_path, key):
    echo = Echo(lambda key, number: f"{key}-{number}")
    echo.more = {"env": "demo", "live": True, "count": 1, "state": "completed"}
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, key))
        assert run.wait(timeout=20) == "completed"
        found = run.results()
        session.close()
    assert sorted(found["operation_id"]) == [f"{key}-{number}" for number in range(3)]
    for name, result in zip(found["operation_id"], found["result"], strict=True):
        assert result == {"status": "completed", "id": f"/jobs/{name}", **echo.more}


def spellings(key: str) -> list[str]:
    encoded = key.encode()
    return [
        key,
        key.upper(),
        key.swapcase(),
        encoded.hex(),
        encoded.hex().upper(),
        base64.b64encode(encoded).decode(),
        base64.b64encode(b"u:" + encoded).decode(),
        base64.urlsafe_b64encode(b"me:" + encoded).decode(),
        "".join(f"&#{ord(each)};" for each in key),
        "".join(f"&#x{ord(each):X};" for each in key),
        "".join(f"%{ord(each):02x}" for each in key),
        "".join(f"\\u{ord(each):04x}" for each in key),
        "".join(f"\\x{ord(each):02x}" for each in key),
        html.escape(key),
        quote(quote(key, safe=""), safe=""),
        json.dumps(json.dumps(key)),
        key[:12],
        key[:-4],
        key[-12:],
    ]


@pytest.mark.parametrize("at", range(len(spellings(LONG))))
def test_no_spelling_and_no_large_part_of_a_key_is_shown_or_stored(tmp_path, caplog, at):
    caplog.set_level(logging.DEBUG)
    spelling = spellings(LONG)[at]
    echo = Echo(lambda key, number: f"job-{number}")
    echo.more = {
        "message": f"bad key {spelling}",
        "you": {"sent": spelling, spelling: [f"<{spelling}>"]},
    }
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, LONG))
        assert run.wait(timeout=20) == "completed"
        assert run.results()["message"].iloc[0].startswith("bad key")
        everything = shown(session, run, caplog, tmp_path)
    for spelled in (spelling, json.dumps(spelling)[1:-1], html.escape(spelling)):
        assert spelled not in everything


@pytest.mark.parametrize("key", ["x7Q", "hunter2"])
def test_a_short_key_is_masked_as_a_whole_word(tmp_path, caplog, key):
    caplog.set_level(logging.DEBUG)
    echo = Echo(lambda key, number: f"job-{number}")
    echo.more = {"message": f"bad key {key}.", "you": {"sent": key}, "next": f"/k/{key}/1"}
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, key))
        assert run.wait(timeout=20) == "completed"
        assert run.results()["result"].iloc[0]["next"] == f"/k/{MASK}/1"
        assert key not in shown(session, run, caplog, tmp_path)


def test_a_single_call_shows_a_masked_answer_and_polls_with_the_real_one(tmp_path):
    echo = Echo(lambda key, number: f"job-{key}-{number}")
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        crm = connected(session, server)
        executed = crm.execute_action("send", {"user_id": "a"})
        polled = crm.execute_poll("send", executed)
    assert executed.answer.async_contexts[0]["id"] == f"job-{MASK}-0"
    assert executed.error is None
    assert polled.answer.results[0].status == "completed"
    assert KEY not in f"{executed!r} {executed.answer!r} {polled!r} {polled.answer!r}"


def test_a_function_gets_a_refusal_unmasked_and_only_there(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    seen: list[Any] = []

    async def refused(request: Any, data: Any) -> Any:
        try:
            await request("/jobs", method="POST", json={})
        except HTTPError as error:
            seen.append(error.response.data)
            raise

    action = ad.Action(title="Send", payload=Payload, perform=refused)
    with RawServer(answer(400, {"taken by": KEY})) as server, ad.Session() as session:
        crm = session.connect(
            ad.Destination(
                name="Refusing",
                slug="refusing",
                settings=Settings,
                extend_request=extend_request,
                actions={"send": action},
            ),
            endpoint=server.url,
            api_key=KEY,
        )
        error = crm.execute_action("send", {"user_id": "a"}).error
    assert seen == [{"taken by": KEY}]
    assert error.response is None
    assert KEY not in f"{error} {vars(error)} {caplog.text}"


def test_an_endpoint_that_contains_the_key_identifies_the_same_run_with_another_key(tmp_path):
    echo = Echo(lambda key, number: f"job-{number}", pending=3)
    with echo.server as server:
        place = {"endpoint": f"{server.url}/"}
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            run = submitted(session.connect(jobs, **place, api_key="127"))
            while len(echo.asked) < 3:
                run.wait(timeout=0.05)
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            session.connect(jobs, **place, api_key="http")
            (run,) = session.runs()
            assert run.wait(timeout=20) == "completed"
