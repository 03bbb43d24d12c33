"""What is wrong with the steps of a submission."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .model import ApiAction, SubmitStep
from .names import listed_twice, unknown_in_request, unknown_names
from .plans import STATE_OF_OURS
from .scope import RESERVED, names_after_submit, row_names


def faults_of_steps(action: ApiAction, batch: set[str]) -> Iterator[str]:
    """Yield what is wrong with the steps of an *action*; *batch* are the names for its requests."""
    known = batch | {"rows"} | names_after_submit(action, extracted=False)
    row = row_names(action)
    yield from _of_list(action, "submit", known | (row if action.limits.rows == 1 else set()))
    if action.submit_row:
        yield from _of_list(action, "submit_row", known | row)
        yield from _of_one_row(action)


def _of_list(action: ApiAction, name: str, known: set[str]) -> Iterator[str]:
    steps: Sequence[SubmitStep] = getattr(action, name)
    for at, step in enumerate(steps):
        place = f"{name}[{at}]"
        yield from unknown_in_request(step, place, known, row=known | row_names(action))
        yield from _of_extraction(step, place, action, known)
        if any(earlier.checkpoint for earlier in steps[:at]) and step.extract:
            yield f"{place}.extract: after the checkpoint nothing is extracted: the id is on disk"
        if step.rows is not None:
            names = known | row_names(action)
            yield from unknown_names(step.rows.match.row, f"{place}.rows.match.row", names)
            if step.rows.refusals and at:
                yield f"{place}.rows.refusals: only the first step can be refused row by row"
        known = known | set(step.extract)
        yield from _of_kept(step, place, known)
        yield from _of_status(step, place, action, is_last=at == len(steps) - 1)
    marked = [at for at, step in enumerate(steps) if step.checkpoint]
    if len(marked) > 1:
        yield f"{name}[{marked[1]}].checkpoint: there is one checkpoint, after the step with the id"


def _of_extraction(
    step: SubmitStep, place: str, action: ApiAction, known: set[str]
) -> Iterator[str]:
    taken = ", ".join(sorted(RESERVED))
    for name, each in step.extract.items():
        if name in RESERVED:
            yield f"{place}.extract.{name}: the name is taken, as {taken} are"
        if each.many and not (action.handle and action.handle.per == "row"):
            yield f"{place}.extract.{name}: many needs handle: {{name: {name}, per: row}}"
        names = known | set(step.extract) | (row_names(action) if each.many else set())
        yield from unknown_names(each.value, f"{place}.extract.{name}.value", names)


def _of_kept(step: SubmitStep, place: str, known: set[str]) -> Iterator[str]:
    yield from unknown_names(step.message, f"{place}.message", known - {"rows"})
    for name, each in step.state.items():
        yield from unknown_names(each.value, f"{place}.state.{name}", known - {"rows"})
        if name in STATE_OF_OURS:
            yield f"{place}.state.{name}: the name is taken"


def _of_status(step: SubmitStep, place: str, action: ApiAction, *, is_last: bool) -> Iterator[str]:
    rule = step.status
    if rule is None:
        return
    yield from listed_twice(rule.words, f"{place}.status.words")
    yield from listed_twice(rule.http or {}, f"{place}.status.http")
    if action.handle is None:
        yield f"{place}.status: it needs handle and poll, without which each good answer is the end"
    elif not is_last or any(each.checkpoint for each in action.submit):
        yield f"{place}.status: only the last step, without a checkpoint, can be the end of a batch"
    if rule.path and not rule.words.get("pending"):
        yield f"{place}.status.words.pending: is missing: what it says of rows that are accepted"


def _of_one_row(action: ApiAction) -> Iterator[str]:
    handle = action.handle
    if handle is not None and handle.per == "batch":
        yield "submit_row: it needs handle: {per: row}, since a job is polled as a batch"
    for at, step in enumerate(action.submit_row):
        place = f"submit_row[{at}]"
        for name, each in step.extract.items():
            if each.many:
                yield f"{place}.extract.{name}: one row has one value: leave out many"
        for key in ("checkpoint", "chunk_rows"):
            if getattr(step, key):
                yield f"{place}.{key}: it is for the steps of a batch: leave it out"
    if handle is None or handle.value is not None:
        return
    if not any(handle.name in step.extract for step in action.submit_row):
        yield f"submit_row: no step extracts {handle.name!r}, by which it is polled"
