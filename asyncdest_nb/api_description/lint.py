"""Faults of a description that are between its parts: names that nothing defines, …"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .compile import fault_of_fields, fault_of_settings
from .doubts import doubts_of, doubts_of_action
from .faults import shown
from .filters import text_of
from .gaps import gaps_of, gaps_of_action
from .model import ApiAction, ApiDescription, FindRule, SubmitStep
from .parts import ApiRequest
from .scope import (
    RESERVED,
    names_after_poll,
    names_after_submit,
    names_of_batch,
    names_of_settings,
    row_names,
)
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
        yield from unknown_names(auth.model_dump(exclude={"oauth2": {"keep"}}), "auth", known)
    if description.test is not None:
        yield from _of_request(description.test, "test", known)


def _of_action(description: ApiDescription, action: ApiAction) -> Iterator[str]:
    batch = names_of_settings(description) | names_of_batch(action)
    yield from _of_fields(action)
    yield from unknown_names(action.row, "row", batch | row_names(action))
    yield from _of_submit(action, batch)
    yield from _of_handle(action)
    yield from _of_recovery(action)
    if action.poll is not None:
        yield from _of_poll(action, batch | names_after_submit(action))
    yield from _of_results(action, batch | names_after_poll(action))
    if action.cancel is not None:
        yield from _of_request(action.cancel, "cancel", batch | names_after_submit(action))
    if action.find is not None:
        yield from _of_find(action.find, batch | names_after_submit(action, extracted=False))


def _of_fields(action: ApiAction) -> Iterator[str]:
    for place, names in (("batch_by", action.batch_by), ("unique", action.unique)):
        for name in names:
            if name not in action.fields:
                yield f"{place}: {missing_name(name, action.fields, 'field')}"
    untyped = [name for name, each in action.fields.items() if "type" not in each]
    for name in untyped:
        yield f"fields.{name}.type: is missing: write string, number, datetime, object, …"
    if not untyped and (fault := fault_of_fields(action.fields)):
        yield fault


def _of_submit(action: ApiAction, known: set[str]) -> Iterator[str]:
    known = known | {"rows"} | names_after_submit(action, extracted=False)
    if action.limits.rows == 1:
        known = known | row_names(action)
    for at, step in enumerate(action.submit):
        place = f"submit[{at}]"
        yield from _of_request(step, place, known, row=known | row_names(action))
        yield from _of_extraction(step, place, action, at)
        if step.rows is not None:
            names = known | row_names(action)
            yield from unknown_names(step.rows.match.row, f"{place}.rows.match.row", names)
            if step.rows.refusals and at:
                yield f"{place}.rows.refusals: only the first step can be refused row by row"
        known = known | set(step.extract)
    marked = [at for at, step in enumerate(action.submit) if step.checkpoint]
    if len(marked) > 1:
        yield f"submit[{marked[1]}].checkpoint: there is one checkpoint, after the step with the id"


def _of_extraction(step: SubmitStep, place: str, action: ApiAction, at: int) -> Iterator[str]:
    taken = ", ".join(sorted(RESERVED))
    for name, each in step.extract.items():
        if name in RESERVED:
            yield f"{place}.extract.{name}: the name is taken, as {taken} are"
        if each.many and not (action.handle and action.handle.per == "row"):
            yield f"{place}.extract.{name}: many needs handle: {{name: {name}, per: row}}"
    after = any(earlier.checkpoint for earlier in action.submit[:at])
    if after and step.extract:
        yield f"{place}.extract: after the checkpoint nothing is extracted: the id is on disk"


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
    has_key = any(
        each.name == "batch.key"
        for step in action.submit
        for _, each in placeholders_in(step.model_dump())
    ) or (action.handle is not None and "batch.key" in str(action.handle.value))
    if (kind == "key" or action.find is not None) and not has_key:
        yield "submit: no request has {{ batch.key }}, by which the submission is recognised"


def _of_poll(action: ApiAction, known: set[str]) -> Iterator[str]:
    poll = action.poll
    assert poll is not None
    yield from _of_request(poll, "poll", known | ({"ids"} if poll.many else set()))
    yield from _twice(poll.status.words, "poll.status.words")
    yield from _twice(poll.status.http or {}, "poll.status.http")
    taken = ", ".join(sorted(RESERVED))
    if poll.repeat_last_step and not _is_repeatable(action):
        yield "poll.repeat_last_step: it needs a step after the checkpoint that sends no rows"
    for name in poll.extract:
        if name in RESERVED:
            yield f"poll.extract.{name}: the name is taken, as {taken} are"
    if poll.many and poll.status.http:
        yield "poll.status.http: one HTTP status cannot be that of many operations"


def _is_repeatable(action: ApiAction) -> bool:
    *before, last = action.submit
    names = {each.name for _, each in placeholders_in(last.model_dump())}
    has_rows = bool({"csv", "jsonl", "multipart"} & set(last.bodies)) or "rows" in names
    return any(step.checkpoint for step in before) and not has_rows


def _twice(words: Mapping[Any, Iterable[Any]], place: str) -> Iterator[str]:
    states: dict[str, list[Any]] = defaultdict(list)
    for state, listed in words.items():
        for word in listed:
            states[repr(text_of(word))].append(state)
    for word, found in states.items():
        if len(found) > 1:
            yield f"{place}: {word} is in two lists, {' and '.join(found)}: leave it in one"


def _of_results(action: ApiAction, known: set[str]) -> Iterator[str]:
    results, per_row = action.results, action.handle is not None and action.handle.per == "row"
    if results.sources and (per_row or action.poll is None):
        yield "results.sources: they are for a job, so for a handle per batch with poll"
    for at, source in enumerate(results.sources):
        place = f"results.sources[{at}]"
        if source.url:
            yield from _of_request(source, place, known)
        if source.pages and source.is_file:
            yield f"{place}.pages: only JSON has pages: leave it out"
        if source.when is not None and source.when not in known:
            yield f"{place}.when: {missing_name(source.when, known, 'name')}"
        row = known | row_names(action)
        yield from unknown_names(source.match.row, f"{place}.match.row", row)
        yield from _twice(source.outcome.words, f"{place}.outcome.words")
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
    yield from _of_request(find, "find", known)
    yield from unknown_names(find.match, "find.match", known)
    if find.items and not find.match:
        yield "find.match: is missing: write {$.metadata.key: '{{ batch.key }}'}"


def _of_request(
    request: ApiRequest, place: str, known: set[str], *, row: set[str] | None = None
) -> Iterator[str]:
    """Yield the names in a *request* that nothing defines; *row* are those of a row's file."""
    files = {"csv", "jsonl", "multipart"}
    sent = {"url", "query", "headers", "json_body", "form", "text"}
    for name, each in request.model_dump(by_alias=True, include=sent).items():
        yield from unknown_names(each, f"{place}.{name}", known)
    for name in files:
        given = getattr(request, name)
        if given is not None and row is None:
            yield f"{place}.{name}: only a step of submit can send rows"
        elif isinstance(given, dict):
            parts = {key: part.model_dump() for key, part in given.items()}
            yield from unknown_names(parts, f"{place}.{name}", row or known)
        elif given is not None:
            yield from unknown_names(given.model_dump(), f"{place}.{name}", row or known)


def unknown_names(template: Any, place: str, known: Iterable[str]) -> Iterator[str]:
    """Yield a line for each placeholder of a *template* whose name is not *known*."""
    names = set(known)
    for path, each in placeholders_in(template):
        parts = each.name.split(".")
        starts = {".".join(parts[: count + 1]) for count in range(len(parts))}
        if not (starts - {"row"} | {each.name}) & names:
            yield f"{place}{path}: {missing_name(each.name, names, 'name')}"


def missing_name(name: str, known: Iterable[str], kind: str) -> str:
    """Return that there is no *name*, with the one that was probably meant."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"no {kind} {shown(name)}{hint} Known: {', '.join(names) or 'none'}"
