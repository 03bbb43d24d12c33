"""The outcome of every row of a job that has ended, read from the sources of its results."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..destination import ActionData, Request
from ..errors import HTTPError, ProtocolError
from ..operation import value
from ..request import Response
from ..responses import JSONObject, RowResult
from .entries import read_source
from .exchange import Headers, RequestPlan, extracted, first_of, reason_of
from .filters import text_of
from .look_up import looker
from .model import PollRule
from .outcomes import Listed, lacking, reconciled, unlisted_status
from .pages import EndlessPages, list_at
from .plans import LINES, Plans, keys_name
from .results_model import ResultSource
from .rows import keys_of_rows
from .scope import scope_of_context
from .status import JobStatus
from .template import Scope

Given = ActionData[Any, None]


@value
class JobAnswer:
    """What a poll was answered about one operation: ``data`` is the part that is about it."""

    context: JSONObject
    response: Response
    data: Any
    status: JobStatus

    @property
    def size(self) -> int:
        """How many rows the operation has."""
        return int(self.context.get("batch", {}).get("size", 1))


@dataclass(frozen=True, slots=True)
class EndedRows:
    """The outcome of each row of a job; None = it is that of the job.

    ``lacking``: why the results seem not to be whole; "" = they do.
    """

    rows: list[RowResult] | None
    lacking: str = ""


class JobResults:
    """Reads the results of an action's jobs by *poll*, its rule."""

    def __init__(self, plans: Plans, poll: PollRule) -> None:
        self._plans, self._poll, self._rule = plans, poll, plans.action.results
        self._sources = [
            (source, plans.plan(source, f"results.sources[{at}]"))
            for at, source in enumerate(self._rule.sources)
        ]

    async def rows(self, request: Request, data: Given, answer: JobAnswer) -> EndedRows:
        """Return the outcome of each row of a job.

        Raises if a source cannot be read: then nothing is known, and the poll is repeated.
        """
        if self._has_one_outcome(answer.status):
            return EndedRows(None)
        scope = scope_of_context(self._plans.base(data), answer.context)
        scope |= extracted(self._poll.extract, answer.response, "poll", data=answer.data)
        listed = Listed(answer.size, lines=data.state_context.get_request_context(LINES))
        for at, (source, plan) in enumerate(self._sources):
            is_read = source.when is None or bool(scope.get(source.when))
            if is_read and answer.status.state in source.ends:
                use = partial(listed.add, source, keys=self._keys(at, source, data, scope))
                try:
                    await self._read(request, scope, source, plan, answer=answer, use=use)
                except EndlessPages as error:
                    listed.unended = str(error)
        rows = await to_thread(self._reconciled, listed, answer)
        return EndedRows(rows, lacking(listed, self._rule, rows, end=answer.status.state))

    def _has_one_outcome(self, status: JobStatus) -> bool:
        """Whether all rows have the outcome of the job, since that is all there is about them."""
        if self._sources or self._poll.counts.model_fields_set:
            return False
        is_given = "results" in self._plans.action.model_fields_set
        said = unlisted_status(self._rule, status.state) if is_given else status.state
        return status.state in ("completed", "failed") and said == status.state

    async def _read(
        self,
        request: Request,
        scope: Scope,
        source: ResultSource,
        plan: RequestPlan,
        *,
        answer: JobAnswer,
        use: Any,
    ) -> None:
        if not source.url:
            use(list_at(source.items, answer.data, plan.place))
            return
        headers: Headers = {} if source.send_auth else self._plans.no_auth
        try:
            await read_source(plan, source, request, scope, headers=headers, use=use)
        except HTTPError as error:
            if self._rule.keep_seconds and error.status in (404, 410):
                lifetime = f"this API keeps results for {self._rule.keep_seconds:,} seconds"
                error.args = (f"{error}; {lifetime}",)
            raise

    def _reconciled(self, listed: Listed, answer: JobAnswer) -> list[RowResult]:
        paths = {name: path for name, path in vars(self._poll.counts).items() if path}
        stated, _ = reason_of(self._poll.error, answer.data)
        stated = stated or text_of(first_of(self._poll.message, answer.data) or "")
        return reconciled(
            listed,
            rule=self._rule,
            end=answer.status.state,
            counts={name: looker(path)(answer.data) for name, path in paths.items()},
            why=f"the job ended {answer.status.word}{stated and f': {stated}'}",
        )

    def _keys(
        self, at: int, source: ResultSource, data: Given, scope: Mapping[str, Any]
    ) -> Sequence[str]:
        """Return the key of each row: kept when they were sent, or made of their places."""
        size = scope["batch"]["size"]
        if source.match.row is None:
            return ()
        if not self._plans.is_of_row(source.match.row):
            made = ({**scope, "row_index": each, "row_number": each + 1} for each in range(size))
            return keys_of_rows(self._plans.key(at), iter(made))
        kept: list[str] | None = data.state_context.get_request_context(keys_name(at))
        if kept is None or len(kept) != size:
            raise ProtocolError(
                f"results.sources[{at}]: the keys of the rows are not kept any more"
            )
        return kept
