"""Keys of rows that floats have rounded, against a server on loopback that stores what it gets."""

from __future__ import annotations

import pandas as pd

import asyncdest_nb as ad
from row_shelf import RowShelf, connect, eager

KEYS = {"key": "number", "changed_only": True}


def rows(value: str, *numbers: float | None) -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b"], "value": value, "number": numbers})


def test_a_key_that_may_have_lost_digits_is_invalid(session: ad.Session):
    own, other = 2**53, 2**53 + 1  # The same number of 64 bits.
    with RowShelf() as server:
        crm = connect(session, server)
        run = crm.submit(rows("1", own, other), "put", schedule=eager(), **KEYS)
        assert run.wait(timeout=20) == "completed"
        server.take_arrived()
        rounded = crm.submit(rows("1", float(other), None), "put", schedule=eager(), **KEYS)
        rounded.wait(timeout=20)
        assert server.take_arrived() == []
    assert rounded.results()["message"].tolist() == [
        "its key is 9007199254740992: digits may be lost; read the column as text",
        "its key is missing: number",
    ]
