"""Destinations that are read from Segment's metadata: previewed, and sent with own functions."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer
from translated_code import SYNCHRONOUS


def attributes(**own: Any) -> dict[str, Any]:
    """Return a field as the metadata has it: every attribute is named, most of them null."""
    names = (
        "choices default placeholder properties category depends_on readOnly hidden minimum "
        "maximum defaultObjectUI disabledInputMethods displayMode"
    ).split()
    plain = {"required": False, "multiple": False, "allowNull": False, "dynamic": False}
    return {**dict.fromkeys(names), **plain, "additionalProperties": False, **own}


def setting(**own: Any) -> dict[str, Any]:
    names = {"choices": None, "default": None, "depends_on": None, "multiple": False}
    return {**names, "required": False, **own}


METADATA: dict[str, Any] = {
    "slug": "actions-ledger",
    "name": "Ledger (Actions)",
    "mode": "cloud",
    "description": "Goals in a ledger",
    "authentication": {
        "scheme": "custom",
        "fields": {
            "endpoint": setting(label="Endpoint", description="", type="string", required=True),
            "apiKey": setting(label="API Key", description="", type="string", required=True),
            "sftpFolder": setting(
                label="Folder",
                description="",
                type="string",
                required={"conditions": [{"fieldKey": "kind", "operator": "is", "value": "x"}]},
            ),
            "__internal": setting(label="", description="", type="boolean"),
        },
    },
    "audienceConfig": None,
    "actions": {
        "track": {
            "title": "Track Goal",
            "description": "Note a goal",
            "platform": "cloud",
            "defaultSubscription": 'type = "track"',
            "hidden": False,
            "hasPerformBatch": True,
            "syncMode": None,
            "hooks": None,
            "fields": {
                "keys": attributes(
                    label="Keys", description="Of the user", type="object", required=True
                ),
                "name": attributes(
                    label="Goal Name",
                    description="",
                    type="string",
                    required=True,
                    default={"@path": "$.event"},
                ),
                "_only": attributes(label="Only", description="", type="boolean", hidden=True),
                "login": attributes(label="Login", description="", type="password"),
                "place": attributes(
                    label="Place",
                    description="",
                    type="object",
                    properties={"x": attributes(label="X", type="integer", required=True)},
                ),
            },
        },
        "ping": {"title": "Ping", "description": "", "fields": {}},
    },
    "presets": [
        {
            "name": "Track Calls",
            "type": "automatic",
            "partnerAction": "track",
            "subscribe": 'type = "track" AND event = "Done"',
            "mapping": {"keys": {"id": {"@path": "$.userId"}}, "name": {"@path": "$.event"}},
            "eventSlug": None,
        },
        {
            "name": "Entered",
            "type": "specificEvent",
            "partnerAction": "track",
            "eventSlug": "warehouse_audience_entered_track",
            "subscribe": None,
            "mapping": {"name": "Entered", "keys": {"id": {"@path": "$.userId"}}},
        },
    ],
}
EVENTS = pd.DataFrame(
    {
        "type": ["track", "page", "track"],
        "event": ["Done", None, None],
        "userId": ["u1", "u2", "u3"],
    },
    index=[10, 20, 30],
)


def connected(session: ad.Session, **more: Any) -> ad.Connection:
    destination = ad.Destination.from_segment(METADATA, **more)
    return session.connect(destination, endpoint="http://127.0.0.1:9", apiKey="k3y-of-mine")


@pytest.mark.parametrize("form", ["dict", "json", "path", "manifest"])
def test_metadata_are_read_from_a_dict_json_or_a_file(form, tmp_path):
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps(METADATA), "utf-8")
    given = {
        "dict": METADATA,
        "json": json.dumps(METADATA),
        "path": file,
        "manifest": {"name": "Ledger", "definition": METADATA},
    }[form]
    read = ad.Destination.from_segment(given)
    assert (read.slug, read.name) == ("actions-ledger", "Ledger (Actions)")
    assert list(read.actions) == ["track", "ping"]


def test_its_settings_are_fields_and_what_names_a_credential_is_a_password(session):
    crm = connected(session)
    assert crm.settings() == {
        "endpoint": "http://127.0.0.1:9",
        "apiKey": "set",
        "sftpFolder": "not set",
    }
    assert "k3y-of-mine" not in repr(crm)


def test_a_field_may_have_the_name_of_a_method_or_a_leading_underscore():
    action = ad.Destination.from_segment(METADATA).actions["track"]
    payload = action.read({"keys": {"id": 1}, "name": "n", "_only": "true"})
    assert payload["keys"] == {"id": 1}
    assert payload["_only"] is True
    assert payload.name == "n"
    assert payload.login is None
    assert {**payload} == payload.as_json() == {"keys": {"id": 1}, "name": "n", "_only": True}


def test_values_are_checked_by_the_rules_of_segment():
    action = ad.Destination.from_segment(METADATA).actions["track"]
    assert action.read({"keys": {}, "name": "n", "place": {}}) == (
        "Place is missing the required field 'x'."
    )


def test_a_preset_gives_a_subscription_and_a_mapping(session):
    crm = connected(session)
    preset = crm.destination.presets["Track Calls"]
    # Segment skips the word AND, which it does not know.
    assert dict(**preset) == {
        "action": "track",
        "mapping": METADATA["presets"][0]["mapping"],
        "subscribe": 'type = "track" AND event = "Done"',
    }
    shown = crm.preview(EVENTS, **preset)
    assert [each["keys"]["id"] for each in shown.payloads.values()] == ["u1"]
    assert "1 of 3 rows match" in str(shown)
    assert crm.destination.presets["Entered"].subscribe is None


def test_what_a_preset_asks_about_may_be_missing_and_a_plain_text_stays_strict(session):
    crm = connected(session)
    events = EVENTS.drop(columns="event").assign(event2="x")
    assert len(crm.preview(events, **crm.destination.presets["Track Calls"]).payloads) == 0
    with pytest.raises(ad.UnknownName, match="no column 'event'"):
        crm.preview(events, "track", mapping=dict(crm.destination.presets["Track Calls"].mapping))
    with pytest.raises(ad.UsageError, match="small letters"):
        crm.preview(EVENTS, "track", subscribe='type = "track" AND event = "Done"')
    with pytest.raises(ad.UsageError, match="Segment makes nothing"):
        crm.preview(EVENTS, "track", subscribe=ad.StoredSubscription("~"))


def test_an_action_without_code_is_not_sent(session):
    crm = connected(session)
    with pytest.raises(ad.UsageError, match="has no code: it can be previewed"):
        crm.submit(EVENTS, **crm.destination.presets["Entered"])
    assert session.runs() == []


def test_own_functions_send_it(session):
    async def send(request: Any, data: Any) -> Any:
        return await request("/goals", method="POST", json=[dict(each) for each in data.payload])

    with RawServer(SYNCHRONOUS) as server:
        destination = ad.Destination.from_segment(
            METADATA,
            functions={"track": {"perform_batch": send, "batch_size": 2}},
            extend_request=lambda data: {"base_url": data.settings.endpoint},
        )
        crm = session.connect(destination, endpoint=server.url, apiKey="k3y-of-mine")
        run = crm.submit(EVENTS, **crm.destination.presets["Entered"])
        assert run.wait(timeout=30) == "completed"
        bodies = [json.loads(each.body) for each in server.arrived]
    assert [[each["keys"]["id"] for each in body] for body in bodies] == [["u1", "u2"], ["u3"]]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"name": "x"}, "no metadata of a destination"),
        ("{", "not JSON"),
        ({**METADATA, "presets": [{"name": "p"}]}, "partnerAction"),
        ({**METADATA, "presets": [{"name": "p", "partnerAction": "trck"}]}, "did you mean 'track'"),
    ],
)
def test_what_is_no_metadata_is_refused(given, problem):
    with pytest.raises(ad.UsageError, match=problem):
        ad.Destination.from_segment(given)


def test_functions_of_an_unknown_action_are_refused():
    with pytest.raises(ad.UnknownName, match="did you mean 'track'"):
        ad.Destination.from_segment(METADATA, functions={"trak": {}})
