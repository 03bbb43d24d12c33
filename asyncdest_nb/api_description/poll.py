"""Ask how far operations are, and what became of those that have ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import Request, may_be_whole_soon
from ..errors import HTTPError, ProtocolError
from ..request import Response
from ..responses import (
    MISSING_CONTEXT,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    OperationError,
    RowResult,
    not_asked,
)
from .exchange import first_of, is_trouble, reason_of
from .faults import shown
from .filters import ABSENT, text_of
from .job_results import Given, JobAnswer, JobResults
from .look_up import looker
from .model import PollMany, PollRule
from .pages import list_at
from .parts import ApiRequest
from .plans import Plans
from .scope import scope_of_context
from .status import JobStatus, percent_of, status_of
from .template import compiled
from .words import is_listed

_STATUSES = {"pending": "pending", "completed": "completed", "partial": "completed"}


class DescribedPoll:
    """The ``poll`` of an action with *rule*."""

    def __init__(self, plans: Plans, rule: PollRule) -> None:
        action, handle = plans.action, plans.action.handle
        assert handle is not None
        self._plans, self._rule = plans, rule
        self._per_row, self._name = handle.per == "row", handle.name
        self._plan = plans.plan(_http_allowed(rule), "poll")
        self._last_step = plans.plan(action.submit[-1], f"submit[{len(action.submit) - 1}]")
        self._results = JobResults(plans, rule)
        self._texts = {state: compiled(each) for state, each in rule.texts.items()}

    async def poll(self, request: Request, data: Given) -> AsyncPollResponse:
        """Ask about each operation, or about all at once."""
        if self._rule.many is not None:
            return AsyncPollResponse.of(await self._ask_together(request, data, self._rule.many))
        found: list[AsyncOperationResult] = []
        for context in data.async_contexts:
            try:
                found.append(await self._ask(request, data, context))
            except ProtocolError as error:
                found.append(not_asked(error, context))
        return AsyncPollResponse.of(found)

    async def _ask(
        self, request: Request, data: Given, context: JSONObject
    ) -> AsyncOperationResult:
        if context.get(self._name) in (None, ""):  # An id may be 0.
            return MISSING_CONTEXT.model_copy(update={"context": context})
        scope = scope_of_context(self._plans.base(data), context)
        try:
            response = await self._plan.send(request, scope)
        except HTTPError as error:
            # An answer about this operation: others keep theirs. One about the host is about
            # all of them.
            if error.response is None or is_trouble(error.status):
                raise
            return not_asked(error, context)
        if self._rule.id:
            self._check_id(self._rule.id, context, response)
        return await self._read(request, data, context, response, response.data)

    def _check_id(self, path: str, context: JSONObject, response: Response) -> None:
        """Raise ProtocolError if the answer says at *path* that it is about another operation."""
        own, found = text_of(context.get(self._name)), looker(path)(response.data)
        if found not in (ABSENT, None, "") and text_of(found) != own:
            raise ProtocolError(
                f"{self._plan.place}: the answer is about {shown(found)}, not {own}"
            )

    async def _ask_together(
        self, request: Request, data: Given, many: PollMany
    ) -> list[AsyncOperationResult]:
        ids = [text_of(context.get(self._name)) for context in data.async_contexts]
        given = ids if "ids" in str(self._rule.json_body) else many.separator.join(ids)
        response = await self._plan.send(request, {**self._plans.base(data), "ids": given})
        look, found = looker(many.id), defaultdict[str, list[Any]](list)
        for each in list_at(many.items, response.data, self._plan.place):
            own = look(each)
            if own not in (ABSENT, None) and each not in found[text_of(own)]:
                found[text_of(own)].append(each)
        return [
            await self._of_items(request, data, context, response, found[each])
            for context, each in zip(data.async_contexts, ids, strict=True)
        ]

    async def _of_items(
        self,
        request: Request,
        data: Given,
        context: JSONObject,
        response: Response,
        items: Sequence[Any],
    ) -> AsyncOperationResult:
        """Return what the only one of *items* says; of none and of several nothing is known."""
        own = text_of(context.get(self._name))
        if len(items) != 1:
            said = f"has {own} {len(items)} times" if items else f"does not have {own}"
            return not_asked(f"{self._plan.place}: the answer {said}", context)
        try:
            return await self._read(request, data, context, response, items[0])
        except ProtocolError as error:
            return not_asked(error, context)

    async def _read(
        self, request: Request, data: Given, context: JSONObject, response: Response, found: Any
    ) -> AsyncOperationResult:
        status = status_of(self._rule.status, found, response.status)
        if status.is_odd and not (status.is_stated or isinstance(found, Mapping)):
            raise ProtocolError(f"{self._plan.place}: answered {shown(found)}, not a JSON object")
        answer = JobAnswer(context, response, found, status)
        if status.state == "canceled":
            self._check_canceled(data, context, response, status)
        if is_listed(status.word, self._rule.repeat_last_step):
            await self._repeat_last_step(request, data, context)
        rows = None
        if self._per_row:
            rows = self._alone(answer)
        elif status.state != "pending":
            found_rows = await self._results.rows(request, data, answer)
            own = context.get(self._name)
            if found_rows.lacking and may_be_whole_soon(data.state_context, own):
                return self._not_whole(answer, found_rows.lacking)
            rows = found_rows.rows
        return self._result(answer, rows)

    def _check_canceled(
        self, data: Given, context: JSONObject, response: Response, status: JobStatus
    ) -> None:
        """Raise ProtocolError if "not found" would mean "canceled", and nobody canceled it.

        Then it is asked about for a while, as some APIs find a job only some time later.
        """
        stated = (str(response.status), status.word)  # APIs answer errors with 200 too.
        is_gone = any(each in ("404", "410") for each in stated)
        if is_gone and not self._plans.is_canceling(data, context):
            raise ProtocolError(f"{self._plan.place}: answered {stated[-1]}: not found")

    def _not_whole(self, answer: JobAnswer, why: str) -> AsyncOperationResult:
        """Return that an operation is still open, as its results seem not to be whole."""
        return AsyncOperationResult(
            status="pending",
            progress=percent_of(self._rule, answer.data, state="pending", size=answer.size),
            message=f"{answer.status.word}, and its results are read again: {why}",
            context=answer.context,
        )

    def _result(self, answer: JobAnswer, rows: list[RowResult] | None) -> AsyncOperationResult:
        status, data = answer.status, answer.data
        message, code = self._reason(answer)
        percent = 100.0
        if status.state != "completed":
            percent = percent_of(self._rule, data, state=status.state, size=answer.size)
        return AsyncOperationResult(
            status=_STATUSES.get(status.state, "failed"),
            progress=percent,
            message=message,
            error=OperationError(code=code, message=message) if code else None,
            result=self._value(answer),
            context=answer.context,
            odd_status=status.word if status.is_odd else None,
            rows=rows,
            ended_at=_at(self._rule.ended_at, data) if self._rule.ended_at else None,
        )

    async def _repeat_last_step(self, request: Request, data: Given, context: JSONObject) -> None:
        """Start a job that was not started: the request for it may have been lost."""
        if not self._plans.is_canceling(data, context):
            await self._last_step.send(request, scope_of_context(self._plans.base(data), context))

    def _alone(self, answer: JobAnswer) -> list[RowResult] | None:
        """Return the outcome of the only row, if the status of its operation is not enough."""
        state = answer.status.state
        if state not in ("canceled", "partial"):
            return None
        message, _ = self._reason(answer)
        return [RowResult(status="canceled" if state == "canceled" else "unknown", message=message)]

    def _reason(self, answer: JobAnswer) -> tuple[str, str | None]:
        """Return the message of an answer, and the code if it is about a failure."""
        status: JobStatus = answer.status
        other, own = first_of(self._rule.message, answer.data), self._text(answer)
        own = f"{own}: {text_of(other)}" if other else own
        if status.state != "failed":
            return own, None
        stated, code = reason_of(self._rule.error, answer.data)
        return stated or own, code or "OPERATION_FAILED"

    def _text(self, answer: JobAnswer) -> str:
        """Return what the description says of a status, else the word of the API."""
        status = answer.status
        render = self._texts.get(status.state) if status.is_stated else None
        if render is None:
            return status.word
        return str(render({**answer.context, "status": status.word}))

    def _value(self, answer: JobAnswer) -> Any:
        """Return the result; of a completed operation an empty one, if nothing is at its path."""
        found = _at(self._rule.result, answer.data)
        is_empty = found is None and self._rule.result and answer.status.state == "completed"
        return {} if is_empty else found


def _at(path: str | None, data: Any) -> Any:
    found = looker(path)(data) if path else None
    return None if found is ABSENT else found


def _http_allowed(rule: PollRule) -> ApiRequest:
    """Return *rule* so that the HTTP statuses that state something are good answers."""
    if rule.status.http is None:
        return rule
    listed: Sequence[int] = [each for some in rule.status.http.values() for each in some]
    return rule.model_copy(update={"expect": tuple(listed)})
