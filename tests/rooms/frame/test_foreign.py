"""Frames of polars, pyarrow and DuckDB, made by these libraries, as rows of plain values."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from asyncdest_nb.errors import FrameError
from asyncdest_nb.frame import as_pandas, to_rows

TWENTY_DIGITS = 18_446_744_073_709_551_615
INTEGERS = [9_007_199_254_740_993, None, -1]  # A float cannot hold the first.

# The values, the type in polars, and the plain values.
COLUMNS = {
    "unsigned": ([TWENTY_DIGITS, None], pl.UInt64, [TWENTY_DIGITS, None]),
    "long": ([-(2**100), None], pl.Int128, [-(2**100), None]),
    "number": ([float("nan"), None, 1.5, 3.0], pl.Float64, [None, None, 1.5, 3]),
    "short": ([19.99, None], pl.Float32, [19.99, None]),
    "decimal": ([Decimal("1.10"), None], pl.Decimal(38, 2), ["1.10", None]),
    "day": ([date(2024, 2, 29), None], pl.Date, ["2024-02-29", None]),
    "clock": ([time(1, 2, 3, 4), None], pl.Time, ["01:02:03.000004", None]),
    "local": ([datetime(2024, 7, 1, 12), None], pl.Datetime("us"), ["2024-07-01T12:00:00", None]),
    "zoned": (
        [datetime(2024, 7, 1, 12, tzinfo=UTC), None],
        pl.Datetime("us", "Europe/Berlin"),
        ["2024-07-01T14:00:00+02:00", None],
    ),
    "span": ([timedelta(days=1, seconds=1), None], pl.Duration("us"), ["P1DT0H0M1S", None]),
    "true": ([True, None, False], pl.Boolean, [True, None, False]),
    "text": (["ä", None, ""], pl.String, ["ä", None, ""]),
    "kind": (["b", None], pl.Enum(["a", "b"]), ["b", None]),
    "category": (["b", None], pl.Categorical, ["b", None]),
    "bytes": ([b"ab", None], pl.Binary, ["YWI=", None]),
    "nothing": ([None, None], pl.Null, [None, None]),
    "list": ([INTEGERS, None, []], pl.List(pl.Int64), [INTEGERS, None, []]),
    "prices": ([[19.99, None], None], pl.List(pl.Float32), [[19.99, None], None]),
    "struct": (
        [{"at": date(2024, 1, 1), "ids": INTEGERS}, {"at": None, "ids": None}],
        pl.Struct({"at": pl.Date, "ids": pl.List(pl.Int64)}),
        [{"at": "2024-01-01", "ids": INTEGERS}, {"at": None, "ids": None}],
    ),
}


def plain(frame):
    rows = to_rows(frame)
    assert rows.faults == {}
    return rows.rows


def exactly(rows):
    return [[(type(value).__name__, value) for value in row.values()] for row in rows]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_polars_keeps_its_types(name):
    values, dtype, expected = COLUMNS[name]
    frame = pl.DataFrame({name: pl.Series(values, dtype=dtype, strict=False)})
    wanted = exactly([{name: value} for value in expected])
    assert exactly(plain(frame)) == wanted
    assert exactly(plain(frame.lazy().filter(pl.lit(True)))) == wanted


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "long"])
def test_a_table_of_pyarrow_is_read_like_the_frame_of_polars(name):
    values, dtype, expected = COLUMNS[name]
    table = pl.DataFrame({name: pl.Series(values, dtype=dtype, strict=False)}).to_arrow()
    for other in (table, table.to_batches()[0], pa.table(table).to_reader()):
        assert exactly(plain(other)) == exactly([{name: value} for value in expected])


def test_a_relation_of_duckdb_is_computed_and_keeps_its_types():
    relation = duckdb.sql("""
        select * from (values
            (170141183460469231731687303715884105727::hugeint, 1.10::decimal(9, 2),
             timestamp_ns '2024-01-01 00:00:00.123456789', {'a': [1, null]}, map {'k': 0.1::float}),
            (null, null, null, null, null)) as t(id, price, moment, nested, options)
    """)
    assert plain(relation) == [
        {
            "id": 2**127 - 1,
            "price": "1.10",
            "moment": "2024-01-01T00:00:00.123456789",
            "nested": {"a": [1, None]},
            "options": {"k": 0.1},
        },
        dict.fromkeys(["id", "price", "moment", "nested", "options"]),
    ]


def test_a_table_of_pyarrow_with_dates_that_python_lacks_says_which_rows_have_them():
    table = pa.table(
        {
            "day": pa.array([2_932_897, 0, None], pa.date32()),
            "at": pa.array([2_932_897 * 86_400, 0, None], pa.timestamp("s", "UTC")),
        }
    )
    rows = to_rows(table)
    assert rows.rows[1:] == [
        {"day": "1970-01-01", "at": "1970-01-01T00:00:00+00:00"},
        {"day": None, "at": None},
    ]
    assert {name: list(found) for name, found in rows.faults.items()} == {"day": [0], "at": [0]}


def test_a_list_in_an_arrow_column_of_pandas_keeps_its_digits():
    lists = pd.Series([INTEGERS], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    assert plain(pd.DataFrame({"ids": lists})) == [{"ids": INTEGERS}]


def test_the_labels_of_a_frame_without_an_index_are_its_positions():
    pandas = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    assert to_rows(pandas).labels == ["x", "y"]
    assert to_rows(pa.table(pandas)).labels == ["0", "1"]
    assert as_pandas(pl.DataFrame({"a": [1, 2]})).index.equals(pd.RangeIndex(2))
    assert as_pandas(pandas) is pandas


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"a": [object()]}, schema={"a": pl.Object}),
            "the DataFrame cannot be read: column 'a' has objects of Python; make text",
        ),
        (
            pl.DataFrame({"a": [[1]]}, schema={"a": pl.List(pl.Int128)}),
            "column 'a' has 128-bit integers in lists or structs; cast them",
        ),
        (pa.table([[1], [2]], names=["a", "a"]), "the Table cannot be read: Expected unique"),
        (pl.Series([1]), r"got a Series, not a DataFrame; pass its \.to_frame\(\)"),
    ],
)
def test_a_frame_that_cannot_be_read_as_it_is_says_why(frame, message):
    with pytest.raises(FrameError, match=message):
        to_rows(frame)


def test_an_error_of_a_lazy_frame_says_what_its_library_says():
    with pytest.raises(FrameError, match=r"LazyFrame cannot be read: .*\bb\b"):
        to_rows(pl.LazyFrame({"a": [1]}).select("b"))
