"""A destination of one action, "act", and rows to submit to it."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

EAGER = {"minimum": 0.02, "cost": 0.001}


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:1")


def destination(**action: Any) -> ad.Destination:
    """Return a destination of one action, "act", made of *action*."""
    act = ad.Action(title="Act", payload=Payload, **action)
    return ad.Destination(name="Test", slug="test", settings=Settings, actions={"act": act})


def users(*ids: Any) -> pd.DataFrame:
    return pd.DataFrame({"user_id": list(ids)})


def submit(session: ad.Session, act: ad.Destination, frame: pd.DataFrame, **options: Any) -> ad.Run:
    return session.connect(act).submit(frame, "act", schedule=SquareRoot(**EAGER), **options)


async def echo(request: Any, data: Any) -> Any:
    return {"seen": data.payload.user_id}


def wait_for(is_so: Any) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
