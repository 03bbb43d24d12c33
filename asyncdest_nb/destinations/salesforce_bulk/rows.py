"""Rows as Salesforce's CSV files have them: on the way out, and in the results."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

from ...errors import ProtocolError
from ...numerals import number_text
from ...responses import OperationError, RowResult

NULL = "#N/A"  # What clears a field; an empty cell leaves it as it is.
RETRYABLE = frozenset(
    {"UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"}
)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d(:\d\d)?|Z)?", re.ASCII)
# The fields and the dashes may be missing.
_ERROR = re.compile(r"([A-Z][A-Z0-9_]*):(?:(.*):(.*?)--|(.*))", re.DOTALL)

Line = Mapping[str, str]


def cell(value: Any, *, clears: bool, kind: str | None = None) -> str:
    """Return *value* as a cell, given the field's type in the object's description.

    Without a type every full date-time counts as one: Salesforce reads those in UTC,
    so the ones with another offset are converted and the ones without get a Z.
    """
    match value:
        case None | "":
            return NULL if clears else ""
        case bool():
            return "true" if value else "false"
        case str() if kind in (None, "date", "datetime") and _MOMENT.fullmatch(value):
            return _moment(value, is_date=kind == "date")
        case float() if value.is_integer():
            return number_text(value)
    return str(value)


def _moment(text: str, *, is_date: bool) -> str:
    # A column of days is a column of midnights in pandas; a date field wants the day.
    day, _, clock = text.partition("T")
    if is_date and clock.startswith("00:00:00"):
        return day
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return text  # The 30th of February: Salesforce says so, of this row alone.
    precision = "milliseconds" if moment.microsecond else "seconds"  # It keeps no more.
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def columns_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the columns that hold all *records*, in the order they first appear."""
    return list(dict.fromkeys(name for record in records for name in record))


