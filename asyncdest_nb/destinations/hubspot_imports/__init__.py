"""HubSpot CRM imports: a file of rows, whose errors are listed by line.

POST /crm/v3/imports              a file with a description of its columns, {"id": "…"}
GET  /crm/v3/imports              the imports, which are found by their names
GET  /crm/v3/imports/{id}         its state and counters
GET  /crm/v3/imports/{id}/errors  its errors, by line of the file
POST /crm/v3/imports/{id}/cancel  stops it
GET  /crm/v3/properties/{type}    what columns may be called

    records   the rows, and the file that they become
    properties  the properties of an object
    lines     which row an error is about
    outcomes  what became of each row

What a description cannot express is that the columns of the file, which the request lists, are
those that the rows of the batch have, whatever properties of the object they are.
"""

from __future__ import annotations

import json
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from ... import destination as ad
from ...errors import HTTPError, InvalidAuthenticationError, ProtocolError
from ...numerals import counted
from ...request import bearer_auth
from ...responses import AsyncActionResponse, AsyncOperationResult, AsyncPollResponse, JSONObject
from ..objects import about, list_in, object_of
from .lines import without_cells
from .outcomes import outcomes
from .properties import properties_of
from .records import (
    FILE,
    CreateRow,
    HubSpotRow,
    UpdateRow,
    UpsertRow,
    described,
    faults,
    kept,
    written,
)

_IMPORTS = "/crm/v3/imports"
_ROWS = "rows of the file"  # Where the state keeps by what they are known.
_RUNNING = ("STARTED", "PROCESSING", "DEFERRED")
_LARGE = {"timeout_seconds": 600}


class HubSpotSettings(ad.Settings):
    """The token of a private app, with the scope crm.import."""

    access_token: SecretStr = ad.field("Access token", description="Of a private app")
    base_url: str = ad.field(
        "Base URL", description="Where the API is", default="https://api.hubapi.com"
    )


Rows = ad.ActionData[HubSpotSettings, list[HubSpotRow]]
Given = ad.ActionData[HubSpotSettings, None]


def extend_request(data: ad.ActionData[HubSpotSettings, None]) -> dict[str, Any]:
    """Send every request to HubSpot with the token."""
    return {
        "base_url": data.settings.base_url,
        "headers": bearer_auth(data.settings.access_token),
    }


async def test_authentication(request: ad.Request, data: Given) -> None:
    """Request the account, which sends nothing."""
    try:
        await request("/account-info/v3/details")
    except HTTPError as error:
        if error.status not in (401, 403):
            raise
        raise InvalidAuthenticationError(f"the token is not accepted ({error.status})") from None


async def check(request: ad.Request, data: Rows) -> list[str | None]:
    """Return why a row does not fit: by its key, or a column that is no property."""
    types = {each.type_id for each in data.payload}
    known = {each: await properties_of(request, data, each) for each in sorted(types)}
    return await to_thread(faults, data.payload, known)


async def create(request: ad.Request, data: Rows) -> AsyncActionResponse:
    """Start an import of the rows, whose name is the id of the submission."""
    columns, content = await to_thread(written, data.payload)
    await _keep_rows(data)
    asked = described(data.payload[0], columns, _name(data))
    response = await request(
        _IMPORTS,
        method="POST",
        data={"importRequest": json.dumps(asked, ensure_ascii=False)},
        files={"files": (FILE, content, "text/csv")},
        **_LARGE,
    )
    return _accepted(object_of(response), data)


async def find(request: ad.Request, data: Rows) -> AsyncActionResponse | None:
    """Return the import with the name of this submission; None = there is none.

    Raises ProtocolError if the list does not tell.
    """
    found, unnamed = [], 0
    try:
        async for each in _pages(request, _IMPORTS, {"limit": "100"}):
            name = _name_of(each)
            unnamed += name is ...
            found += [each] if name == _name(data) else []
    except HTTPError as error:
        if error.status != 404:
            raise
        raise ProtocolError(f"there is no list of imports: {error}") from None
    if len(found) > 1:
        ids = ", ".join(str(each.get("id")) for each in found)
        count = counted(len(found), "import")
        raise ProtocolError(f"{count} have the name of this submission: {ids}")
    if unnamed and not found:
        have = "has" if unnamed == 1 else "have"
        raise ProtocolError(
            f"{counted(unnamed, 'import')} {have} no importName, so any may be this one"
        )
    if not found:
        return None
    await _keep_rows(data)
    return _accepted(found[0], data)


def _name(data: Rows) -> str:
    return f"asyncdest {data.submission_id}"


def _name_of(found: Any) -> Any:
    """Return the name of an import in the list; ... = it does not say."""
    asked = found.get("importRequestJson") if isinstance(found, dict) else None
    for holder, key in ((found, "importName"), (found, "name"), (asked, "name")):
        if isinstance(holder, dict) and key in holder:
            return holder[key]
    return ...


async def _keep_rows(data: Rows) -> None:
    """Keep by what the rows are known, since an error may be about another line than it says."""
    known = await to_thread(kept, data.payload)
    data.state_context.set_response_context(_ROWS, known)


