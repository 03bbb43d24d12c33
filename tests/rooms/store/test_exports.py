"""Exported runs, in real SQLite files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError, UnknownName, UsageError
from asyncdest_nb.store import SCHEMA_VERSION, ExportedRuns, Store, write_export
from asyncdest_nb.store.schema import EXPORT_ID
from stored_runs import OPERATIONS, RETRY, ROWS, RUN, filled, tables_of, version_of, write_run


@pytest.mark.parametrize("source", ["file", "memory", "held"])
def test_an_exported_run_is_read_back_whole(tmp_path: Path, path: Path, source: str):
    first = Store(None if source == "memory" else path)
    filled(first)
    write_run(first, "other")
    store = Store(path) if source == "held" else first
    out = tmp_path / "out #1?.asyncrun"
    write_export(store, ["r", "s", "r"], out)
    store.close()
    first.close()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert version_of(out) == (SCHEMA_VERSION, EXPORT_ID)
    assert set(tables_of(out)) == {"run", "row", "operation", "outcomes"}
    out.chmod(0o400)
    before = sorted(tmp_path.iterdir())
    exported = ExportedRuns(out)
    assert exported.runs() == [RUN, RETRY]
    assert exported.rows("r") == ROWS
    assert exported.operations("r") == OPERATIONS
    assert sorted(tmp_path.iterdir()) == before
    assert not {"state", "take_over"} & set(dir(exported))  # An export has neither.
    with pytest.raises(StoreError, match="only be read"):
        filled(exported)
    exported.close()


def test_an_export_replaces_no_file_and_refuses_an_unknown_run(tmp_path: Path):
    store = Store()
    filled(store)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        write_export(store, ["r"], tmp_path / "out")
    with pytest.raises(UnknownName, match=r"no run 'q'.* Known: r, s"):
        write_export(store, ["r", "q"], tmp_path / "new")
    with pytest.raises(StoreError, match=r"cannot export to .*nowhere"):
        write_export(store, ["r"], tmp_path / "nowhere" / "new")
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "mine"
    store.close()


def test_a_session_and_an_exported_run_are_not_confused(tmp_path: Path, path: Path):
    store = Store(path)
    filled(store)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    before = (tmp_path / "out").read_bytes()
    with pytest.raises(StoreError, match=r"out is an exported run: .*asyncdest_nb\.load\("):
        Store(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == before
    with pytest.raises(StoreError, match=r"session's file, not an .*asyncdest_nb\.Session\(path="):
        ExportedRuns(path)
    with pytest.raises(StoreError, match="No such file"):
        ExportedRuns(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
