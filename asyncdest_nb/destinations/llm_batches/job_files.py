"""The file of a job's rows, uploaded before the batch is created of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from ... import destination as ad
from ...errors import HTTPError, NotSent, ProtocolError, RequestFailed
from ...responses import JSONObject, RowResult
from .answers import refused
from .rows import JobRows

UPLOADS = 3  # Tries: a file that is uploaded twice does nothing.
EARLIER_SECONDS = 3600  # How much earlier than here a batch may be created, as clocks differ.
BATCH_DAYS = 25  # The vendors delete batches after a month.


async def uploaded(rows: JobRows, upload: Callable[[], Awaitable[str]]) -> JSONObject:
    """Upload *rows*, and return the file's id, and the reasons of rows that are not in it.

    ``{"id": "file-1", "left_out": {"7": "photo.png is not there"}}``; a row is named by its
    place. A lost upload is repeated; errors of the last try are raised, and NotSent at once.
    """
    for tries in range(1, UPLOADS + 1):
        try:
            name = await upload()
            break
        except NotSent:
            raise
        except (RequestFailed, HTTPError, ProtocolError) as error:
            if tries == UPLOADS or not _is_lost(error):
                raise
    why = {str(place): each.error.message for place, each in rows.left_out.items() if each.error}
    return {"id": name, "left_out": why}


def _is_lost(error: Exception) -> bool:
    """Whether an upload may have arrived, or failed by trouble of the server."""
    if not isinstance(error, HTTPError):
        return True
    return error.retry_after is None and (error.status == 408 or error.status >= 500)


def outcomes_left_out(file: JSONObject, rows: int) -> list[RowResult | None] | None:
    """Return the outcomes of rows that are not in the *file*, None = all are in it."""
    why = file["left_out"]
    if not why:
        return None
    return [
        refused("NOT_SENT", why[str(place)], retryable=True) if str(place) in why else None
        for place in range(rows)
    ]


class KeptFile:
    """What the session keeps of a job's file, so that a batch that has to wait finds it again.

    *days* is how long the vendor keeps the file.
    """

    def __init__(self, state: ad.StateContext, key: str, *, days: int) -> None:
        self._state = state
        self._file = f"file of {key}"
        self._time = f"time of {key}"
        self._days = days

    @property
    def file(self) -> JSONObject | None:
        """The file as ``uploaded`` returned it, None = there is none."""
        kept: JSONObject | None = self._state.get_request_context(self._file)
        return kept

    def keep(self, file: JSONObject) -> None:
        """Keep *file*, and when its batch was first asked for."""
        self._state.set_response_context(self._file, file, {"day": self._days})
        first = self._state.get_request_context(self._time) or time.time()
        self._state.set_response_context(self._time, first, {"day": BATCH_DAYS})

    def forget(self) -> None:
        """Forget the file, which the vendor may have deleted."""
        self._state.set_response_context(self._file, None)

    @property
    def since(self) -> float:
        """The earliest time (Unix seconds) at which the batch may be created; 0 = not known."""
        first = self._state.get_request_context(self._time)
        return float(first) - EARLIER_SECONDS if first else 0.0
