"""What became of each row of a job, from the entries of its results. Values in, values out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ..numerals import counted
from ..responses import OperationError, RowResult
from .exchange import is_word, reason_of
from .filters import ABSENT, text_of
from .look_up import looker
from .results_model import EntryRule, OutcomeRule, ResultRule, RowMatch
from .rows import key_of
from .words import meaning_of

# The places of an entry's rows; none: it names no row; None: a place after or before all rows.
Place = Callable[[Any, int], Sequence[int] | None]
_WHOLE = re.compile(r"-?\d{1,15}")


@dataclass
class Listed:
    """What the results say about *count* rows, and the entries that are of no row."""

    count: int
    lines: int | None = None  # Of so many rows, from the first, the lines are certain; None = all.
    rows: dict[int, list[RowResult]] = field(default_factory=lambda: defaultdict(list))
    strays: list[str] = field(default_factory=list)
    copies: dict[int, int] = field(default_factory=dict)  # Rows with the same key.
    nowhere: Counter[str] = field(default_factory=Counter)  # Entries with nothing at their path.
    is_misaligned: bool = False  # An entry has a place that no row has, so others may be shifted.
    unended: str = ""  # Why the pages of a source have no end; others may have more rows.
    _read: Counter[int] = field(default_factory=Counter)

    def add(self, source: EntryRule, entries: Iterable[Any], *, keys: Sequence[str]) -> None:
        """Add the *entries* of a source, or of a further page of it; *keys* are those of rows."""
        place = placer(source.match, count=self.count, keys=keys, lines=self.lines)
        times = Counter(keys)
        self.copies |= {row: times[key] for row, key in enumerate(keys)}
        for entry in entries:
            at = self._read[id(source)]
            self._read[id(source)] += 1
            found, outcome = place(entry, at), row_result(source, entry)
            for row in found or ():
                self.rows[row].append(outcome)
            if not found:
                self.strays.append(outcome.error.message if outcome.error else "")
                path = source.match.path
                self.nowhere.update([path] if path and looker(path)(entry) is ABSENT else [])
                self.is_misaligned |= found is None

    @property
    def strays_text(self) -> str:
        """How many entries are of no row, and a reason that one of them gives."""
        reason = next(filter(None, self.strays), "")
        are = "is" if len(self.strays) == 1 else "are"
        said = f"{counted(len(self.strays), 'result')} {are} of no row that was sent"
        for path, times in self.nowhere.items():
            said += f" ({times:,} of them have nothing at {path})"
        if self.lines is not None and self.lines < self.count:
            said += "; after a cell with several lines, lines do not tell which row is meant"
        return f"{said}: {reason}" if reason else said

    @property
    def misaligned_text(self) -> str:
        """Why no entry is believed whose row is known by its place; "" = they are."""
        found = f"{self.strays_text}, so the places of the others are in doubt"
        return found if self.is_misaligned else ""

    def outcome(self, row: int) -> RowResult | None:
        """Return the outcome of a row, None = no entry is of it."""
        if text := self.misaligned_text:
            return RowResult(status="unknown", message=text)
        return agreed(self.rows[row], self.copies.get(row, 1)) if row in self.rows else None


def placer(match: RowMatch, *, count: int, keys: Sequence[str], lines: int | None = None) -> Place:
    """Return the function that finds the rows of an entry among *count* rows with *keys*.

    *lines* is of how many rows the lines are certain; None = of all.
    """
    if match.by == "order":
        return lambda entry, at: [at] if at < count else None
    look = looker(str(match.path))
    if match.by in ("id", "field"):
        by_key: dict[str, list[int]] = defaultdict(list)
        for row, key in enumerate(keys):
            by_key[key].append(row)
        return lambda entry, at: by_key.get(key_of(look(entry)) or "-", [])
    first = match.first if match.first is not None else 2 if match.by == "line" else 0
    number = _number if match.by != "pointer" else (lambda value: _pointed(value, match.under))

    def place(entry: Any, at: int) -> Sequence[int] | None:
        found = number(look(entry))
        if found is None or found < (match.by == "line"):  # Line 0 stands for the whole file.
            return []
        if match.by == "line" and lines is not None and lines <= found - first and lines < count:
            return []
        return [found - first] if 0 <= found - first < count else None

    return place


def _number(value: Any) -> int | None:
    """Return a whole number, which may be written as a text."""
    text = text_of(value) if isinstance(value, str | int | float) else ""
    text = text.strip().removesuffix(".0")
    return int(text) if not isinstance(value, bool) and _WHOLE.fullmatch(text) else None


def _pointed(value: Any, under: str) -> int | None:
    """Return the index in a JSON pointer (RFC 6901): after *under*, else its first number."""
    if not isinstance(value, str):
        return None
    if under:
        _, found, rest = value.partition(under.rstrip("/") + "/")
        return _number(rest.split("/")[0]) if found else None
    return next((int(each) for each in value.split("/") if _WHOLE.fullmatch(each)), None)


def row_result(source: EntryRule, entry: Any) -> RowResult:
    """Return the outcome that an *entry* states."""
    status = outcome_of(source.outcome, entry)
    message, code = reason_of(source.error, entry)
    error = None
    if status == "failed":
        error = OperationError(
            code=code, message=message or f"failed; {_named(source.outcome, entry)}"
        )
    elif status == "unknown" and not message:
        message = _named(source.outcome, entry)
    return RowResult(
        status=status,
        message="" if error else message,
        error=error,
        result=_kept(source, entry) if status == "completed" else None,
        retryable=_retryable(source, code, message) if status == "failed" else None,
    )


def outcome_of(rule: OutcomeRule, entry: Any) -> Any:
    """Return the status of a row; one whose word is not listed is ``other``."""
    if rule.always is not None:
        return rule.always
    word = looker(str(rule.path))(entry)
    return rule.other if word in (ABSENT, None) else meaning_of(word, rule.words) or rule.other


def _named(rule: OutcomeRule, entry: Any) -> str:
    if rule.path is None:
        return "the API gives no reason"
    word = looker(rule.path)(entry)
    if word is ABSENT:
        return f"{rule.path} is missing"
    known = list(chain(*rule.words.values()))
    is_known = not known or (word is not None and meaning_of(word, rule.words) is not None)
    odd = "" if is_known else f", none of the known words: {', '.join(map(text_of, known))}"
    return f"{rule.path} is {word!r}{odd}"


def _retryable(source: EntryRule, code: str | None, message: str) -> bool | None:
    """Return whether a row may be sent again; None = the description does not say."""
    if source.retryable_texts and any(each in message for each in source.retryable_texts):
        return True
    if source.retryable and code is not None:
        return is_word(code, source.retryable)
    return False if source.retryable_texts else None


def _kept(source: EntryRule, entry: Any) -> Any:
    if source.result is None:
        return entry
    if isinstance(source.result, str):
        value = looker(source.result)(entry)
        return None if value is ABSENT else value
    found = {name: looker(path)(entry) for name, path in source.result.items()}
    return {name: None if value is ABSENT else value for name, value in found.items()}


def reconciled(
    listed: Listed,
    *,
    rule: ResultRule,
    end: str,
    counts: Mapping[str, Any],
    why: str,
) -> list[RowResult]:
    """Return the outcome of each row of a job that ended as *end*.

    A row that is not listed is what ``unlisted`` says, but never completed if the numbers of
    the API, or entries of no row, show that something is missing.
    """
    found = [listed.outcome(row) for row in range(listed.count)]
    unlisted = "unknown" if listed.unended else unlisted_status(rule, end)
    statuses = Counter(unlisted if each is None else each.status for each in found)
    doubt = _doubt(statuses, counts, listed, end) if None in found else ""
    left = _left(unlisted, end=end, why=why, doubt=doubt)
    return [each or left for each in found]


def lacking(listed: Listed, rule: ResultRule, rows: Sequence[RowResult], *, end: str) -> str:
    """Return why the results of a job that ended as *end* seem not to be whole; "" = they do.

    *rows* are the outcomes that they give. Results that list failed rows alone are whole unless
    the numbers of the API say otherwise.
    """
    missing = next((row for row in range(listed.count) if row not in listed.rows), None)
    if missing is None or end not in ("completed", "partial") or rows[missing].status != "unknown":
        return ""
    lists_all = any(
        source.match.by == "order" or "completed" in source.outcome.words for source in rule.sources
    )
    is_short = listed.unended or lists_all or unlisted_status(rule, end) == "completed"
    return rows[missing].message if is_short else ""


def unlisted_status(rule: ResultRule, end: str) -> Any:
    """Return what a row is that no source lists, of a job that ended as *end*."""
    if isinstance(rule.unlisted, dict):
        return rule.unlisted.get(end, "unknown")  # type: ignore[call-overload]
    if end in ("completed", "partial"):
        return rule.unlisted
    return "failed" if end == "failed" else "unknown"


def _left(status: Any, *, end: str, why: str, doubt: str) -> RowResult:
    if status == "completed" and doubt:
        return RowResult(status="unknown", message=f"not listed as failed, but {doubt}")
    if status == "failed":
        return RowResult(status="failed", error=OperationError(code="JOB_FAILED", message=why))
    text = "" if status == "completed" else f"the results do not list this row; {why}"
    return RowResult(status=status, message=f"{text}; {doubt}" if text and doubt else text)


def _doubt(statuses: Mapping[Any, int], counts: Mapping[str, Any], listed: Listed, end: str) -> str:
    """Return why the rows that are not listed cannot be taken as completed; "" = they can."""
    if listed.unended or listed.strays:
        return listed.unended or listed.strays_text
    total = sum(statuses.values())
    completed, failed = statuses["completed"], statuses["failed"]
    ours = {"total": (total,), "completed": (completed,), "failed": (failed,)}
    for name, path_value in counts.items():
        theirs, right = _number(path_value), ours.get(name, (total, total - failed))
        if theirs not in right:
            said = "gives no number" if theirs is None else f"counts {theirs:,}"
            return f"the API {said} of rows as {name}, and the results {right[0]:,}"
    if end == "partial" and statuses["completed"] == total:
        return "the job ended as partly failed, and no row is listed as failed"
    return ""


def agreed(outcomes: Sequence[RowResult], copies: int = 1) -> RowResult:
    """Return the outcome of a row that is listed once or more; *copies* have the same key."""
    statuses = {each.status for each in outcomes}
    if len(statuses) > 1 or (copies > 1 and len(outcomes) != copies):
        listed = Counter(each.status for each in outcomes).items()
        text = ", ".join(f"{times} times as {status}" for status, times in listed)
        return RowResult(
            status="unknown", message=f"the results have it {text}; {copies} such rows were sent"
        )
    if len(outcomes) == 1:
        return outcomes[0]
    texts = dict.fromkeys(each.error.message if each.error else each.message for each in outcomes)
    text = " | ".join(filter(None, texts))
    first = outcomes[0]
    if first.error is None:
        return first
    return first.model_copy(update={"error": first.error.model_copy(update={"message": text})})
