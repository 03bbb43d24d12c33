"""One answer per row of a batch, in the form of Segment's MultiStatusResponse."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import Field

from .wire import Wire

# Segment's names that differ from those of Python's http.HTTPStatus, which depend on the
# version of Python. The spelling of 301 is Segment's.
_SEGMENT_NAMES = {
    301: "MOVED_PERMENANTLY",
    306: "SWITCH_PROXY",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    416: "RANGE_NOT_SATISFIABLE",
    422: "UNPROCESSABLE_ENTITY",
    499: "CANCELLED",
    509: "BANDWIDTH_LIMIT_EXCEEDED",
    529: "SITE_IS_OVERLOADED",
}


# Statuses after which Segment's platform sends the same row again.
RETRYABLE_STATUSES = frozenset({408, 423, 429, 500, *range(502, 512), 598, 599})


def error_type(status: int) -> str:
    """Return Segment's name of an HTTP status, or "UNKNOWN_ERROR"."""
    try:
        return _SEGMENT_NAMES.get(status) or HTTPStatus(status).name
    except ValueError:
        return "UNKNOWN_ERROR"


class MultiStatusEntry(Wire):
    """One row's answer. Segment spells errortype, errormessage and errorreporter in lower case."""

    status: int
    sent: Any = None
    body: Any = None
    errortype: str | None = None
    errormessage: str | None = None
    errorreporter: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether it was pushed as a success; its HTTP status does not decide that."""
        return self.errortype is None and self.errormessage is None


class MultiStatusResponse(Wire):
    """One answer per row of a batch, in the order of its payloads; None is a hole."""

    responses: list[MultiStatusEntry | None] = Field(default_factory=list)

    def push_success(self, *, status: int = 200, sent: Any = None, body: Any = None) -> None:
        """Append a success."""
        self.responses.append(MultiStatusEntry(status=status, sent=sent, body=body))

    def push_error(
        self,
        *,
        status: int,
        errormessage: str,
        errortype: str | None = None,
        sent: Any = None,
        body: Any = None,
    ) -> None:
        """Append an error; without *errortype* its name comes from *status*."""
        self.responses.append(
            MultiStatusEntry(
                status=status,
                errormessage=errormessage,
                errortype=errortype or error_type(status),
                sent=sent,
                body=body,
            )
        )

    def set_at(self, index: int, entry: MultiStatusEntry | None) -> None:
        """Put *entry* at *index*, growing with holes; None makes a hole."""
        missing = index + 1 - len(self.responses)
        self.responses.extend([None] * missing)
        self.responses[index] = entry
