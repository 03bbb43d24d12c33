"""What a session without a file exports, while its runs go on and after."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from one_action import destination, submit, users, wait_for
from raw_server import RawServer, answer

_TOKENS = 40  # Secrets of single calls; a client remembers fewer.


def _ending(ended: set[str]) -> ad.Destination:
    """Return a destination whose operations end once their rows are in *ended*."""

    async def accept(request: Any, data: Any) -> ad.AsyncActionResponse:
        return ad.AsyncActionResponse(async_contexts=[{"operation_id": data.payload.user_id}])

    async def poll(request: Any, data: Any) -> ad.AsyncPollResponse:
        given = [each["operation_id"] for each in data.async_contexts]
        words: list[Any] = ["completed" if each in ended else "pending" for each in given]
        return ad.AsyncPollResponse.of([ad.AsyncOperationResult(status=each) for each in words])

    return destination(perform=accept, poll=poll)


def _exported(run: ad.Run, path: Path) -> list[tuple[State, Any]]:
    run.export(path)
    return [(each.state, each.context) for each in ad.load(path).operations]


def test_each_export_has_the_run_as_it_is_at_that_moment(session: ad.Session, tmp_path: Path):
    ended: set[str] = set()
    run = submit(session, _ending(ended), users("ada", "bo", "cy"))
    wait_for(lambda: run.operations and {str(each.state) for each in run.operations} == {"running"})
    ada, bo, cy = ({"operation_id": name} for name in ("ada", "bo", "cy"))
    going, done = State.RUNNING, State.COMPLETED
    assert _exported(run, tmp_path / "first") == [(going, ada), (going, bo), (going, cy)]
    ended.add("bo")
    wait_for(lambda: run.counts["completed"] == 1)
    assert _exported(run, tmp_path / "second") == [(going, ada), (done, bo), (going, cy)]
    assert _exported(run, tmp_path / "third") == [(going, ada), (done, bo), (going, cy)]
    ended.update(("ada", "cy"))
    run.wait(timeout=10)
    assert _exported(run, tmp_path / "fourth") == [(done, ada), (done, bo), (done, cy)]


def test_a_run_that_was_forgotten_is_in_no_later_export(session: ad.Session, tmp_path: Path):
    act = _ending({"ada", "bo"})
    first, second = (submit(session, act, users(name)) for name in ("ada", "bo"))
    for run in (first, second):
        run.wait(timeout=10)
    session.forget(first)
    assert _exported(second, tmp_path / "second") == [(State.COMPLETED, {"operation_id": "bo"})]
    assert b"ada" not in (tmp_path / "second").read_bytes()


def test_the_secret_of_one_call_is_in_no_export_however_many_calls_follow(
    session: ad.Session, tmp_path: Path
):
    tokens = [token_hex(16) for _ in range(_TOKENS)]

    async def accept(request: Any, data: Any) -> ad.AsyncActionResponse:
        token = tokens[int(data.payload.user_id)]
        await request(server.url, method="POST", headers={"Authorization": f"Bearer {token}"})
        context = {"operation_id": data.payload.user_id, "link": f"/jobs?with={token}"}
        return ad.AsyncActionResponse(async_contexts=[context])

    async def poll(request: Any, data: Any) -> ad.AsyncPollResponse:
        done = ad.AsyncOperationResult(status="completed")
        return ad.AsyncPollResponse.of([done for _ in data.async_contexts])

    with RawServer(answer(200, {})) as server:
        run = submit(
            session, destination(perform=accept, poll=poll), users(*map(str, range(_TOKENS)))
        )
        run.wait(timeout=20)
    run.export(tmp_path / "run")
    assert run.counts["completed"] == _TOKENS
    written = (tmp_path / "run").read_bytes()
    assert [each for each in tokens if each.encode() in written] == []
