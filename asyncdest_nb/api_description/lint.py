"""Faults of a description that are between its parts: names that nothing defines, …"""

from __future__ import annotations

from collections.abc import Iterator

from .compile import fault_of_fields, fault_of_settings
from .doubts import doubts_of, doubts_of_action
from .gaps import gaps_of, gaps_of_action
from .model import ApiAction, ApiDescription, FindRule
from .names import listed_twice, missing_name, unknown_in_request, unknown_names
from .scope import (
    RESERVED,
    names_after_poll,
    names_after_submit,
    names_of_batch,
    names_of_settings,
    row_names,
)
from .steps import faults_of_steps
from .template import placeholders_in


def problems_of(description: ApiDescription) -> list[str]:
    """Return what is wrong between the parts of a *description*, each with its path."""
    found = [*_of_whole(description), *gaps_of(description), *doubts_of(description)]
    if description.settings and (fault := fault_of_settings(description.settings)):
        found.append(fault)
    for slug, action in description.actions.items():
        found += [f"actions.{slug}.{each}" for each in _of_action(description, action)]
        found += [f"actions.{slug}.{each}" for each in gaps_of_action(action)]
        found += [f"actions.{slug}.{each}" for each in doubts_of_action(action)]
    return found


def _of_whole(description: ApiDescription) -> Iterator[str]:
    known = names_of_settings(description)
    yield from unknown_names(description.base_url, "base_url", known)
    yield from unknown_names(description.headers, "headers", known)
    auth = description.auth
    if auth is not None:
        yield from unknown_names(auth, "auth", known)
    if description.test is not None:
        yield from unknown_in_request(description.test, "test", known)


def _of_action(description: ApiDescription, action: ApiAction) -> Iterator[str]:
    batch = names_of_settings(description) | names_of_batch(action)
    yield from _of_fields(action)
    yield from unknown_names(action.row, "row", batch | row_names(action))
    yield from faults_of_steps(action, batch)
    yield from _of_handle(action)
    yield from _of_recovery(action)
    if action.poll is not None:
        yield from _of_poll(action, batch | names_after_submit(action))
    yield from _of_results(action, batch | names_after_poll(action))
    if action.cancel is not None:
        yield from unknown_in_request(action.cancel, "cancel", batch | names_after_submit(action))
    if action.find is not None:
        known = batch | names_after_submit(action, extracted=False)
        yield from _of_find(action.find, known)
        yield from _of_contents(action.find, known, row_names(action))


def _of_fields(action: ApiAction) -> Iterator[str]:
    unique = [path.partition("|")[0].strip() for some in action.unique for path in some]
    for place, names in (("batch_by", action.batch_by), ("unique", unique)):
        for name in names:
            if name not in action.fields:
                yield f"{place}: {missing_name(name, action.fields, 'field')}"
    untyped = [name for name, each in action.fields.items() if "type" not in each]
    for name in untyped:
        yield f"fields.{name}.type: is missing: write string, number, datetime, object, …"
    if not untyped and (fault := fault_of_fields(action.fields)):
        yield fault


def _of_handle(action: ApiAction) -> Iterator[str]:
    handle, extracted = action.handle, _extracted_by(action)
    if (action.poll is None) != (handle is None):
        yield "handle: poll and handle, the id that is polled, are only used together"
    if handle is None or handle.value is not None:
        return
    if handle.name not in extracted:
        yield f"handle: {missing_name(handle.name, extracted, 'step that extracts')}"
        return
    at = extracted[handle.name]
    many = action.submit[at].extract[handle.name].many
    if many != (handle.per == "row"):
        needed = "many: true, one id per row" if handle.per == "row" else "one id: leave out many"
        place = f"submit[{at}].extract.{handle.name}"
        yield f"{place}: the handle is per {handle.per}; it needs {needed}"
    marked = [number for number, step in enumerate(action.submit) if step.checkpoint]
    if marked and at > marked[0]:
        yield f"submit[{marked[0]}].checkpoint: it comes before {handle.name} is known"
    if marked and handle.per == "row":
        yield f"submit[{marked[0]}].checkpoint: it needs a handle per batch"


def _extracted_by(action: ApiAction) -> dict[str, int]:
    return {name: at for at, step in enumerate(action.submit) for name in step.extract}


