"""The ids by which rows are found again: the key of their job, and their place in it.

An id has at most 39 characters of [a-z0-9_]; Anthropic allows 64.
"""

from __future__ import annotations

SUBMISSION = "asyncdest_submission"  # Of OpenAI's metadata: the key of a job.


def batch_key(submission_id: str) -> str:
    """Return the key of the job of a submission: 32 hexadecimal digits."""
    return submission_id.replace("-", "")


def custom_id(key: str, place: int) -> str:
    """Return the id of the row at *place*, from 0, in the job that has this *key*."""
    return f"{key}_{place:06d}"


def place_of(given: object, *, key: str, rows: int) -> int | None:
    """Return the place of the row that an id names, None = it is not of this job."""
    head, _, digits = given.rpartition("_") if isinstance(given, str) else ("", "", "")
    if head != key or not (digits.isascii() and digits.isdecimal()):
        return None
    place = int(digits[:12])
    return place if place < rows and custom_id(key, place) == given else None
