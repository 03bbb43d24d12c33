"""Definitions with the framework's names and dicts of fields."""

from __future__ import annotations

from typing import Any

import pytest

import asyncdest_nb as ad
from raw_server import RawServer
from translated_code import FIELDS, SYNCHRONOUS, by_keyword, perform, poll, submitted, translated


def test_fields_as_dicts_are_the_fields_of_a_class():
    fields = translated(perform=by_keyword).actions["act"].fields
    assert [(each.key, each.label, each.type, each.required) for each in fields.values()] == [
        ("user_id", "User ID", "string", True),
        ("operation_type", "Operation Type", "string", True),
        ("data", "Operation Data", "object", False),
    ]
    assert fields["operation_type"].choices == ("sync_profile", "process_data")
    assert fields["user_id"].default == {"@path": "$.userId"}


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("text", "a", "a"),
        ("integer", 3, 3),
        ("number", 1.5, 1.5),
        ("boolean", True, True),
        ("object", {"a": 1}, {"a": 1}),
    ],
)
@pytest.mark.parametrize("multiple", [False, True])
def test_every_type_of_the_framework_is_a_type_of_a_field(kind, given, sent, multiple):
    fields = {"x": {"label": "X", "type": kind, "multiple": multiple, "dynamic": True}}
    action = translated(fields=fields, perform=by_keyword).actions["act"]
    payload = action.read({"x": [given] if multiple else given})
    assert not isinstance(payload, str), payload
    assert payload.as_json() == {"x": [sent] if multiple else sent}
    assert action.read({}).as_json() == {}


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"type": "strin"}, "did you mean 'string'"),
        ({"type": "string", "requird": True}, "did you mean 'required'"),
        ({"type": "string", "required": {"conditions": []}}, "required has no conditions"),
        ({"type": "password"}, "is a secret, but payloads are shown"),
        ({"type": "string", "format": "emial"}, "did you mean 'email'"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused(field, problem):
    with pytest.raises(ad.UsageError, match=problem):
        translated(fields={"x": {"label": "X", **field}}, perform=by_keyword)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (
            lambda: ad.Action(title="A", payload=FIELDS, performs=by_keyword),
            "did you mean 'perform'",
        ),
        (lambda: translated(perform=by_keyword, defaultSubscription="x"), "leave it out"),
        (lambda: translated(perform=by_keyword, payload=FIELDS), "payload twice"),
        (lambda: translated(perform=by_keyword, operation_id=""), "such as 'job_id'"),
        (
            lambda: ad.Destination(name="D", slug="d", actions={}, authentication={"fields": {}}),
            "write settings=",
        ),
        (
            lambda: ad.Destination(name="D", slug="d", actions={"a": {"fields": FIELDS}}),
            "needs perform or perform_batch",
        ),
    ],
)
def test_an_argument_of_a_definition_that_is_not_known_is_refused(made, problem):
    with pytest.raises(ad.UsageError, match=problem):
        made()


def test_a_definition_may_use_our_names_or_the_frameworks():
    action = ad.Action(title="A", fields=FIELDS, performBatch=by_keyword, batchSize=7)
    assert (action.batch_size, action.perform_batch) != (1000, None)
    assert list(action.fields) == list(FIELDS)


def test_the_poll_of_the_frameworks_later_action_is_our_poll():
    action = ad.Action(title="Job", payload=FIELDS, performBatch=perform, performPoll=poll)
    assert action.poll is not None
    assert action.poll.__name__ == "poll"


def test_the_data_of_a_function_have_the_frameworks_names(session):
    seen: list[Any] = []

    async def look(request: Any, data: Any) -> Any:
        data.stateContext.setResponseContext("k", "v", {"hour": 24})
        seen.append(data.stateContext.getRequestContext("k"))
        seen.append(data.asyncContexts == data.asyncContext.asyncContexts == data.async_contexts)
        seen.append(data.submissionId == data.submission_id)
        seen.append(data.accessToken)
        return {"ok": True}

    with RawServer(SYNCHRONOUS) as server:
        submitted(session, server, translated(perform=look))
    assert seen == ["v", True, True, None]
