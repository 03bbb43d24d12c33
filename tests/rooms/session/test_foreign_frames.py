"""Frames of polars, pyarrow and DuckDB, previewed and sent to a simulator."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import asyncdest_nb as ad

USERS = pd.DataFrame({"userId": ["u-1", None, "u-3"], "n": [1, 2, 3]}, index=["x", "y", "z"])
FRAMES = {
    "polars": lambda: pl.from_pandas(USERS),
    "lazy": lambda: pl.from_pandas(USERS).lazy(),
    "pyarrow": lambda: pa.table(USERS),
    "duckdb": lambda: duckdb.from_df(USERS).order("n"),
}


@pytest.fixture
def crm(simulator):
    with ad.Session() as session:
        yield session.connect(simulator)


@pytest.mark.parametrize("library", FRAMES)
def test_a_frame_of_another_library_is_sent_like_one_of_pandas(library, crm):
    frame = FRAMES[library]()
    preview = crm.preview(frame, "asyncOperation", operation_type="sync_profile")
    assert [each["user_id"] for each in preview.payloads.values()] == ["u-1", "u-3"]
    run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
    run.wait()
    results = run.results(with_frame=True)
    assert results.index.equals(pd.RangeIndex(3))
    assert results["n"].tolist() == [1, 2, 3]
    assert results["status"][1] == "invalid"
    with pytest.warns(ad.AlreadySubmitted):
        again = crm.submit(USERS, "asyncOperation", operation_type="sync_profile")
    assert again is run
    assert crm.earlier_runs(frame, "asyncOperation", operation_type="sync_profile") == [run]
