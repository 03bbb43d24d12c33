"""Ask how far operations are, and read the results of those that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..destination import ActionData, Request
from ..errors import HTTPError, ProtocolError
from ..request import Response
from ..responses import (
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    OperationError,
    RowResult,
    not_asked,
)
from .entries import list_at, read_source
from .exchange import Headers, extracted, first_of, is_word, reason_of
from .filters import ABSENT, text_of
from .look_up import looker
from .model import PollRule
from .outcomes import Listed, placer, reconciled
from .parts import ApiRequest
from .plans import CANCELING, Plans, keys_name
from .results_model import ResultSource
from .rows import keys_of_rows
from .scope import scope_of_context
from .status import JobStatus, percent_of, status_of

_STATUSES = {"pending": "pending", "completed": "completed", "partial": "completed"}


class DescribedPoll:
    """The ``poll`` of an action."""

    def __init__(self, plans: Plans) -> None:
        action = plans.action
        assert action.poll is not None
        assert action.handle is not None
        self._plans, self._action, self._rule = plans, action, action.poll
        self._per_row = action.handle.per == "row"
        self._name = action.handle.name
        last = len(action.submit) - 1
        is_repeatable = bool(action.poll.repeat_last_step)
        step = action.submit[last]
        self._last_step = plans.plan(step, f"submit[{last}]") if is_repeatable else None
        self._no_keys: Sequence[str] = ()
        self._plan = plans.plan(_http_allowed(action.poll), "poll")
        self._sources = [
            (source, plans.plan(source, f"results.sources[{at}]"))
            for at, source in enumerate(action.results.sources)
        ]

    async def poll(self, request: Request, data: ActionData[Any, None]) -> AsyncPollResponse:
        """Ask about each operation, or about all at once."""
        if self._rule.many is not None:
            return AsyncPollResponse.of(await self._ask_together(request, data))
        contexts = data.async_contexts
        return AsyncPollResponse.of([await self._ask(request, data, each) for each in contexts])

    async def _ask(
        self, request: Request, data: ActionData[Any, None], context: JSONObject
    ) -> AsyncOperationResult:
        scope = scope_of_context(self._plans.base(data), context)
        try:
            response = await self._plan.send(request, scope)
            return await self._read(request, data, context, response)
        except ProtocolError as error:
            return not_asked(error, context)

    async def _ask_together(
        self, request: Request, data: ActionData[Any, None]
    ) -> list[AsyncOperationResult]:
        many = self._rule.many
        assert many is not None
        ids = [context.get(self._name) for context in data.async_contexts]
        scope = {**self._plans.base(data), "ids": _together(ids, self._rule)}
        response = await self._plan.send(request, scope)
        look, found = looker(many.id), dict[str, Any]()
        for each in list_at(many.items, response.data, self._plan.place):
            found.setdefault(text_of(look(each)), each)
        return [
            await self._read_one(request, data, context, response, found.get(text_of(each)))
            for context, each in zip(data.async_contexts, ids, strict=True)
        ]

    async def _read_one(
        self,
        request: Request,
        data: ActionData[Any, None],
        context: JSONObject,
        response: Response,
        item: Any,
    ) -> AsyncOperationResult:
        if item is None:
            given = text_of(context.get(self._name))
            return not_asked(f"{self._plan.place}: the answer does not have {given}", context)
        try:
            return await self._read(request, data, context, response, item=item)
        except ProtocolError as error:
            return not_asked(error, context)

    async def _read(
        self,
        request: Request,
        data: ActionData[Any, None],
        context: JSONObject,
        response: Response,
        *,
        item: Any = ...,
    ) -> AsyncOperationResult:
        answer = response.data if item is ... else item
        status = status_of(self._rule.status, answer, response.status)
        if is_word(status.word, self._rule.repeat_last_step):
            await self._repeat_last_step(request, data, context)
        size = int(context.get("batch", {}).get("size", 1))
        rows = None
        if status.state != "pending" and not self._per_row:
            rows = await self._rows(request, data, context, response, answer, status)
        message, code = self._reason(answer, status)
        result = looker(self._rule.result)(answer) if self._rule.result else None
        return AsyncOperationResult(
            status=_STATUSES.get(status.state, "failed"),
            progress=100.0
            if status.state == "completed"
            else percent_of(self._rule, answer, size=size),
            message=message,
            error=OperationError(code=code, message=message) if status.state == "failed" else None,
            result=None if result is ABSENT else result,
            context=context,
            odd_status=status.word if status.is_odd else None,
            rows=rows if rows is not None or not self._per_row else self._alone(status, message),
            ended_at=looker(self._rule.ended_at)(answer) if self._rule.ended_at else None,
        )

    async def _repeat_last_step(
        self, request: Request, data: ActionData[Any, None], context: JSONObject
    ) -> None:
        """Start a job that was not started: the request for it may have been lost."""
        if not data.state_context.get_request_context(CANCELING):
            assert self._last_step is not None
            await self._last_step.send(request, scope_of_context(self._plans.base(data), context))

    def _alone(self, status: JobStatus, message: str) -> list[RowResult] | None:
        """Return the outcome of the only row, if the status of its operation is not enough."""
        if status.state == "canceled":
            return [RowResult(status="canceled", message=message)]
        return [RowResult(status="unknown", message=message)] if status.state == "partial" else None

    def _reason(self, answer: Any, status: JobStatus) -> tuple[str, str | None]:
        stated, code = reason_of(self._rule.error, answer)
        other = first_of(self._rule.message, answer)
        own = f"{status.word}: {text_of(other)}" if other else status.word
        return (
            (stated or own, code or "OPERATION_FAILED") if status.state == "failed" else (own, None)
        )

    async def _rows(
        self,
        request: Request,
        data: ActionData[Any, None],
        context: JSONObject,
        response: Response,
        answer: Any,
        status: JobStatus,
    ) -> list[RowResult] | None:
        """Return the outcome of every row of a job that has ended; None = that of the job."""
        rule, batch = self._action.results, context["batch"]
        if (
            not rule.sources
            and rule.unlisted == "unknown"
            and status.state in ("completed", "failed")
        ):
            return None
        kept = (
            extracted(self._rule.extract, response, self._plan.place) if self._rule.extract else {}
        )
        scope = {**scope_of_context(self._plans.base(data), context), **kept}
        listed, keys = Listed(), self._no_keys
        for at, (source, plan) in enumerate(self._sources):
            if status.state not in source.ends or (source.when and not scope.get(source.when)):
                continue
            keys = self._keys(at, source, data, scope)
            place = placer(source.match, count=batch["size"], keys=keys)
            if not source.url:
                listed.add(source, list_at(source.items, response.data, plan.place), place)
                continue
            headers: Headers = {} if source.send_auth else self._plans.no_auth
            use = partial(listed.add, source, place=place)
            try:
                await read_source(plan, source, request, scope, headers=headers, use=use)
            except HTTPError as error:
                if rule.keep_seconds and error.status in (404, 410):
                    lifetime = f"this API keeps results for {rule.keep_seconds:,} seconds"
                    error.args = (f"{error}; {lifetime}",)
                raise
        found = await asyncio.to_thread(
            reconciled,
            listed,
            count=batch["size"],
            keys=keys,
            rule=rule,
            end=status.state,
            counts=self._counts(answer),
            why=f"the job ended {status.word}{self._why(answer)}",
        )
        return found

    def _why(self, answer: Any) -> str:
        stated, _ = reason_of(self._rule.error, answer)
        return f": {stated}" if stated else ""

    def _keys(
        self, at: int, source: ResultSource, data: ActionData[Any, None], scope: Mapping[str, Any]
    ) -> Sequence[str]:
        """Return the key of each row: kept when they were sent, or made of their places."""
        if source.match.row is None:
            return []
        kept: list[str] | None = data.state_context.get_request_context(keys_name(at))
        if not self._plans.is_of_row(source.match.row):
            places = range(scope["batch"]["size"])
            made = ({**scope, "row_index": each, "row_number": each + 1} for each in places)
            return keys_of_rows(self._plans.key(at), iter(made))
        if kept is None or len(kept) != scope["batch"]["size"]:
            raise ProtocolError(
                f"results.sources[{at}]: the keys of the rows are not kept any more"
            )
        return kept

    def _counts(self, answer: Any) -> dict[str, Any]:
        paths = self._rule.counts.model_dump(exclude_none=True)
        return {name: looker(path)(answer) for name, path in paths.items()}


def _together(ids: Sequence[Any], rule: PollRule) -> Any:
    """Return the ids as a list, or as a text for a URL."""
    assert rule.many is not None
    is_json = "ids" in str(rule.json_body)
    return list(ids) if is_json else rule.many.separator.join(map(text_of, ids))


def _http_allowed(rule: PollRule) -> ApiRequest:
    """Return *rule* so that the HTTP statuses that state something are good answers."""
    if rule.status.http is None:
        return rule
    listed = tuple(each for statuses in rule.status.http.values() for each in statuses)
    return rule.model_copy(update={"expect": listed})