def _accepted(found: JSONObject, data: Rows) -> AsyncActionResponse:
    context = {"import_id": found.get("id"), "rows": len(data.payload)}
    return AsyncActionResponse(async_contexts=[context], message="accepted", status=202)


async def poll(request: ad.Request, data: Given) -> AsyncPollResponse:
    """Request the state of each import, and the errors of those that have ended."""
    return AsyncPollResponse.of(
        [await _status_of(request, data, each) for each in data.async_contexts]
    )


async def cancel(request: ad.Request, data: Given) -> None:
    """Request the end of an import. Rows that are written by then stay written."""
    await request(f"{_path(data.async_contexts[0])}/cancel", method="POST")


async def _status_of(request: ad.Request, data: Given, context: JSONObject) -> AsyncOperationResult:
    found = about(object_of(await request(_path(context))), context["import_id"])
    state, counters = str(found.get("state")), _counters(found)
    if state in ("DONE", "FAILED", "CANCELED", "REVERTED"):
        return await _ended(request, data.state_context, context, state, counters)
    done, size = counters.get("PROCESSED_ROWS", 0), context["rows"]
    return AsyncOperationResult(
        status="pending",
        progress=100 * min(done, size) / size,
        message=f"{state}: {done:,} of {counted(size, 'row')}",
        context=context,
        odd_status=None if state in _RUNNING else state,
    )


async def _ended(
    request: ad.Request,
    kept: ad.StateContext,
    context: JSONObject,
    state: str,
    counters: Mapping[str, int],
) -> AsyncOperationResult:
    """Return the outcome of every row: an import that is DONE may have errors."""
    known = kept.get_request_context(_ROWS)
    errors, doubt = await _errors(request, context, known)
    rows = outcomes(errors, state, counters, context["rows"], known=known, doubt=doubt)
    counts = Counter(each.status for each in rows)
    by_status = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    # Without its numbers, an import that is done seems not to be counted yet.
    is_whole = state != "DONE" or (not counts["unknown"] and counters)
    if not is_whole and ad.may_be_whole_soon(kept, context["import_id"]):
        text = f"DONE, and its errors are read again: {by_status}"
        return AsyncOperationResult(status="pending", message=text, context=context)
    return AsyncOperationResult(
        status="completed" if state == "DONE" else "failed",
        progress=100.0,
        message=f"{state}: {by_status}",
        context=context,
        rows=rows,
    )


async def _errors(
    request: ad.Request, context: JSONObject, known: Any
) -> tuple[list[JSONObject], str]:
    """Return the errors of an import, and why there may be more of them; "" = these are all."""
    query = {"limit": "100", "includeErrorMessage": "true", "includeRowData": "true"}
    errors = []
    try:
        async for each in _pages(request, f"{_path(context)}/errors", query):
            errors.append(without_cells(each, known))
    except CircularPages as error:
        return errors, str(error)
    return errors, ""


def _counters(found: JSONObject) -> dict[str, int]:
    counters = (found.get("metadata") or {}).get("counters") or {}
    return {name: value for name, value in counters.items() if isinstance(value, int)}


class CircularPages(ProtocolError):
    """A page leads to one that was read before."""


async def _pages(request: ad.Request, path: str, query: Mapping[str, str]) -> AsyncIterator[Any]:
    """Yield the results of all pages; raises CircularPages if a page comes twice."""
    after: Any = None
    seen: set[Any] = set()
    while after not in seen:
        seen.add(after)
        params = query if after is None else {**query, "after": after}
        page = object_of(await request(path, params=params))
        for each in list_in(page, "results"):
            yield each
        after = ((page.get("paging") or {}).get("next") or {}).get("after")
        if not after:
            return
    raise CircularPages(f"the pages of {path} go round in a circle, at {after}")


def _path(context: JSONObject) -> str:
    return f"{_IMPORTS}/{quote(str(context['import_id']), safe='')}"


def _action(payload: type[HubSpotRow], title: str, description: str) -> ad.Action:
    return ad.Action(
        title=title,
        description=description,
        payload=payload,
        check=check,
        perform_batch=create,
        poll=poll,
        cancel=cancel,
        recovery="search",
        find=find,
        operation_per="batch",
        operation_id="import_id",
        # A file may have 1,048,576 rows and 512 MB, but it is made in memory.
        batch_size=100_000,
        batch_bytes=100_000_000,
        batch_keys=["object_type", "id_property"],
    )


hubspot_imports = ad.Destination(
    name="HubSpot",
    slug="hubspot-imports",
    description="Records of any object by CRM imports, in files of up to 100,000 rows",
    settings=HubSpotSettings,
    extend_request=extend_request,
    test_authentication=test_authentication,
    requests_per_second=10,
    actions={
        "upsert": _action(UpsertRow, "Upsert records", "Change or create, found by a key"),
        "create": _action(CreateRow, "Create records", "Create records"),
        "update": _action(UpdateRow, "Update records", "Change records, found by a key"),
    },
)
