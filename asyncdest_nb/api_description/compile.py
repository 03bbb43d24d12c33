"""An ordinary destination, made of a description. The engine knows nothing of descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..destination import (
    Action,
    ActionData,
    Destination,
    Function,
    Request,
    labeled_payload,
)
from ..errors import UsageError
from .account import Account
from .model import ApiAction, ApiDescription
from .plans import Plans
from .poll import DescribedPoll
from .preflight import Preflight
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
    preflight = Preflight(action)
    return Action(
        title=action.title or slug,
        description=action.description,
        payload=labeled_payload(_fields(action), f"action {slug!r}"),
        check=preflight.check if preflight.is_needed else None,
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
