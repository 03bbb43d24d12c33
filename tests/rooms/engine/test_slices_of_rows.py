"""Payloads of rows that are read in slices: the same as of each row alone, whatever the slices.

The judge is a row at a time: the frame's own ``to_rows``, the mapping of one row, and pydantic.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

import asyncdest_nb as ad
from asyncdest_nb.engine import SlicePreparer
from asyncdest_nb.frame import FrameRows, to_rows
from asyncdest_nb.mapping import FieldMap, plan_fields
from asyncdest_nb.responses import clean_text
from asyncdest_nb.session import field_plans


class Simple(ad.Payload):
    """Fields of which each can be written by its column."""

    key: str = ad.field("Key", default={"@path": "$.a"})
    text: str | None = ad.field("Text")
    limited: str | None = ad.field("Limited", maximum=5)
    mail: str | None = ad.field("Mail", format="email")
    plan: str | None = ad.field("Plan", choices=["pro", "free"])
    kind: Literal["x", "1"] | None = ad.field("Kind")
    whole: int | None = ad.field("Whole", minimum=-10)
    number: float | None = ad.field("Number")
    truth: bool | None = ad.field("Truth")
    anything: Any = ad.field("Anything")
    nested: dict[str, Any] | None = ad.field("Nested")
    tags: list[str] | None = ad.field("Tags", choices=["a", "b", "x"])
    null: str | None = ad.field("Null", allow_null=True)


class Mixed(ad.Payload):
    """Fields of which some have to be read with their row."""

    key: str = ad.field("Key")
    day: date | None = ad.field("Day")
    moment: datetime | None = ad.field("Moment")
    either: int | str | None = ad.field("Either")
    exact: Decimal | None = ad.field("Exact")
    name: UUID | None = ad.field("Name")
    short: Annotated[str, Field(max_length=3)] | None = ad.field("Short")
    counts: list[int] | None = ad.field("Counts")


class Coded(ad.Payload):
    """Fields that code of the author reads."""

    key: str = ad.field("Key")
    text: str | None = ad.field("Text")

    @field_validator("text")
    @classmethod
    def shout(cls, value: str | None) -> str | None:
        """Change every value but one, at which it fails."""
        if value == "a":
            raise ValueError("not that")
        return value and value.upper() + "!"


MODELS = {"simple": Simple, "mixed": Mixed, "coded": Coded}

_TEXTS = st.text(max_size=4) | st.sampled_from(
    [
        "",
        "a",
        "pro",
        "x",
        "1",
        "me@example.com",
        "\u2028",
        "\ud800",
        "\U0001f600",
        '"\\\n\x00',
        "Ł%s",
    ]
)
_NUMBERS = (
    st.integers(-(10**20), 10**20)
    | st.sampled_from([2**53, 2**53 + 1, 10**30, 0, 1, -11])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([1e16, 1.5e-7, 1e300, -0.0, 2.0**53])
)
_SCALARS = (
    st.none() | st.booleans() | _NUMBERS | _TEXTS
    | st.sampled_from([pd.NaT, pd.NA, math.nan, Decimal("1.10"), Decimal("NaN"), Decimal("1E+400")])
    | st.sampled_from([date(2024, 6, 1), datetime(2024, 6, 1, 10, 30), timedelta(hours=1)])
    | st.sampled_from(["2024-06-01", "20240601", "12345678-1234-5678-1234-567812345678", b"\xff"])
    | st.sampled_from([complex(1), pd.Timestamp("2024-06-01", tz="Europe/Berlin")])
)  # fmt: skip
_CELLS = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=4,
)
_ROWS = 7


def _column(cells: st.SearchStrategy[Any], dtype: str) -> st.SearchStrategy[pd.Series[Any]]:
    lists = st.lists(cells, min_size=_ROWS, max_size=_ROWS)
    return lists.map(lambda values: pd.Series(values, dtype=dtype))


_PRINTABLE = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
_SMALL = st.none() | st.integers(-(2**63), 2**63 - 1)
_TIMES = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
COLUMNS = st.one_of(
    _column(_CELLS, "object"),
    _column(_PRINTABLE | st.sampled_from(["a", "pro", "x"]), "str"),
    _column(_PRINTABLE, "string[pyarrow]"),
    _column(_PRINTABLE, "category"),
    _column(st.none() | st.integers(0, 3), "category"),
    _column(st.integers(-(2**63), 2**63 - 1), "int64"),
    _column(_SMALL, "Int64"),
    _column(_SMALL, "int64[pyarrow]"),
    _column(st.floats(), "float64"),
    _column(st.floats(width=32), "float32"),
    _column(st.none() | st.floats(allow_nan=False), "Float64"),
    _column(st.none() | st.floats(allow_nan=False), "double[pyarrow]"),
    _column(st.booleans(), "bool"),
    _column(st.none() | st.booleans(), "boolean"),
    _column(_TIMES, "datetime64[ns]"),
    _column(_TIMES, "datetime64[us, Europe/Berlin]"),
    _column(st.none() | st.timedeltas(timedelta(-100), timedelta(100)), "timedelta64[ns]"),
)
MAPPINGS = st.sampled_from(
    [
        {},
        {"text": {"@template": "{{a}}-{{b}}"}},
        {"text": {"@path": "$.a[0]"}, "nested": {"x": {"@path": "$.b.x"}, "y": [1]}},
        {"nested": {"x": [{"@path": "$.c"}, {"@path": "$.b.y"}]}},
        {"nested": {"@path": "$."}},
        {"anything": {"@path": {"@path": "$.a"}}},
        {"text": "always", "number": 1e16},
    ]
)  # fmt: skip


@st.composite
def submits(draw: st.DrawFn) -> tuple[type[ad.Payload], pd.DataFrame, FieldMap]:
    """Draw a model, a frame, and what fills the fields from it."""
    model = MODELS[draw(st.sampled_from(sorted(MODELS)))]
    cells = {name: draw(COLUMNS) for name in "abc"}
    frame = pd.DataFrame({**cells, "id": draw(_column(_PRINTABLE | st.integers(0, 3), "object"))})
    action = ad.Action(title="Act", payload=model, perform=_perform)
    mapping = {key: each for key, each in draw(MAPPINGS).items() if key in action.fields}
    free = [key for key in action.fields if key not in mapping and key != "key"]
    some = draw(st.lists(st.sampled_from(free), max_size=3, unique=True)) if free else []
    columns = {key: draw(st.sampled_from("abc")) for key in some} | {"key": "id"}
    plans = field_plans(action.fields)
    return model, frame, plan_fields(plans, list(frame), columns=columns, mapping=mapping)


async def _perform(request: Any, data: Any) -> None: ...


def alone(frame: pd.DataFrame, action: ad.Action, fields: FieldMap) -> list[tuple[Any, Any]]:
    """Return for each row its payload as text, or the reason why it has none: a row at a time."""
    rows, found = to_rows(frame), []
    faults = rows.faults_where(fields.reads)
    for position, row in enumerate(rows.rows):
        try:
            fault = faults.get(position)
            read = fault if fault is not None else action.read(fields.payload(row))
            if isinstance(read, str):
                found.append((None, read))
                continue
            text = json.dumps(read.as_json(), ensure_ascii=False, separators=(",", ":"))
            size = len(text.encode())
            limit = action.batch_bytes
            too_long = f"the row is {size:,} bytes; a request may carry {limit:,}"
            found.append((text, None) if size <= limit else (None, too_long))
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start : error.end])
            reason = f"half a character (a lone surrogate: {half}), which UTF-8 cannot encode"
            found.append((None, reason))
        except Exception as error:
            found.append((None, clean_text(f"{type(error).__name__}: {error}")))
    return found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(submits(), st.integers(1, _ROWS))
def test_payloads_and_reasons_do_not_depend_on_the_slices(given, rows):
    model, frame, fields = given
    action = ad.Action(title="Act", payload=model, perform=_perform, batch_bytes=60)
    preparer = SlicePreparer(action, fields)
    found: list[tuple[Any, Any]] = []
    for part in FrameRows(frame, fields.reads).slices(rows):
        prepared = preparer.prepared(preparer.mapped(part))
        places = enumerate(prepared.texts, part.start)
        found += [(text, prepared.invalid.get(position)) for position, text in places]
    assert found == alone(frame, action, fields)


@pytest.mark.parametrize(("model", "is_able"), [(Simple, True), (Mixed, False), (Coded, False)])
def test_models_without_code_of_their_author_are_written_by_columns(model, is_able):
    action = ad.Action(title="Act", payload=model, perform=_perform)
    assert SlicePreparer(action, FieldMap({}, {})).is_able is is_able
