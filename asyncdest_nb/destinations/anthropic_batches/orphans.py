"""Batches whose reply was lost: found by their time and rows, known by the ids in their results.

The list of batches shows no label of ours, and no ids of rows. So every batch of as many rows
that was created since may be the one, until it has ended and its results show ids.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ...responses import AsyncOperationResult, JSONObject, RowResult
from ..llm_batches import JobAnswers, jobs_page, read_lines
from ..objects import object_of
from .account import JSONL, LARGE, batch_path, counts_of

PAGES = 30  # Of the list, with 1,000 batches each.
EARLIER_SECONDS = 600  # How much earlier than here a batch may be created, as clocks differ.
LATER_SECONDS = 7200  # How much later: the request may wait for its turn, and takes minutes.
LINES = 100  # Of results; each has an id of the same job.


class Orphans:
    """Looks for batches by *request*."""

    def __init__(self, request: ad.Request) -> None:
        self._request = request

    async def candidates(self, counts: range, *, times: Sequence[float] | None) -> list[str]:
        """Return the ids of batches with one of these *counts* of rows, sent at these *times*.

        They are the first and the last try, in Unix seconds; None = not known: then every
        batch in the list may be it.
        """
        found = []
        async for batch, ahead_seconds in self._batches():
            created = _seconds(batch.get("created_at"))
            if times is not None and created is not None:
                if created < times[0] + min(0.0, ahead_seconds) - EARLIER_SECONDS:
                    break
                if created > times[1] + max(0.0, ahead_seconds) + LATER_SECONDS:
                    continue
            count = sum(counts_of(batch).values())
            if count in counts or not count:  # 0 = they cannot be read.
                found.append(str(batch["id"]))
        return found

    async def _batches(self) -> AsyncIterator[tuple[JSONObject, float]]:
        """Yield each batch, and by how much the vendor's clock is ahead."""
        after = ""
        for _ in range(PAGES):
            params = {"limit": 1000, **({"after_id": after} if after else {})}
            found = await jobs_page(self._request, "/v1/messages/batches", params, name="data")
            for batch in found.jobs:
                if not batch.get("id"):
                    raise ProtocolError("the list of batches has one without an id")
                yield batch, found.ahead_seconds
            if not found.page.get("has_more"):
                return
            last = str(found.page.get("last_id") or "")
            if not last or last == after:
                raise ProtocolError("the list of batches says it has more, and gives no next page")
            after = last
        raise ProtocolError("the list of batches is too long to be looked at")

    async def found(self, context: JSONObject) -> str | AsyncOperationResult:
        """Return the id of the batch that has the rows of *context*, or what is known so far."""
        named: dict[str, list[str]] = {}
        for batch_id, state in (await self.states(context)).items():
            named.setdefault(state, []).append(batch_id)
        if "own" in named:
            return named["own"][0]
        if "open" in named:
            text = (
                f"the reply was lost; waits for {', '.join(named['open'])} to end, which may be it"
            )
            return AsyncOperationResult(status="pending", message=text, context=context)
        if "unreadable" in named:
            why = f"the reply was lost, and {_names(named['unreadable'])}"
            return _ended(context, "unknown", why)
        text = "never arrived: no batch has these rows, so they may be sent again"
        return _ended(context, "canceled", text)

    async def states(self, context: JSONObject) -> dict[str, str]:
        """Return what each of the candidates of *context* is, see ``_state``, up to our own."""
        found = {}
        for batch_id in context["candidates"]:
            found[str(batch_id)] = await self._state(str(batch_id), context)
            if found[str(batch_id)] == "own":
                break
        return found

    async def _state(self, batch_id: str, context: JSONObject) -> str:
        """Return whether a batch is our "own", another one ("foreign"), "open" or "unreadable"."""
        try:
            batch = object_of(await self._request(batch_path(batch_id)))
            if batch.get("processing_status") != "ended":
                return "open"
            if batch.get("archived_at"):
                return "unreadable"
            path = f"{batch_path(batch_id)}/results"
            response = await self._request(path, to_file=True, headers=JSONL, **LARGE)
        except HTTPError as error:
            if error.status != 404:
                raise
            return "unreadable"
        answers = JobAnswers(context["key"], int(context["rows"]))
        for number, line in enumerate(read_lines(response.lines())):
            if line is not None and answers.place_of(line.get("custom_id")) is not None:
                return "own"
            if number >= LINES:
                break
        return "foreign" if answers.foreign else "unreadable"


def _names(batch_ids: list[str]) -> str:
    return f"the results of {', '.join(batch_ids)}, which may be it, cannot be read any more"


def _ended(context: JSONObject, status: str, why: str) -> AsyncOperationResult:
    may_repeat = True if status == "canceled" else None
    row = RowResult.model_validate({"status": status, "message": why, "retryable": may_repeat})
    rows = [row] * int(context["rows"])
    return AsyncOperationResult(status="failed", message=why, context=context, rows=rows)


def _seconds(moment: object) -> float | None:
    """Return a time of an answer in Unix seconds, None = it cannot be read."""
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return None
