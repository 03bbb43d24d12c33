"""Batches of OpenAI, made and read by its own client."""

from __future__ import annotations

import json

CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
AGE = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "mood": {"enum": ["good", "bad"]}},
    "required": ["age", "mood"],
    "additionalProperties": False,
}


def row(number, url=CHAT, **body):
    messages = [{"role": "user", "content": f"What is {number}?"}]
    asked = {"messages": messages} if url == CHAT else {"input": f"What is {number}?"}
    body = {"model": "gpt-4o-mini", **asked, **body}
    return {"custom_id": f"row-{number}", "method": "POST", "url": url, "body": body}


def rows(count, **body):
    return [row(number, **body) for number in range(count)]


def uploaded(client, requests):
    lines = "".join(json.dumps(each) + "\n" for each in requests)
    return client.files.create(file=("rows.jsonl", lines.encode()), purpose="batch")


def created(client, requests, endpoint=CHAT, **options):
    file_id = uploaded(client, requests).id
    options = {"endpoint": endpoint, "completion_window": "24h", **options}
    return client.batches.create(input_file_id=file_id, **options)


def lines(client, file_id):
    """Return the lines of a file, by custom_id."""
    content = client.files.content(file_id).content
    return {each["custom_id"]: each for each in map(json.loads, content.splitlines())}


def results(client, batch_id):
    """Return the lines of the output file and of the error file, by custom_id."""
    batch = client.batches.retrieve(batch_id)
    ids = (batch.output_file_id, batch.error_file_id)
    return tuple(lines(client, each) if each else {} for each in ids)


def counts(batch):
    found = batch.request_counts
    return found.total, found.completed, found.failed
