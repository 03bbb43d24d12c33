"""An ordinary destination, made of a description. The engine knows nothing of descriptions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..destination import (
    Action,
    ActionData,
    Destination,
    Function,
    Payload,
    Request,
    labeled_payload,
)
from ..errors import UsageError
from ..responses import JSONObject
from .account import Account
from .model import ApiAction, ApiDescription
from .plans import Plans
from .poll import DescribedPoll
from .submit import DescribedSubmission

_UNNAMED = "action '': "  # How messages begin about an action without a title.


def destination_of(description: ApiDescription) -> Destination:
    """Return the destination of a *description*; raises UsageError for its fields."""
    account = Account(description)
    actions = {slug: _action(description, slug, each) for slug, each in description.actions.items()}
    return Destination(
        name=description.name,
        slug=description.own_slug,
        description=description.description,
        actions=actions,
        extend_request=account.extend_request,
        refresh_access_token=account.refresh if account.has_oauth2 else None,
        test_authentication=account.test if description.test else None,
        requests_per_second=description.requests_per_second,
        **({"settings": description.settings} if description.settings else {}),  # type: ignore[arg-type]
    )


def _action(description: ApiDescription, slug: str, action: ApiAction) -> Action:
    plans = Plans(description, action)
    submitter, handle = DescribedSubmission(plans), action.handle
    return Action(
        title=action.title or slug,
        description=action.description,
        payload=labeled_payload(_fields(action), f"action {slug!r}"),
        check=Preflight(action).check if Preflight(action).is_needed else None,
        perform=_perform(plans),
        perform_batch=submitter.perform_batch,
        steps=submitter.steps,
        poll=DescribedPoll(plans, action.poll).poll if action.poll else None,
        cancel=submitter.cancel if action.cancel else None,
        find=submitter.find if action.find else None,
        recovery=_recovery(action),  # type: ignore[arg-type]
        held_note=action.held_note,
        key_seconds=action.key_seconds,
        settle_seconds=action.settle_seconds,
        operation_per=handle.per if handle else "row",
        operation_id=handle.name if handle else "operation_id",
        batch_size=action.limits.rows,
        batch_bytes=action.limits.bytes,
        batch_keys=action.batch_by,
        poll_batch_size=action.poll.many.limit if action.poll and action.poll.many else 1,
        isolation_requests=action.limits.isolation_requests,
        result_columns=action.result_columns,
    )


def _perform(plans: Plans) -> Function | None:
    if not plans.action.submit_row:
        return None
    return DescribedSubmission(plans, is_alone=True).perform_batch


def _recovery(action: ApiAction) -> str:
    if action.recovery is not None:
        return action.recovery
    if action.find is None:
        return "none"
    return "client_id" if action.handle and action.handle.value else "search"


def _fields(action: ApiAction) -> dict[str, Any]:
    """Return the fields of the payload; unless nulls are left out, a null may be sent."""
    if action.nulls.policy == "omit":
        return dict(action.fields)
    return {
        name: each if each.get("required") is True else {"allow_null": True, **each}
        for name, each in action.fields.items()
    }


def fault_of_fields(fields: Mapping[str, Any]) -> str:
    """Return what is wrong with the fields of an action; "" = nothing."""
    try:
        Action(title="", payload=dict(fields), perform=_nothing)  # type: ignore[arg-type]
    except UsageError as error:
        return f"fields: {str(error).removeprefix(_UNNAMED)}"
    return ""


def fault_of_settings(settings: Mapping[str, Any]) -> str:
    """Return what is wrong with the settings of a destination; "" = nothing."""
    try:
        Destination(name="", slug="", actions={}, settings=dict(settings))  # type: ignore[arg-type]
    except UsageError as error:
        return f"settings: {str(error).removeprefix(': ')}"
    return ""


def _nothing(request: Request, data: ActionData[Any, Any]) -> None: ...


class Preflight:
    """Faults of rows that are found before anything is sent."""

    def __init__(self, action: ApiAction) -> None:
        self._action = action

    @property
    def is_needed(self) -> bool:
        """Whether the description asks for anything to be checked."""
        action = self._action
        return bool(action.unique or action.limits.row_bytes or action.nulls.policy == "error")

    def check(self, request: Request, data: ActionData[Any, list[Payload]]) -> list[str | None]:
        """Return for each row why it cannot be sent; None = it can."""
        times: dict[str, Counter[str]] = {name: Counter() for name in self._action.unique}
        for text in data.payload_texts if times else ():
            values = json.loads(text)
            for name, counter in times.items():
                counter[_key(values, name)] += 1
        return [self._fault(text, times) for text in data.payload_texts]

    def _fault(self, text: str, times: dict[str, Counter[str]]) -> str | None:
        action, values = self._action, json.loads(text)
        if action.nulls.policy == "error":
            nulls = [*_null_names(values)]
            if nulls:
                return f"{', '.join(nulls)}: null, which this API does not take: fill or drop it"
        for name, counter in times.items():
            key = _key(values, name)
            if not key:
                return f"{name}: no value, and rows are told apart by it"
            if counter[key] > 1:
                return f"{name}: {counter[key]} rows have it, and rows are told apart by it"
        return self._too_large(text)

    def _too_large(self, text: str) -> str | None:
        size, most = len(text.encode()), self._action.limits.row_bytes
        if most is None or size <= most:
            return None
        return f"the row has {size:,} bytes; this API takes {most:,}"


def _key(values: JSONObject, name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)


def _null_names(values: JSONObject, above: str = "") -> Iterator[str]:
    """Yield the names of nulls, also of those in objects, as "address.city"."""
    for name, each in values.items():
        if each is None:
            yield f"{above}{name}"
        elif isinstance(each, dict):
            yield from _null_names(each, f"{above}{name}.")
