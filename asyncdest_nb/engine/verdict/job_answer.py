"""The answers of the framework's later async action, read as those of the contract.

``performBatch`` returns ``{jobId, status, multiStatusResponse}``: one job for the batch,
and beside it what was refused at once. ``performPoll`` returns ``{jobId, status, jobStatus,
multiStatusResponse?}``. ``status`` is of the request, never of the job. A success beside a
job id means that the row was accepted, not that it was applied. A row without an entry is
unknown, as in the framework, where it is an error; without entries for any row, so without a
multi-status, all rows belong to the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic.alias_generators import to_snake

from ...responses import (
    RETRYABLE_STATUSES,
    AsyncActionResponse,
    AsyncPollResponse,
    JSONObject,
    MultiStatusResponse,
    OperationError,
    RowResult,
    Wire,
    clean_text,
    error_type,
)

_ENDS = {"SUCCEEDED": "completed", "FAILED": "failed"}
# The names that are read of a value of another class, in either spelling.
_NAMES = (
    "isAsync asyncContexts rows jobId status jobStatus multiStatusResponse responses kind value "
    "success error code message sent body errortype errormessage errorreporter errorType "
    "errorMessage"
).split()
_SPELLED = {name: name.replace("_", "").lower() for name in [*_NAMES, *map(to_snake, _NAMES)]}


def read_contract(answer: Any) -> JSONObject | None:
    """Return *answer* in the form of the contract, None if it has no contexts.

    It may be a dict in either spelling or a value of another class.
    """
    if type(answer) is AsyncActionResponse and answer.is_async:
        return {
            "isAsync": True,
            "asyncContexts": getattr(answer, "async_contexts", None),  # It may be made unchecked.
            "rows": answer.rows,
            "message": clean_text(answer.message),
        }
    found = _named(answer)
    if not found.get("isasync", "asynccontexts" in found):
        return None
    return {
        "isAsync": found.get("isasync", True),
        "asyncContexts": found.get("asynccontexts"),
        "rows": found.get("rows"),
        "message": clean_text(found.get("message")),
    }


def contexts_in(answer: Any, *, key: str = "operation_id") -> Any:
    """Return the contexts of an answer to a submission, None if it has none."""
    if (found := read_contract(answer)) is not None:
        return found["asyncContexts"]
    rows = len(_entries(_named(answer).get("multistatusresponse"))) or 1
    job = read_job(answer, key=key, counts=[rows])
    return None if job is None else job.async_contexts


def read_job(
    answer: Any, *, key: str, counts: Sequence[int], is_certain: bool = True
) -> AsyncActionResponse | None:
    """Return *answer* in the form of the contract, or None if it is not that of a job.

    *key* is where a context holds its id; *counts* are the rows of each operation. Unless it
    *is_certain* that nothing was applied, no refused row may be sent again.
    """
    found = _named(answer)
    if "multistatusresponse" not in found and not _is_job(found):
        return None
    job, count = found.get("jobid"), sum(counts)
    given = found.get("multistatusresponse")
    rows: list[RowResult | None] = [None] * count
    if given is not None:
        entries = [*_entries(given), *[None] * count][:count]
        refused = [_refused(each, is_certain=is_certain) for each in entries]
        rows = [
            _HOLE if entry is None else row for entry, row in zip(entries, refused, strict=True)
        ]
    context = {} if job in (None, "") else {key: job, "jobId": job, "uploadCount": rows.count(None)}
    if context and len(counts) > 1:
        text = (
            f"accepted as job {clean_text(job)!r} for {count} rows: write "
            'operation_per="batch" in the Action, so that one id stands for all of them'
        )
        rows = [row or RowResult(status="unknown", message=text) for row in rows]
    return AsyncActionResponse(async_contexts=[context] * len(counts), rows=rows)


def read_job_poll(answer: Any, *, ids: Sequence[str]) -> JSONObject | str | None:
    """Return *answer* in the form of the contract, None if it has no job status.

    A text = why it states nothing about the job: it is about another, or a request failed.
    *ids* are the ids that were asked about.
    """
    found = {} if type(answer) is AsyncPollResponse else _named(answer)
    if "jobstatus" not in found:
        return None
    job, state, status = found.get("jobid"), clean_text(found["jobstatus"]), found.get("status")
    if len(ids) != 1 or (job is not None and clean_text(job) != ids[0]):
        return f"poll returned the status of job {job}, and was asked about {', '.join(ids)}"
    is_good = status is None or (isinstance(status, int) and 200 <= status <= 299)
    if state == "RETRYABLE_ERROR" or (state in _ENDS and not is_good):
        return f"no status of the job: poll returned {state}, its request was answered {status}"
    result: JSONObject = {"message": f"Job {ids[0]} is {state}"}
    result["status"] = _ENDS.get(state, "pending" if state == "IN_PROGRESS" else state)
    rows = found.get("multistatusresponse")
    # If a job failed, an empty list means no outcome per row; if it succeeded, it is too short.
    if state in _ENDS and rows is not None and (_entries(rows) or state == "SUCCEEDED"):
        result["rows"] = [_of_job(entry, has_failed=state == "FAILED") for entry in _entries(rows)]
    return {"results": [result]}


def read_rows(answer: Any, *, is_certain: bool = True) -> list[RowResult] | None:
    """Return the row outcomes of a multi-status: a list, a dict or a value of another class.

    None = it is not one, but the JSON of an API, for example.
    """
    if isinstance(answer, Mapping) and not set(answer) <= {"responses", "length"}:
        return None
    entries = _entries(answer)
    if isinstance(answer, MultiStatusResponse) and not any(entries):
        return [_HOLE for _ in entries]
    if any(map(_is_entry, entries)) and all(each is None or _is_entry(each) for each in entries):
        return [row_outcome(each, is_certain=is_certain) for each in entries]
    return None


def row_outcome(entry: Any, *, is_certain: bool = True) -> RowResult:
    """Return the outcome of a row from its *entry* in a multi-status; None = no entry."""
    refused = _refused(entry, is_certain=is_certain)
    if refused is not None:
        return refused
    found = _inner(entry)
    status = found.get("status")
    if isinstance(status, int) or "success" in (status, found.get("kind")):
        message = f"answered {status}"
        return RowResult(status="completed", message=message, result=found.get("body"))
    odd = f"not an entry of a MultiStatusResponse: {clean_text(entry)[:100]}"
    return _HOLE if entry is None else RowResult(status="unknown", message=odd)


# The text is that of the framework.
_HOLE = RowResult(
    status="unknown", message="MultiStatusResponse is missing a response at the specified index"
)


def unauthorized(answer: Any) -> list[int]:
    """Return the places of the rows that the multi-status *answer* refuses with a 401."""
    if read_rows(answer) is None:
        return []
    entries = map(_inner, _entries(answer))
    return [
        at
        for at, each in enumerate(entries)
        if each.get("status") == 401 and (each.get("errormessage") or each.get("errortype"))
    ]


def _of_job(entry: Any, *, has_failed: bool) -> RowResult:
    found = row_outcome(entry)
    if has_failed and found.status == "completed":
        return RowResult(status="unknown", message="the job has failed, and this row has not")
    return found


def _refused(entry: Any, *, is_certain: bool) -> RowResult | None:
    """Return how a row was refused, None = its *entry* is not a refusal."""
    found = _inner(entry)
    status, reason = found.get("status"), found.get("errormessage") or found.get("error")
    # A value of a class has an error or not; a dict may have nothing but the status.
    is_refusal = isinstance(entry, Mapping) and isinstance(status, int) and status >= 400
    if not (reason or found.get("errortype") or is_refusal or _is_bad(found)):
        return None
    named = error_type(status) if isinstance(status, int) else None
    if isinstance(reason, Mapping) or not reason:
        reason = found.get("message") or f"answered {status}"
    return RowResult(
        status="failed",
        error=OperationError(
            code=found.get("errortype") or found.get("code") or named, message=reason
        ),
        result=found.get("body"),
        retryable=status in RETRYABLE_STATUSES if is_certain else None,
    )


def _is_bad(found: JSONObject) -> bool:
    """Whether an entry is an error though it gives no reason."""
    status = found.get("status")
    if found.get("kind") == "error" or found.get("success") is False:
        return True
    return status in ("error", "failed")


def _is_entry(given: Any) -> bool:
    found = _named(given)
    has_names = {"errormessage", "errortype", "errorreporter", "sent", "body"} & found.keys()
    return "status" in found and bool(has_names)


def _is_job(found: JSONObject) -> bool:
    """Whether it is a job with an HTTP status; the status in an API's own body is another one."""
    return "jobid" in found and isinstance(found.get("status"), int)


