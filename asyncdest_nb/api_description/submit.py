"""Send rows: the steps of a submission, and how it is found after a lost reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import ActionData, Function, Request
from ..errors import HTTPError, IntegrationError, ProtocolError
from ..request import Response
from ..responses import AsyncActionResponse, JSONObject, RowResult
from .decided import decided_rows
from .exchange import RequestPlan, extracted
from .lost_submission import LostSubmission
from .model import SubmitStep
from .plans import CANCELING, Plans, keys_name
from .results_model import DecidedRows
from .rows import keys_of_rows
from .scope import scope_of_context
from .template import Scope, compiled

Given = ActionData[Any, Any]


class DescribedSubmission:
    """The ``perform_batch``, ``steps``, ``find`` and ``cancel`` of an action."""

    def __init__(self, plans: Plans) -> None:
        action = plans.action
        self._plans, self._action = plans, action
        steps = [(each, plans.plan(each, f"submit[{at}]")) for at, each in enumerate(action.submit)]
        marked = [at for at, each in enumerate(action.submit) if each.checkpoint]
        until = marked[0] + 1 if marked else len(steps)
        self._first, self._later = steps[:until], steps[until:]
        self._find = (
            LostSubmission(action.find, plans.plan(action.find, "find")) if action.find else None
        )
        self._cancel = plans.plan(action.cancel, "cancel") if action.cancel else None

    async def perform_batch(self, request: Request, data: Given) -> Any:
        """Take the steps until the checkpoint, or all; keep what is extracted."""
        scope, kept, response = self._scope(data), dict[str, Any](), None
        decided: list[RowResult | None] | None = None
        for at, (step, plan) in enumerate(self._first):
            try:
                response = await self._take(
                    request, data, {**scope, **kept}, step, plan, is_first=not at
                )
            except HTTPError as error:
                if (rows := self._refused_rows(data, scope, step, error)) is None:
                    raise
                return AsyncActionResponse(async_contexts=[], rows=rows)
            if step.rows is not None and not step.rows.refusals:
                decided = self._decided(data, scope, step.rows, response, plan.place)
            kept |= _extracted(step, response, plan.place, decided)
        self._keep_keys(data, scope)
        return self._answer(data, kept, response, decided)

    def _answer(
        self,
        data: Given,
        kept: Mapping[str, Any],
        response: Response | None,
        decided: list[RowResult | None] | None,
    ) -> Any:
        if self._action.handle is not None and (decided is None or None in decided):
            accepted = self._accepted(data, kept)
            return accepted if decided is None else accepted.model_copy(update={"rows": decided})
        why = "the answer does not list this row"
        if decided is None:
            if response is None or response.status not in (202, 207):
                return response
            # It is not done yet, and nothing will tell how it ends.
            decided = [None] * len(data.payload_texts)
            why = "accepted (202), and the description has no poll: nobody can ask for more"
            if response.status == 207:
                why = "several outcomes (207), and the description has no rows: nobody reads them"
        unlisted = RowResult(status="unknown", message=why)
        rows = [each or unlisted for each in decided]
        per_row = self._action.handle is None or self._action.handle.per == "row"
        return AsyncActionResponse(async_contexts=[{} for _ in rows] * per_row, rows=rows)

    def _decided(
        self, data: Given, scope: Scope, rule: DecidedRows, response: Response, place: str
    ) -> list[RowResult | None]:
        texts, rows = data.payload_texts, self._plans.rows
        return decided_rows(rule, response.data, texts=texts, scope=scope, rows=rows, place=place)

    def _refused_rows(
        self, data: Given, scope: Scope, step: SubmitStep, error: HTTPError
    ) -> list[RowResult | None] | None:
        """Return the rows at fault that a refusal names; None = it names none."""
        rule = step.rows
        if rule is None or error.status not in rule.refusals or error.response is None:
            return None
        try:
            found = self._decided(data, scope, rule, error.response, "")
        except ProtocolError:
            return None
        return found if any(found) else None

    async def _take(
        self,
        request: Request,
        data: Given,
        scope: Scope,
        step: SubmitStep,
        plan: RequestPlan,
        *,
        is_first: bool,
    ) -> Response:
        response = None
        for chunk in _chunks(data.payload_texts, step.chunk_rows):
            rows = self._row_names(step, chunk, scope)
            try:
                response = await plan.send(request, {**scope, **rows}, texts=chunk)
            except HTTPError as error:
                if is_first or not 400 <= error.status <= 499 or error.status in (408, 425, 429):
                    raise
                # Nothing is applied before the last step, and it is refused.
                raise IntegrationError(str(error), str(error.status), error.status) from None
        assert response is not None  # A batch has rows.
        return response

    def _row_names(self, step: SubmitStep, texts: Sequence[str], scope: Scope) -> Any:
        if "json" not in step.bodies and not (step.text or step.form):
            return {}
        found: dict[str, Any] = {"rows": list(self._plans.rows.values(texts, scope))}
        if self._action.limits.rows == 1:
            found |= next(self._plans.rows.scopes(texts, scope))
        return found

    def _scope(self, data: Given) -> JSONObject:
        return {**self._plans.base(data), "batch": self._batch(data), **self._chosen(data)}

    def _batch(self, data: Given) -> JSONObject:
        """Return what is the same for all rows of the batch."""
        first = json.loads(data.payload_texts[0])
        shared = {name: first.get(name) for name in self._action.batch_by}
        return {**shared, "key": data.submission_id, "size": len(data.payload_texts)}

    def _chosen(self, data: Given) -> JSONObject:
        """Return the id that is chosen here, if it is."""
        handle = self._action.handle
        if handle is None or handle.value is None:
            return {}
        scope = {**self._plans.base(data), "batch": self._batch(data)}
        return {handle.name: compiled(handle.value)(scope)}

    def _accepted(self, data: Given, kept: Mapping[str, Any]) -> AsyncActionResponse:
        handle = self._action.handle
        assert handle is not None
        context = {**self._chosen(data), **kept, "batch": self._batch(data)}
        if handle.per == "batch":
            return AsyncActionResponse(async_contexts=[context], status=202)
        many = [name for step, _ in self._first for name, each in step.extract.items() if each.many]
        return AsyncActionResponse(async_contexts=_per_row(context, many, handle.name), status=202)

    def _keep_keys(self, data: Given, scope: Scope) -> None:
        """Keep what the results will name the rows by, if it is made of their values."""
        for at, source in enumerate(self._action.results.sources):
            if source.match.row is not None and self._plans.is_of_row(source.match.row):
                scopes = self._plans.rows.scopes(data.payload_texts, scope)
                keys = keys_of_rows(self._plans.key(at), scopes)
                data.state_context.set_response_context(keys_name(at), keys)

    @property
    def steps(self) -> list[Function]:
        """The steps after the checkpoint."""
        return [self._step(step, plan) for step, plan in self._later]

    def _step(self, step: SubmitStep, plan: RequestPlan) -> Function:
        async def take(request: Request, data: Given) -> None:
            scope = scope_of_context(self._plans.base(data), data.async_contexts[0])
            await self._take(request, data, scope, step, plan, is_first=True)

        return take

    async def cancel(self, request: Request, data: Given) -> None:
        """Ask the API to end the operation."""
        assert self._cancel is not None
        data.state_context.set_response_context(CANCELING, True)
        await self._cancel.send(
            request, scope_of_context(self._plans.base(data), data.async_contexts[0])
        )

    async def find(self, request: Request, data: Given) -> Any:
        """Find the submission by what was sent with it; None = the API does not have it.

        Raises ProtocolError if the answer does not tell.
        """
        assert self._find is not None
        scope = self._scope(data)
        kept = await self._find.context(request, scope)
        if kept is None:
            return None
        self._keep_keys(data, scope)
        return self._accepted(data, kept)


def _extracted(
    step: SubmitStep, response: Response, place: str, decided: list[RowResult | None] | None
) -> dict[str, Any]:
    """Return what is kept of the answer; there need be no id if all rows are decided."""
    if decided is not None and None not in decided:
        return {}
    return extracted(step.extract, response, place)


def _chunks(texts: Sequence[str], size: int | None) -> list[Sequence[str]]:
    if size is None:
        return [texts]
    return [texts[at : at + size] for at in range(0, len(texts), size)]


def _per_row(context: JSONObject, many: Sequence[str], name: str) -> list[JSONObject]:
    """Return a context for each id; the engine finds out if there are too many or too few."""
    ids = context[name]
    if not isinstance(ids, list):
        raise ProtocolError(f"accepted with {ids!r} as {name}, which is no list of ids")
    return [
        {
            **context,
            **{each: context[each][at] if at < len(context[each]) else None for each in many},
            "batch": {**context["batch"], "size": 1},
        }
        for at in range(len(ids))
    ]
