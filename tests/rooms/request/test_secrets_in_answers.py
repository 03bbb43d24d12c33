"""A destination's code gets answers as they are; a secret in them is masked where it is shown.

Against a server that puts the key it was sent into ids, URLs, status words, headers and errors,
in many spellings.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.errors import HTTPError
from asyncdest_nb.request import MASK, Redactor, References
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.widgets.record import record_html, record_text
from raw_server import RawServer, Writer, answer

KEY = "abc12345"
LONG = 'sk-live-4eC39HqLyjW"DarjtT1/zdp7dc'
FRAME = pd.DataFrame({"user_id": ["a", "b", "c"]})


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    api_key: SecretStr = ad.field("API key")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def extend_request(data: Any) -> dict[str, Any]:
    return {"base_url": data.settings.endpoint, "headers": ad.bearer_auth(data.settings.api_key)}


async def perform(request: Any, data: Any) -> Any:
    job = (await request("/jobs", method="POST", json=data.payload.as_json())).data
    data.state_context.set_response_context(f"of {job['id']}", job["url"])
    return ad.AsyncActionResponse(async_contexts=[dict(job)], message=f"is {job['id']}")


async def poll(request: Any, data: Any) -> Any:
    results = []
    for context in data.async_contexts:
        url = data.state_context.get_request_context(f"of {context['id']}")
        assert url == context["url"]
        job = (await request(url)).data
        results.append(
            ad.AsyncOperationResult(
                status=job["status"], message=job.get("message", ""), result=job, context=context
            )
        )
    return ad.AsyncPollResponse.of(results)


jobs = ad.Destination(
    name="Jobs",
    slug="jobs",
    settings=Settings,
    extend_request=extend_request,
    actions={
        "send": ad.Action(
            title="Send", payload=Payload, perform=perform, poll=poll, operation_id="id"
        )
    },
)


class Echo:
    """Names each job after the key, and answers only to that very name."""

    def __init__(self, named: Callable[[str, int], str], *, pending: int = 0) -> None:
        self.server = RawServer(self._answer)
        self.asked: list[str] = []
        self.words: dict[str, Any] = {}
        self._named = named
        self._pending = pending
        self._known: set[str] = set()

    async def _answer(self, writer: Writer) -> None:
        arrived = self.server.arrived[-1]
        key = arrived.headers["authorization"].removeprefix("Bearer ")
        if arrived.method == "POST":
            name = self._named(key, len(self._known))
            path = f"/jobs/{quote(name, safe='')}"
            self._known.add(path)
            found = answer(200, {"id": name, "url": f"{self.server.url}{path}"})
        elif arrived.target not in self._known:
            found = answer(404, {"error": f"no {arrived.target}"})
        else:
            self.asked.append(arrived.target)
            status = "pending" if len(self.asked) <= self._pending else "completed"
            found = answer(200, {"status": status, "id": arrived.target, **self.words})
        await found(writer)


def connected(session: ad.Session, server: RawServer, key: str = KEY) -> Any:
    return session.connect(jobs, endpoint=server.url, api_key=key)


def submitted(crm: Any) -> Any:
    return crm.submit(FRAME, "send", schedule=SquareRoot(minimum=0.01))


def shown(session: ad.Session, run: Any, caplog: Any, path: Path) -> str:
    """Return all that is shown of *run*, and what is in the file."""
    texts = [run.results().to_json(), run.results().to_csv(), run.contexts.to_csv(), repr(run)]
    texts += [repr(list(run.operations)), json.dumps(run.details(0)), *run.notices, caplog.text]
    texts += [record_text(run), record_html(run), repr(list(session.state))]
    session.close()
    files = [each.read_bytes().decode("latin-1") for each in path.iterdir()]
    return "\n".join(texts + files)


@pytest.mark.parametrize("key", [KEY, LONG, "x7Q", "hunter2"])
def test_an_id_and_a_url_with_the_key_in_them_reach_poll_whole(tmp_path, caplog, key):
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
def test_a_key_in_another_spelling_reaches_poll_whole_after_a_restart_too(tmp_path, spelled):
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


def test_after_a_restart_a_reference_has_the_key_that_is_given_then(tmp_path):
    echo = Echo(lambda key, number: f"job-{key}-{number}", pending=3)
    with echo.server as server:
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            run = submitted(connected(session, server))
            while len(echo.asked) < 3:
                run.wait(timeout=0.05)
        with ad.Session(path=tmp_path / "s.sqlite") as session:
            connected(session, server, "other-6789")
            (run,) = session.runs()
            while not any("other-6789" in each.target for each in server.arrived):
                run.wait(timeout=0.05)
            # An id that was made of the old key is not known: nothing is made of that.
            assert run.status == "pending"
    assert all(KEY not in each.target for each in server.arrived[9:])


COMMON = ["demo", "test", "status", "pending", "1", "true", "id", "completed", "job", "url"]


@pytest.mark.parametrize("key", COMMON)
def test_a_key_that_is_a_common_word_breaks_no_run(tmp_path, key):
    echo = Echo(lambda key, number: f"{key}-{number}")
    echo.words = {"env": "demo", "live": True, "count": 1, "state": "completed"}
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, key))
        assert run.wait(timeout=20) == "completed"
        found = run.results()
        session.close()
    assert sorted(found["operation_id"]) == [f"{key}-{number}" for number in range(3)]
    for name, result in zip(found["operation_id"], found["result"], strict=True):
        assert result == {"status": "completed", "id": f"/jobs/{name}", **echo.words}


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
    said = spellings(LONG)[at]
    echo = Echo(lambda key, number: f"job-{number}")
    echo.words = {"message": f"bad key {said}", "you": {"sent": said, said: [f"<{said}>"]}}
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, LONG))
        assert run.wait(timeout=20) == "completed"
        assert run.results()["message"].iloc[0].startswith("bad key")
        everything = shown(session, run, caplog, tmp_path)
    for spelled in (said, json.dumps(said)[1:-1], html.escape(said)):
        assert spelled not in everything


@pytest.mark.parametrize("key", ["x7Q", "hunter2"])
def test_a_short_key_is_masked_where_it_stands_alone(tmp_path, caplog, key):
    caplog.set_level(logging.DEBUG)
    echo = Echo(lambda key, number: f"job-{number}")
    echo.words = {"message": f"bad key {key}.", "you": {"sent": key}, "next": f"/k/{key}/1"}
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        run = submitted(connected(session, server, key))
        assert run.wait(timeout=20) == "completed"
        assert run.results()["result"].iloc[0]["next"] == f"/k/{MASK}/1"
        assert key not in shown(session, run, caplog, tmp_path)


def test_one_call_shows_a_masked_answer_and_polls_by_the_real_one(tmp_path):
    echo = Echo(lambda key, number: f"job-{key}-{number}")
    with echo.server as server, ad.Session(path=tmp_path / "s.sqlite") as session:
        crm = connected(session, server)
        executed = crm.execute_action("send", {"user_id": "a"})
        polled = crm.execute_poll("send", executed)
    assert executed.answer.async_contexts[0]["id"] == f"job-{MASK}-0"
    assert executed.error is None
    assert polled.answer.results[0].status == "completed"
    assert KEY not in f"{executed!r} {executed.answer!r} {polled!r} {polled.answer!r}"


def test_code_decides_by_a_refusal_as_it_arrived_and_nobody_else_sees_that(tmp_path, caplog):
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


def test_an_endpoint_that_holds_a_word_of_the_key_leads_to_the_same_run_with_another_key(tmp_path):
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


# What stands on disk for a secret


@pytest.mark.parametrize(
    "value",
    [
        f"job-{LONG}-7",
        {"url": f"https://a.net/?k={quote(LONG, safe='')}&n=1", LONG: [LONG, {"n": 1.5}]},
        f"{LONG}{LONG}",
        LONG[:14],
        "{secret:api_key} and {secret:} and {secret",
        f"{{secret:{LONG}}}",
        f"{{sec{LONG}ret:}}",
        ["{secret:api_key:plain:0-3}", None, True, 3],
    ],
)
def test_a_reference_has_its_secret_back_and_what_looks_like_one_stays(value):
    references, redactor = References({"api_key": LONG, "pin": "77182"}), Redactor([LONG, "77182"])
    folded = json.loads(json.dumps(references.folded(value, redactor)))
    assert references.unfolded(folded) == value
    assert LONG not in json.dumps(folded)
    assert LONG[:12] not in json.dumps(folded)


def test_a_reference_to_a_secret_that_is_not_given_is_masked():
    folded = References({"api_key": LONG}).folded(f"job-{LONG}-7", Redactor([LONG]))
    assert folded == "job-{secret:api_key}-7"
    assert References({}).unfolded(folded) == f"job-{MASK}-7"
    assert References({"api_key": "new"}).unfolded(folded) == "job-new-7"


def test_a_part_of_an_answer_that_repeats_is_looked_up_once():
    # 100,000 of them took minutes, in which nothing was polled.
    called: list[Any] = []
    references = References({"first": LONG, "second": "hunter2"})
    answer = ["HuNtEr2"] * 500 + [LONG.lower()] * 500
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code))
    try:
        folded = references.folded(answer, Redactor([LONG, "hunter2"]))
    finally:
        sys.setprofile(None)
    assert folded == [MASK] * 500 + ["{secret:first:lower:0-34}"] * 500
    assert 0 < called.count(html.escape.__code__) < 500


def test_names_that_are_the_same_without_a_secret_stay_two():
    found = Redactor([LONG]).kept({LONG: 1, LONG.upper(): 2})
    assert sorted(found.values()) == [1, 2]


# Secrets that no setting has


async def perform_with_own_login(request: Any, data: Any) -> Any:
    token = f"{data.payload.user_id}-Token4711xyz"
    sent = await request(
        "/jobs", method="POST", json={}, headers={"authorization": f"Bearer {token}"}
    )
    return ad.AsyncActionResponse(async_contexts=[dict(sent.data)], message=str(sent.data))


async def poll_as_anybody(request: Any, data: Any) -> Any:
    # As it is named in the answer of another call, whose token this one never sends.
    said = data.async_contexts[0]["id"]
    result = ad.AsyncOperationResult(status="completed", message=f"for {said}", result={"at": said})
    return ad.AsyncPollResponse.of([result])


def test_the_token_of_one_call_is_masked_in_what_comes_of_it(tmp_path, caplog):
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


def test_why_a_check_refuses_a_row_is_masked(tmp_path):
    async def check(request: Any, data: Any) -> Any:
        said = (await request("/fields", method="POST", json={})).data
        return [f"no such user for {said['id']}"] * len(data.payload)

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
