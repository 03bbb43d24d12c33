"""A session that is opened again with the API key of another project, which sees no job."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from time import monotonic

import pandas as pd
import pytest

import asyncdest_nb as ad
from batch_answers import chat_answer, message_answer
from batch_servers import AnthropicServer, End, OpenAIServer
from gemini_server import GeminiServer
from settled_soon import settled_soon

OURS, OTHER = "sk-proj-7Qd2mXvT9bLzR4kWc8NfYhG1", "sk-proj-Zp5tKe3uWq8sJx6nBv1cMa0L"
SERVERS = {
    "openai-batch": (OpenAIServer, "chat", "/v1/batches", {"data": [], "has_more": False}),
    "anthropic-batches": (
        *(AnthropicServer, "messages", "/v1/messages/batches"),
        {"data": [], "has_more": False},
    ),
    "gemini-batches": (GeminiServer, "generate", "/v1/batches", {}),
}


def answers(slug, entries):
    if slug == "gemini-batches":
        found = {"candidates": [{"content": {"parts": [{"text": "ok"}]}, "finishReason": "STOP"}]}
        return [{"key": each["key"], "response": found} for each in entries]
    return [(chat_answer if slug == "openai-batch" else message_answer)(each) for each in entries]


@pytest.fixture(params=SERVERS)
def project(request, monkeypatch):
    """A server of a vendor whose batches are seen with our key alone, and what to submit."""
    slug = request.param
    kind, action, place, empty = SERVERS[slug]
    monkeypatch.setattr("asyncdest_nb.engine.run.poller.GRACE_SECONDS", 0.01)
    with kind(lambda entries: End(output=answers(slug, entries))) as server:
        real = server.answer

        def answer(method, path, query, body):
            if method == "GET" and OURS not in str(server.arrived[-1][2]) and place in path:
                return (200, empty) if path == place else (404, {"error": {"message": "no"}})
            return real(method, path, query, body)

        server.answer = answer
        yield server, slug, action, place


@contextmanager
def opened(path, project, key):
    """Open a session on *path*, connect with *key*, and yield its run."""
    server, slug, action, _ = project
    base_url = server.url + ("/v1" if slug == "openai-batch" else "")
    destination = settled_soon(slug, 0.0)
    object.__setattr__(destination.actions[action], "missing_seconds", 0.0)
    with warnings.catch_warnings(), ad.Session(path=path) as session:
        warnings.simplefilter("ignore")  # The same rows are submitted again.
        connection = session.connect(destination, api_key=key, base_url=base_url)
        frame = pd.DataFrame({"word": ["a", "b"]})
        yield connection.submit(frame, action, prompt={"@path": "$.word"}, model="m")


def wait_for(text, run):
    until = monotonic() + 20
    while monotonic() < until and text not in str(run.results()["message"].iloc[0]):
        run.wait(timeout=0.02)
    assert text in run.results()["message"].iloc[0]


def test_a_job_that_another_key_does_not_see_is_not_lost(project, tmp_path):
    server = project[0]
    server.polls = 10**6
    with opened(tmp_path / "s.sqlite", project, OURS) as run:
        while not server.asked:
            run.wait(timeout=0.02)
    with opened(tmp_path / "s.sqlite", project, OTHER) as run:
        wait_for("it was sent with another API key, so connect with that one", run)
    server.polls = 0
    with opened(tmp_path / "s.sqlite", project, OURS) as run:
        assert run.wait(timeout=20) == "completed"


def test_a_lost_job_that_another_key_does_not_list_is_not_created_again(project, tmp_path):
    server, _, action, place = project
    create = place if action != "generate" else "/v1/models/m:batchGenerateContent"
    server.faults[f"POST {create}"] = ["reset"]
    server.faults[f"GET {place}"] = [500] * 1000
    with opened(tmp_path / "s.sqlite", project, OURS) as run:
        wait_for("it cannot be found out yet", run)
    server.faults.clear()
    with opened(tmp_path / "s.sqlite", project, OTHER) as run:
        wait_for("not in the list of this API key", run)
    with opened(tmp_path / "s.sqlite", project, OURS) as run:
        assert run.wait(timeout=20) == "completed"
    assert len(server.batches) == 1
