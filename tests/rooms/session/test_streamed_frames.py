"""Iterators of frames, such as a file read in chunks, sent as one run."""

from __future__ import annotations

import gc
import weakref

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from one_action import EAGER, destination, users

ROWS = 25
IDS = [f"u-{at}" for at in range(ROWS)]


@pytest.fixture
def sent():
    return []


@pytest.fixture
def act(sent):
    async def perform_batch(request, data):
        sent.extend(each.user_id for each in data.payload)
        return [{"seen": each.user_id} for each in data.payload]

    return destination(perform_batch=perform_batch, batch_size=4)


@pytest.fixture
def session():
    with ad.Session() as session:
        yield session


def chunks(size=10):
    frame = pd.DataFrame({"user_id": IDS, "n": range(ROWS)})
    return (frame.iloc[at : at + size] for at in range(0, ROWS, size))


def submit(session, act, frames, **options):
    return session.connect(act).submit(frames, "act", schedule=SquareRoot(**EAGER), **options)


def test_an_iterator_of_frames_is_one_run_with_the_labels_of_the_frames(session, act, sent):
    run = submit(session, act, chunks())
    assert run.wait() == "completed"
    assert sorted(sent) == sorted(IDS)
    assert run.results().index.tolist() == list(range(ROWS))
    assert run.results()["result"][24] == [{"seen": "u-24"}]
    assert len(run.operations) == 25


def test_a_frame_without_rows_needs_no_columns(session, act, sent):
    first, *others = chunks()
    run = submit(session, act, iter([first, pd.DataFrame(), *others, first.iloc[:0, :1]]))
    assert run.wait() == "completed"
    assert sorted(sent) == sorted(IDS)


def test_a_csv_in_chunks_and_batches_of_arrow_and_polars_are_iterators(
    session, act, sent, tmp_path
):
    pd.concat(chunks()).to_csv(tmp_path / "rows.csv", index=False)
    table = pa.table(pd.read_csv(tmp_path / "rows.csv"))
    with pd.read_csv(tmp_path / "rows.csv", chunksize=7) as reader:
        run = submit(session, act, reader)
    run.wait()
    assert sorted(sent) == sorted(IDS)
    for same in (
        iter(table.to_batches(max_chunksize=3)),
        table.to_reader(),
        iter([pl.from_arrow(table)]),
    ):
        with pytest.warns(ad.AlreadySubmitted):
            assert submit(session, act, same) is run
    assert len(sent) == ROWS


def test_what_was_sent_as_a_frame_is_not_sent_again_as_an_iterator_and_the_reverse(
    session, act, sent
):
    run = submit(session, act, pd.concat(chunks()))
    run.wait()
    with pytest.warns(ad.AlreadySubmitted):
        assert submit(session, act, chunks(3)) is run
    assert run.results()["status"].tolist() == ["completed"] * ROWS
    again = submit(session, act, chunks(), again=True)
    again.wait()
    assert (len(sent), session.runs()) != (ROWS, [run])
    with pytest.warns(ad.AlreadySubmitted):
        assert submit(session, act, pd.concat(chunks())) is again


def test_a_later_frame_with_other_columns_stops_the_submit_before_anything_is_sent(
    session, act, sent
):
    frames = iter([users("a"), users("b").rename(columns={"user_id": "id"})])
    with pytest.raises(ad.FrameError, match=r"frame 2 .* without 'user_id', with 'id'; nothing"):
        submit(session, act, frames)
    with pytest.raises(ad.FrameError, match="the iterator has no frame"):
        submit(session, act, iter([]))
    with pytest.raises(ZeroDivisionError):
        submit(session, act, (users(str(1 / (1 - at))) for at in range(2)))
    with pytest.raises(ad.FrameError, match="got a int, not a DataFrame"):
        submit(session, act, iter([users("a"), 3]))
    assert (sent, len(session.runs())) == ([], 0)


def test_a_preview_takes_one_frame_and_leaves_the_iterator_as_it_is(session, act):
    frames = chunks()
    with pytest.raises(ad.FrameError, match=r"pass one of its frames; submit takes all of them"):
        session.connect(act).preview(frames, "act")
    assert len(list(frames)) == 3


def test_only_one_frame_is_in_memory_at_a_time(session, act):
    alive, most = [], []

    def frames():
        for part in chunks(5):
            own = part.copy()
            alive.append(weakref.ref(own))
            gc.collect()
            most.append(sum(each() is not None for each in alive))
            yield own
            del own

    submit(session, act, frames()).wait()
    assert max(most) <= 2  # The one that is asked for, and the one before.


def test_failed_rows_of_an_iterator_are_sent_again_from_the_file_of_the_session(tmp_path):
    calls = []

    async def perform(request, data):
        calls.append(data.payload.user_id)
        if calls.count(data.payload.user_id) == 1 and data.payload.user_id in ("u-3", "u-20"):
            raise ad.PayloadValidationError("not now")
        return {"seen": data.payload.user_id}

    act, path = destination(perform=perform), tmp_path / "runs.sqlite"
    with ad.Session(path=path) as session:
        run = submit(session, act, chunks())
        run.wait()
        assert run.failed().index.tolist() == [3, 20]
        assert run.retry().wait() == "completed"
    assert sorted(calls) == sorted([*IDS, "u-20", "u-3"])
    with ad.Session(path=path) as session:
        with pytest.warns(ad.AlreadySubmitted):
            again = submit(session, act, chunks(4))
        assert again.status == "completed"
        assert again.results()["status"].tolist() == ["completed"] * ROWS
    assert len(calls) == ROWS + 2


def test_a_row_that_does_not_fit_is_invalid_at_its_position_over_all_frames(session, act):
    run = submit(session, act, iter([users("a", None), users("c", None, "e")]))
    run.wait()
    assert list(run.invalid) == [1, 3]
    assert run.results().index.tolist() == [0, 1, 0, 1, 2]
    assert run.results()["status"].tolist()[2] == "completed"
