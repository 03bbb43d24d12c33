"""Marketing Cloud's replies: messages about a request, errors, and the results of rows."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl

from ..exchange import IncomingRequest, JSONObject, Reply, hyphenated
from ..jobs import guid

_DOCUMENTATION = "https://developer.salesforce.com/docs/marketing/marketing-cloud"


def refused(status: int, message: str, **headers: str) -> Reply:
    """Return an error that is not about a request for rows."""
    about = {"message": message, "errorcode": status * 100, "documentation": _DOCUMENTATION}
    return Reply(status, about, hyphenated(headers))


def result_message(code: str, message: str) -> JSONObject:
    """Return a message about a request that cannot be answered."""
    return {
        "resultType": "Operational",
        "resultClass": "Error",
        "resultCode": code,
        "message": message,
    }


def unknown_request(request_id: str) -> JSONObject:
    """Return the message about a request that is not there, or that is not picked up yet."""
    found = (
        f"Unable to locate an Async Request Status Record for the provided RequestId: {request_id}."
    )
    return result_message("AsyncRequestStatusNotFound", found)


def reply_id(about: str) -> str:
    """Return the id of a reply, which is not that of the request that it is about."""
    return guid(sha256(f"reply {about}".encode()).hexdigest())


def item(error: str, *, codes: str) -> JSONObject:
    """Return the result of a row; *codes* is "text" or "number"."""
    if not error:
        return {"status": "OK"}
    if codes == "text":
        return {"errorCode": "UnexpectedError", "message": error, "status": "Error"}
    inner = {"errorCode": 70001, "message": error, "name": ""}
    return {"errorCode": 2, "message": error, "status": "Error", "errors": [inner]}


def asked_page(request: IncomingRequest, most: int) -> tuple[int, int]:
    """Return the number of the page and its size that *request* asks for."""
    asked = {name.lstrip("$").lower(): value for name, value in parse_qsl(request.query)}
    page, size = asked.get("page", "1"), asked.get("pagesize", str(most))
    numbers = [int(each) if re.fullmatch(r"[1-9]\d*", each) else 1 for each in (page, size)]
    return numbers[0], min(numbers[1], most)


def stamp(at: datetime) -> str:
    """Return a time as Marketing Cloud writes it: without a time zone."""
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds")
