"""The requests of our destinations beside those of the vendors' own clients, on the same servers.

Method, path, query, headers that matter and body are the same. What differs is in DIFFERENCES,
with the reason.
"""

from __future__ import annotations

import base64
import json
import re
import tempfile
from pathlib import Path

import anthropic as anthropic_client
import openai as openai_client
import pandas as pd
import pytest
from pydantic import BaseModel

import asyncdest_nb as ad
from batch_answers import chat_answer, message_answer
from batch_servers import KEY, AnthropicServer, End, OpenAIServer

DIFFERENCES = """
all         User-Agent, X-Stainless-*, Accept-Encoding: they name the client, and its compressions.
openai      The name of the file is the key of the job, by which its upload can be found again.
openai      The client asks for GET /files/{id}/content with Accept: application/binary, which the
            server does not look at.
anthropic   The client of today sends Authorization: Bearer; we send X-Api-Key, as the clients of
            the version 2023-06-01 do: the API takes both.
anthropic   The client asks for the batch once more before its results; we have just polled it.
"""

MATTER = ("content-type", "content-length", "anthropic-version", "authorization")


class Opinion(BaseModel):
    mood: str
    score: int


def requests_of(server) -> list[tuple[str, str, dict[str, str], bytes]]:
    """Return what arrived, without the boundary of a form, which is drawn at random."""
    found = []
    for method, target, headers, body in server.arrived:
        boundary = re.search(r"boundary=(\S+)", headers.get("content-type", ""))
        kept = {name: headers[name] for name in MATTER if name in headers}
        if boundary:
            body = body.replace(boundary[1].encode(), b"BOUNDARY")
            kept |= {"content-type": "multipart/form-data; boundary=BOUNDARY"}
            kept.pop("content-length")  # A boundary may be shorter.
        found.append((method, target, kept, body))
    return found


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    found = tmp_path / "one.png"
    found.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(50)))
    return found


def test_openai_gets_the_same_bytes_as_from_its_own_client(session, picture):
    def ending(requests):
        return End(output=[chat_answer(each) for each in requests])

    frame = pd.DataFrame({"word": ["eins", "zwei\u2028drei 🙂"]})
    with OpenAIServer(ending) as ours, OpenAIServer(ending) as theirs:
        connection = session.connect("openai-batch", api_key=KEY, base_url=ours.base_url)
        asked = {"prompt": {"@template": "Say {{word}}"}, "system": "Be short", "temperature": 0.5}
        asked |= {
            "model": "gpt-5",
            "max_tokens": 9,
            "image": str(picture),
            "output_schema": Opinion,
        }
        run = connection.submit(frame, "chat", **asked)
        run.wait(timeout=30)
        with pytest.raises(ad.UsageError):
            run.retry()
        _as_their_client_does(theirs, ours, picture, frame["word"])
        a, b = requests_of(ours), requests_of(theirs)
    assert [each[:2] for each in a] == [each[:2] for each in b]
    assert a == b


def _as_their_client_does(theirs, ours, picture, words):
    """Do the same with the client of OpenAI, which has no helper that makes the file."""
    content = ours.files["file-000"]
    key = re.search(r'"custom_id":"(\w+)_000000"', content.decode())[1]
    schema = openai_client.pydantic_function_tool(Opinion)["function"]["parameters"]
    image = "data:image/png;base64," + _base64(picture)
    lines = [
        {
            "custom_id": f"{key}_{at:06d}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": "gpt-5",
                "messages": [
                    {"role": "system", "content": "Be short"},
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": f"Say {word}"},
                            {"type": "image_url", "image_url": {"url": image}},
                        ],
                    },
                ],
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": schema, "strict": True},
                },
                "max_completion_tokens": 9,
                "temperature": 0.5,
            },
        }
        for at, word in enumerate(words)
    ]
    written = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in lines]
    with (
        tempfile.TemporaryDirectory() as folder,
        openai_client.OpenAI(api_key=KEY, base_url=theirs.base_url, max_retries=0) as client,
    ):
        path = Path(folder, f"{key}.jsonl")
        path.write_bytes("".join(f"{each}\n" for each in written).encode())
        file = client.files.create(file=path, purpose="batch")
        batch = client.batches.create(
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=file.id,
            metadata=ours.batches["batch_000"]["metadata"],
        )
        for _ in range(2):
            batch = client.batches.retrieve(batch.id)
        client.files.content(batch.output_file_id)


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_anthropic_gets_the_same_bytes_as_from_its_own_client(session, picture):
    def ending(requests):
        return End(output=[message_answer(each) for each in requests])

    frame = pd.DataFrame({"word": ["eins", "zwei\u2028drei 🙂"]})
    with AnthropicServer(ending) as ours, AnthropicServer(ending) as theirs:
        settings = {"api_key": KEY, "base_url": ours.url, "version": "2026-10-21"}
        connection = session.connect("anthropic-batches", **settings)
        asked = {"prompt": {"@template": "Say {{word}}"}, "system": "Be short", "max_tokens": 9}
        asked |= {"model": "claude-x", "image": str(picture), "output_schema": Opinion}
        connection.submit(frame, "messages", **asked).wait(timeout=30)
        sent = ours.requests["msgbatch_000"]
        source = {"type": "base64", "media_type": "image/png", "data": picture}
        requests = [
            {
                "custom_id": each["custom_id"],
                "params": {
                    "max_tokens": 9,
                    "messages": [
                        {
                            "role": "user",
                            "content": [
                                {"type": "image", "source": source},
                                {"type": "text", "text": f"Say {word}"},
                            ],
                        }
                    ],
                    "model": "claude-x",
                    "system": "Be short",
                    "output_config": {
                        "format": {
                            "type": "json_schema",
                            "schema": anthropic_client.transform_schema(Opinion),
                        }
                    },
                },
            }
            for each, word in zip(sent, frame["word"], strict=True)
        ]
        with anthropic_client.Anthropic(api_key=KEY, base_url=theirs.url, max_retries=0) as client:
            batch = client.messages.batches.create(requests=requests)
            client.messages.batches.retrieve(batch.id)
            assert len(list(client.messages.batches.results(batch.id))) == 2
        a, b = requests_of(ours), requests_of(theirs)
    b = [
        (*each[:2], {k: v for k, v in each[2].items() if k != "authorization"}, each[3])
        for each in b
    ]
    assert [each[:2] for each in a] == [each[:2] for each in b]
    assert json.loads(a[0][3]) == json.loads(b[0][3])
    assert [each[2]["anthropic-version"] for each in a] == ["2026-10-21"] * len(a)
    assert a[0][2]["content-type"] == b[0][2]["content-type"]
    assert all(key["x-api-key"] == KEY for _, _, key, _ in ours.arrived)
