"""Every action with a schema, a picture and parameters, against the simulated vendors."""

from __future__ import annotations

import base64
from pathlib import Path

import pandas as pd
import pytest
from pydantic import BaseModel

import asyncdest_nb as ad
from batch_answers import chat_answer
from batch_servers import End

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
FRAME = pd.DataFrame({"word": [f"w{at}" for at in range(6)]})


class Mood(BaseModel):
    mood: str
    score: int
    tags: list[str] = []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    found = tmp_path / "one.png"
    found.write_bytes(PNG)
    return found


@pytest.mark.parametrize(
    ("slug", "action", "model", "parameters"),
    [
        ("openai-batch", "chat", "gpt-4o-mini", {"seed": 3}),
        ("openai-batch", "responses", "gpt-4o-mini", {"truncation": "auto"}),
        ("anthropic-batches", "messages", "claude-haiku-4-5", {"top_k": 5}),
    ],
)
def test_answers_follow_the_schema_and_become_columns(
    session, picture, slug, action, model, parameters
):
    with ad.simulate(slug, duration_seconds=0.1, failing=0) as simulator:
        connection = session.connect(simulator)
        connection.test_authentication()
        asked = {"prompt": {"@template": "Say {{word}}"}, "model": model, "image": str(picture)}
        asked |= {"output_schema": Mood, "max_tokens": 200, "temperature": 0.3}
        run = connection.submit(FRAME, action, parameters=parameters, **asked)
        assert run.wait(timeout=30) == "completed"
    results = run.results()
    assert all(isinstance(each, str) for each in results["mood"])
    assert results["score"].dtype.kind == "i"
    assert all(isinstance(each, list) for each in results["tags"])
    assert (results["input_tokens"] > 1000).all()  # The picture counts.


def test_texts_become_vectors(session):
    with ad.simulate("openai-batch", duration_seconds=0.1, failing=0) as simulator:
        connection = session.connect(simulator)
        asked = {"columns": {"prompt": "word"}, "model": "text-embedding-3-small"}
        run = connection.submit(FRAME, "embeddings", dimensions=4, **asked)
        assert run.wait(timeout=30) == "completed"
    assert {len(each) for each in run.results()["embedding"]} == {4}
    assert run.results()["embedding"].map(tuple).nunique() == len(FRAME)


def test_a_row_whose_picture_is_gone_when_it_is_sent_fails_alone(openai, picture):
    server, connection = openai(lambda requests: End([chat_answer(each) for each in requests]))
    server.faults["POST /v1/files"] = ["reset"]
    real = server.answer

    def answer(method, path, query, body):
        if path == "/v1/files":
            picture.unlink(missing_ok=True)  # Before the upload is repeated.
        return real(method, path, query, body)

    server.answer = answer
    rows = pd.DataFrame({"word": ["a", "b", "c"], "file": [None, str(picture), None]})
    asked = {"columns": {"prompt": "word", "image": "file"}, "model": "gpt-4o-mini"}
    run = connection.submit(rows, "chat", **asked)
    run.wait(timeout=30)
    results = run.results()
    assert results["status"].tolist() == ["completed", "failed", "completed"]
    assert "one.png" in results["message"].tolist()[1]
    assert bool(results["retryable"].tolist()[1])
    assert len(server.requests_of("batch_000")) == 2
