"""What a person sees of state and contexts: runs against a server of the standard library."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.formatters import HTMLFormatter
from pydantic import SecretStr

import asyncdest_nb as ad

SECRET = "sk_live_9f8e7d6c5b4a"


class _Handler(BaseHTTPRequestHandler):
    """Give each row an id, which holds the key that it came with; a polled one is completed."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers["Authorization"].removeprefix("Bearer ")
        self._answer([{"id": f"op-{row['name']}", "link": f"/jobs?key={key}"} for row in rows])

    def do_GET(self) -> None:
        self._answer({"status": "completed"})

    def _answer(self, found: object) -> None:
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(10)


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")
    api_key: SecretStr = ad.field("API key")


class Row(ad.Payload):
    name: str = ad.field("Name", format="hostname")


async def perform_batch(request, data):
    response = await request("/rows", method="POST", json=[row.as_json() for row in data.payload])
    ids = [each["id"] for each in response.data]
    data.state_context.set_response_context("ids", ids, {"hour": 24})
    data.state_context.set_response_context("token", f"with {SECRET}")
    return ad.AsyncActionResponse(
        async_contexts=[
            {"operation_id": each["id"], "link": each["link"], "key": SECRET}
            for each in response.data
        ]
    )


async def poll(request, data):
    answers = [await request(f"/jobs/{each['operation_id']}") for each in data.async_contexts]
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status=each.data["status"]) for each in answers]
    )


KEEPER = ad.Destination(
    name="Keeper",
    slug="keeper",
    settings=Settings,
    actions={
        "keep": ad.Action(title="Keep", payload=Row, perform_batch=perform_batch, poll=poll),
        "keep_one": ad.Action(
            title="Keep", payload=Row, perform_batch=perform_batch, poll=poll, batch_size=1
        ),
    },
    extend_request=lambda data: {
        "base_url": data.settings.endpoint,
        "headers": ad.bearer_auth(data.settings.api_key),
    },
)

FRAME = pd.DataFrame({"name": ["a", "b", "not a host", "c"]}, index=["x", "y", "y", "z"])


def sent(session: ad.Session, endpoint: str, action: str = "keep") -> ad.Run:
    run = session.connect(KEEPER, endpoint=endpoint, api_key=SECRET).submit(FRAME, action)
    run.wait(60)
    return run


def test_contexts_are_on_the_index_of_the_frame(session, endpoint):
    contexts = sent(session, endpoint).contexts
    assert list(contexts.index) == ["x", "y", "y", "z"]
    assert list(contexts.columns) == ["operation_id", "context", "status", "progress"]
    assert contexts["operation_id"].tolist() == ["op-a", "op-b", pd.NA, "op-c"]
    assert contexts["status"].tolist() == ["completed", "completed", "invalid", "completed"]
    assert [each and each["operation_id"] for each in contexts["context"]] == [
        "op-a",
        "op-b",
        None,
        "op-c",
    ]


def test_contexts_show_no_secret(session, endpoint):
    text = sent(session, endpoint).contexts.reset_index().to_json()
    assert SECRET not in text
    assert "op-a" in text


def test_contexts_are_there_again_after_a_restart(tmp_path, endpoint):
    path = tmp_path / "s.sqlite"
    with ad.Session(path=path) as session:
        run = sent(session, endpoint)
        before = run.contexts
        run.export(tmp_path / "one.run")
    with ad.Session(path=path) as session:
        (again,) = session.runs()
        pd.testing.assert_frame_equal(again.contexts, before, check_index_type=False)
    loaded = ad.load(tmp_path / "one.run").contexts
    pd.testing.assert_frame_equal(loaded, before, check_index_type=False)


def test_the_contexts_of_an_empty_frame_are_empty(session, endpoint):
    run = session.connect(KEEPER, endpoint=endpoint, api_key=SECRET).submit(FRAME.head(0), "keep")
    run.wait(60)
    assert len(run.contexts) == 0


def test_state_is_a_mapping_and_a_table(session, endpoint):
    assert len(session.state) == 0
    assert "empty" in repr(session.state)
    run = sent(session, endpoint)
    state = session.state
    assert set(state) == {"ids", "token"}
    assert state["ids"] == ["op-a", "op-b", "op-c"]
    assert "nothing" not in state
    with pytest.raises(KeyError):
        state["nothing"]
    frame = state.to_frame().set_index("key")
    assert list(frame.columns) == ["value", "scope", "expires"]
    assert frame.loc["ids", "scope"] == f"{run.id}/0"
    day = frame.loc["ids", "expires"] - datetime.now(UTC)
    assert timedelta(hours=23) < day <= timedelta(hours=24)
    assert pd.isna(frame.loc["token", "expires"])


def test_state_shows_no_secret_in_any_view(session, endpoint):
    sent(session, endpoint)
    state = session.state
    views = [
        repr(state),
        HTMLFormatter()(state),
        state.to_frame().to_string(),
        json.dumps(dict(state)),
    ]
    for view in views:
        assert SECRET not in view
        assert "token" in view


def test_of_several_submissions_a_key_has_the_value_that_was_stored_last(tmp_path, endpoint):
    path = tmp_path / "s.sqlite"
    with ad.Session(path=path) as session:
        sent(session, endpoint, "keep_one")
        state = session.state
        assert len(state.to_frame()) == 6
        assert len(state) == 2
        last = state["ids"]
        assert last in (["op-a"], ["op-b"], ["op-c"])
    with ad.Session(path=path) as session:
        assert session.state["ids"] == last


@pytest.mark.slow
def test_a_session_that_is_open_elsewhere_shows_the_state_there(tmp_path, endpoint):
    import subprocess
    import sys

    path = tmp_path / "s.sqlite"
    look = "import sys, asyncdest_nb as ad; print(ad.Session(path=sys.argv[1]).state['ids'])"
    with ad.Session(path=path) as session:
        sent(session, endpoint)
        command = [sys.executable, "-c", look, str(path)]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.strip() == "['op-a', 'op-b', 'op-c']"


def test_the_state_of_a_forgotten_run_is_deleted(session, endpoint):
    run = sent(session, endpoint)
    state = session.state
    session.forget(run)
    assert dict(state) == {}


def test_a_file_holds_the_shown_state_and_no_secret(tmp_path: Path, endpoint):
    with ad.Session(path=tmp_path / "s.sqlite") as session:
        sent(session, endpoint)
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in file.read_bytes()
