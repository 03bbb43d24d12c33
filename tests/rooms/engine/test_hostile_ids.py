"""Operation ids that lead elsewhere in a URL, against a server that gives them.

What counts is which polls arrive there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import RawServer, Writer, answer

FRAME = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
DOTS = [
    "..",
    ".",
    " .. ",
    "..\t",
    "\x00..",
    "\u200b..",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "../..",
    "..%2Fadmin",
    "a/../../admin",
    "..\\admin",
    "..;x=1",
    " ",
    "\t\n",
    "?",
    "#",
    "/",
    "//",
    "\\",
    " ?# ",
    "%20",
    "\u200b",
]


class NamedServer:
    """Accepts every operation with the id *name*, and answers "completed" to every poll."""

    def __init__(self, name: Any) -> None:
        self.server = RawServer(self._answer)
        self._name = name

    async def _answer(self, writer: Writer) -> None:
        if self.server.arrived[-1].method == "POST":
            found = answer(202, {"status": "accepted", "operation_id": self._name})
        else:
            found = answer(200, {"status": "completed"})
        await found(writer)

    @property
    def polled(self) -> list[str]:
        return [each.target for each in self.server.arrived if each.method == "GET"]


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")
    operation_type: str = ad.field("Type")


async def perform(request: Any, data: Any) -> Any:
    response = await request(f"{data.settings.endpoint}/jobs", method="POST", json={})
    return ad.AsyncActionResponse(async_contexts=[dict(response.data)])


async def poll(request: Any, data: Any) -> Any:
    (context,) = data.async_contexts
    # As users write it: the id is not quoted.
    job = await request(f"{data.settings.endpoint}/jobs/{context['operation_id']}")
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=job.data["status"])])


OWN = ad.Destination(
    name="Own",
    slug="own",
    settings=Settings,
    actions={
        "asyncOperation": ad.Action(title="Send", payload=Payload, perform=perform, poll=poll)
    },
)


def sent(session: ad.Session, destination: Any, url: str) -> Any:
    crm = session.connect(destination, endpoint=url)
    return crm.submit(FRAME, "asyncOperation", batch_size=1, schedule=SquareRoot(minimum=0.01))


@pytest.mark.parametrize("destination", ["example-async", OWN], ids=["example", "own"])
@pytest.mark.parametrize("name", DOTS)
def test_an_id_that_leads_elsewhere_is_never_polled(destination, name):
    named = NamedServer(name)
    with named.server as server, ad.Session() as session:
        run = sent(session, destination, server.url)
        run.wait(timeout=20)
        assert named.polled == []
        assert run.results()["status"].tolist() == ["unknown"]
        assert "leads to another place" in run.results()["message"].iloc[0]
        assert run.retryable == 0


@pytest.mark.parametrize(
    "name", ["a.b", "...", "v1..2", ".hidden", "projects/p/operations/7", "a b"]
)
def test_an_id_with_dots_in_it_is_an_id(name):
    named = NamedServer(name)
    with named.server as server, ad.Session() as session:
        run = sent(session, "example-async", server.url)
        assert run.wait(timeout=20) == "completed"
    assert len(named.polled) == 1


def test_an_id_that_begins_with_a_hash_is_the_only_one_polled():
    named = NamedServer("#1234")
    with named.server as server, ad.Session() as session:
        assert sent(session, "example-async", server.url).wait(timeout=20) == "completed"
        polled = list(named.polled)
        run = sent(session, OWN, server.url)
        while "nothing from there on is sent" not in run.results()["message"].iloc[0]:
            run.wait(timeout=0.05)
        assert run.status == "pending"
    assert polled == named.polled
    assert [target.rpartition("/")[2] for target in polled] == ["%231234"]


@pytest.mark.parametrize("destination", ["example-async", OWN], ids=["example", "own"])
def test_an_id_of_100_000_characters_ends_as_unknown_with_a_short_message(destination):
    named = NamedServer("x" * 100_000)
    with named.server as server, ad.Session() as session:
        run = sent(session, destination, server.url)
        run.wait(timeout=20)
        (message,) = run.results()["message"]
    assert named.polled == []
    assert "100,000 characters" in message
    assert len(message) < 1_000


@pytest.mark.parametrize(
    "path", ["/jobs/../admin", "/./jobs", "/jobs/%2e%2E", "/a%2f..%2fb", "/\\..\\x"]
)
def test_a_request_with_dots_as_a_part_of_its_path_is_not_sent(path):
    async def stray(request: Any, data: Any) -> Any:
        return await request(data.settings.endpoint + path, method="POST", json={})

    action = ad.Action(title="Send", payload=Payload, perform=stray)
    with RawServer(answer(200, {})) as server, ad.Session() as session:
        destination = ad.Destination(
            name="Stray", slug="stray", settings=Settings, actions={"asyncOperation": action}
        )
        run = sent(session, destination, server.url)
        run.wait(timeout=20)
        (message,) = run.results()["message"]
        assert server.arrived == []
        assert run.results()["status"].tolist() == ["failed"]
    assert "'.' or '..'" in message
    assert "nothing was sent" in message
