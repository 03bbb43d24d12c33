"""Results in a Parquet file, read by pyarrow and pandas."""

import json

import pandas as pd
import pyarrow.parquet as parquet
import pytest

import asyncdest_nb as ad
from asyncdest_nb.session import results
from one_action import destination, submit, users

ANSWERS = [None, 1, None, "text", {"a": [1]}, 2.5, True, None, None]


async def answer(request, data):
    number = int(data.payload.user_id)
    if number == 7:
        raise ad.PayloadValidationError("seven")
    return ANSWERS[number]


async def number(request, data):
    return int(data.payload.user_id) or None


@pytest.fixture(autouse=True)
def two_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(results, "GROUP_ROWS", 2)


@pytest.fixture
def session():
    with ad.Session() as session:
        yield session


def sent(session, perform, *ids):
    frame = users(*ids).set_axis([f"row {at}" for at in range(len(ids))]).rename_axis("status")
    run = submit(session, destination(perform=perform), frame)
    run.wait()
    return run


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return *frame* without the dtypes of texts, which differ between versions of pandas."""
    return frame.astype(object).where(frame.notna(), None)


@pytest.mark.parametrize("with_frame", [True, False])
def test_a_file_of_results_has_in_groups_of_rows_what_results_returns(
    session, tmp_path, with_frame
):
    run = sent(session, answer, *map(str, range(7)), None, "7")
    path = tmp_path / "out.parquet"
    run.write_results(path, with_frame=with_frame)
    assert parquet.read_metadata(path).num_row_groups == 5
    wanted, found = run.results(with_frame=with_frame), pd.read_parquet(path)
    labels = found.pop("status_1")
    assert labels.tolist() == wanted.index.tolist()
    assert [None if pd.isna(each) else each for each in found.pop("result")] == [
        None if each is None else each if isinstance(each, str) else json.dumps(each)
        for each in wanted.pop("result")
    ]
    pd.testing.assert_frame_equal(plain(found), plain(wanted.reset_index(drop=True)))


def test_a_column_has_one_type_though_all_of_a_group_is_missing(session, tmp_path):
    run = sent(session, number, "0", "0", "9007199254740993", "0", "0")
    run.write_results(tmp_path / "out.parquet")
    found = pd.read_parquet(tmp_path / "out.parquet", dtype_backend="numpy_nullable")
    assert found["result"].tolist() == [pd.NA, pd.NA, 9007199254740993, pd.NA, pd.NA]


def test_the_results_of_retries_and_of_no_rows_are_written_too(session, tmp_path):
    calls = []

    async def second_time(request, data):
        calls.append(data.payload.user_id)
        if len(calls) <= 5 and data.payload.user_id in "14":
            raise ad.PayloadValidationError("not now")
        return len(calls)

    run = sent(session, second_time, *"01234")
    assert run.counts["failed"] == 2
    again = run.retry()
    again.wait()
    for each, failed in ((run, 2), (again, 0)):
        each.write_results(tmp_path / "out.parquet")
        written = pd.read_parquet(tmp_path / "out.parquet")["status"].tolist()
        assert written == each.results()["status"].tolist()
        assert written.count("failed") == failed
    empty = sent(session, second_time)
    empty.write_results(str(tmp_path / "empty.parquet"))
    found = pd.read_parquet(tmp_path / "empty.parquet")
    assert len(found) == 0
    assert set(found.columns) >= {*empty.results().columns}


def test_a_file_that_cannot_be_written_leaves_the_one_that_is_there(session, tmp_path):
    run = sent(session, answer, "1")
    path = tmp_path / "out.parquet"
    path.mkdir()
    with pytest.raises(ad.UsageError, match=r"cannot be written to .*out\.parquet"):
        run.write_results(path)
    with pytest.raises(ad.UsageError, match=r"must end in \.parquet"):
        run.write_results(tmp_path / "out.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["out.parquet"]
