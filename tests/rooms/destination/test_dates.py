"""Days, dates and times in fields; a server keeps the bodies that arrive."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import AwareDatetime, BeforeValidator, PastDate, PastDatetime

from recorded_rows import Identity, case_name, of_type, one, sent


@pytest.mark.parametrize("field", ["day", "moment", "text_day", "days", "address"])
def test_eight_digits_are_a_day_and_never_seconds(recorder, field):
    value: Any = {"days": ["20240601"], "address": {"since": "20240601"}}.get(field, "20240601")
    expected = {
        "moment": "2024-06-01T00:00:00",
        "days": ["2024-06-01"],
        "address": {"since": "2024-06-01"},
    }
    assert one(recorder, value, field) == expected.get(field, "2024-06-01")


@pytest.mark.parametrize("field", ["day", "moment", "text_day", "text_moment"])
@pytest.mark.parametrize(
    "value", [20240601, 20240601.0, 1717200000.5, True, "1717200000", "1.5e9", "-5", "20241399"]
)
def test_a_number_is_no_date(recorder, field, value):
    message = one(recorder, value, field)
    assert "is a number, not a date" in message or "digits alone are a date only" in message


@pytest.mark.parametrize("value", ["1717200000.", ".5", "+1_7", " 1717200000000 "])
@pytest.mark.parametrize("annotation", [date, datetime, PastDatetime, date | datetime])
def test_a_number_is_no_date_in_any_spelling(recorder, annotation, value):
    assert "is a number, not a date" in of_type(recorder, annotation, value)


TIMES: list[tuple[Any, Any, Any]] = [
    (datetime | str, 20240601, "20240601"),
    (date | str, 1717200000000, "1717200000000"),
    (datetime | str, "20240601", "20240601"),
    (datetime | int, 20240601, 20240601),
    (datetime | int, "36000", 36000),
    (datetime | int, "1e9", 1000000000),
    (datetime | float, "1.5", 1.5),
    (datetime | int, "20240601", "2024-06-01T00:00:00"),
    (datetime | list[str], "20240601", "2024-06-01T00:00:00"),
    (date | list[date], ["20240601"], ["2024-06-01"]),
    (PastDate, "20240601", "2024-06-01"),
    (PastDatetime, "20240601", "2024-06-01T00:00:00"),
    (
        Annotated[datetime, BeforeValidator(lambda day: datetime(1970, 1, day))],
        2,
        "1970-01-02T00:00:00",
    ),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TIMES, ids=case_name)
def test_a_number_is_no_date_for_a_field_that_takes_other_types_too(
    recorder, annotation, value, expected
):
    assert of_type(recorder, annotation, value) == expected


@pytest.mark.parametrize("annotation", [AwareDatetime, datetime | list[str], date | Literal["no"]])
def test_a_number_is_no_date_in_a_type_that_only_takes_dates(recorder, annotation):
    assert "is a number, not a date" in of_type(recorder, annotation, 20240601)


@pytest.mark.parametrize("value", [20240601, "1717200000000", pd.Period("2024-06", "M")])
def test_a_number_or_a_month_is_no_time_of_day(recorder, value):
    message = of_type(recorder, str, value, format="time")
    assert "not a date or time" in message or "must be a valid time" in message
    assert of_type(recorder, str, "10:30", format="time") == "10:30"


@pytest.mark.parametrize("annotation", [Identity, str | list[str]])
def test_the_format_of_a_day_is_read_in_every_type_of_text(recorder, annotation):
    day = pd.Timestamp("2024-06-01")
    assert of_type(recorder, annotation, day, format="date") == "2024-06-01"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.to_datetime(["2024-06-01"]), "2024-06-01"),
        (pd.to_datetime(["2024-06-01"]).as_unit("s"), "2024-06-01"),
        (pd.to_datetime(["2024-06-01"]).tz_localize("Europe/Berlin"), "2024-06-01"),
        (pd.Series([date(2024, 6, 1)]), "2024-06-01"),
    ],
)
@pytest.mark.parametrize("field", ["day", "text_day"])
def test_a_field_for_days_takes_midnights(recorder, column, expected, field):
    rows, _ = sent(recorder, pd.DataFrame({field: column}))
    assert rows == [{field: expected}]


@pytest.mark.parametrize("field", ["day", "text_day"])
def test_a_field_for_days_takes_no_other_time_of_day(recorder, field):
    rows, results = sent(recorder, pd.DataFrame({field: pd.to_datetime(["2024-06-01 10:30"])}))
    assert rows == []
    assert list(results["status"]) == ["invalid"]
