"""The answers of the framework's later async action, read as those of the contract.

``performBatch`` returns ``{jobId, status, multiStatusResponse}``: one job for the batch,
and beside it what was refused at once. ``performPoll`` returns ``{jobId, status, jobStatus,
multiStatusResponse?}``. ``status`` is of the request, never of the job. A success beside a
job id says that the row was taken, not that it was applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.alias_generators import to_snake

from ...responses import (
    RETRYABLE_STATUSES,
    AsyncActionResponse,
    JSONObject,
    OperationError,
    RowResult,
    clean_text,
    error_type,
)

_ENDS = {"SUCCEEDED": "completed", "FAILED": "failed"}
# What is read of a value of somebody's class; the two spellings are one name.
_WORDS = (
    "isAsync asyncContexts rows jobId status jobStatus multiStatusResponse responses kind value "
    "success error code message sent body errortype errormessage errorreporter errorType "
    "errorMessage"
).split()


def contract(answer: Any) -> JSONObject | None:
    """Return what *answer* says in the words of the contract, None if it has no contexts.

    A dict in either spelling, and a value of somebody's class, say it as our own does.
    """
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
    if (said := contract(answer)) is not None:
        return said["asyncContexts"]
    rows = len(_entries(_named(answer).get("multistatusresponse"))) or 1
    job = read_job(answer, key=key, counts=[rows])
    return None if job is None else job.async_contexts


def read_job(
    answer: Any, *, key: str, counts: Sequence[int], is_certain: bool = True
) -> AsyncActionResponse | None:
    """Return *answer* in the words of the contract, or None if it is no job's.

    *key* is where a context holds its id; *counts* are the rows of each operation. Where
    it is not *is_certain* that nothing was applied, no refusal may be sent again.
    """
    found = _named(answer)
    if "multistatusresponse" not in found and not _is_job(found):
        return None
    job, count = found.get("jobid"), sum(counts)
    entries = _entries(found.get("multistatusresponse"))
    entries = [*entries, *[None] * count][:count]  # A hole is left to the job; more is ignored.
    rows = [_refused(entry, is_certain=is_certain) for entry in entries]
    context = {} if job in (None, "") else {key: job, "jobId": job, "uploadCount": rows.count(None)}
    if context and len(counts) > 1:
        text = (
            f"accepted as job {clean_text(job)!r} for {count} rows: write "
            'operation_per="batch" in the Action, so that one id stands for all of them'
        )
        rows = [row or RowResult(status="unknown", message=text) for row in rows]
    return AsyncActionResponse(async_contexts=[context] * len(counts), rows=rows)


def read_job_poll(answer: Any, *, ids: Sequence[str]) -> JSONObject | str | None:
    """Return *answer* in the words of the contract, None if it has no job status.

    A text says why it tells nothing of the job: it is of another, or a request has failed.
    *ids* are those that were asked about.
    """
    found = _named(answer)
    if "jobstatus" not in found:
        return None
    job, word, status = found.get("jobid"), clean_text(found["jobstatus"]), found.get("status")
    if len(ids) != 1 or (job is not None and clean_text(job) != ids[0]):
        return f"poll returned the status of job {job}, and was asked about {', '.join(ids)}"
    is_good = status is None or (isinstance(status, int) and 200 <= status <= 299)
    if word == "RETRYABLE_ERROR" or (word in _ENDS and not is_good):
        return f"no word of the job: poll says {word}, its request was answered {status}"
    result: JSONObject = {"message": f"Job {ids[0]} is {word}"}
    result["status"] = _ENDS.get(word, "pending" if word == "IN_PROGRESS" else word)
    rows = found.get("multistatusresponse")
    # An empty list is none of a job that failed; of one that succeeded it is too short.
    if word in _ENDS and rows is not None and (_entries(rows) or word == "SUCCEEDED"):
        result["rows"] = [_of_job(entry, has_failed=word == "FAILED") for entry in _entries(rows)]
    return {"results": [result]}


def read_rows(answer: Any, *, is_certain: bool = True) -> list[RowResult] | None:
    """Return the outcomes of a multi-status that is a list, a dict or a value of another class.

    None = it is another answer, such as the JSON of an API.
    """
    if isinstance(answer, Mapping) and not set(answer) <= {"responses", "length"}:
        return None
    entries = _entries(answer)
    if any(map(_is_entry, entries)) and all(each is None or _is_entry(each) for each in entries):
        return [row_outcome(each, is_certain=is_certain) for each in entries]
    return None


def row_outcome(entry: Any, *, is_certain: bool = True) -> RowResult:
    """Return what an *entry* of a multi-status says of its row; None is a hole."""
    refused = _refused(entry, is_certain=is_certain)
    if refused is not None:
        return refused
    found = _inner(entry)
    status = found.get("status")
    if isinstance(status, int) or "success" in (status, found.get("kind")):
        message = f"answered {status}"
        return RowResult(status="completed", message=message, result=found.get("body"))
    missing = "MultiStatusResponse is missing a response at the specified index"
    odd = f"not an entry of a MultiStatusResponse: {clean_text(entry)[:100]}"
    return RowResult(status="unknown", message=missing if entry is None else odd)


def _of_job(entry: Any, *, has_failed: bool) -> RowResult:
    found = row_outcome(entry)
    if has_failed and found.status == "completed":
        return RowResult(status="unknown", message="the job has failed, and this row has not")
    return found


def _refused(entry: Any, *, is_certain: bool) -> RowResult | None:
    """Return why a row was refused, None = its *entry* does not say that it was."""
    found = _inner(entry)
    status, said = found.get("status"), found.get("errormessage") or found.get("error")
    # A value of a class says whether it is an error; of a dict the status alone may tell.
    is_refusal = isinstance(entry, Mapping) and isinstance(status, int) and status >= 400
    if not (said or found.get("errortype") or is_refusal or _is_bad(found)):
        return None
    named = error_type(status) if isinstance(status, int) else None
    if isinstance(said, Mapping) or not said:
        said = found.get("message") or f"answered {status}"
    return RowResult(
        status="failed",
        error=OperationError(
            code=found.get("errortype") or found.get("code") or named, message=said
        ),
        result=found.get("body"),
        retryable=status in RETRYABLE_STATUSES if is_certain else None,
    )


def _is_bad(found: JSONObject) -> bool:
    """Say whether an entry without a reason is an error all the same."""
    status = found.get("status")
    if found.get("kind") == "error" or found.get("success") is False:
        return True
    return status in ("error", "failed")


def _is_entry(given: Any) -> bool:
    found = _named(given)
    has_words = {"errormessage", "errortype", "errorreporter", "sent", "body"} & found.keys()
    return "status" in found and bool(has_words)


def _is_job(found: JSONObject) -> bool:
    """Say whether it is a job with an HTTP status; the body of an API has a status of its own."""
    return "jobid" in found and isinstance(found.get("status"), int)


def _entries(given: Any) -> list[Any]:
    """Return what a multi-status has for each row, whatever it is made of."""
    found = _named(given)
    if isinstance(found.get("responses"), list | tuple):
        return list(found["responses"])
    if isinstance(given, Mapping):  # The way JavaScript writes a list as an object.
        return [given[each] for each in sorted(filter(_is_index, given), key=int)]
    is_list = isinstance(given, Iterable) and not isinstance(given, str | bytes)
    return list(given) if is_list else []


def _is_index(name: object) -> bool:
    return str(name).isdecimal()


def _inner(entry: Any) -> JSONObject:
    """Return an entry's own words, and those that it has inside an envelope."""
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
    names = {*_WORDS, *map(to_snake, _WORDS)}
    own = {name: getattr(given, name) for name in names if hasattr(given, name)}
    return _named(own)


_IDS = ("operationid", "jobid", "requestid", "taskid", "batchid", "importid", "runid", "id")


def id_key(context: Mapping[str, Any]) -> str | None:
    """Return the key of *context* that most likely holds an operation's id; None = none does."""
    names = {str(name).replace("_", "").lower(): str(name) for name in context if context[name]}
    found = [names[each] for each in _IDS if each in names]
    others = [name for plain, name in names.items() if plain.endswith("id")]
    return next(iter([*found, *others]), None)
