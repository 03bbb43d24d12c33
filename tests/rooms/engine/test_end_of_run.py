"""A run ends with its last operation: whoever waits for it waits no longer."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pandas as pd

import asyncdest_nb as ad
from scripted_jobs import Payload, Settings


async def accept(request: Any, data: Any) -> Any:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])


def test_the_answer_about_the_last_operation_ends_the_run(monkeypatch):
    async def poll(request: Any, data: Any) -> Any:
        # From now on whoever looks for what is due would sleep for long, and does so meanwhile.
        monkeypatch.setattr("asyncdest_nb.engine.run.poller.LOOK_SECONDS", 600.0)
        await asyncio.sleep(0.5)
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status="completed")])

    action = ad.Action(title="Act", payload=Payload, perform=accept, poll=poll)
    quick = ad.Destination(name="Quick", slug="quick", settings=Settings, actions={"act": action})
    with ad.Session() as session:
        run = session.connect(quick).submit(pd.DataFrame({"user_id": ["a"]}), "act")
        ended = threading.Event()
        run.when_done(lambda run: ended.set())
        assert ended.wait(20)
        assert run.status == "completed"
