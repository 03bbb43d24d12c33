"""Rows in few records: what is written is read back, and damage of a record is noticed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import ExportedRuns, Store, StoredRow, write_export
from paths import DATA
from stored_runs import RUN, tables_of

COUNT = 25_000  # More than a record holds.
FAULTS = {0: "bad", 7: "línea\nof two", COUNT - 1: "last"}


def payload(at: int) -> str | None:
    return None if at in FAULTS else f'{{"x":{at},"y":"é\u2028\\n"}}'


ROWS = [StoredRow(at, f"label\n{at}", payload(at), FAULTS.get(at)) for at in range(COUNT)]


def sliced(store: Store, rows: list[StoredRow] = ROWS, *, by: int = COUNT) -> None:
    with store.writing():
        store.add_run(RUN)
        for first in range(0, len(rows), by):
            some = rows[first : first + by]
            store.add_slice(
                "r",
                first,
                labels=[row.label for row in some],
                payloads=[row.payload for row in some],
                faults=FAULTS,
            )


@pytest.mark.parametrize("place", ["file", "memory"])
@pytest.mark.parametrize("by", [1, 3, 2_000, COUNT])
def test_rows_are_read_back_whatever_the_slices_were(path: Path, by: int, place: str):
    store = Store(path if place == "file" else None)
    rows = ROWS if by > 3 else ROWS[:10]
    sliced(store, rows, by=by)
    assert store.rows("r") == rows
    store.close()


def test_few_records_hold_many_rows(path: Path):
    store = Store(path)
    sliced(store, by=2_000)
    store.close()
    assert len(tables_of(path)["row"]) == 13


def test_single_rows_are_found_in_their_records(path: Path):
    store = Store(path)
    sliced(store, by=2_000)
    at = [COUNT - 1, 7, 1_999, 2_000, 0, COUNT, 10**9]
    assert store.rows("r", at=at) == [ROWS[each] for each in sorted(at) if each < COUNT]
    assert store.rows("nobody", at=at) == []
    store.close()


def test_all_rows_of_a_record_are_read_with_one_of_them(path: Path):
    store = Store(path)
    sliced(store, by=2_000)
    assert store.rows_around("r", [4_001, 1_999, 5]) == [*ROWS[:2_000], *ROWS[4_000:6_000]]
    assert store.rows_around("r", [COUNT]) == []
    store.close()


def test_payloads_take_little_in_memory_and_can_be_read_in_a_file(path: Path):
    pages = {}
    for place in (path, None):
        store = Store(place)
        sliced(store, by=2_000)
        (pages[place],) = store.database.execute("PRAGMA page_count").fetchone()
        store.close()
    assert pages[None] < pages[path] / 2
    assert payload(5) in tables_of(path)["row"][0][3].split("\n")


def test_an_export_from_memory_has_payloads_that_can_be_read(tmp_path: Path):
    store = Store()
    sliced(store, by=2_000)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    assert payload(5) in tables_of(tmp_path / "out")["row"][0][3].split("\n")


def test_a_payload_with_a_line_break_stays_whole(path: Path):
    store = Store(path)
    rows = [StoredRow(0, "a", "1", None), StoredRow(1, "b", "[\n2]", None)]
    sliced(store, rows)
    assert [row.payload for row in store.rows("r")] == ["1", "[\n2]"]
    store.close()


def test_large_payloads_are_shared_among_records(path: Path):
    store = Store(path)
    rows = [StoredRow(at, "a", f'"{at}{"x" * 3_000_000}"', None) for at in range(10)]
    with store.writing():
        store.add_slice("r", 0, labels=["a"] * 10, payloads=[r.payload for r in rows], faults={})
        store.add_run(RUN)
    assert store.rows("r") == rows
    store.close()
    assert len(tables_of(path)["row"]) > 1


def test_an_export_has_the_rows_in_as_few_records(tmp_path: Path, path: Path):
    store = Store(path)
    sliced(store, by=2_000)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    exported = ExportedRuns(tmp_path / "out")
    assert exported.rows("r") == ROWS
    exported.close()
    assert tables_of(tmp_path / "out")["row"] == tables_of(path)["row"]


def test_old_rows_and_new_slices_are_read_alike(path: Path):
    shutil.copy(DATA / "session_v1.sqlite", path)
    store = Store(path)
    sliced(store)
    assert store.rows("r") == ROWS
    assert [len(store.rows(run.id)) for run in store.runs()] == [5, 3, 5, COUNT]
    assert [row.position for row in store.rows("35066a40b9f3", at=[4, 2])] == [2, 4]
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        "size = 5",
        "size = -1",
        "size = 1e300",
        "size = 9223372036854775807",
        "size = 'many'",
        "label = '[1,2]'",
        "label = '[\"a\"]'",
        "label = 'a'",
        "payload = NULL",
        "payload = '1'",
        "payload = x'00'",
        "fault = '[1]'",
        'fault = \'{"2":"beyond"}\'',
        'fault = \'{"-1":"before"}\'',
        'fault = \'{"x":"nowhere"}\'',
        "fault = '{\"0\":1}'",
        "digest = '5e88'",
        "position = -1",
    ],
)
def test_a_record_that_was_changed_is_refused(path: Path, change: str):
    store = Store(path)
    sliced(store, [StoredRow(0, "a", "1", None), StoredRow(1, "b", "2", None)])
    store.close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE row SET {change}")
    store = Store(path)
    with pytest.raises(StoreError, match=r"s\.sqlite is damaged \(.+\): move it away"):
        store.rows("r")
    store.close()
