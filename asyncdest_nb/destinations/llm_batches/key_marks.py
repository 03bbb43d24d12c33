"""With which API key a job was sent: another one may be of a project that does not see the job.

A run goes on when its destination is connected again, and the key may be a new one by then.
That a batch is not found with it does not say that the batch is not there.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Protocol

from pydantic import SecretStr

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ...responses import JSONObject
from ..objects import object_of

DAYS = 29  # Results are kept for a month.
_OTHER = "it was sent with another API key, so connect with that one"


class KeySettings(Protocol):
    """Settings with an API key."""

    @property
    def api_key(self) -> SecretStr:
        """The key."""


def note_key(data: ad.ActionData[Any, Any], job: str) -> None:
    """Note with which key the *job* is sent."""
    mark = _mark(data.settings)
    data.state_context.set_response_context(_name(job), mark, {"day": DAYS})


def require_same_key(data: ad.ActionData[Any, Any], job: str) -> None:
    """Raise ProtocolError if the *job*, which is not found, was sent with another key."""
    if _is_other(data, job):
        raise ProtocolError(f"the batch is not in the list of this API key; {_OTHER}")


async def batch_at(
    request: ad.Request, path: str, data: ad.ActionData[Any, Any], context: JSONObject
) -> JSONObject:
    """Return the batch at *path*, of the job in *context*.

    Raises ProtocolError if it is not found, and was sent with another key.
    """
    try:
        return object_of(await request(path))
    except HTTPError as error:
        if error.status not in (403, 404) or not _is_other(data, context["key"]):
            raise
        raise ProtocolError(f"{error}; {_OTHER}") from None


def _is_other(data: ad.ActionData[Any, Any], job: str) -> bool:
    return data.state_context.get_request_context(_name(job)) not in (None, _mark(data.settings))


def _name(job: str) -> str:
    return f"mark of the key of {job}"


def _mark(settings: KeySettings) -> str:
    """Return a mark that differs for most other keys, and tells nothing of the key."""
    text = f"asyncdest-nb {settings.api_key.get_secret_value()}"
    return sha256(text.encode()).hexdigest()[:6]
