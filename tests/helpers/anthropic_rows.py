"""Batches of Anthropic, made and read by its own client."""

from __future__ import annotations

COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")


def row(number, **params):
    messages = [{"role": "user", "content": f"What is {number}?"}]
    params = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": messages, **params}
    return {"custom_id": f"row-{number}", "params": params}


def rows(count):
    return [row(number) for number in range(count)]


def kinds(batches, batch_id):
    """Return what became of each row, by custom_id."""
    return {each.custom_id: each.result.type for each in batches.results(batch_id)}


def counted(batch):
    return {name: count for name in COUNTS if (count := getattr(batch.request_counts, name))}
