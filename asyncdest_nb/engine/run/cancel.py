"""Cancel an operation: ask the destination, and find the outcome by polling."""

from __future__ import annotations

from ...operation import Operation, State, canceling, not_canceled, withdrawn
from ..verdict.submission import as_repeatable, read_error
from ..verdict.trouble import describe
from ..verdict.values import Resend
from .context import RunContext


async def cancel(run: RunContext, number: int) -> None:
    """Cancel an operation: polling finds the end of one that was sent; any other ends here."""
    (operation,) = run.ledger.select([number])
    if operation.state in (State.ACCEPTED, State.RUNNING) and run.action.cancel is not None:
        await _cancel_there(run, number)
    elif operation.state is State.PLANNED and operation.in_doubt and not run.action.find:
        run.writer.update(run.held(operation, "canceled before it was known"))
    elif operation.state is State.PLANNED:
        # Some steps of several may be done; without the last one they have no effect.
        run.writer.update(withdrawn(operation, now=run.clock.now()))


async def _cancel_there(run: RunContext, number: int) -> None:
    run.problems.not_canceled.pop(number, None)
    run.writer.update(canceling(*run.ledger.select([number])))
    error = await _ask_until_answered(run, number)
    if error is not None:
        (operation,) = run.ledger.select([number])
        run.writer.update(not_canceled(operation, message=describe(error)))
        run.problems.not_canceled[number] = (
            f"operation {operation.operation_id} is not canceled: {describe(error)}"
        )


async def abandon(run: RunContext, operation: Operation) -> None:
    """Cancel at the destination what ended or was divided here before its last step."""
    if operation.operation_id and not operation.polls and run.action.cancel is not None:
        # Once, whatever the answer: what is left there without its last step has no effect.
        await run.ask(run.action.cancel, [operation], contexts=[operation.context or {}])


async def _ask_until_answered(run: RunContext, number: int) -> Exception | None:
    """Ask the destination to cancel until it answers; return its refusal, None = it agreed."""
    assert run.action.cancel is not None
    (operation,) = run.ledger.select([number])
    contexts = [operation.context or {}]
    while not run.ledger.operations[number].is_final:
        await run.wait_until_resumed()
        result = await run.ask(run.action.cancel, [operation], contexts=contexts)
        if result.error is None:
            return None
        verdict = read_error(result.error, result.exchanges)
        if not isinstance(as_repeatable(verdict, result.error, is_last=False), Resend):
            return result.error
        run.back_off(result)
    return None
