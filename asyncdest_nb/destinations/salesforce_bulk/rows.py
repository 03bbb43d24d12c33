"""Rows in Salesforce's CSV files: those that are uploaded, and those of the results."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from ...errors import ProtocolError
from ...numerals import counted, number_text
from ...request import csv_lines
from ...responses import OperationError, RowResult

NULL = "#N/A"  # Clears a field; an empty cell leaves it unchanged.
RETRYABLE = frozenset(
    {"UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"}
)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d(:\d\d)?|Z)?", re.ASCII)
# The fields and the dashes may be missing.
_ERROR = re.compile(r"([A-Z][A-Z0-9_]*):(?:(.*):(.*?)--|(.*))", re.DOTALL)

Line = Mapping[str, str]


def cell(value: Any, *, clears: bool, kind: str | None = None) -> str:
    """Return *value* as a cell for a field of type *kind*; None = the type is unknown.

    With an unknown type, every text that is a full date-time is treated as one. Salesforce
    reads date-times in UTC: those with an offset are converted, the others get a Z.
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
    # pandas stores days as midnights, and a date field needs the day.
    day, _, clock = text.partition("T")
    if is_date and clock.startswith("00:00:00"):
        return day
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return text  # As the 30th of February: Salesforce refuses this row.
    # Salesforce stores milliseconds.
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def columns_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the columns of all *records*, in the order in which they first appear."""
    return list(dict.fromkeys(name for record in records for name in record))


def cells(
    records: Sequence[Mapping[str, Any]], *, clears: bool, kinds: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return *records* as texts; a missing column is an empty cell, which changes nothing.

    *kinds* are the types of the fields by name. Columns get the spelling of these names:
    Salesforce ignores case, but its failed results may lack columns in another spelling.
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
    # Account.Ext__c is a key of the parent, which is text even if it looks like a date.
    return "string" if "." in field else kinds.get(field)


def to_csv(lines: Sequence[Line]) -> str:
    """Return *lines*, which have the same columns, as CSV with a header and LF line ends."""
    return "".join(csv_lines([list(lines[0]), *(list(line.values()) for line in lines)]))


def row_bytes(payload: Any) -> int:
    """Return the bytes of a payload in a CSV file at most: every cell quoted, nulls as #N/A."""
    texts = [NULL if value is None else str(value) for value in payload.record.values()]
    return sum(len(text.encode()) + text.count('"') + 3 for text in texts)


def from_csv(text: str, *, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the complete lines of a result file; raise ProtocolError if it lacks *columns*.

    A line that is cut off is left out: half of a key may be the key of another row.
    """
    text = text.lstrip("\ufeff")
    whole = text[: text.rfind("\n") + 1] or text  # A header without rows may have no line end.
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
    """Return what identifies a row: a hash of its *key* column, or of all cells without a key.

    The hash keeps it short, as it is stored until the results are read.
    """
    identity = sorted(line.items()) if key is None else line.get(key)
    return blake2b(json.dumps(identity).encode(), digest_size=12).hexdigest()


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
    """Return the outcome of each fingerprint in *sent*, in that order, from the result files.

    The files have no order and no row numbers, so rows are matched by their fingerprints.
    A fingerprint covers *columns*; None = all columns but Salesforce's own. A row is
    unknown if no file has it, or if the files contradict each other.
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
    """Return the cells of a line that were sent."""
    if columns is None:
        return {name: value for name, value in line.items() if not name.startswith("sf__")}
    return {name: line.get(name, "") for name in columns}


def reconciled(rows: list[RowResult], *, processed: int) -> list[RowResult]:
    """Return *rows*, with "canceled" as unknown if the job counts more *processed* rows.

    Then some of the rows in the file of unprocessed rows were in fact processed.
    """
    listed = sum(row.status != "canceled" for row in rows)
    if listed >= processed:
        return rows
    message = (
        f"the job counts {counted(processed, 'row')} as processed, its result files list {listed:,}"
    )
    unknown = RowResult(status="unknown", message=message)
    return [unknown if row.status == "canceled" else row for row in rows]


def _agreed(found: Sequence[RowResult], *, copies: int, why: str) -> RowResult:
    if not found:
        message = f"no result file of the job has this row; {why}"
        return RowResult(status="unknown", message=message)
    if len(found) != copies or len({each.status for each in found}) > 1:
        counts = Counter(each.status for each in found).items()
        listed = ", ".join(f"{count} times as {status}" for status, count in counts)
        message = f"the result files have it {listed}; {copies} such rows were sent"
        return RowResult(status="unknown", message=message)
    if copies == 1 or all(each == found[0] for each in found):
        return found[0]
    # All have the same outcome, but Ids and errors cannot be matched to the copies.
    errors = {each.error.message for each in found if each.error}
    error = OperationError(message=f"one of: {' | '.join(sorted(errors))}") if errors else None
    return RowResult(status=found[0].status, message=found[0].message, error=error)


def _done(line: Line) -> RowResult:
    created = line.get("sf__Created") == "true"
    return RowResult(
        status="completed",
        message="created" if created else "done",
        result={"sf__Id": line.get("sf__Id"), "sf__Created": created},
    )


def _failed(line: Line) -> RowResult:
    # CODE:message:fields --
    text = line.get("sf__Error", "").strip() or "failed without a reason"
    found = _ERROR.fullmatch(text)
    code, text_of_code, fields, rest = found.groups() if found else (None, None, None, text)
    message = (rest.removesuffix("--") if text_of_code is None else text_of_code).strip()
    named = f" ({fields.strip()})" if fields and fields.strip() not in message else ""
    return RowResult(
        status="failed",
        error=OperationError(code=code, message=message + named),
        retryable=None if code is None else code in RETRYABLE,
    )


def _left(why: str) -> Any:
    error = OperationError(code="UNPROCESSED", message=f"not processed: {why}")
    # Sending the same file again would not help: Salesforce cannot read it.
    is_misread = "InvalidBatch" in why or "ClientInputError" in why
    left = RowResult(status="canceled", error=error, retryable=not is_misread)
    return lambda line: left
