"""How rows are split into batches, and how a keyword becomes a constant."""

from __future__ import annotations

import pandas as pd
import pytest

import asyncdest_nb as ad
from scripted_jobs import (
    connect,
    job,
)


def test_rows_that_differ_in_a_batch_key_go_in_different_batches(session):
    frame = pd.DataFrame({"user_id": list("abcd"), "list_id": ["1", "2", "1", None]})
    crm = connect(session, job(batch_keys=("list_id",)), "http://127.0.0.1:1")
    assert crm.preview(frame, "act").batches == [2, 1, 1]


def test_a_batch_key_must_be_a_field():
    with pytest.raises(ad.UnknownName, match="list_id"):
        job(batch_keys=("list",))


def test_batches_are_cut_by_the_bytes_the_action_counts(session):
    crm = connect(
        session,
        job(batch_bytes=11, row_bytes=lambda payload: len(payload.user_id)),
        "http://127.0.0.1:1",
    )
    preview = crm.preview(pd.DataFrame({"user_id": ["aaaa", "bbbb", "c" * 11, "d" * 12]}), "act")
    assert preview.batches == [2, 1]
    assert "12 bytes" in preview.invalid[3]


def test_a_keyword_is_the_constant_of_a_field(session):
    crm = connect(session, job(), "http://127.0.0.1:1")
    frame = pd.DataFrame({"user_id": ["a"]})
    preview = crm.preview(frame, "act", list_id="l-1")
    assert preview.payloads[0] == {"user_id": "a", "list_id": "l-1"}
    with pytest.raises(ad.UnknownName, match="did you mean 'list_id'"):
        crm.submit(frame, "act", list_ids="l-1")
    with pytest.raises(ad.MappingError, match="keep one"):
        crm.submit(frame, "act", list_id="l-1", mapping={"list_id": "l-2"})
