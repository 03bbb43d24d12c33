"""Jobs of Gemini, made and read by its own client."""

from __future__ import annotations

import io
import json

import httpx2
from google import genai

MODEL = "gemini-2.5-flash"


def contents(number):
    return [{"role": "user", "parts": [{"text": f"What is {number}?"}]}]


def row(number, **config):
    return {"contents": contents(number), "metadata": {"key": f"row-{number}"}, "config": config}


def rows(count):
    return [row(number) for number in range(count)]


def uploaded(client, requests):
    lines = [json.dumps({"key": key, "request": each}) for key, each in requests.items()]
    file = io.BytesIO("\n".join(lines).encode())
    config = {"mime_type": "application/jsonl", "display_name": "rows"}
    return client.files.upload(file=file, config=config)


def results(client, name):
    """Return the inline results of a job, by key."""
    found = client.batches.get(name=name).dest.inlined_responses
    return {each.metadata["key"]: each for each in found}


def state(client, job):
    return client.batches.get(name=job.name).state.name.removeprefix("JOB_STATE_")


def as_sent(simulator, name):
    """Return an operation as it is on the wire."""
    headers = {"x-goog-api-key": simulator.settings["api_key"]}
    return httpx2.get(f"{simulator.endpoint}/v1/{name}", headers=headers).json()


def genai_client(api_key, base_url):
    return genai.Client(api_key=api_key, http_options={"base_url": base_url})
