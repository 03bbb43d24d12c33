"""The list of batches, which has what other sessions made, and what a lost reply left behind."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from ... import destination as ad
from ...errors import ProtocolError, RetryableError
from ...responses import JSONObject
from ..llm_batches import jobs_page

RUNNING = ("validating", "in_progress", "finalizing", "cancelling")
TOKENS = "asyncdest_tokens"  # Of the metadata: about how many tokens a batch has.
MODEL = "asyncdest_model"  # Of the metadata: the model as the rows name it.
PAGES = 50  # Of the list, with 100 batches each.
WINDOW_SECONDS = 26 * 3600  # A batch has ended by then.
QUEUE_SECONDS = 60.0  # Between two looks at the queue.


async def wait_for_queue(request: ad.Request, model: str, *, tokens: int, limit: int) -> None:
    """Raise RetryableError while earlier batches leave too little of the *limit* for *tokens*."""
    waiting = 0
    async for batch in batches_since(request, time.time() - WINDOW_SECONDS):
        ours = batch.get("metadata") or {}
        # The vendor's own word is another one, such as gpt-5-2025-08-07 for gpt-5.
        named = ours.get(MODEL) or batch.get("model") or model
        if batch.get("status") in RUNNING and named == model:
            text = str(ours.get(TOKENS))
            waiting += int(text) if text.isascii() and text.isdecimal() else 0
    if waiting and waiting + tokens > limit:
        raise RetryableError(
            f"waits until batches before it have ended: about {waiting:,} tokens are queued, this "
            f"one has {tokens:,}, and queued_tokens is {limit:,}",
            retry_after=QUEUE_SECONDS,
            polls_go_on=True,
        )


async def batches_since(request: ad.Request, since: float) -> AsyncIterator[JSONObject]:
    """Yield the batches that were created *since* then (Unix seconds), the newest first.

    *since* is of this computer's clock, which may be ahead of the vendor's.
    """
    after: JSONObject = {}
    for _ in range(PAGES):
        found = await jobs_page(request, "/batches", {"limit": 100, **after}, name="data")
        for batch in found.jobs:
            created = batch.get("created_at")
            if isinstance(created, int) and created < since + min(0.0, found.ahead_seconds):
                return
            yield batch
        last = str(found.jobs[-1].get("id")) if found.jobs else ""
        if not found.page.get("has_more"):
            return
        if not last or {"after": last} == after:
            raise ProtocolError("the list of batches says it has more, and gives no next page")
        after = {"after": last}
    raise ProtocolError(
        f"the list of batches has more than {100 * PAGES:,}: not all were looked at"
    )
