"""How far an operation is, by the rule of a description. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..operation import value
from .faults import shown
from .filters import ABSENT, text_of
from .look_up import looker
from .model import PollRule, Progress, StatusRule
from .parts import JobState
from .words import meaning_of


@value
class JobStatus:
    """A state, the API's own word for it, and whether the description does not know that word.

    ``is_stated``: the answer has a word; otherwise ``word`` says what it lacks.
    """

    state: JobState
    word: str
    is_odd: bool = False
    is_stated: bool = True


def status_of(rule: StatusRule, data: Any, http_status: int) -> JobStatus:
    """Return how far an operation is; an unknown word is odd, and goes on pending."""
    if rule.http is not None:
        return _of_http(rule.http, http_status)
    if rule.done is not None:
        return _of_done(rule, data)
    return _of_word(rule, looker(str(rule.path))(data))


def _of_http(statuses: Any, http_status: int) -> JobStatus:
    for state, listed in statuses.items():
        if http_status in listed:
            return JobStatus(state, f"answered {http_status}")
    return JobStatus("pending", f"answered {http_status}", is_odd=True)


def _of_done(rule: StatusRule, data: Any) -> JobStatus:
    found = looker(str(rule.done))(data)
    done = {"true": True, "false": False}.get(found.lower()) if isinstance(found, str) else found
    if done is False or found in (ABSENT, None):
        return JobStatus("pending", "not done")
    if done is not True:
        return JobStatus("pending", f"{rule.done} is {shown(found)}", is_odd=True)
    error = looker(rule.error)(data) if rule.error else None
    # Google's code 0 is OK, and other servers write empty errors whole, too.
    if not (any(error.values()) if isinstance(error, Mapping) else error):
        return JobStatus("completed", "done")
    return JobStatus("failed", f"done with an error: {shown(error)}")


def _of_word(rule: StatusRule, found: Any) -> JobStatus:
    if isinstance(found, list):
        if "[*]" in str(rule.path):
            return _of_many(rule, found)
        return JobStatus("pending", shown(found), is_odd=True)
    if found in (ABSENT, None, ""):
        what = f"no status at {rule.path}: it is None"
        state = rule.missing or "pending"
        return JobStatus(state, what, is_odd=rule.missing is None, is_stated=False)
    word = text_of(found)
    stated = rule.states.get(word) or meaning_of(word, rule.words)
    return JobStatus(stated or "pending", word, is_odd=stated is None)


def _of_many(rule: StatusRule, found: Sequence[Any]) -> JobStatus:
    """Return one status for several: it ends when all have; different ends are partial."""
    each = [_of_word(rule, None if isinstance(word, list) else word) for word in found]
    words = ", ".join(dict.fromkeys(one.word for one in each))
    if not each:
        return _of_word(rule, None)
    if open_ones := [one for one in each if one.state == "pending"]:
        return JobStatus("pending", words, is_odd=any(one.is_odd for one in open_ones))
    states = {one.state for one in each}
    return JobStatus(states.pop() if len(states) == 1 else "partial", words)


def percent_of(poll: PollRule, data: Any, *, state: JobState, size: int) -> Any:
    """Return the progress in percent; None = not stated. The engine bounds it."""
    rule = poll.progress
    if rule is None:
        return None
    found = _percent(rule, data, size)
    if found is not ABSENT:
        return found
    return rule.missing if state == "pending" else None


def _percent(rule: Progress, data: Any, size: int) -> Any:
    if rule.percent is not None:
        return looker(rule.percent)(data)
    given = looker(rule.done)(data) if rule.done else None
    if given is ABSENT:
        return ABSENT
    done = _count(given)
    total = _count(looker(rule.total)(data)) if rule.total else float(size)
    return None if done is None or not total else 100 * min(done / total, 1.0)


def _count(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
