"""What a session's objects do where libraries copy, pickle or show them."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import AsyncDestError
from raw_server import RawServer
from scripted_jobs import Payload, connect, submit


async def perform(request: Any, data: Any) -> Any:
    return await request("/rows", method="POST", json={})


ACTION = ad.Action(title="Act", payload=Payload, perform=perform)


def based(url: str) -> dict[str, Any]:
    return {"extend_request": lambda data: {"base_url": url}}


@pytest.mark.parametrize("pickled", [pickle.dumps, lambda found: pickle.dumps([found], 2)])
def test_what_belongs_to_a_process_is_not_pickled_and_says_what_to_do(session, pickled):
    with RawServer() as server:
        crm = connect(session, ACTION, server.url, **based(server.url))
        run = submit(crm, ["a"])
        run.wait(timeout=10)
    for found in (run, crm, session):
        kind = type(found).__name__
        with pytest.raises(ad.UsageError, match=rf"a {kind} cannot be pickled: .*run\.results\(\)"):
            pickled(found)
        assert copy.copy(found) is found
        assert copy.deepcopy({"kept": found})["kept"] is found
    assert pickle.loads(pickle.dumps(run.results())).equals(run.results())


def with_url(session: ad.Session, url: str) -> Any:
    return connect(session, ACTION, "http://127.0.0.1:1", **based(url))


@pytest.mark.parametrize(
    "mistake",
    [
        lambda session, path: with_url(session, "no url"),
        lambda session, path: ad.Session("../name"),
        lambda session, path: ad.Session(keep_days=-1),
        lambda session, path: ad.Session(path=path),
        lambda session, path: with_url(session, "http://127.0.0.1:1").submit(
            pd.DataFrame({"user_id": ["a"]}), "act", notify="http://hooks.example"
        ),
    ],
    ids=["url", "name", "days", "file", "notify"],
)
def test_a_traceback_with_local_variables_can_be_made_of_a_mistake(
    session: ad.Session, tmp_path: Path, mistake: Callable[[ad.Session, Path], Any]
):
    path = tmp_path / "notes.txt"
    path.write_text("no session")
    with pytest.raises(AsyncDestError) as caught:
        mistake(session, path)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert str(caught.value) in "".join(shown.format())
