"""A frame that cells submit more than once, to the example destination."""

from __future__ import annotations

from typing import Any

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from raw_server import answer

ACCEPTED = answer(202, {"operations": [{"operation_id": "o-1"}, {"operation_id": "o-2"}]})
FRAME = pd.DataFrame({"user_id": ["u-1", "u-2"], "operation_type": "sync_profile"}, index=["a", 7])
ONE = FRAME.iloc[:1]


def submit(crm: ad.Connection, frame: pd.DataFrame = FRAME, **options: Any) -> ad.Run:
    eager = SquareRoot(minimum=0.05, cost=0.01)
    return crm.submit(frame, "asyncOperation", **{"schedule": eager, **options})
