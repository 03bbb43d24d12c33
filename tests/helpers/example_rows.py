"""Rows for the example destination, and a schedule that polls often."""

from __future__ import annotations

import pandas as pd

from asyncdest_nb.schedule import SquareRoot


def eager() -> SquareRoot:
    return SquareRoot(minimum=0.05, cost=0.01)


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"user_id": [f"u-{number}" for number in range(count)], "operation_type": "sync_profile"},
        index=[f"row {number % 5}" for number in range(count)],
    )
