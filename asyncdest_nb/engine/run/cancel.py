"""Cancel an operation: ask the destination, and leave it to the polls what became of that."""

from __future__ import annotations

from ...operation import State, canceling, held, not_canceled, withdrawn
from ..verdict.submission import read_error, without_harm
from ..verdict.trouble import describe
from ..verdict.values import Resend
from .context import RunContext


async def cancel(course: RunContext, number: int) -> None:
    """Cancel an operation: one that was sent ends as its polls say, any other right here."""
    (operation,) = course.operations([number])
    if operation.state in (State.ACCEPTED, State.RUNNING) and course.action.cancel is not None:
        course.not_canceled.pop(number, None)
        course.put(canceling(operation))
        error = await _asked(course, number)
        if error is not None:
            (operation,) = course.operations([number])
            course.put(not_canceled(operation, message=describe(error)))
            course.not_canceled[number] = (
                f"operation {operation.operation_id} is not canceled: {describe(error)}"
            )
    elif operation.state is State.PLANNED and operation.in_doubt and not course.action.find:
        course.put(held(operation, message=f"{operation.message}; canceled before it was known"))
    elif operation.state is State.PLANNED:
        # Of several steps some may be done; without the last nothing comes of them.
        course.put(withdrawn(operation, now=course.wall))


async def abandon(course: RunContext, number: int) -> None:
    """Tidy up: cancel what was begun there, and refused or withdrawn before its last step."""
    (operation,) = course.operations([number])
    is_left = operation.state in (State.REJECTED, State.CANCELED) and operation.operation_id
    if is_left and not operation.polls and course.action.cancel is not None:
        # Once, whatever comes of it: nothing is ever applied of what is left there.
        await course.ask(course.action.cancel, [operation], contexts=[operation.context or {}])


async def _asked(course: RunContext, number: int) -> Exception | None:
    """Ask the destination until it has an answer; return its refusal, None = it agreed."""
    assert course.action.cancel is not None
    (operation,) = course.operations([number])
    contexts = [operation.context or {}]
    while not course.operations([number])[0].is_final:
        await course.until_resumed()
        asked = await course.ask(course.action.cancel, [operation], contexts=contexts)
        if asked.error is None:
            return None
        verdict = read_error(asked.error, asked.exchanges)
        if not isinstance(without_harm(verdict, asked.error, is_last=False), Resend):
            return asked.error
        course.hold_back(asked)
    return None
