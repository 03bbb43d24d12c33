"""Send rows: the steps of a submission, and how it is found after a lost reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..destination import ActionData, Function, Request
from ..errors import HTTPError, IntegrationError, ProtocolError
from ..request import Response
from ..responses import AsyncActionResponse, JSONObject, RowResult
from .acceptance import Acceptance, is_accepted
from .candidates import Candidates
from .decided import decided_rows
from .ended import ended
from .exchange import RequestPlan, extracted, is_trouble
from .filters import ABSENT
from .look_up import looker
from .lost_submission import LostSubmission
from .model import FindRule, SubmitStep
from .plans import Plans
from .results_model import DecidedRows
from .scope import scope_of_context
from .template import Render, Scope, compiled

Given = ActionData[Any, Any]


class DescribedSubmission:
    """The ``perform_batch``, ``steps``, ``find`` and ``cancel`` of an action.

    With *is_alone*, its ``perform``: the steps that send one row.
    """

    def __init__(self, plans: Plans, *, is_alone: bool = False) -> None:
        action = plans.action
        self._plans, self._action, self._is_alone = plans, action, is_alone
        rules, name = (action.submit_row, "submit_row") if is_alone else (action.submit, "submit")
        steps = [(each, plans.plan(each, f"{name}[{at}]")) for at, each in enumerate(rules)]
        marked = [at for at, each in enumerate(rules) if each.checkpoint]
        until = marked[0] + 1 if marked else len(steps)
        self._first, self._later = steps[:until], steps[until:]
        self._acceptance = Acceptance(plans, rules[:until], is_alone=is_alone)
        self._values = [_values_of(each) for each, _ in self._first]
        self._find = _finder(plans)
        self._cancel = plans.plan(action.cancel, "cancel") if action.cancel else None

    async def perform_batch(self, request: Request, data: Given) -> Any:
        """Take the steps until the checkpoint, or all; keep what is extracted."""
        scope, kept = self._scope(data), dict[str, Any]()
        decided: list[RowResult | None] | None = None
        is_open = True
        for at, (step, plan) in enumerate(self._first):
            try:
                response = await self._take(
                    request, data, {**scope, **kept}, step, plan, is_first=not at
                )
            except HTTPError as error:
                if (rows := self._refused_rows(data, scope, step, error)) is None:
                    raise
                return AsyncActionResponse(async_contexts=[], rows=rows)
            if step.rows is not None:
                decided = self._decided_at_once(data, scope, step, response, plan.place) or decided
            is_open = self._is_open(step, response, decided)
            if is_open:
                kept |= extracted(step.extract, response, plan.place)
                if self._values[at]:
                    kept |= self._sent(at, data, {**scope, **kept})
        self._acceptance.keep_keys(data, scope)
        if is_open and self._action.handle is not None:
            accepted = self._acceptance.answer(data, kept, scope)
            return accepted if decided is None else accepted.model_copy(update={"rows": decided})
        size = len(data.payload_texts)
        return ended(self._action, step, plan, response, decided=decided, size=size)

    def _is_open(
        self, step: SubmitStep, response: Response, decided: list[RowResult | None] | None
    ) -> bool:
        """Whether there is something left to poll; there need be no id if all rows are decided."""
        if decided is not None and None not in decided:
            return False
        handle = self._action.handle
        return handle is None or is_accepted(step, response, handle.name)

    def _sent(self, at: int, data: Given, scope: Scope) -> dict[str, Any]:
        """Return what is kept of what a step sent."""
        found: dict[str, Any] = {}
        for name, (render, is_many) in self._values[at].items():
            if is_many:
                rows = self._plans.rows.scopes(data.payload_texts, scope)
                found[name] = [_kept(render(each)) for each in rows]
            else:
                found[name] = _kept(render(scope))
        return found

    def _decided_at_once(
        self, data: Given, scope: Scope, step: SubmitStep, response: Response, place: str
    ) -> list[RowResult | None] | None:
        """Return the rows that a good answer decides; None = it decides none."""
        if step.rows is None or step.rows.refusals:
            return None
        # With a status, an answer may be one to what was done at once, of whatever form. If
        # rows are polled one by one, each is told apart by its id.
        found = looker(step.rows.items)(response.data)
        is_list = isinstance(found, list)
        if step.status and (not is_list or len(found) != len(data.payload_texts)):
            return None
        return self._decided(data, scope, step.rows, response, place)

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
            rows = self._row_names(plan, chunk, scope)
            try:
                response = await plan.send(request, {**scope, **rows}, texts=chunk)
            except HTTPError as error:
                if is_first or is_trouble(error.status) or error.status < 400:
                    raise
                # Nothing is applied before the last step, and it is refused.
                raise IntegrationError(str(error), str(error.status), error.status) from None
        assert response is not None  # A batch has rows.
        return response

    def _row_names(self, plan: RequestPlan, texts: Sequence[str], scope: Scope) -> Any:
        found: dict[str, Any] = {}
        if plan.names_rows:
            found["rows"] = list(self._plans.rows.values(texts, scope))
        if self._action.limits.rows == 1 and not self._is_alone:
            found |= self._plans.rows.scope_of(texts[0], scope)
        return found

    def _scope(self, data: Given) -> JSONObject:
        scope = self._acceptance.scope(data)
        if self._is_alone:
            return self._plans.rows.scope_of(data.payload_texts[0], scope)
        return scope

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
        self._plans.note_canceling(data, data.async_contexts[0])
        await self._cancel.send(
            request, scope_of_context(self._plans.base(data), data.async_contexts[0])
        )

    async def find(self, request: Request, data: Given) -> Any:
        """Find the submission by what was sent with it; None = the API does not have it.

        Raises ProtocolError if the answer does not tell.
        """
        assert self._find is not None
        scope = self._scope(data)
        kept = await self._find.context(request, scope, data)
        if kept is None:
            assert self._action.find is not None
            _require_listed(self._action.find, data.age_seconds)
            return None
        for at in range(len(self._first)):
            kept |= self._sent(at, data, {**scope, **kept})
        self._acceptance.keep_keys(data, scope)
        return self._acceptance.answer(data, kept, scope)


def _require_listed(rule: FindRule, age_seconds: float | None) -> None:
    """Raise ProtocolError if a submission that is not in the list may have been there before."""
    hours = rule.listed_hours
    if hours is not None and (age_seconds is None or age_seconds > hours * 3600):
        raise ProtocolError(
            f"find: it is not in the list, which need not have what is older than {hours:g} hours"
        )


def _finder(plans: Plans) -> Candidates | LostSubmission | None:
    rule = plans.action.find
    if rule is None:
        return None
    return (
        Candidates(plans, rule) if rule.contents else LostSubmission(rule, plans.plan(rule, "find"))
    )


def _kept(value: Any) -> Any:
    return None if value is ABSENT else value


def _values_of(step: SubmitStep) -> dict[str, tuple[Render, bool]]:
    """Return how the values are made that are kept of what a step sends, and if for each row."""
    return {
        name: (compiled(each.value), each.many)
        for name, each in step.extract.items()
        if each.value is not None
    }


def _chunks(texts: Sequence[str], size: int | None) -> list[Sequence[str]]:
    if size is None:
        return [texts]
    return [texts[at : at + size] for at in range(0, len(texts), size)]
