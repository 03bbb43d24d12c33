"""Exports that are damaged or missing: the error names them, and what can be loaded."""

from __future__ import annotations

import contextlib
import sqlite3
import traceback
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import ExportedRuns, Store, write_export
from session_files import DAMAGES
from stored_runs import write


def test_a_damaged_export_is_refused(tmp_path: Path):
    store = Store()
    write(store, length=1000)
    out = tmp_path / "out"
    write_export(store, ["r"], out)
    store.close()
    content = out.read_bytes()
    for damage in DAMAGES:
        out.write_bytes(DAMAGES[damage](content))
        with pytest.raises(StoreError, match="move it away, or restore it from a copy"):
            ExportedRuns(out)
    out.write_bytes(b"")
    with pytest.raises(StoreError, match="another program, without tables"):
        ExportedRuns(out)
    assert list(tmp_path.iterdir()) == [out]


def test_what_cannot_be_loaded_is_named_with_what_can(tmp_path: Path):
    table = tmp_path / "people.csv"
    table.write_text("user_id\nada\n" * 100)
    for path, said in {
        tmp_path / "nothing.run": "No such file or directory; give the path of a file that Run.",
        tmp_path: "Is a directory; give the path of a file that Run.export wrote",
        table: "file is not a database; only what Run.export wrote can be loaded; if it is that",
    }.items():
        with pytest.raises(StoreError) as caught:
            ad.load(path)
        assert str(caught.value).startswith(f"cannot load {path}: {said}")
        assert "session" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_once(tmp_path: Path):
    with pytest.raises(StoreError) as caught:
        ad.load(tmp_path / "nothing.run")
    assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1


def test_damage_of_an_export_that_sqlite_cannot_see_says_nothing_of_sessions(tmp_path: Path):
    store = Store()
    write(store)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "out")) as database, database:
        database.execute("UPDATE operation SET state = 'finnished'")
    with pytest.raises(StoreError, match=r"out is damaged \(.*\): only what Run\.export") as caught:
        ad.load(tmp_path / "out")
    assert "session" not in str(caught.value)


def test_an_export_into_a_folder_that_is_not_there_names_what_was_given(tmp_path: Path):
    store, path = Store(), tmp_path / "nowhere" / "out"
    write(store)
    with pytest.raises(StoreError) as caught:
        write_export(store, ["r"], path)
    assert str(caught.value) == (
        f"cannot export to {path}: No such file or directory; "
        "give a path in a directory that exists, and where files can be written"
    )
    store.close()


def test_the_file_of_an_open_session_is_no_export(path: Path):
    with (
        ad.Session(path=path),
        pytest.raises(StoreError, match=r"s\.sqlite is the file of an open session, not an"),
    ):
        ad.load(path)
