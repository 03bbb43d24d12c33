"""What the user should see of a run now, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from ...destination import input_fields
from ...numerals import counted
from ...operation import POLLED, Operation, State
from .context import RunContext


def notices(run: RunContext, *, is_going: bool) -> Iterator[str]:
    """Yield what needs attention, the user's own decision first; skip empty texts."""
    yield _held(run)
    yield _repeated(run)
    yield _key_refused(run)
    yield _overdue(run)
    if is_going:
        yield _paused(run)
        yield searched(run)
        yield _waiting(run)
        yield _full(run)
        yield _cannot_cancel(run)
        yield from list(run.problems.not_canceled.values())[:1]
        yield _unanswered(run)
        yield _odd(run)


def _held(run: RunContext) -> str:
    count = run.ledger.states.get(State.HELD, 0)
    if not count:
        return ""
    name = run.channel.destination.name
    advice = run.action.held_note or f"look at {name}, then run.resolve(applied=True or False)"
    return f"{_operations(count)} may or may not have been applied, and nobody can know: {advice}"


def _repeated(run: RunContext) -> str:
    count = run.repeated
    if not count:
        return ""
    go = "goes" if count == 1 else "go"
    return (
        f"{counted(count, 'row')} {go} again, though completed before: submit corrected rows "
        "alone, or use key= and changed_only=True"
    )


def _key_refused(run: RunContext) -> str:
    if not run.problems.is_key_refused:
        return ""
    there = run.channel.destination
    secrets = [name for name, each in input_fields(there.settings).items() if each.holds_secret]
    is_one = len(secrets) == 1 and there.refresh_access_token is None
    key, right = (f"{secrets[0]}=", "one") if is_one else ("the credentials", "ones")
    return (
        f"{there.name} refused {key} (401): connect again with the right {right}, "
        "and submit the rows again"
    )


def searched(run: RunContext) -> str:
    """Return that the destination is asked what it has of submissions in doubt; empty = it is not.

    The time is left out while an answer cannot be relied on to come.
    """
    if run.action.find is None or not run.ledger.states.get(State.UNKNOWN):
        return ""
    unknown = [each for each in run.ledger.operations if each.state is State.UNKNOWN]
    if not unknown:  # The engine has settled it meanwhile.
        return ""
    rows, name = sum(len(each.rows) for each in unknown), run.channel.destination.name
    them, their = ("it", "its") if rows == 1 else ("them", "their")
    asked = f"{counted(rows, 'row')}: {name} is asked whether it has {them}"
    if run.control.is_paused:
        return f"{asked} after run.resume(), since {their} answer was lost"
    when = "" if run.channel.is_unreachable else _decided(run, unknown)
    return f"{asked}, since {their} answer was lost{when}; there is nothing to do"


def _decided(run: RunContext, unknown: Sequence[Operation]) -> str:
    known = run.problems.conclusive_at
    latest = max(known.get(each.number, 0.0) for each in unknown) - run.clock.steady()
    return f"; decided in about {ceil(latest):,} s" if latest > 0 else ""


def _overdue(run: RunContext) -> str:
    seconds = run.record.deadline_seconds
    if seconds is None:
        return ""
    count = sum(each.is_overdue and not each.is_final for each in run.ledger.operations)
    text = f"{_operations(count)} overdue: not done {seconds:,g} s after being sent"
    return text if count else ""


def _paused(run: RunContext) -> str:
    if not run.control.is_paused:
        return ""
    there = run.channel.destination.name
    count = _accepted(run)
    what = f"; {_operations(count)} continue{'s' * (count == 1)} on {there}" if count else ""
    return f"paused, until run.resume(){what}"


def _waiting(run: RunContext) -> str:
    """Return why requests wait at present, and that accepted operations go on meanwhile."""
    channel, count = run.channel, _accepted(run)
    # Nobody waits for the next request of a canceled run.
    why = channel.trouble() if run.control.is_canceling else channel.notice()
    if not channel.is_unreachable or not count:
        return why
    there = channel.destination.name
    return f"{why}; {_operations(count)} continue{'s' * (count == 1)} on {there}"


def _full(run: RunContext) -> str:
    """Return why rows wait though nothing is wrong."""
    waiting = run.ledger.states.get(State.PLANNED, 0)
    if not waiting or run.control.is_canceling or run.control.is_paused or not run.is_full:
        return ""
    name = run.channel.destination.name
    return f"{_operations(_accepted(run))} are open at {name}: more are sent as these end"


def _cannot_cancel(run: RunContext) -> str:
    count = _accepted(run)
    if not run.control.is_canceling or run.action.cancel is not None or not count:
        return ""
    name = run.channel.destination.name
    go = "goes" if count == 1 else "go"
    return f"{name} cannot cancel: {_operations(count)} {go} on there; nothing more is sent"


def _unanswered(run: RunContext) -> str:
    unanswered = run.problems.unanswered
    why = next(iter(list(unanswered.values())), "")  # A copy: the engine may change it meanwhile.
    return f"{_operations(len(unanswered))} cannot be polled: {why}" if why else ""


def _odd(run: RunContext) -> str:
    odd = run.problems.odd
    status = next(iter(list(odd.values())), "")
    if not status:
        return ""
    have = "has" if len(odd) == 1 else "have"
    return (
        f"{_operations(len(odd))} {have} the status {status!r}, which is none of pending, "
        "completed and failed: polled until poll returns one of these"
    )


def _accepted(run: RunContext) -> int:
    return run.ledger.count_in(POLLED)


def _operations(count: int) -> str:
    return counted(count, "operation")
