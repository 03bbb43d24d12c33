"""A submission whose reply was lost, among jobs whose list shows no key of ours.

A job may be the submission if its numbers fit, and if it was made after that was sent. What the
job holds decides: our key, or exactly these rows. A job that is not certain to be ours is never
adopted, and the submission does not count as "not there" then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ..destination import ActionData, Request
from ..errors import ProtocolError, RetryableError
from ..request import Response
from ..responses import JSONObject
from .exchange import is_word
from .filters import ABSENT
from .holdings import Holdings, Ownership
from .look_up import looker
from .lost_submission import entries_of, kept_of
from .model import FindRule
from .plans import Plans
from .template import Scope, compiled

Given = ActionData[Any, Any]
EARLIER_SECONDS = 600.0  # How much earlier than sent a job may seem to be made, as clocks differ.
CLOCK_SECONDS = 2.0  # By how much times that are whole seconds may be wrong.


class Candidates:
    """Looks for a submission by *rule*, which has contents."""

    def __init__(self, plans: Plans, rule: FindRule) -> None:
        self._plans, self._rule = plans, rule
        self._plan = plans.plan(rule, "find")
        self._match = {path: compiled(each) for path, each in rule.match.items()}
        self._holdings = Holdings(plans, rule)

    async def context(self, request: Request, scope: Scope, data: Given) -> JSONObject | None:
        """Return what is kept of the submission; None = the API does not have it.

        Raises ProtocolError if that is not certain, RetryableError if it will be.
        """
        if not data.payload_texts:
            raise ProtocolError("its rows were not kept, so the job that has them is not known")
        wanted = {path: render(scope) for path, render in self._match.items()}
        rows = await self._holdings.rows(data.payload_texts, scope)
        begun, seen = time.monotonic(), list[JSONObject]()
        own: list[JSONObject] = []
        doubtful, opened = list[str](), list[str]()
        async for entry, response in entries_of(self._rule, self._plan, request, scope):
            given = data.age_seconds
            age = None if given is None else given + time.monotonic() - begun
            after = self._seconds_after(entry, response, age)
            is_earlier = after is not None and after < -EARLIER_SECONDS
            if is_earlier or not _may_match(entry, wanted):
                continue
            kept = kept_of(self._rule, entry)
            if kept in seen or self._plans.is_of_other(data, kept):
                continue
            seen.append(kept)
            if any(is_word(looker(path)(entry), words) for path, words in self._rule.open.items()):
                opened.append(self._plans.id_in(kept))
                continue
            found = await self._holdings.of(request, {**scope, **kept}, rows)
            if found is Ownership.OURS and self._is_certain(after):
                own.append(kept)
            elif found is not Ownership.OTHERS:
                doubtful.append(f"{self._plans.id_in(kept)} {found.value}")
        if opened and not own:
            raise RetryableError(f"{', '.join(opened)} may be it, which shows once it has ended")
        return self._only(own, doubtful)

    def _is_certain(self, after: float | None) -> bool:
        """Whether a job that holds these rows is this submission, and not an earlier one."""
        return self._rule.is_marked or (after is not None and after >= -CLOCK_SECONDS)

    def _only(self, own: list[JSONObject], doubtful: list[str]) -> JSONObject | None:
        if len(own) > 1:
            ids = ", ".join(map(self._plans.id_in, own))
            raise ProtocolError(f"{len(own)} jobs hold these rows, so it is not known which: {ids}")
        if doubtful and not own:
            raise ProtocolError(f"a job may be it: {'; '.join(doubtful)}")
        return own[0] if own else None

    def _seconds_after(self, entry: Any, response: Response, age: float | None) -> float | None:
        """Return how long after the submission a job was made; None = that is not known.

        By the clock of the API alone, and the *age* of the submission, so that no clock need
        be right.
        """
        path = self._rule.created_at
        made = _unix_seconds(looker(path)(entry)) if path else None
        now = _stated_now(response)
        return None if made is None or now is None or age is None else made - (now - age)


def _may_match(entry: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether nothing at the paths contradicts; a number may be 0 until a job has begun."""
    found = {path: looker(path)(entry) for path in wanted}
    return all(
        each in (ABSENT, None, 0, "") or is_word(each, [wanted[path]])
        for path, each in found.items()
    )


def _unix_seconds(stated: Any) -> float | None:
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return float(stated)
    try:
        found = datetime.fromisoformat(str(stated))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _stated_now(response: Response) -> float | None:
    try:
        found = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, IndexError, OverflowError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
