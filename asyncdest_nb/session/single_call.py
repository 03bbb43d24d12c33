"""Single calls of a destination's functions, which belong to no run."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import Any

from ..destination import Action, Function
from ..engine import CallResult, Channel, call_scope, polled_once
from ..errors import UnknownName, UsageError
from ..numerals import counted
from ..portal import call
from ..responses import AsyncActionResponse, JSONObject
from .beside import payloads_with
from .executed import Executed, contexts_of


class SingleCalls:
    """Calls the functions of a destination one at a time, by *channel*."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def perform(self, action: Action, payload: Mapping[str, Any], **beside: Any) -> Executed:
        """Call ``perform``; see Connection.execute_action."""
        function = _required(action.perform, action, "perform")
        read = payloads_with(action, [_read(action, payload)], is_single=True, **beside)
        return self.call(function, payload=read)

    def perform_batch(
        self, action: Action, payloads: Sequence[Mapping[str, Any]], **beside: Any
    ) -> Executed:
        """Call ``perform_batch`` and the steps after it; see Connection.execute_batch."""
        function = _required(action.perform_batch, action, "perform_batch")
        read = payloads_with(action, _read_all(action, payloads), **beside)
        call_id = str(uuid.uuid4())
        called = call(self._call(function, call_id, payload=read))
        for step in action.steps:
            if called.error is None and contexts_of(called.answer)[0].get(action.operation_id):
                contexts = contexts_of(called.answer)
                then = call(self._call(step, call_id, payload=read, contexts=contexts))
                exchanges = [*called.exchanges, *then.exchanges]
                called = CallResult(called.answer, then.error, exchanges)
        return self._executed(called, call_id)

    def poll(
        self, action: Action, contexts: Executed | AsyncActionResponse | Sequence[JSONObject]
    ) -> Executed:
        """Call ``poll``; see Connection.execute_poll."""
        function = _required(action.poll, action, "poll")
        known = contexts.call_id if isinstance(contexts, Executed) else ""
        call_id = known or str(uuid.uuid4())

        def poll(some: Sequence[JSONObject]) -> Awaitable[CallResult]:
            return self._call(function, call_id, contexts=some)

        read = contexts.contexts if isinstance(contexts, Executed) else contexts_of(contexts)
        polled = polled_once(read, poll=poll, action=action, channel=self._channel)
        return self._executed(call(polled), call_id)

    def test(self, function: Function) -> Executed:
        """Call *function* now, also if the host was down: a person waits for the answer."""
        self._channel.wake()
        return self.call(function)

    def call(self, function: Function, **data: Any) -> Executed:
        """Call *function* with *data*."""
        self._channel.access_token.ask_now()
        call_id = str(uuid.uuid4())
        return self._executed(call(self._call(function, call_id, **data)), call_id)

    def _executed(self, called: CallResult, call_id: str) -> Executed:
        channel = self._channel
        return Executed(called, call_id=call_id, mask=channel.mask, storable=channel.storable)

    def _call(
        self, function: Function, call_id: str, **data: Any
    ) -> Coroutine[Any, Any, CallResult]:
        """Call *function* with the state of the submission *call_id*."""
        scope = call_scope(call_id)
        return self._channel.call(function, submission_id=call_id, scope=scope, **data)


def _required(function: Function | None, action: Action, name: str) -> Function:
    if function is None:
        others = {
            "perform": "it takes many rows at once: use execute_batch, preview or submit",
            "perform_batch": "it takes one row at a time: use execute_action, preview or submit",
            "poll": "its answers are final: there is nothing to ask for later",
        }
        raise UsageError(f"action {action.title!r} has no {name}: {others[name]}")
    return function


def _read_all(action: Action, payloads: Sequence[Mapping[str, Any]]) -> list[Any]:
    if isinstance(payloads, str | Mapping) or not isinstance(payloads, Sequence):
        kind = type(payloads).__name__
        raise UsageError(f"payloads is a {kind}; write a list of dicts from field to value")
    read = [_read(action, each) for each in payloads]
    if len({repr([getattr(each, key) for key in action.batch_keys]) for each in read}) != 1:
        keys = ", ".join(action.batch_keys)
        same = f", all with the same {keys}" if keys else ""
        raise UsageError(f"{counted(len(read), 'payload')}: give 1 or more{same}")
    return read


def _read(action: Action, values: Mapping[str, Any]) -> Any:
    if not isinstance(values, Mapping):
        raise UsageError(
            f"the payload is a {type(values).__name__}; write a dict from field to value"
        )
    for key in values:
        if key not in action.fields and not action.is_open:
            raise UnknownName.of("field", key, action.fields, owner=action.title)
    payload = action.read(values)
    if isinstance(payload, str):
        raise UsageError(payload)
    return payload
