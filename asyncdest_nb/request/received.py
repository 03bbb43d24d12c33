"""What a transport received, as the response that a function is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .address import joined
from .file_response import FileResponse, problem_of
from .redactor import Redactor
from .response import Headers, Response, read_body
from .saved_body import SavedBody
from .target import Target
from .wire import RawResponse

Mask = Callable[[str], str]


def response_of(raw: RawResponse, target: Target, redactor: Redactor, *, mask: Mask) -> Response:
    """Return *raw*, the answer of *target*, with its body parsed, or in a file."""
    content_type = raw.headers.get("content-type", "")
    location = raw.headers.get("location")
    found = joined(target.url, location) if location else None
    common: dict[str, Any] = {
        "status": raw.status,
        "headers": Headers(raw.headers),
        "url": target.text,
        "location": str(found) if found else None,
        "mask": mask,
    }
    if isinstance(raw.body, SavedBody):
        problem = problem_of(raw.body, content_type, redactor)
        return FileResponse(raw.body, redactor, problem=problem, **common)
    text, data, problem = read_body(raw.body, content_type, redactor)
    return Response(content=raw.body, text=text, data=data, problem=problem, **common)


def unreadable_response(raw: RawResponse, target: Target, why: str, mask: Mask) -> Response:
    """Return *raw*, the answer of *target*, whose parser failed because of *why*."""
    if isinstance(raw.body, SavedBody):
        raw.body.close()
    return Response(
        status=raw.status,
        headers=Headers(raw.headers),
        content=b"" if isinstance(raw.body, SavedBody) else raw.body,
        text="",
        data=None,
        url=target.text,
        mask=mask,
        problem=f"the answer cannot be read: {why}",
    )


def shown_answer(response: Response, characters: int) -> str:
    """Return the first *characters* of the body, or what it is if it is in a file."""
    if isinstance(response, FileResponse):
        return f"({response.size:,} bytes, in a temporary file)"
    return response.text[:characters]