def _entries(given: Any) -> list[Any]:
    """Return the entries of a multi-status, one per row, whatever its type."""
    found = _named(given)
    if isinstance(found.get("responses"), list | tuple):
        return list(found["responses"])
    if isinstance(given, Mapping):  # As JavaScript writes a list as an object.
        return [given[each] for each in sorted(filter(_is_index, given), key=int)]
    is_list = isinstance(given, Iterable) and not isinstance(given, str | bytes)
    return list(given) if is_list else []


def _is_index(name: object) -> bool:
    return str(name).isdecimal()


def _inner(entry: Any) -> JSONObject:
    """Return what an entry holds, and what is in the envelope inside of it."""
    found = _named(entry)
    for name in ("value", "error", "success"):
        found = {**found, **_named(found.get(name))}
    return found


def _named(given: Any) -> JSONObject:
    """Return what *given* holds, by names in lower case without underscores."""
    if isinstance(given, Mapping):
        return {str(name).replace("_", "").lower(): value for name, value in given.items()}
    if given is None or isinstance(given, str | bytes | int | float | list):
        return {}
    names = _names_of(type(given)) if isinstance(given, Wire) else _SPELLED
    return {_SPELLED[name]: getattr(given, name) for name in names if hasattr(given, name)}


@cache
def _names_of(kind: type[Wire]) -> list[str]:
    """Return those of the names that values of *kind* can have."""
    return [name for name in _SPELLED if name in kind.model_fields or hasattr(kind, name)]


_IDS = ("operationid", "jobid", "requestid", "taskid", "batchid", "importid", "runid", "id")


def id_key(context: Mapping[str, Any]) -> str | None:
    """Return the key of *context* that most likely holds an operation's id; None = none does."""
    names = {str(name).replace("_", "").lower(): str(name) for name in context if context[name]}
    found = [names[each] for each in _IDS if each in names]
    others = [name for plain, name in names.items() if plain.endswith("id")]
    return next(iter([*found, *others]), None)
