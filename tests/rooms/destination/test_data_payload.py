"""Rows for an action whose fields are given as data: a frame, a mapping, and what is sent."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer
from translated_code import SYNCHRONOUS

ADDRESS = {
    "zip": {"label": "Zip", "type": "string", "required": True},
    "country": {"label": "Country", "type": "string", "choices": ["DE", "FR"]},
}
FIELDS: dict[str, Any] = {
    "id": {"label": "Customer ID", "type": "string", "required": True},
    "born": {"label": "Date of birth", "type": "datetime"},
    "opted_in": {"label": "Opted in", "type": "boolean"},
    "tags": {"label": "Tags", "type": "string", "multiple": True},
    "address": {"label": "Address", "type": "object", "properties": ADDRESS},
    "channel": {"label": "Channel", "type": "string"},
    "phone": {
        "label": "Phone",
        "type": "string",
        "required": {
            "conditions": [{"fieldKey": "channel", "operator": "is", "value": "sms"}],
        },
    },
}
MAPPING = {"address": {"zip": {"@path": "$.zip"}, "country": {"@path": "$.country"}}}


async def perform_batch(request: Any, data: Any) -> Any:
    rows = [dict(each) for each in data.payload]
    await request(f"{data.settings.endpoint}/rows", {"method": "post", "json": rows})
    return {}


class Settings(ad.Settings):
    endpoint: str


@pytest.fixture
def server():
    with RawServer(SYNCHRONOUS) as server:
        yield server


@pytest.fixture
def connection(session, server):
    action = ad.Action(title="Sync", fields=FIELDS, performBatch=perform_batch)
    destination = ad.Destination(name="D", slug="d", settings=Settings, actions={"sync": action})
    return session.connect(destination, endpoint=server.url)


def customers(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a"], "zip": ["10115"], "country": ["DE"], **columns})


def sent_rows(connection: Any, server: Any, frame: pd.DataFrame) -> list[dict[str, Any]]:
    run = connection.submit(frame, "sync", mapping=MAPPING)
    run.wait(timeout=30)
    assert run.failed().empty, run.failed()
    return list(json.loads(server.arrived[-1].body))


def reasons(connection: Any, frame: pd.DataFrame) -> list[str]:
    return list(connection.preview(frame, "sync", mapping=MAPPING).invalid.values())


def test_values_are_sent_as_segment_would_send_them(connection, server):
    frame = customers(
        id=[12345678901234567],
        born=["1990-1-5"],
        opted_in=["true"],
        tags=["vip"],
        zip=[10115],
    )
    assert sent_rows(connection, server, frame) == [
        {
            "id": "12345678901234567",
            "born": "1990-1-5",
            "opted_in": True,
            "tags": ["vip"],
            "address": {"zip": "10115", "country": "DE"},
        }
    ]


def test_a_reason_is_a_sentence_with_the_label_of_the_field(connection):
    frame = customers(born=["soon"], opted_in=["yes"], country=["ES"])
    assert reasons(connection, frame) == [
        "Date of birth must be a valid date-like string but it was not. "
        "Opted in must be a boolean but it was a string. "
        'Country must be one of: "DE" or "FR".'
    ]


def test_a_field_is_required_where_its_condition_holds(connection):
    frame = pd.concat([customers(channel=[each]) for each in ("mail", "sms")], ignore_index=True)
    assert reasons(connection, frame) == [
        "The root value is missing the required field 'phone'. "
        'The root value must match "then" schema.'
    ]


def test_a_field_of_an_object_that_is_missing_is_named(connection):
    assert reasons(connection, customers(zip=[None])) == [
        "Address is missing the required field 'zip'."
    ]


def test_a_number_that_json_does_not_have_is_no_value(session, server):
    fields = {"score": {"label": "Score", "type": "number"}}
    action = ad.Action(title="Sync", fields=fields, performBatch=perform_batch)
    destination = ad.Destination(name="D", slug="d", settings=Settings, actions={"sync": action})
    connection = session.connect(destination, endpoint=server.url)
    preview = connection.preview(pd.DataFrame({"score": ["1e400", "1e3", "Infinity"]}), "sync")
    assert list(preview.invalid) == [0, 2]
    for message in preview.invalid.values():
        assert "score: JSON cannot hold an infinite number, or NaN; use a text field" in message


def test_an_action_without_fields_sends_whatever_the_mapping_gives(session):
    payloads: list[Any] = []

    async def send(request: Any, data: Any) -> Any:
        payloads.extend(dict(each) for each in data.payload)
        return {}

    action = ad.Action(title="Act", fields={}, perform_batch=send)
    crm = session.connect(ad.Destination(name="Act", slug="act", actions={"act": action}))
    frame = pd.DataFrame({"id": ["a", "b"], "plan": ["pro", None]})
    mapped = {"user": {"id": {"@path": "$.id"}}, "plan": {"@path": "$.plan"}}
    assert crm.preview(frame, "act", mapping=mapped).payloads[0]["user"] == {"id": "a"}
    payloads.clear()  # A preview rehearses its first request.
    assert crm.submit(frame, "act", mapping=mapped).wait(timeout=10) == "completed"
    assert payloads == [{"user": {"id": "a"}, "plan": "pro"}, {"user": {"id": "b"}, "plan": None}]
    assert crm.submit(frame, "act").wait(timeout=10) == "completed"
    assert payloads[2:] == [{"id": "a", "plan": "pro"}, {"id": "b", "plan": None}]


def test_a_stored_mapping_is_all_that_fills_fields_and_a_row_without_a_required_one_is_invalid(
    session,
):
    fields = {
        "id": {"label": "ID", "type": "string", "required": True, "default": {"@path": "$.id"}},
        "plan": {"label": "Plan", "type": "string"},
    }
    action = ad.Action(title="Act", fields=fields, perform_batch=perform_batch)
    crm = session.connect(ad.Destination(name="Act", slug="act", actions={"act": action}))
    frame = pd.DataFrame({"id": ["a"], "plan": ["pro"]})
    found = crm.preview(frame, "act", mapping=ad.StoredMapping())
    assert list(found.invalid.values()) == ["The root value is missing the required field 'id'."]
    mapped = ad.StoredMapping({"id": {"@path": "$.id"}})
    assert crm.preview(frame, "act", mapping=mapped).payloads == {0: {"id": "a"}}
    assert crm.preview(frame, "act").payloads == {0: {"id": "a", "plan": "pro"}}
