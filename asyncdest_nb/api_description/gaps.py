"""What a description leaves out, so that it would send nothing, never end or send rows twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .faults import shown
from .model import ApiAction, ApiDescription, FindRule, PollRule, SubmitStep
from .parts import ApiRequest, FilePart
from .plans import is_job
from .template import placeholders_in

_NO_ROWS = frozenset({"batch.key", "batch.size"})


def gaps_of(description: ApiDescription) -> Iterator[str]:
    """Yield what is missing in a *description* outside of its actions."""
    if not description.own_slug:
        yield "slug: is missing, and the name has no letter a to z or digit to make one of"
    base = description.base_url
    if not base.startswith(("{{", "http://", "https://")):
        yield f"base_url: write it with https:// or http://; got {shown(base)}"
    yield from _odd_defaults(description.settings, "settings")


def gaps_of_action(action: ApiAction) -> Iterator[str]:
    """Yield what is missing in an *action*."""
    yield from _odd_defaults(action.fields, "fields")
    if not any(_sends_rows(step) for step in action.submit):
        yield "submit: no step sends the rows: write {{ rows }} in its json, or csv, or jsonl"
    if action.submit_row and not any(_sends_rows(step) for step in action.submit_row):
        yield "submit_row: no step sends the row: write {{ row }} in its json"
    if action.poll is not None:
        yield from _of_poll(action, action.poll)
    yield from _of_find(action)
    yield from _of_recovery(action)
    yield from _of_columns(action)


def _names(rule: ApiRequest) -> set[str]:
    """Return the names in what is sent, or is compared with what was sent."""
    match = rule.match if isinstance(rule, FindRule) else {}
    return {each.name for _, each in placeholders_in([rule.sent, match])}


def _sends_rows(step: SubmitStep) -> bool:
    parts: Mapping[str, FilePart] = step.multipart or {}
    if step.csv or step.jsonl or any(part.csv or part.jsonl for part in parts.values()):
        return True
    starts = ("row", "rows", "row_index", "row_number", "batch")
    return any(name.split(".")[0] in starts for name in _names(step) - _NO_ROWS)


def _of_poll(action: ApiAction, poll: PollRule) -> Iterator[str]:
    words, missing = poll.status.words, poll.status.missing
    has_end = words.get("completed") or words.get("partial")
    if poll.status.path and not has_end and missing not in ("completed", "partial"):
        yield "poll.status.words.completed: is missing: without it no job ever completes"
    names = _names(poll)
    own = {name for name in names if name.split(".")[0] not in ("settings", "token", "batch")}
    if poll.many:
        if "ids" not in names:
            yield "poll.many: nothing that is sent has {{ ids }}: write it in url, query or json"
    elif action.handle and not own and "batch.key" not in names:
        name = action.handle.name
        yield (
            f"poll: nothing that is sent says which operation is meant: write {{{{ {name} }}}} in "
            "url, query or json"
        )


def _of_find(action: ApiAction) -> Iterator[str]:
    """Yield why what is found may be another's job, or lack its rows and be polled for ever."""
    if action.find is None:
        return
    if not action.find.contents and not ({"batch.key"} | _chosen(action)) & _names(action.find):
        yield (
            "find: nothing in it has {{ batch.key }}: write it in match, url or query; or what a "
            "job holds in contents"
        )
    yield from _of_contents(action, action.find)
    if len(action.submit) == 1:
        return
    if any(step.checkpoint for step in action.submit):
        yield (
            "find: it does not go with checkpoint: the id is on disk then, and what was not sent "
            "is never applied: leave find out"
        )
        return
    created, last = _creating_step(action), len(action.submit) - 1
    if created < last:
        yield (
            f"find: it may find what submit[{created}] created and submit[{last}] did not "
            f"complete: mark submit[{created}] with checkpoint: true and leave find out"
        )


def _of_contents(action: ApiAction, find: FindRule) -> Iterator[str]:
    """Yield why nothing that a job holds could show whose it is."""
    if not find.contents:
        return
    if not any(each.rows for each in find.contents):
        yield "find.contents: nothing has rows: write {path: {{ row.email }}}"
    if find.created_at is None and not find.is_marked:
        yield (
            "find.created_at: is missing: an earlier job with the same rows would be taken for this"
        )
    if not is_job(action) or find.items is None:
        yield "find.contents: it needs a handle per batch, and items, the list of jobs"


def _creating_step(action: ApiAction) -> int:
    """Return the step that creates what is found: it answers with the id, or sends ours."""
    handle = action.handle
    for at, step in enumerate(action.submit):
        if handle and handle.value and handle.name in _names(step):
            return at
        if handle and handle.name in step.extract:
            return at
    return len(action.submit) - 1


def _of_recovery(action: ApiAction) -> Iterator[str]:
    kind, marked = action.recovery, any(step.checkpoint for step in action.submit[:-1])
    if kind in ("natural", "key", "client_id") and marked:
        yield (
            f"recovery: {kind} does not go with checkpoint, after which each step may be repeated: "
            "leave it out"
        )
    elif kind == "key":
        yield from _steps_without_key(action)
    elif kind == "natural":
        yield from _repeated_creation(action)


def _repeated_creation(action: ApiAction) -> Iterator[str]:
    """Yield that a second job is made when the reply to a step after its creation is lost."""
    created, last = _creating_step(action), len(action.submit) - 1
    if is_job(action) and created < last and action.submit[created].method == "POST":
        yield (
            f"recovery: natural would create a second job if the reply to submit[{last}] is lost: "
            f"mark submit[{created}] with checkpoint: true and leave recovery out"
        )


def _steps_without_key(action: ApiAction) -> Iterator[str]:
    has_key = [
        "batch.key" in _names(step) or bool(_chosen(action) & _names(step))
        for step in action.submit
    ]
    first = has_key.index(True) if True in has_key else len(has_key)
    for at, step in enumerate(action.submit):
        if at > first and step.method == "POST" and not has_key[at]:
            yield (
                f"submit[{at}]: it has no {{{{ batch.key }}}}, and with recovery: key it may be "
                f"sent twice: write it there, or mark submit[{first}] with checkpoint: true and "
                "leave recovery out"
            )


def _chosen(action: ApiAction) -> set[str]:
    return {action.handle.name} if action.handle and action.handle.value else set()


def _of_columns(action: ApiAction) -> Iterator[str]:
    """Yield the columns that no entry fills; a whole result of the poll may fill any."""
    rules = [*action.results.sources, *(step.rows for step in action.submit if step.rows)]
    if any(isinstance(rule.result, str) for rule in rules):
        return
    listed = {name for rule in rules for name in rule.result or ()}
    if not listed or (action.poll and action.poll.result):
        return
    for name in action.result_columns:
        if name not in listed:
            known = ", ".join(sorted(listed))
            yield f"result_columns: no result has {shown(name)}. Known: {known}"


def _odd_defaults(fields: Mapping[str, Mapping[str, Any]], place: str) -> Iterator[str]:
    for name, field in fields.items():
        choices, default = field.get("choices"), field.get("default")
        if not isinstance(choices, list | tuple) or default is None or isinstance(default, dict):
            continue
        values = [each.get("value") if isinstance(each, dict) else each for each in choices]
        if default not in values:
            known = ", ".join(map(str, values))
            yield f"{place}.{name}.default: {shown(default)} is not one of its choices: {known}"
