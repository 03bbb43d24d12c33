"""A value of a destination whose keys the user chose, as columns of the results."""

from __future__ import annotations

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.session import results
from raw_server import RawServer
from scripted_jobs import CREATED, OK, answering, connect, job, submit


def run_of(session, *results, **action):
    rows = [ad.RowResult(status="completed", result=each) for each in results]
    spread = {"result_columns": ("id", "parsed"), "spread": "parsed", **action}
    with RawServer(CREATED, OK) as server:
        crm = connect(session, job(poll=answering(*rows), **spread), server.url)
        run = submit(crm, [f"u{at}" for at in range(len(rows))])
        run.wait(timeout=20)
    return run


def test_each_key_is_a_column_in_the_order_in_which_keys_first_appear(session):
    run = run_of(
        session,
        {"id": 1, "parsed": {"mood": "good"}},
        {"id": 2},
        {"id": 3, "parsed": {"score": 7, "mood": None}},
        {"id": 4, "parsed": [1, 2]},
    )
    found = run.results()
    assert [*found][-3:] == ["id", "mood", "score"]
    assert found["score"].tolist()[2] == 7
    assert found["mood"].tolist()[0] == "good"
    assert found["mood"].isna().tolist() == [False, True, True, True]


def test_a_key_with_the_name_of_another_column_is_named_after_its_value(session):
    found = run_of(session, {"id": 1, "parsed": {"status": "open", "id": "x"}}).results()
    assert found["status"].tolist() == ["completed"]
    assert found["parsed_status"].tolist() == ["open"]
    assert found[["id", "parsed_id"]].iloc[0].tolist() == [1, "x"]


def test_without_any_such_value_there_is_no_column_of_it(session):
    assert [*run_of(session, {"id": 1}).results()][-1:] == ["id"]


def test_a_file_has_the_columns_of_all_rows_in_each_of_its_parts(session, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "GROUP_ROWS", 2)
    found = [{"id": at, "parsed": {f"only_{at}": at}} for at in range(5)]
    run = run_of(session, *found)
    run.write_results(tmp_path / "results.parquet")
    read = pd.read_parquet(tmp_path / "results.parquet")
    assert [*read][-5:] == [f"only_{at}" for at in range(5)]
    assert read["only_4"].dropna().tolist() == [4]


def test_a_value_to_spread_is_one_of_the_result_columns():
    with pytest.raises(ad.UnknownName, match="no result column 'other'"):
        job(result_columns=("id",), spread="other")
