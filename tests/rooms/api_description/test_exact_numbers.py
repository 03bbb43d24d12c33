"""Numbers with more digits than a double has, in fields given as data, on their way by HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import DescribedApi

FIELDS = {
    "key": {"label": "Key", "type": "string"},
    "number": {"label": "Number", "type": "number"},
    "whole": {"label": "Whole", "type": "integer"},
    "wholes": {"label": "Wholes", "type": "integer", "multiple": True},
    "either": {"label": "Either", "type": "integer", "allowNull": True},
}


def sent(session: ad.Session, column: str, values: Any) -> tuple[list[str], str]:
    """Return the message of each row that was not sent, and the body of those that were."""
    with DescribedApi(lambda call: {}) as api:
        action = {"fields": FIELDS, "submit": [{"url": "/rows", "json": {"rows": "{{ rows }}"}}]}
        crm = session.connect(
            ad.http_destination({"name": "Api", "base_url": api.url, "actions": {"send": action}})
        )
        run = crm.submit(pd.DataFrame({"key": "k", column: values}), "send")
        run.wait(timeout=60)
        body = api.calls[0].body.decode() if api.calls else ""
    found = run.results()
    return found["message"][found["status"] == "invalid"].tolist(), body


@pytest.mark.parametrize("column", ["number", "whole"])
@pytest.mark.parametrize("digits", ["12345678901234567.89", "9007199254740993.0"])
@pytest.mark.parametrize("kind", [Decimal, str])
def test_a_number_that_a_double_would_change_is_invalid(
    session: ad.Session, column: str, digits: str, kind: Any
):
    (message,), body = sent(session, column, [kind(digits)])
    assert "more digits than a number can hold; use a text field" in message
    assert body == ""


@pytest.mark.parametrize("column", ["number", "whole"])
@pytest.mark.parametrize("kind", [Decimal, str])
def test_a_number_above_all_doubles_is_invalid_and_its_field_named(
    session: ad.Session, column: str, kind: Any
):
    (message,), body = sent(session, column, [kind("-1e16000")])
    assert f"{column}: JSON cannot hold an infinite number" in message
    assert body == ""


# pd.read_csv makes floats of a column of ids with one empty cell, and has lost the last digits.
@pytest.mark.parametrize("column", ["whole", "either"])
def test_ids_that_were_floats_are_invalid_where_an_integer_is_declared(
    session: ad.Session, column: str
):
    messages, body = sent(session, column, [120210000000000123, np.nan, 42])
    assert ["digits may be lost; read the column as text" in each for each in messages] == [True]
    assert f'"{column}":42' in body
    assert "e+17" not in body


def test_ids_that_were_floats_are_invalid_in_a_list_of_integers(session: ad.Session):
    (message,), body = sent(session, "wholes", [[2.0**60, 1.0], [7.0]])
    assert "digits may be lost" in message
    assert body == '{"rows":[{"key":"k","wholes":[7]}]}'


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("number", Decimal("0.10"), "0.1"),
        ("number", Decimal("1E+22"), "1" + "0" * 22),
        ("number", Decimal("9007199254740993"), "9007199254740993"),
        ("number", 1.5e300, "1.5e+300"),
        ("number", 2**70, str(2**70)),
        ("whole", Decimal("9007199254740993"), "9007199254740993"),
        ("whole", 2**70, str(2**70)),
        ("whole", 3.0, "3"),
    ],
)
def test_a_number_that_is_exact_is_sent_as_it_is(
    session: ad.Session, column: str, value: Any, text: str
):
    messages, body = sent(session, column, [value])
    assert messages == []
    assert f'"{column}":{text}}}' in body
