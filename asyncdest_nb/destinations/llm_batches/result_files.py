"""Files of results, which the vendors delete after some days."""

from __future__ import annotations

from typing import Any

from ... import destination as ad
from ...errors import HTTPError


async def result_file(request: ad.Request, path: str, **options: Any) -> Any:
    """Return the response with the file at *path*, whose body is in a temporary file.

    A 404 is of the file, and not of a batch that is not visible yet: its error says so.
    """
    try:
        return await request(path, to_file=True, **options)
    except HTTPError as error:
        if error.status == 403 and "may not exist" in str(error):
            error.status = 404  # Google says so of files that it has deleted.
        error.is_of_result = True
        raise
