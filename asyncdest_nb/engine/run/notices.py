"""What a person should see of a run now, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ...operation import POLLED, State
from .context import RunContext


def notices(course: RunContext, *, is_going: bool) -> Iterator[str]:
    """Yield what needs attention, the user's own decision first; empty texts do not count."""
    yield _held(course)
    yield _overdue(course)
    if is_going:
        yield _paused(course)
        yield _on_the_way(course)
        yield _cannot_cancel(course)
        yield from list(course.not_canceled.values())[:1]
        yield _unanswered(course)
        yield _odd(course)


def _held(course: RunContext) -> str:
    count = course.ledger.states.get(State.HELD, 0)
    if not count:
        return ""
    return (
        f"{_operations(count)} may or may not have been applied, and nobody can know: look at "
        f"{course.channel.destination.name}, then run.resolve(applied=True or False)"
    )


def _overdue(course: RunContext) -> str:
    seconds = course.record.deadline_seconds
    if seconds is None:
        return ""
    count = sum(each.is_overdue and not each.is_final for each in course.ledger.operations)
    text = f"{_operations(count)} overdue: not done {seconds:,g} s after being sent"
    return text if count else ""


def _paused(course: RunContext) -> str:
    if not course.is_paused:
        return ""
    there = course.channel.destination.name
    count = _accepted(course)
    what = f"; {_operations(count)} continue{'s' * (count == 1)} on {there}" if count else ""
    return f"paused, until run.resume(){what}"


def _on_the_way(course: RunContext) -> str:
    """Say why requests wait at present, and that the work there does not."""
    channel, count = course.channel, _accepted(course)
    if not channel.is_unreachable or not count:
        return channel.notice()
    there = channel.destination.name
    return f"{channel.notice()}; {_operations(count)} continue{'s' * (count == 1)} on {there}"


def _cannot_cancel(course: RunContext) -> str:
    count = _accepted(course)
    if not course.is_canceling or course.action.cancel is not None or not count:
        return ""
    name = course.channel.destination.name
    go = "goes" if count == 1 else "go"
    return f"{name} cannot cancel: {_operations(count)} {go} on there; nothing more is sent"


def _unanswered(course: RunContext) -> str:
    why = next(iter(list(course.unanswered.values())), "")  # The engine may change it just now.
    return f"{_operations(len(course.unanswered))} cannot be asked about: {why}" if why else ""


def _odd(course: RunContext) -> str:
    word = next(iter(list(course.odd.values())), "")
    is_called = "is called" if len(course.odd) == 1 else "are called"
    if not word:
        return ""
    return (
        f"{_operations(len(course.odd))} {is_called} {word!r}, which is none of pending, completed "
        "and failed: asked about until poll returns one of these"
    )


def _accepted(course: RunContext) -> int:
    return sum(course.ledger.states.get(state, 0) for state in POLLED)


def _operations(count: int) -> str:
    return f"{count:,} operation{'s' * (count != 1)}"
