"""What a session keeps, hands over and forgets: real files, real HTTP."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import stat
import time
import weakref
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine.run import preparer
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.store import Store
from raw_server import RawServer, answer
from scripted_jobs import CREATED, connect, create, done, job, submit, until_put_off

NAME = "Ottilie Unverwechselbar"


def people() -> pd.DataFrame:
    return pd.DataFrame({"user_id": [NAME, "u-2"], "operation_type": "sync_profile"})


def send(session: ad.Session, demo: ad.Simulator, **options: Any) -> ad.Run:
    eager = SquareRoot(minimum=0.05, cost=0.01)
    run = session.connect(demo).submit(people(), "asyncOperation", schedule=eager, **options)
    run.wait(timeout=20)
    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.sqlite"


def written(file: Path) -> bytes:
    return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))


# Recording


def test_other_runs_go_on_while_a_large_run_is_recorded(session: ad.Session, monkeypatch):
    seen: list[str] = []

    def recorded(what: Any) -> Any:
        def write(store: Store, *args: Any, **options: Any) -> None:
            seen.append(what.__name__)
            asyncio.get_running_loop().call_soon(seen.append, "others")
            what(store, *args, **options)

        return write

    monkeypatch.setattr(preparer, "RECORD_SLICE", 1)
    for what in (Store.add_slice, Store.add_run):
        monkeypatch.setattr(Store, what.__name__, recorded(what))
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        run = send(session, demo)
    assert run.status == "completed"
    assert seen[:6] == ["add_slice", "others", "add_slice", "others", "add_run", "others"]


# Handing over


def test_a_run_is_handed_to_a_colleague_with_all_its_results(session: ad.Session, file: Path):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0.5, seed=1) as demo:
        run = send(session, demo)
    run.export(file)
    loaded = ad.load(file)
    assert (loaded.id, loaded.title, loaded.status) == (run.id, run.title, run.status)
    pd.testing.assert_frame_equal(loaded.results(), run.results(), check_index_type=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert loaded.notices == []
    assert loaded.details(0)["rows"][0]["payload"]["user_id"] == NAME
    for act in (loaded.cancel, loaded.retry, lambda: loaded.export(file)):
        with pytest.raises(ad.UsageError, match="loaded from a file"):
            act()


def test_an_export_never_overwrites(session: ad.Session, file: Path):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        run = send(session, demo)
    file.write_text("precious")
    with pytest.raises(ad.UsageError, match=r"session\.sqlite"):
        run.export(file)
    assert file.read_text() == "precious"


def test_an_exported_run_is_no_session_and_the_other_way_round(session: ad.Session, file: Path):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        send(session, demo).export(file)
    with pytest.raises(ad.StoreError, match=r"load\("):
        ad.Session(path=file)
    own = file.with_name("own.sqlite")
    ad.Session(path=own).close()
    with pytest.raises(ad.StoreError):
        ad.load(own)
    with pytest.raises(ad.StoreError):
        ad.load(file.with_name("nowhere.sqlite"))


def test_an_unfinished_run_is_exported_as_it_is_at_that_moment(session: ad.Session, file: Path):
    with ad.simulate("example-async", duration_seconds=1, failing=0) as demo:
        run = session.connect(demo).submit(people(), "asyncOperation")
        while not run.operations or not run.operations[0].operation_id:
            run.wait(timeout=0.02)
        run.export(file)
        loaded = ad.load(file)
        assert loaded.status == "pending"
        assert "its own session continues it" in loaded.notices[0]
        with pytest.raises(ad.UsageError, match="own session"):
            loaded.wait()
        run.wait(timeout=20)


def test_a_retry_is_exported_with_the_run_it_retries(session: ad.Session, file: Path):
    with RawServer(answer(400), CREATED) as server:
        single = job(steps=(), perform_batch=create, poll=done, batch_size=1)
        run = submit(connect(session, single, server.url), ["a", "b"])
        run.wait(timeout=20)
        retry = run.retry()
        retry.wait(timeout=20)
        retry.export(file)
    loaded = ad.load(file)
    assert loaded.id == retry.id
    assert loaded.retry_of is not None
    assert list(loaded.results()["status"]) == list(retry.results()["status"])
    assert len(loaded.results()) == 2


# Retries after a restart


def test_a_retry_has_every_row_after_a_restart_too(file: Path):
    with RawServer(answer(400), CREATED, answer(400), answer(200, {"id": "j-2"})) as server:
        single = job(steps=(), perform_batch=create, poll=done, batch_size=1)
        with ad.Session(path=file) as session:
            run = submit(connect(session, single, server.url), ["a", "b"])
            run.wait(timeout=20)
            retry = run.retry()
            retry.wait(timeout=20)
            before = retry.results()
            assert sorted(before["status"]) == ["completed", "failed"]
        with ad.Session(path=file) as session:
            connect(session, single, server.url)
            first, second = session.runs()
            assert second.retry_of is first
            assert list(second.results()["status"]) == list(before["status"])
            with pytest.raises(ad.UsageError, match="retry that one"):
                first.retry()
            last = second.retry()
            assert last.wait(timeout=20) == "completed"
            assert list(last.results()["status"]) == ["completed", "completed"]


# Forgetting


def test_a_forgotten_run_leaves_no_trace_in_the_file(file: Path):
    with (
        ad.simulate("example-async", duration_seconds=0.1) as demo,
        ad.Session(path=file) as session,
    ):
        run = send(session, demo)
        assert NAME.encode() in written(file)
        session.forget(run)
        assert session.runs() == []
        assert NAME.encode() not in written(file)
        with pytest.raises(ad.UnknownName, match=run.id):
            session.run(run.id)


def test_a_forgotten_run_is_not_kept_in_memory(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        run = send(session, demo)
        session.forget(run)
        kept = weakref.ref(run)
        del run
        gc.collect()
        assert kept() is None


def test_an_unfinished_run_is_not_forgotten(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=1) as demo:
        run = session.connect(demo).submit(people(), "asyncOperation")
        with pytest.raises(ad.UsageError, match="still going"):
            session.forget(run)
        run.wait(timeout=20)
        session.forget(run.id)
        assert session.runs() == []


def test_runs_are_deleted_when_they_are_too_old_and_have_ended(file: Path):
    with (
        ad.simulate("example-async", duration_seconds=0.1) as demo,
        ad.Session(path=file) as session,
    ):
        send(session, demo)
    age(file, days=91)
    with ad.Session(path=file, keep_days=None) as session:
        assert len(session.runs()) == 1
    with ad.Session(path=file, keep_days=92) as session:
        assert len(session.runs()) == 1
    with ad.Session(path=file) as session:
        assert session.runs() == []
    assert NAME.encode() not in written(file)


def test_a_run_that_has_not_ended_is_never_too_old(file: Path):
    with (
        ad.simulate("example-async", duration_seconds=60) as demo,
        ad.Session(path=file) as session,
    ):
        run = session.connect(demo).submit(people(), "asyncOperation")
        while not run.operations or not run.operations[0].operation_id:
            run.wait(timeout=0.02)
    age(file, days=400)
    with ad.Session(path=file) as session:
        assert len(session.runs()) == 1


def age(file: Path, *, days: float) -> None:
    with sqlite3.connect(file) as db:
        db.execute("UPDATE run SET created_at = ?", (time.time() - days * 86_400,))
    db.close()


def test_an_age_that_is_none_is_refused():
    with pytest.raises(ad.UsageError, match="keep_days"):
        ad.Session(keep_days=0)


# Payloads that are not kept


def test_a_session_can_keep_hashes_in_place_of_payloads(file: Path):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        with ad.Session(path=file, keep_payloads=False) as session:
            run = send(session, demo)
            assert run.status == "completed"
            assert len(run.failed()) == 0
        row = stored_rows(file)[0]
        assert (row["payload"], len(row["digest"])) == (None, 64)


def stored_rows(file: Path) -> list[dict[str, Any]]:
    db = sqlite3.connect(file)
    db.row_factory = sqlite3.Row
    rows = [dict(row) for row in db.execute("SELECT * FROM row")]
    db.close()
    return rows


def test_rows_without_a_stored_payload_are_not_sent_after_a_restart(file: Path):
    later = answer(429, headers={"retry-after": "30"})
    with RawServer(later, CREATED) as server:
        whole = job(steps=(), perform_batch=create, poll=done)
        with ad.Session(path=file, keep_payloads=False) as session:
            run = submit(connect(session, whole, server.url), ["a"])
            until_put_off(run, "fewer requests")
        with ad.Session(path=file, keep_payloads=False) as session:
            crm = connect(session, whole, server.url)
            (run,) = session.runs()
            assert run.wait(timeout=20) == "failed"
            assert "not kept" in run.results()["message"].iloc[0]
            with pytest.raises(ad.UsageError, match="submit the same frame again"):
                run.retry()
            # Nothing of it was applied, so the cell that runs again sends it.
            assert submit(crm, ["a"]).wait(timeout=20) == "completed"
