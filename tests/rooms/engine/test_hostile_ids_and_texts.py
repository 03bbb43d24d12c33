"""Ids, labels and messages that lead elsewhere, forge a line or become a formula.

Against a server that names operations so; what it was asked for is what counts.
"""

from __future__ import annotations

import csv
import io
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.widgets.answers import answer as answer_click
from asyncdest_nb.widgets.record import record_html, record_text
from asyncdest_nb.widgets.run_view import cut
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


class Named:
    """Takes any operation under *name*, and says "completed" to whatever it is asked for."""

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
    def asked(self) -> list[str]:
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
    # As users write it: nothing is quoted.
    job = await request(f"{data.settings.endpoint}/jobs/{context['operation_id']}")
    return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=job.data["status"])])


own = ad.Destination(
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


@pytest.mark.parametrize("destination", ["example-async", own], ids=["example", "own"])
@pytest.mark.parametrize("name", DOTS)
def test_an_id_that_leads_elsewhere_is_never_asked_for(destination, name):
    named = Named(name)
    with named.server as server, ad.Session() as session:
        run = sent(session, destination, server.url)
        run.wait(timeout=20)
        assert named.asked == []
        assert run.results()["status"].tolist() == ["unknown"]
        assert "leads to another place" in run.results()["message"].iloc[0]
        assert run.retryable == 0


@pytest.mark.parametrize(
    "name", ["a.b", "...", "v1..2", ".hidden", "projects/p/operations/7", "a b"]
)
def test_an_id_with_dots_in_it_is_an_id(name):
    named = Named(name)
    with named.server as server, ad.Session() as session:
        run = sent(session, "example-async", server.url)
        assert run.wait(timeout=20) == "completed"
    assert len(named.asked) == 1


def test_an_id_that_begins_with_a_hash_asks_for_nothing_else():
    named = Named("#1234")
    with named.server as server, ad.Session() as session:
        assert sent(session, "example-async", server.url).wait(timeout=20) == "completed"
        asked = list(named.asked)
        run = sent(session, own, server.url)
        while "nothing from there on is sent" not in run.results()["message"].iloc[0]:
            run.wait(timeout=0.05)
        assert run.status == "pending"
    assert asked == named.asked
    assert [target.rpartition("/")[2] for target in asked] == ["%231234"]


@pytest.mark.parametrize("destination", ["example-async", own], ids=["example", "own"])
def test_an_id_of_100_000_characters_ends_as_unknown_with_a_short_message(destination):
    named = Named("x" * 100_000)
    with named.server as server, ad.Session() as session:
        run = sent(session, destination, server.url)
        run.wait(timeout=20)
        (message,) = run.results()["message"]
    assert named.asked == []
    assert "100,000 characters" in message
    assert len(message) < 1_000


@pytest.mark.parametrize(
    "path", ["/jobs/../admin", "/./jobs", "/jobs/%2e%2E", "/a%2f..%2fb", "/\\..\\x"]
)
def test_a_request_with_dots_for_a_part_of_its_path_is_not_sent(path):
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


# A CSV


LABELS = [
    "=1+1",
    "+SUM(A1)",
    "-2+3+cmd|' /C calc'!A0",
    "@x",
    "\tx",
    "\r=1",
    "\n=1",
    "\uff1d1",
    "a=1",
    "-5",
    "+41 44 1",
]


def saved(results: pd.DataFrame) -> list[list[str]]:
    class Saved:
        id, labels, created_at, title, status = "run-1", [], 0.0, "t", "completed"

        def results(self) -> pd.DataFrame:
            return results

    reply = answer_click(Saved(), {"what": "results"}, lambda run: None)  # type: ignore[arg-type]
    return list(csv.reader(io.StringIO(reply.buffers[0].decode("utf-8-sig"), newline="")))


def is_formula(text: str) -> bool:
    return text[:1] in ("=", "@", "\t", "\r", "\n", "\uff1d") or (
        text[:1] in ("+", "-") and any(each.isalpha() or each in "+|'" for each in text[1:])
    )


def test_no_label_no_name_and_no_cell_of_a_csv_is_a_formula():
    results = pd.DataFrame(
        {"message": LABELS, "=cmd()": -1.5, "n": -3}, index=pd.Index(LABELS, name="@name")
    )
    lines = saved(results)
    assert not [cell for line in lines for cell in line if is_formula(cell)]
    assert lines[0] == ["'@name", "message", "'=cmd()", "n"]
    assert [line[0] for line in lines[1:]] == [
        label if label in ("a=1", "-5", "+41 44 1") else f"'{label}" for label in LABELS
    ]
    assert {(line[2], line[3]) for line in lines[1:]} == {("-1.5", "-3")}


def test_the_labels_of_several_levels_are_no_formulas_and_numbers_stay_numbers():
    index = pd.MultiIndex.from_tuples([("=1", -1), ("b", -2)], names=["=a", None])
    lines = saved(pd.DataFrame({"message": ["x", "y"]}, index=index))
    assert [line[:2] for line in lines] == [["'=a", ""], ["'=1", "-1"], ["b", "-2"]]
    assert saved(pd.DataFrame({"m": ["x"]}, index=[-7]))[1] == ["-7", "x"]


# What nobody can see


HIDDEN = [
    "\u202e",
    "\u202d",
    "\u2066",
    "\u2069",
    "\u061c",
    "\u200e",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\xad",
    "\x1b",
    "\x00",
    "\r",
    "\x85",
    "\u2028",
    "\U000e0041",
]


@pytest.mark.parametrize("hidden", HIDDEN, ids=[f"U+{ord(each):04X}" for each in HIDDEN])
def test_what_cannot_be_seen_is_written_out_wherever_a_run_is_shown(hidden):
    said = f"exe{hidden}gpj"
    body = {"status": "failed", "error_code": said, "error_message": said}
    frame = FRAME.set_axis([f"row{hidden}1"])
    with RawServer(answer(200, body)) as server, ad.Session() as session:
        crm = session.connect("example-async", endpoint=server.url)
        run = crm.submit(frame, "asyncOperation", batch_size=1)
        run.wait(timeout=20)
        executed = crm.execute_action("asyncOperation", dict(FRAME.iloc[0]))
        shown = [record_text(run), record_html(run), repr(run), repr(executed), *run.notices]
        shown += [repr(list(run.operations)), repr(session), cut(said, 100)]
    assert not [text for text in shown if hidden in text]
    escape = repr(hidden)[1:-1]
    assert all(f"exe{escape}gpj" in text for text in (shown[0], shown[1], cut(said, 100)))
    assert f"row{escape}1" in shown[0]


def test_scripts_and_emoji_that_are_written_with_joiners_stay():
    for text in ("می‌خواهم", "👩‍🚀", "क्‍ष", "héllo\n\tworld", "שלום"):
        assert cut(text, 100) == text
