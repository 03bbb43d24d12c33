"""What is known of keys: the payload that was completed last under each of them.

A row of a run with a key *claims* that key from the moment at which the run is recorded, thus
before it is sent, until it has an outcome. Outcomes are written here in the transaction that
writes them to their operations, so no crash leaves one without the other. The rules:

- The payload of a key is known if no row claims it, and the last one that did was completed.
- Nobody knows in which order a destination applies rows that claim a key at the same time, so
  no payload is known afterwards, whatever became of them, until another row is completed.
- A row that waits for the user's decision claims nothing. If it goes on, it claims its key
  again, and counts as one that did so together with others.

Keys and payloads are digests. A claim that ended otherwise than completed is kept with its
run, closed, since a retry needs the key of its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..operation import SETTLED, Operation, RowStatus, row_statuses
from .cells import count, digest
from .database import Database

_CLAIM = ("run", "position", "key", "payload")
_VALUES = 5_000  # of a statement, as in database.py
_AT = " AND position {places}"
_CLOSED = f"run = ? AND is_open = 0{_AT}"
_CLAIM_KEYS = """
INSERT INTO known (key, payload, run, claims, is_shared)
SELECT key, NULL, run, 1, {shared} FROM claim WHERE {which}
ON CONFLICT (key) DO UPDATE SET
    payload = NULL, run = excluded.run, is_shared = {shared} OR claims > 0, claims = claims + 1"""
_END_CLAIMS = """
INSERT INTO known (key, payload, run, claims, is_shared)
SELECT key, {payload}, run, 0, 0 FROM claim WHERE run = ? AND is_open = 1{which}
ON CONFLICT (key) DO UPDATE SET
    payload = CASE WHEN is_shared THEN NULL ELSE excluded.payload END, run = excluded.run,
    claims = claims - 1"""


def stage(database: Database, run: str, claims: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Write the claims (position, key, payload) of *run*, without effect before ``activate``."""
    database.insert("INSERT INTO claim", _CLAIM, [(run, *each) for each in claims])


def activate(database: Database, run: str) -> None:
    """Claim the keys of *run*: what was known of them is not known any more."""
    database.execute(_CLAIM_KEYS.format(shared=0, which="run = ? AND is_open = 1"), (run,))


def has_claims(database: Database, run: str) -> bool:
    """Whether rows of *run* claim keys, or did."""
    query = "SELECT 1 FROM claim WHERE run = ? LIMIT 1"
    return database.execute(query, (run,)).fetchone() is not None


def note(database: Database, run: str, operations: Sequence[Operation]) -> None:
    """Note what *operations* mean for the keys of their rows, which *run* has claimed."""
    settled = [each for each in operations if each.state in SETTLED]
    _end(database, run, [*_rows(settled, is_completed=True)], [*_rows(settled, is_completed=False)])
    # Only what is in doubt can have waited for the user before.
    going = [each for each in operations if each.in_doubt and each.state not in SETTLED]
    _claim_again(database, run, [row for each in going for row in each.rows])


def _rows(operations: Iterable[Operation], *, is_completed: bool) -> Iterator[int]:
    for each in operations:
        for row, (status, _) in zip(each.rows, row_statuses(each), strict=True):
            if (status is RowStatus.COMPLETED) is is_completed:
                yield row


def _end(database: Database, run: str, completed: Sequence[int], others: Sequence[int]) -> None:
    _each(database, _END_CLAIMS.format(payload="payload", which=_AT), run, completed)
    _each(database, f"DELETE FROM claim WHERE run = ?{_AT}", run, completed)
    _each(database, _END_CLAIMS.format(payload="NULL", which=_AT), run, others)
    _each(database, f"UPDATE claim SET is_open = 0 WHERE run = ?{_AT}", run, others)


def _claim_again(database: Database, run: str, rows: Sequence[int]) -> None:
    _each(database, _CLAIM_KEYS.format(shared=1, which=_CLOSED), run, rows)
    _each(database, f"UPDATE claim SET is_open = 1 WHERE {_CLOSED}", run, rows)


def _each(database: Database, statement: str, run: str, rows: Sequence[int]) -> None:
    if rows and list(rows) == list(range(rows[0], rows[-1] + 1)):  # As those of most jobs.
        database.execute(statement.format(places="BETWEEN ? AND ?"), (run, rows[0], rows[-1]))
        return
    for start in range(0, len(rows), _VALUES):
        some = rows[start : start + _VALUES]
        database.execute(statement.format(places=_in(some)), (run, *some))


def _in(some: Sequence[object]) -> str:
    return f"IN ({', '.join('?' * len(some))})"


def known(database: Database, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the payloads of *keys*, of those of which they are known."""
    found: list[tuple[bytes, bytes]] = []
    query = "SELECT key, payload FROM known WHERE claims = 0 AND payload IS NOT NULL AND key"
    for start in range(0, len(keys), _VALUES):
        some = keys[start : start + _VALUES]
        found += database.read(_pair, f"{query} {_in(some)}", *some)
    return dict(found)


def keys_of(database: Database, run: str) -> dict[int, bytes]:
    """Return by position the keys of the rows of *run* that claimed one and are not completed."""
    query = "SELECT position, key FROM claim WHERE run = ?"
    return dict(database.read(_place, query, run))


def drop(database: Database, run: str, *, keeps_known: bool) -> None:
    """Delete the claims of *run*, and what is known by it, unless that is to be kept."""
    database.execute(_END_CLAIMS.format(payload="NULL", which=""), (run,))
    database.execute("DELETE FROM claim WHERE run = ?", (run,))
    if not keeps_known:
        database.execute("DELETE FROM known WHERE run = ? AND claims = 0", (run,))


def _pair(values: Sequence[Any]) -> tuple[bytes, bytes]:
    key, payload = values
    return digest(key), digest(payload)


def _place(values: Sequence[Any]) -> tuple[int, bytes]:
    position, key = values
    return count(position), digest(key)
