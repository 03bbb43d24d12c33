"""What jobs hold that are found in a list: the rows of a submission, or others."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..destination import Request
from ..errors import HTTPError
from .entries import read_entries
from .exchange import RequestPlan, extracted, is_trouble
from .filters import ABSENT, text_of
from .look_up import looker
from .model import FindRule
from .pages import pages_of
from .plans import Plans
from .results_model import JobContents
from .template import Render, Scope, compiled

# By a path in an entry: the places of the rows that have a value there.
_Places = Mapping[str, Mapping[str, set[int]]]


class Ownership(Enum):
    """What a job holds; the value says why that is not certain."""

    OURS = "holds these rows, but it may have been made before they were sent"
    OTHERS = "holds other rows"
    SOME = "holds some of these rows"
    HIDDEN = "does not show what it holds"


@dataclass(frozen=True)
class LostRows:
    """The rows of a submission: how many, and for each rule of the contents what they have."""

    count: int
    places: Sequence[_Places]


@dataclass
class _Seen:
    """What was seen of a job: the places of rows of ours, and how many entries are of others."""

    own: set[int] = field(default_factory=set)
    strangers: int = 0

    def add(self, entries: Iterable[Any], places: _Places) -> None:
        """Note entries; one that names nothing, neither ours nor another's, is not counted."""
        for entry in entries:
            found = [(looker(path)(entry), known) for path, known in places.items()]
            own = [known[text] for each, known in found if (text := _named(each)) in known]
            self.own.update(*own)
            self.strangers += not own and any(each is not ABSENT for each, _ in found)


class Holdings:
    """Reads what jobs hold by the contents of *rule*."""

    def __init__(self, plans: Plans, rule: FindRule) -> None:
        self._plans, self._rule = plans, rule
        self._parts = [
            (each, plans.plan(each, f"find.contents[{at}]"))
            for at, each in enumerate(rule.contents)
        ]
        self._rows = [
            {path: compiled(row) for path, row in each.rows.items()} for each in rule.contents
        ]

    async def rows(self, texts: Sequence[str], scope: Scope) -> LostRows:
        """Return what the rows of a submission have where its job names them."""
        return await to_thread(self._known, texts, scope)

    def _known(self, texts: Sequence[str], scope: Scope) -> LostRows:
        scopes = list(self._plans.rows.scopes(texts, scope))
        places = [
            {path: _places(render, scopes) for path, render in rows.items()} for rows in self._rows
        ]
        return LostRows(len(texts), places)

    async def of(self, request: Request, scope: Scope, rows: LostRows) -> Ownership:
        """Return what the job in *scope* holds."""
        seen, scope = _Seen(), dict(scope)
        try:
            for (part, plan), places in zip(self._parts, rows.places, strict=True):
                if part.when is not None and not scope.get(part.when):
                    return Ownership.HIDDEN
                await self._read(request, scope, part, plan, places=places, seen=seen)
                if self._is_others(seen):
                    return Ownership.OTHERS
        except HTTPError as error:
            if error.response is None or is_trouble(error.status) or error.status in (401, 429):
                raise
            return Ownership.HIDDEN
        return self._holding(seen, rows)

    async def _read(
        self,
        request: Request,
        scope: dict[str, Any],
        part: JobContents,
        plan: RequestPlan,
        *,
        places: _Places,
        seen: _Seen,
    ) -> None:
        """Note what a request shows, and no more than is needed to know a job of others."""
        headers = {} if part.send_auth else self._plans.no_auth
        async for response in pages_of(
            plan, part.pages, part.items, request, scope, headers=headers
        ):
            scope |= extracted(part.extract, response, plan.place)
            if places:
                await to_thread(seen.add, read_entries(part, response, plan.place), places)
            if self._is_others(seen):
                return

    def _is_others(self, seen: _Seen) -> bool:
        # Of a job of ours, each entry is of one of our rows.
        return bool(seen.strangers) and not seen.own

    def _holding(self, seen: _Seen, rows: LostRows) -> Ownership:
        if not seen.own:
            return Ownership.HIDDEN
        if self._rule.is_marked:
            return Ownership.OURS
        is_whole = len(seen.own) == rows.count and not seen.strangers
        return Ownership.OURS if is_whole else Ownership.SOME


def _places(render: Render, scopes: Iterable[Scope]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for at, scope in enumerate(scopes):
        if text := _named(render(scope)):
            found.setdefault(text, set()).add(at)
    return found


def _named(value: Any) -> str:
    return "" if value is ABSENT else text_of(value)
