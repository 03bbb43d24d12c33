"""What is wrong with rows is found before anything is sent, and is on their labels.

A row is wrong by its key, which is there twice or not at all, by its size, or by a column that
the partner does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from contract_partners import CONTRACTS, Contract, keys_arrived

ROWS = 6
LIMIT = 3_000  # Bytes of a request.
# Destinations whose rows have no key, or one that cannot be asked for: key= of submit names it.
WITHOUT_KEY = {
    "example-async": "key",  # A row is an operation, and a user may have several.
    "sfmc-rows": "customer_id",  # No request shows the primary key of a data extension.
    "openai-batch": "key",  # A row is a question, with an id of ours.
    "anthropic-batches": "key",
    "gemini-batches": "key",
}
NOTE: Mapping[str, Any] = {"note": {"@path": "$.note"}}
PROMPT = {"prompt": {"@template": "{{key}} {{note}}"}}
# The fields that carry a text of any length; the others have a column for it.
CARRIERS: Mapping[str, Mapping[str, Any]] = {
    "example-async": {"data": NOTE},
    "klaviyo-profiles": {"properties": NOTE},
    "mailchimp-batches": {"merge_fields": NOTE},
    "openai-batch": PROMPT,
    "anthropic-batches": PROMPT,
    "gemini-batches": PROMPT,
}
COLUMNS = {"salesforce-bulk": "Description", "hubspot-imports": "firstname"}
# Those that send each column by its name, and can ask which there are.
DESCRIBED: Mapping[str, Mapping[str, Any]] = {
    "salesforce-bulk": {},
    "hubspot-imports": {"properties": ["email", "firstname"]},
}
under_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.slug)


def key_column(contract: Contract) -> str:
    column = contract.names.get("key") or contract.columns.get("user_id") or "email"
    return WITHOUT_KEY.get(contract.slug, column)


def checked(
    contract: Contract, frame: pd.DataFrame, *, limit: int | None = None, **options: Any
) -> tuple[ad.Preview, pd.DataFrame, int]:
    """Preview rows and send them; return both, and how many rows arrived.

    Nothing has arrived by the preview. With *limit* a request has at most so many bytes.
    """
    knobs = {"duration_seconds": 0.02, "failing": 0, **DESCRIBED.get(contract.slug, {})}
    found = ad.destinations()[contract.slug]
    if limit is not None:
        action = replace(found.actions[contract.action], batch_bytes=limit)
        found = replace(found, actions={contract.action: action})
    given = {"columns": dict(contract.columns) or None, **contract.options, **options}
    with ad.simulate(contract.slug, **knobs) as simulator, ad.Session() as session:
        crm = session.connect(found, requests_per_second=2_000, **simulator.settings)
        seen = crm.preview(frame, contract.action, **given)
        assert not simulator.operations
        run = crm.submit(frame, contract.action, **given)
        run.wait(timeout=30)
        return seen, run.results(), sum(keys_arrived(simulator).values())


def assert_refused(frame: pd.DataFrame, found: Any, wrong: list[int], *words: str) -> None:
    """Check that the rows at these places are the only ones that are refused, and say why."""
    seen, results, arrived = found
    assert sorted(seen.invalid) == wrong
    assert all(label in repr(seen) for label in frame.index[wrong][:5])  # And how many more.
    messages = results.loc[results["status"] == "invalid", "message"]
    assert list(messages.index) == list(frame.index[wrong])
    assert all(word in each for word in words for each in messages)
    assert arrived == ROWS - len(wrong)


def options_of(contract: Contract) -> dict[str, Any]:
    return {"key": WITHOUT_KEY[contract.slug]} if contract.slug in WITHOUT_KEY else {}


@under_contract
def test_a_key_that_is_there_twice(contract: Contract):
    frame, column = contract.frame(ROWS).astype(object), key_column(contract)
    frame.iloc[4, frame.columns.get_loc(column)] = frame.iloc[1][column]
    found = checked(contract, frame, **options_of(contract))
    assert_refused(frame, found, [1, 4], column)


@under_contract
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_key_that_is_missing(contract: Contract, nothing: Any):
    frame, column = contract.frame(ROWS).astype(object), key_column(contract)
    frame.iloc[2, frame.columns.get_loc(column)] = nothing
    found = checked(contract, frame, **options_of(contract))
    assert_refused(frame, found, [2])


@under_contract
def test_a_row_that_is_too_large(contract: Contract):
    column = COLUMNS.get(contract.slug, "note")
    frame = contract.frame(ROWS).assign(**{column: "short"})
    frame.iloc[3, frame.columns.get_loc(column)] = "é" * (LIMIT // 2)
    found = checked(contract, frame, limit=LIMIT, **CARRIERS.get(contract.slug, {}))
    assert_refused(frame, found, [3], "bytes", "3,000")


@under_contract
def test_a_column_that_nobody_knows(contract: Contract):
    frame = contract.frame(ROWS).assign(frist_name="Anna")
    columns = {**contract.columns, contract.action: "frist_name"}
    with pytest.raises(ad.UnknownName, match="no field"):
        checked(contract, frame, columns=columns)
    if contract.slug in DESCRIBED:
        found = checked(contract, frame)
        assert_refused(frame, found, list(range(ROWS)), "frist_name", "did you mean")
    elif contract.slug != "sfmc-rows":  # It sends each column, and no request shows which are.
        seen, _, _ = checked(contract, frame)
        assert "frist_name" in seen.unread
        assert "no field reads the column" in repr(seen)