def cells(
    records: Sequence[Mapping[str, Any]], *, clears: bool, kinds: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return *records* as texts; a column that a record does not have is left unchanged.

    *kinds* are the types of the fields by their names, which the columns get: names have
    no case for Salesforce, but a file of failed rows may lack what was sent in another one.
    """
    named = {name.casefold(): name for name in kinds}
    columns = {name: named.get(name.casefold(), name) for name in columns_of(records)}
    kind_of = {name: _kind(field, kinds) for name, field in columns.items()}
    return [
        {
            field: cell(record[name], clears=clears, kind=kind_of[name]) if name in record else ""
            for name, field in columns.items()
        }
        for record in records
    ]


def _kind(field: str, kinds: Mapping[str, str]) -> str | None:
    # Account.Ext__c is a key of the parent: a text, whatever it looks like.
    return "string" if "." in field else kinds.get(field)


def to_csv(lines: Sequence[Line]) -> str:
    """Return *lines*, which have the same columns, as CSV with LF line ends and a header."""
    written: list[str] = []
    # Before Python 3.13 only the characters of the line end are quoted: a lone CR would not be.
    writer = csv.writer(SimpleNamespace(write=written.append), lineterminator="\r\n")
    writer.writerow(lines[0].keys())
    writer.writerows(line.values() for line in lines)
    return "".join(line[:-2] + "\n" for line in written)


def row_bytes(payload: Any) -> int:
    """Return what a payload takes in a CSV file, at most: every cell quoted, nulls as #N/A."""
    texts = [NULL if value is None else str(value) for value in payload.record.values()]
    return sum(len(text.encode()) + text.count('"') + 3 for text in texts)


def from_csv(text: str, *, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the whole lines of a result file; raises ProtocolError if it has not *columns*.

    A line that is cut off is none: half of a key may be the key of another row.
    """
    text = text.lstrip("\ufeff")
    whole = text[: text.rfind("\n") + 1] or text  # A header alone may have no line end.
    reader = csv.reader(io.StringIO(whole, newline=""), strict=True)
    header = next(reader, [])
    if text.strip() and not set(columns) <= set(header):
        raise ProtocolError(f"a result file without {', '.join(columns)}: {text[:200]!r}")
    try:
        for cells in reader:
            if len(cells) == len(header):
                yield dict(zip(header, cells, strict=True))
    except csv.Error:
        return  # Cut off inside quotes.


def fingerprint(line: Line, key: str | None) -> str:
    """Return what tells a row from the others: its *key* column; without one, all it holds.

    Hashed, to be short: it is kept until the results are there.
    """
    told = sorted(line.items()) if key is None else line.get(key)
    return blake2b(json.dumps(told).encode(), digest_size=12).hexdigest()


def outcomes(
    sent: Sequence[str],
    *,
    key: str | None,
    columns: Sequence[str] | None = None,
    successful: str,
    failed: str,
    unprocessed: str,
    why: str,
) -> list[RowResult]:
    """Return what the three result files say of each row *sent* (its fingerprint), in that order.

    The files are in no order and without row numbers, so the fingerprint is all there is.
    It is of *columns*, whatever others the files have; None = of all but Salesforce's own.
    A row that no file has, or that they contradict each other about, is unknown.
    """
    found: defaultdict[str, list[RowResult]] = defaultdict(list)
    for text, needed, read in (
        (successful, ("sf__Id", "sf__Created"), _done),
        (failed, ("sf__Id", "sf__Error"), _failed),
        (unprocessed, (key,) if key else (), _left(why)),
    ):
        for line in from_csv(text, columns=needed):
            found[fingerprint(_own(line, columns), key)].append(read(line))
    copies = Counter(sent)
    return [_agreed(found.get(each, []), copies=copies[each], why=why) for each in sent]


def _own(line: Line, columns: Sequence[str] | None) -> Line:
    """Return what was sent of a line."""
    if columns is None:
        return {name: value for name, value in line.items() if not name.startswith("sf__")}
    return {name: line.get(name, "") for name in columns}


def reconciled(rows: list[RowResult], *, processed: int) -> list[RowResult]:
    """Return *rows* without what the job's own count of *processed* rows contradicts.

    Where it has more than its result files, some of those said to be left are not.
    """
    accounted = sum(row.status != "canceled" for row in rows)
    if accounted >= processed:
        return rows
    message = f"the job counts {processed:,} rows as processed, its result files {accounted:,}"
    unknown = RowResult(status="unknown", message=message)
    return [unknown if row.status == "canceled" else row for row in rows]


def _agreed(said: Sequence[RowResult], *, copies: int, why: str) -> RowResult:
    if not said:
        message = f"no result file of the job has this row; {why}"
        return RowResult(status="unknown", message=message)
    if len(said) != copies or len({each.status for each in said}) > 1:
        words = Counter(each.status for each in said).items()
        listed = ", ".join(f"{count} times as {word}" for word, count in words)
        message = f"the result files have it {listed}; {copies} such rows were sent"
        return RowResult(status="unknown", message=message)
    if copies == 1 or all(each == said[0] for each in said):
        return said[0]
    # All have the same outcome; which Id or which error is whose, nobody can tell.
    errors = {each.error.message for each in said if each.error}
    error = OperationError(message=f"one of: {' | '.join(sorted(errors))}") if errors else None
    return RowResult(status=said[0].status, message=said[0].message, error=error)


def _done(line: Line) -> RowResult:
    created = line.get("sf__Created") == "true"
    return RowResult(
        status="completed",
        message="created" if created else "done",
        result={"sf__Id": line.get("sf__Id"), "sf__Created": created},
    )


def _failed(line: Line) -> RowResult:
    # CODE:words:fields --
    text = line.get("sf__Error", "").strip() or "failed without a reason"
    found = _ERROR.fullmatch(text)
    code, words, fields, rest = found.groups() if found else (None, None, None, text)
    message = (rest.removesuffix("--") if words is None else words).strip()
    named = f" ({fields.strip()})" if fields and fields.strip() not in message else ""
    return RowResult(
        status="failed",
        error=OperationError(code=code, message=message + named),
        retryable=None if code is None else code in RETRYABLE,
    )


def _left(why: str) -> Any:
    error = OperationError(code="UNPROCESSED", message=f"not processed: {why}")
    # A file that Salesforce cannot read will be no better the next time.
    is_misread = "InvalidBatch" in why or "ClientInputError" in why
    left = RowResult(status="canceled", error=error, retryable=not is_misread)
    return lambda line: left
