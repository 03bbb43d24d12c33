"""Sync modes and audiences beside Segment's framework itself, which npm has: what functions get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.destination import SYNC_MODES
from segment_framework import ask

FIELDS = {"id": {"label": "Id", "type": "string", "required": True}}


def event(kind: str, name: str, said: Any, audience: str = "audience") -> dict[str, Any]:
    """Return an event that may be of an audience called "vip", and says something of it."""
    place = "traits" if kind == "identify" else "properties"
    personas = {"computation_class": audience, "computation_key": "vip"}
    own = {"type": kind, "event": name, "id": f"{kind}-{name}-{said}-{audience}"}
    return {**own, place: {"vip": said}, "context": {"personas": personas}}


EVENTS = [
    event(kind, name, said, audience)
    for kind in ("track", "identify", "page")
    for name in ("new", "updated", "deleted", "Order Completed")
    for said, audience in [(True, "audience"), (False, "journey_step"), ("x", "audience"), (1, "")]
]
MAPPINGS: list[dict[str, Any]] = [
    {"id": {"@path": "$.id"}, **more}
    for more in [
        *({"__segment_internal_sync_mode": mode} for mode in (*SYNC_MODES, "all", 5, None)),
        *({"__segment_internal_matching_key": key} for key in ("id", 7, "", None)),
        {},
    ]
]


def ours(session: ad.Session, mapping: Mapping[str, Any], *, has_modes: bool) -> dict[str, Any]:
    calls = []

    async def send(request: Any, data: Any) -> None:
        names = ("syncMode", "matchingKey", "audienceMembership")
        payload = [each.as_json() for each in data.payload]
        calls.append({"payload": payload, **{name: data[name] for name in names}})

    own = {"sync_mode": SYNC_MODES} if has_modes else {"audience_membership": True}
    action = ad.Action(title="Act", fields=FIELDS, perform_batch=send, **own)
    crm = session.connect(ad.Destination(name="Act", slug="act", actions={"act": action}))
    run = crm.submit(pd.DataFrame(EVENTS), "act", mapping=ad.StoredMapping(mapping), again=True)
    run.wait(timeout=20)
    return calls[0]


def named(call: Mapping[str, Any]) -> dict[str, Any]:
    members = [each if isinstance(each, bool) else None for each in call["audienceMembership"]]
    names = ("payload", "syncMode", "matchingKey")
    return {**{name: call.get(name) for name in names}, "audienceMembership": members}


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time it is installed.
def test_functions_are_given_what_they_are_given_by_segment(session):
    cases = [(mapping, has_modes) for mapping in MAPPINGS for has_modes in (True, False)]
    mode = {"label": "Mode", "description": "", "default": "add", "choices": []}
    questions = [
        {"op": "batch", "fields": FIELDS, "mapping": mapping, "events": EVENTS}
        | ({"syncMode": mode} if has_modes else {})
        for mapping, has_modes in cases
    ]
    for (mapping, has_modes), answer in zip(cases, ask(questions), strict=True):
        [call] = answer["output"]["calls"]
        assert ours(session, mapping, has_modes=has_modes) == named(call), (mapping, has_modes)
