"""Results that are not whole when a job has just ended: some APIs write them a little later."""

from __future__ import annotations

from .arguments import StateContext

_MOST = 4  # Further polls; each waits longer than the one before.


def may_be_whole_soon(state: StateContext, operation_id: object) -> bool:
    """Whether to poll an ended operation again, since its results lack rows; counts the times.

    False after some times: then the rows that are lacking are unknown.
    """
    name = f"short results of {operation_id}"
    times = state.get_request_context(name)
    count = times if isinstance(times, int) else 0
    if count < _MOST:
        state.set_response_context(name, count + 1)
    return count < _MOST
