"""Numbers and ids in fields, and odd values in results; a server keeps the bodies that arrive."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from recorded_rows import Values, case_name, one, sent

IDS = pd.DataFrame({"text": [1001.0, np.nan, 1003.0, 1002.5]})
CUTS = {
    "whole": IDS,
    "slice": IDS.iloc[:1],
    "chunk": IDS.iloc[2:3],
    "dropna": IDS.dropna().iloc[:2],
    "object": IDS.astype(object),
    "replaced": IDS.replace({np.nan: None}).astype(object),
    "Float64": IDS.astype("Float64"),
    "float32": IDS.astype("float32"),
    "pyarrow": IDS.astype("double[pyarrow]"),
    "category": IDS.astype("category"),
    "mixed": pd.DataFrame({"text": [1001.0, "A-17", None]}, dtype=object),
    "sparse": IDS.dropna().astype(pd.SparseDtype("float64")),
}


@pytest.mark.parametrize("cut", CUTS)
def test_an_id_is_the_same_text_in_any_column(recorder, cut):
    rows, _ = sent(recorder, CUTS[cut])
    first = 0 if cut != "chunk" else 2
    assert rows[0]["text"] == {0: "1001", 2: "1003"}[first]
    assert "1001.0" not in json.dumps(rows)


def test_an_id_is_the_same_text_in_every_place_of_a_payload(recorder):
    frame = pd.DataFrame({"id": [1001.0, 1002.0], "tags": [[1.0, 2.5], [3.0]]})
    rows, _ = sent(
        recorder,
        frame,
        text={"@template": "u-{{id}}-{{tags}}"},
        texts={"@path": "$.tags"},
        named={"id": {"@path": "$.id"}},
        either={"@path": "$.id"},
        decimal={"@path": "$.id"},
        anything={"id": {"@path": "$.id"}, "text": {"@template": "{{id}}"}},
    )
    assert rows[0] == {
        "text": "u-1001-1,2.5",
        "texts": ["1", "2.5"],
        "named": {"id": "1001"},
        "either": 1001,
        "decimal": "1001",
        "anything": {"id": 1001, "text": "1001"},
    }
    assert "1001.0" not in json.dumps(rows)


def test_a_constant_of_numpy_is_the_same_text_too(recorder):
    rows, _ = sent(recorder, pd.DataFrame({"integer": [1]}), text=np.float64(1001.0))
    assert rows[0]["text"] == "1001"


def test_an_id_is_the_same_text_in_a_csv_file():
    demo = ad.simulate("salesforce-bulk", duration_seconds=0.1)
    frame = pd.DataFrame({"Customer_Id__c": [1001.0, 1002.0], "LastName": ["Ada", "Grace"]})
    with demo, ad.Session() as session:
        run = session.connect(demo).submit(
            frame, "upsert", object="Contact", external_id="Customer_Id__c"
        )
        assert run.wait(60) == "completed"
        kept = [record["Customer_Id__c"] for record in demo.records["Contact"]]
    assert sorted(kept) == ["1001", "1002"]


def test_an_id_of_lost_digits_is_invalid_in_a_csv_file():
    demo = ad.simulate("salesforce-bulk", duration_seconds=0.1)
    frame = pd.DataFrame({"Customer_Id__c": [2.0**60, 1002.0], "LastName": ["Ada", "Grace"]})
    with demo, ad.Session() as session:
        run = session.connect(demo).submit(
            frame, "upsert", object="Contact", external_id="Customer_Id__c"
        )
        run.wait(60)
        assert list(run.results()["status"]) == ["invalid", "completed"]
    assert "digits may be lost; read the column as text" in run.results()["message"].iloc[0]


@pytest.mark.parametrize("field", ["text", "integer", "either", "decimal"])
@pytest.mark.parametrize(
    "value",
    [
        2.0**53,
        -(2.0**53),
        12345678901234567890.0,
        1e300,
        np.float32(2**24),
        np.float32(123456789),
        np.float16(2048),
    ],
)
def test_a_float_that_may_stand_for_several_integers_is_invalid(recorder, field, value):
    assert "digits may be lost; read the column as text" in one(recorder, value, field)


@pytest.mark.parametrize("values", [[2.0**60], {"id": 2.0**60}])
def test_lost_digits_are_found_inside_a_value_too(recorder, values):
    field = "texts" if isinstance(values, list) else "named"
    assert "digits may be lost" in one(recorder, values, field)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "double[pyarrow]", "object"])
def test_lost_digits_are_found_in_a_template(recorder, dtype):
    frame = pd.DataFrame({"id": pd.Series([2.0**60], dtype=dtype)})
    rows, results = sent(recorder, frame, text={"@template": "u-{{id}}"})
    assert rows == []
    assert list(results["status"]) == ["invalid"]
    assert "digits may be lost" in results["message"].iloc[0]


def test_the_last_float_below_the_limit_is_an_id(recorder):
    assert one(recorder, 2.0**53 - 1, "text") == "9007199254740991"


def test_a_large_amount_is_a_number_like_others(recorder):
    frame = pd.DataFrame({"number": [1e17, 2.5], "anything": [{"sum": 1e17}, {"sum": 2.5}]})
    rows, _ = sent(recorder, frame)
    assert rows == [
        {"number": 1e17, "anything": {"sum": 1e17}},
        {"number": 2.5, "anything": {"sum": 2.5}},
    ]


@pytest.mark.parametrize(
    "value",
    [
        2**53 + 1,
        12345678901234567,
        10**400,
        "12345678901234567",
        " 12345678901234567 ",
        "12345678901234567.0",
        Decimal("12345678901234567.5"),
    ],
)
def test_an_integer_that_a_number_cannot_hold_is_invalid(recorder, value):
    assert "more digits than a number can hold" in one(recorder, value, "number")


@pytest.mark.parametrize(
    "dtype",
    ["float32", "Float32", "float[pyarrow]", "category", "object", "Sparse[float32, nan]"],
)
def test_a_float32_is_written_as_it_is_printed(recorder, dtype):
    price = pd.Series([19.99, 0.1, np.nan], dtype="float32")
    cells: Any = [*price.to_numpy()] if dtype == "object" else price
    frame = pd.DataFrame({"number": pd.Series(cells, dtype=dtype)})
    frame["text"], frame["texts"] = frame["number"], [price.to_numpy()[:2]] * 3
    rows, _ = sent(recorder, frame)
    assert rows[0] == {"number": 19.99, "text": "19.99", "texts": ["19.99", "0.1"]}
    assert rows[1]["number"] == 0.1


def test_other_values_arrive_unchanged(recorder):
    kept = {
        "text": " 007 ",
        "texts": ["1001.0", "1e5", "2024-06-01", "20240601", "nan", "None", "true"],
        "named": {"1.0": "0x10"},
        "integer": 2**70,
        "number": 0.1 + 0.2,
        "decimal": "1.10",
        "anything": {"id": "1001.0", "day": "20240601", "big": 2**70, "list": [1, [2.5, None]]},
    }
    rows, _ = sent(recorder, pd.DataFrame([kept]))
    assert rows == [kept]


ODD_COLUMNS: list[list[Any]] = [
    [2**63, 1, None],
    [-(2**70), 2.5, None],
    [10**400, 0.5, None],
    [True, 1, "x"],
    [[1], {"a": 2**80}, "\ud800"],
    [2**53 + 1, 0.5, 1],
    [1e308, -1e308, 0],
]


@pytest.mark.parametrize("answers", ODD_COLUMNS, ids=case_name)
def test_results_can_hold_any_answer_of_a_destination(tmp_path, answers):
    async def perform(request, data):
        return answers[data.payload.integer]

    action = ad.Action(title="Odd", payload=Values, perform=perform)
    odd = ad.Destination(name="Odd", slug="odd", actions={"odd": action})
    with ad.Session(path=tmp_path / "odd.sqlite") as session:
        run = session.connect(odd).submit(pd.DataFrame({"integer": [0, 1, 2]}), "odd")
        run.wait(30)
        for result, answer in zip(run.results()["result"], answers, strict=True):
            if isinstance(answer, int | float):
                assert result == answer
        run.failed()
        run.export(tmp_path / "odd.run")
    loaded = ad.load(tmp_path / "odd.run")
    assert len(loaded.results()) == 3
    assert repr(loaded.results())
    loaded.failed()
