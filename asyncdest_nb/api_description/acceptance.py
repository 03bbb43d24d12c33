"""What is kept of a submission that was accepted: contexts, state, and a message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import ActionData
from ..errors import ProtocolError
from ..request import Response
from ..responses import AsyncActionResponse, JSONObject
from .exchange import value_at
from .filters import ABSENT, text_of
from .model import SubmitStep
from .plans import LINES, Plans, is_job, keys_name
from .rows import keys_of_rows
from .status import status_of
from .template import Scope, compiled

Given = ActionData[Any, Any]


class Acceptance:
    """What is kept of the answers to *steps*; with *is_alone* they send one row."""

    def __init__(self, plans: Plans, steps: Sequence[SubmitStep], *, is_alone: bool) -> None:
        self._plans, self._action = plans, plans.action
        self._is_alone = is_alone
        handle = plans.action.handle
        # The id that is chosen here; empty = the API chooses it.
        self._chosen = {handle.name: compiled(handle.value)} if handle and handle.value else {}
        self._many = [name for step in steps for name, each in step.extract.items() if each.many]
        self._state = {
            name: (compiled(each.value), {"hour": each.hours} if each.hours else None)
            for step in steps
            for name, each in step.state.items()
        }
        message = next((each.message for each in reversed(steps) if each.message), None)
        self._message = message and compiled(message)

    def scope(self, data: Given) -> JSONObject:
        """Return the names and values that all requests of a submission may use."""
        scope = self._plans.base(data)
        scope["batch"] = self._batch(data)
        for name, render in self._chosen.items():
            scope[name] = render(scope)
        return scope

    def _batch(self, data: Given) -> JSONObject:
        """Return what is the same for all rows of the batch."""
        found: JSONObject = {}
        if names := self._action.batch_by:
            first = json.loads(data.payload_texts[0])
            found = {name: first.get(name) for name in names}
        found["key"], found["size"] = data.submission_id, len(data.payload_texts)
        return found

    def answer(self, data: Given, kept: Mapping[str, Any], scope: Scope) -> AsyncActionResponse:
        """Return that the operations are accepted; what polls read is put into the state."""
        whole = {**scope, **kept}
        for name, (render, ttl) in self._state.items():
            value = render(whole)
            data.state_context.set_response_context(name, None if value is ABSENT else value, ttl)
        context = {name: scope[name] for name in self._chosen} | dict(kept)
        if self._plans.keeps_batch:
            context["batch"] = self._batch(data)
        self._plans.note_maker(data, context)
        is_one = self._is_alone or is_job(self._action)
        return AsyncActionResponse(
            async_contexts=[context] if is_one else self._per_row(context),
            message=text_of(self._message(whole)) if self._message else None,
            status=202,
        )

    def _per_row(self, context: JSONObject) -> list[JSONObject]:
        """Return a context for each id; the engine finds out if there are too many or too few."""
        assert self._action.handle is not None
        name = self._action.handle.name
        ids = context[name]
        if not isinstance(ids, list):
            raise ProtocolError(
                f"accepted with {ids!r} as {name}: that is no list of operations or of their ids"
            )
        batch = {"batch": {**context["batch"], "size": 1}} if "batch" in context else {}
        return [
            {
                **context,
                **{each: _item(context.get(each), at) for each in self._many},
                **batch,
            }
            for at in range(len(ids))
        ]

    def keep_keys(self, data: Given, scope: Scope) -> None:
        """Keep what the results will name the rows by, if it depends on their values."""
        for at, source in enumerate(self._action.results.sources):
            if source.match.row is not None and self._plans.is_of_row(source.match.row):
                scopes = self._plans.rows.scopes(data.payload_texts, scope)
                keys = keys_of_rows(self._plans.key(at), scopes)
                data.state_context.set_response_context(keys_name(at), keys)
        if any(source.match.by == "line" for source in self._action.results.sources):
            lines = self._plans.rows.plain_lines(data.payload_texts, scope)
            data.state_context.set_response_context(LINES, lines)


def _item(values: Any, at: int) -> Any:
    """Return the value of a row; None = the answer has none, or no list of them."""
    return values[at] if isinstance(values, list) and at < len(values) else None


def is_accepted(step: SubmitStep, response: Response, handle: str) -> bool:
    """Whether an answer says that what was sent is to be done, and not that it is.

    Without a word that the description knows, it is accepted if it has an id.
    """
    if step.status is None:
        return True
    status = status_of(step.status, response.data, response.status)
    if status.state != "pending" or not status.is_odd:
        return status.state == "pending"
    rule = step.extract.get(handle)
    found = value_at(rule.path, response.data) if rule and rule.path else None
    ids = found if isinstance(found, list) else [found]
    return any(each not in (ABSENT, None, "") for each in ids)
