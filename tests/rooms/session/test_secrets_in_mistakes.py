"""Mistakes in what ``extend_request`` makes of the settings: their text has no secret."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from scripted_jobs import Payload

KEY = "sk-live-Zq8vB3xYt5Lm9Kp2"


class Settings(ad.Settings):
    key: SecretStr = ad.field("Key")


async def perform(request: Any, data: Any) -> Any:
    return await request("/rows", method="POST", json={})


def fails(data: Any) -> Any:
    raise KeyError(data.settings.key.get_secret_value())


@pytest.mark.parametrize(
    "extend",
    [
        lambda data: {"base_url": f"no url {data.settings.key.get_secret_value()}"},
        lambda data: {"base_url": f"ht!tp://host/{data.settings.key.get_secret_value()}"},
        lambda data: {f"x{data.settings.key.get_secret_value()}": 1},
        lambda data: {"timeout_seconds": data.settings.key.get_secret_value()},
        fails,
    ],
    ids=["url", "path", "option", "timeout", "raised"],
)
def test_an_error_of_connect_has_no_secret_in_it(session: ad.Session, extend: Any):
    action = ad.Action(title="Act", payload=Payload, perform=perform)
    found = ad.Destination(
        name="X", slug="x", settings=Settings, actions={"act": action}, extend_request=extend
    )
    with pytest.raises((ad.UsageError, KeyError)) as caught:
        session.connect(found, key=KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert "•••" in str(caught.value)
