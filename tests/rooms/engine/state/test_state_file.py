"""What is in the file of a session's state, what is shown of it, and what is deleted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock, SessionState
from asyncdest_nb.engine.channel.scoped_state import ScopedState
from asyncdest_nb.engine.channel.state import connection_scope
from stateful_actions import READ, STORE, destination, run_of, value_read, values_read


def test_the_values_of_a_session_are_those_that_are_live_and_have_no_secrets(times):
    noted: list[Any] = []
    clock = Clock(wall=lambda: times.wall, steady=lambda: times.steady)
    state = SessionState([], clock=clock, note=noted.append)
    here = connection_scope("crm", {"endpoint": "https://one.example"})

    class Secrets:
        def replace_secrets(self, value: Any) -> Any:
            return "***" if value == "secret" else value

        def restore_secrets(self, value: Any) -> Any:
            return "secret" if value == "***" else value

    for scope, key, ttl in (
        ("run-1/0", "a", None),
        (None, "b", {"hour": 1}),
        ("call 7", "c", None),
    ):
        scoped = ScopedState(state, scope, connection=here, secrets=Secrets())
        scoped.set_response_context(key, "secret", ttl)
    shown = {(each.scope, each.key, each.value, each.expires_at) for each in state}
    expires_at = times.wall + 3600
    kept = {("run-1/0", "a", "***", None), (here, "c", "***", None)}
    assert shown == kept | {(here, "b", "***", expires_at)}
    assert here == 'crm {"endpoint": "https://one.example"}'
    times.pass_seconds(3600)
    assert {(each.scope, each.key, each.value, each.expires_at) for each in state} == kept
    assert "secret" not in {each.value for each in noted}


def in_file(path: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT scope, key, value FROM state ORDER BY scope").fetchall()


def test_forgetting_a_run_leaves_nothing_of_its_state_in_the_file(path):
    async def perform(request: Any, data: Any) -> Any:
        user = data.payload.user_id
        data.state_context.set_response_context(f"key of {user}", f"state of {user}")
        # The text itself would be in the result of somebody else's row.
        of_ann = data.state_context.get_request_context("key of ann")
        return {"found": of_ann == "state of ann"}

    with ad.Session(path=path) as session:
        crm = session.connect(destination(perform=perform))
        run = run_of(crm, "ann")
        assert values_read(run_of(crm, "bob")) == [True]
        session.forget(run)
        assert values_read(run_of(crm, "cid")) == [False]
    content = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"of ann" not in content
    assert b"state of bob" in content


def test_a_value_is_in_the_file_once(path):
    with ad.Session(path=path) as session:
        run = run_of(session.connect(STORE), "a-value-that-is-long")
    values = [value for _, _, value in in_file(path)]
    assert values.count('"a-value-that-is-long"') == 1
    assert sum(run.id in scope for scope, _, _ in in_file(path)) == 1


def test_a_key_with_a_secret_in_it_is_in_no_file_and_works_in_this_process(path):
    secret = "sk-0123456789-abcdef"

    async def perform(request: Any, data: Any) -> Any:
        key = f"token of {secret}"
        before = data.state_context.get_request_context(key)
        data.state_context.set_response_context(key, "t")
        return {"found": before}

    with ad.Session(path=path) as session:
        crm = session.connect(destination(perform=perform), api_key=secret)
        assert [value_read(crm), value_read(crm)] == [None, "t"]
    content = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert secret.encode() not in content


def test_session_wide_state_of_an_older_version_is_read_until_there_is_newer(path):
    with ad.Session(path=path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO state VALUES ('', 'user', '\"of old\"', NULL)")
    with ad.Session(path=path) as session:
        assert values_read(run_of(session.connect(STORE), "a")) == ["of old"]
        assert value_read(session.connect(READ)) == "a"
