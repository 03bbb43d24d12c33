"""Numbers in the byte order of another machine, as FITS files have them, sent and shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from one_action import destination, submit


async def perform(request, data):
    if data.payload.user_id == "2":
        raise ad.PayloadValidationError("two")


@pytest.mark.parametrize("kind", ["i4", "u2", "f4", "f8"])
def test_rows_are_sent_and_shown_as_in_the_order_of_this_machine(kind, tmp_path):
    numbers = np.array([1, 2, 3], dtype=f">{kind}")
    frame = pd.DataFrame({"user_id": numbers, "n": numbers}, index=pd.Index(numbers, name="id"))
    with ad.Session() as session:
        run = submit(session, destination(perform=perform), frame)
        run.wait(timeout=20)
        assert run.results(with_frame=True)["n"].tolist() == [1, 2, 3]
        assert run.failed()["n"].tolist() == run.failed().index.tolist() == [2]
        run.write_results(tmp_path / "out.parquet", with_frame=True)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["id"].tolist() == found["n"].tolist() == [1, 2, 3]
    assert frame["n"].dtype == np.dtype(f">{kind}")
