"""The outcome of each row of a job, matched by the ids in the result files alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ... import destination as ad
from ...numerals import counted
from ...responses import AsyncOperationResult, JSONObject, OperationError, RowResult
from .keys import place_of
from .lines import read_lines

READS = 5  # Polls that read results which lack rows, until these are unknown.


def refused(code: str | None, message: str, *, retryable: bool | None) -> RowResult:
    """Return the outcome of a row that failed, with the vendor's *code* and *message*."""
    error = OperationError(code=code, message=message or "failed without a reason")
    return RowResult(status="failed", error=error, retryable=retryable)


def sent_places(context: JSONObject) -> list[int]:
    """Return the places of the rows of a job that were sent: rows whose image was gone are not."""
    left_out = set(context.get("left_out") or ())
    return [place for place in range(int(context["rows"])) if place not in left_out]


def sent_rows(context: JSONObject) -> int:
    """Return how many rows of a job were sent."""
    return int(context["rows"]) - len(context.get("left_out") or ())


def copies_note(context: JSONObject) -> list[str]:
    """Return that a job was made more than once by what is between here and the vendor."""
    copies = ", ".join(context.get("also") or ())
    return [f"the vendor has this batch again as {copies}, which is billed too"] if copies else []


def still_running(
    context: JSONObject, state: str, *, done: int, failed: int, is_odd: bool
) -> AsyncOperationResult:
    """Return how far a batch is that has not ended: how many rows are *done*, and have *failed*.

    *is_odd*: the vendor does not document its *state*.
    """
    rows = int(context["rows"])
    count = f"{state.lower()}: {done:,} of {counted(rows, 'row')}, {failed:,} failed"
    return AsyncOperationResult(
        status="pending",
        progress=100 * min(done + failed, rows) / rows,
        message="; ".join([count, *copies_note(context)]),
        context=context,
        odd_status=state if is_odd else None,
    )


def read_again(
    state: ad.StateContext, context: JSONObject, gap: str
) -> AsyncOperationResult | None:
    """Return that results with a *gap* are read again at the next poll; None = it was tried.

    A proxy may have cut a file short without an error, and the vendor may be late with it. The
    answers are paid for.
    """
    if not gap:
        return None
    name = f"reads of {context['key']}"
    reads = int(state.get_request_context(name) or 0) + 1
    if reads >= READS:
        return None
    state.set_response_context(name, reads, {"day": 2})
    return AsyncOperationResult(status="pending", message=f"{gap}; read again", context=context)


class JobAnswers:
    """The outcomes of the rows of a job, as its result files list them in any order.

    *foreign* counts answers with ids that are not of this job, *broken* lines that could not
    be read, *gone* files that are not there. A row that is listed twice with different
    outcomes is unknown. An answer that lacks one of the *required* keys says so.
    """

    def __init__(self, key: str, rows: int, required: Sequence[str] = ()) -> None:
        self._key = key
        self._required = required
        self._found: list[RowResult | None] = [None] * rows
        self._twice: set[int] = set()
        self.foreign = 0
        self.broken = 0
        self.gone = 0

    @classmethod
    def of(cls, context: JSONObject) -> JobAnswers:
        """Return the answers of the job in *context*, of which none is read yet."""
        return cls(context["key"], int(context["rows"]), context.get("required") or ())

    def read(
        self, lines: Iterable[str], outcome: Callable[[JSONObject, int], RowResult], *, key: str
    ) -> None:
        """Note the outcomes in the *lines* of a result file, each of which has its id at *key*.

        *outcome* returns that of a line, given the place of its row.
        """
        for line in read_lines(lines):
            if line is None:
                self.broken += 1
            elif (place := self.place_of(line.get(key))) is not None:
                self._add(place, outcome(line, place))

    def place_of(self, custom_id: object) -> int | None:
        """Return the place of the row with this id; None = it is of no row of this job."""
        place = place_of(custom_id, key=self._key, rows=len(self._found))
        self.foreign += place is None
        return place

    def _add(self, place: int, outcome: RowResult) -> None:
        outcome = self._with_gaps(outcome) if self._required else outcome
        before = self._found[place]
        if before is not None and before != outcome:
            self._twice.add(place)
        self._found[place] = outcome

    def _with_gaps(self, outcome: RowResult) -> RowResult:
        answer = outcome.result.get("parsed") if isinstance(outcome.result, dict) else None
        missing = [each for each in self._required if each not in (answer or ())]
        if not missing or not isinstance(answer, dict):
            return outcome
        text = f"the answer lacks {', '.join(missing)}, though the schema requires it"
        return outcome.model_copy(update={"message": text})

    @property
    def count(self) -> int:
        """How many rows have an answer."""
        return sum(each is not None for each in self._found)

    @property
    def completed(self) -> int:
        """How many rows are completed."""
        return sum(each is not None and each.status == "completed" for each in self._found)

    def gap(self, expected: int) -> str:
        """Return what is missing if so many rows must have an answer; empty = nothing."""
        if self.count >= expected:
            return ""
        return f"the results have {self.count:,} of {counted(expected, 'row')}"

    def rows(self, why: str, *, missing: RowResult | None = None) -> list[RowResult]:
        """Return an outcome for each row, in the order in which they were sent.

        That of a row without an answer is *missing*; None = unknown, as *why* says.
        """
        missing = missing or RowResult(status="unknown", message=f"no result has this row; {why}")
        twice = RowResult(
            status="unknown", message="the results have this row twice, with different outcomes"
        )
        return [
            twice if place in self._twice else found or missing
            for place, found in enumerate(self._found)
        ]

    def notes(self) -> list[str]:
        """Return what was odd in the result files."""
        found = (
            (self.foreign, "answer has an id", "answers have ids", "of no row of this job"),
            (self.broken, "line", "lines", "of the results cannot be read"),
            (self.gone, "file of results is", "files of results are", "gone"),
            (len(self._twice), "row has", "rows have", "two different answers"),
        )
        return [f"{counted(count, one, many)} {what}" for count, one, many, what in found if count]