def _of_recovery(action: ApiAction) -> Iterator[str]:
    kind = action.recovery
    if kind in ("search", "client_id") and action.find is None:
        yield f"recovery: {kind} needs find"
    if action.find is not None and kind not in (None, "search", "client_id"):
        yield f"recovery: {kind} does not go with find: leave it out"
    is_chosen = action.handle is not None and "batch.key" in str(action.handle.value)
    is_by_rows = action.find is not None and bool(action.find.contents)
    if (kind != "key" and action.find is None) or is_chosen or is_by_rows:
        return
    for name, steps in (("submit", action.submit), ("submit_row", action.submit_row)):
        names = {each.name for step in steps for _, each in placeholders_in(step.sent)}
        if steps and "batch.key" not in names:
            yield f"{name}: no request has {{{{ batch.key }}}}, by which it is recognised"


def _of_poll(action: ApiAction, known: set[str]) -> Iterator[str]:
    poll = action.poll
    assert poll is not None
    yield from unknown_in_request(poll, "poll", known | ({"ids"} if poll.many else set()))
    yield from listed_twice(poll.status.words, "poll.status.words")
    yield from listed_twice(poll.status.http or {}, "poll.status.http")
    taken = ", ".join(sorted(RESERVED))
    if poll.repeat_last_step and not _is_repeatable(action):
        yield "poll.repeat_last_step: it needs a step after the checkpoint that sends no rows"
    for name in poll.extract:
        if name in RESERVED:
            yield f"poll.extract.{name}: the name is taken, as {taken} are"
        if poll.extract[name].value is not None:
            yield f"poll.extract.{name}.value: only a step of submit knows what was sent"
    names = known - {each for each in known if each.startswith("settings.")} | {"status"}
    yield from unknown_names(poll.texts, "poll.texts", names)
    if poll.many and poll.status.http:
        yield "poll.status.http: one HTTP status cannot be that of many operations"


def _is_repeatable(action: ApiAction) -> bool:
    *before, last = action.submit
    names = {each.name for _, each in placeholders_in(last.sent)}
    has_rows = bool({"csv", "jsonl", "multipart"} & set(last.bodies)) or "rows" in names
    return any(step.checkpoint for step in before) and not has_rows


def _of_results(action: ApiAction, known: set[str]) -> Iterator[str]:
    results, per_row = action.results, action.handle is not None and action.handle.per == "row"
    if results.sources and (per_row or action.poll is None):
        yield "results.sources: they are for a job, so for a handle per batch with poll"
    for at, source in enumerate(results.sources):
        place = f"results.sources[{at}]"
        if source.url:
            yield from unknown_in_request(source, place, known)
        if source.pages and source.is_file:
            yield f"{place}.pages: only JSON has pages: leave it out"
        if source.when is not None and source.when not in known:
            yield f"{place}.when: {missing_name(source.when, known, 'name')}"
        row = known | row_names(action)
        yield from unknown_names(source.match.row, f"{place}.match.row", row)
        yield from listed_twice(source.outcome.words, f"{place}.outcome.words")
    counts = action.poll.counts if action.poll else None
    if (
        results.unlisted == "completed"
        and results.sources
        and not (counts and (counts.failed or counts.completed))
    ):
        yield (
            "results.unlisted: completed needs poll.counts with failed or completed, since a list "
            "that is cut off would make failed rows completed; or write unknown"
        )


def _of_find(find: FindRule, known: set[str]) -> Iterator[str]:
    yield from unknown_in_request(find, "find", known)
    yield from unknown_names(find.match, "find.match", known)
    for name, each in find.extract.items():
        if each.value is not None:
            yield f"find.extract.{name}.value: it is kept anyway: leave it out"
    if find.items and not find.match:
        yield "find.match: is missing: write {$.metadata.key: '{{ batch.key }}'}"


def _of_contents(find: FindRule, known: set[str], row: set[str]) -> Iterator[str]:
    known = known | set(find.extract)
    for at, each in enumerate(find.contents):
        place = f"find.contents[{at}]"
        yield from unknown_in_request(each, place, known)
        yield from unknown_names(each.rows, f"{place}.rows", known | row)
        if each.when is not None and each.when not in known:
            yield f"{place}.when: {missing_name(each.when, known, 'name')}"
        known = known | set(each.extract)
