"""Pages of the vendor's list of batches, in which one is looked for whose reply was lost.

What cannot be read is never taken for an empty list: the batch would be created twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ...request import EXCERPT, Response
from ...responses import JSONObject
from ..objects import object_of


@dataclass(frozen=True)
class JobsPage:
    """The *jobs* on a page of a list, the newest first, and the *page* itself.

    *ahead_seconds* is how far the vendor's clock, which the times in the list are of, is ahead
    of this computer's; negative = behind. 0 = the same, or it is not stated.
    """

    jobs: list[JSONObject]
    page: JSONObject
    ahead_seconds: float


async def jobs_page(
    request: ad.Request, path: str, params: Mapping[str, Any], *, name: str, is_proto: bool = False
) -> JobsPage:
    """Return the page of the list at *path*, whose jobs are at *name*.

    *is_proto*: an empty list may be left out, as in Google's JSON. Raises ProtocolError for
    anything that is no list of objects, also if the list is not there.
    """
    try:
        response = await request(path, params=params)
    except HTTPError as error:
        if error.status == 404:  # Raised as it is, it would say that the batch is not there.
            raise ProtocolError(f"there is no list of batches: {error}") from None
        raise
    page = object_of(response)
    jobs = page.get(name, [] if is_proto and set(page) <= {"nextPageToken"} else None)
    if not isinstance(jobs, list) or not all(isinstance(each, dict) for each in jobs):
        raise ProtocolError(f"the answer is no list of batches: {response.text[:EXCERPT]!r}")
    return JobsPage(jobs, page, _ahead_seconds(response))


def _ahead_seconds(response: Response) -> float:
    try:
        stated = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, IndexError, OverflowError):
        return 0.0
    stated = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    return stated.timestamp() - time.time()
