"""Parquet files: pandas and pyarrow write those that are read, and read those that are written."""

from __future__ import annotations

import io
from datetime import date, time
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from asyncdest_nb.errors import FrameError
from asyncdest_nb.frame import read_table, to_rows, write_parquet

EXACT = 2**53 + 1  # No float of 64 bits.


def content(table):
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def rows(file):
    return to_rows(read_table(file, "parquet")).rows


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([EXACT, None], pa.int64(), [EXACT, None]),
        ([[EXACT, None], None], pa.list_(pa.int64()), [[EXACT, None], None]),
        ([{"ids": [EXACT, None]}], pa.struct([("ids", pa.list_(pa.int64()))]), ...),
        ([[("a", 1)], None], pa.map_(pa.string(), pa.int64()), [{"a": 1}, None]),
        ([time(1, 2, 3), None], pa.time64("ns"), ["01:02:03", None]),
        ([date(2024, 2, 29), None], pa.date32(), ["2024-02-29", None]),
    ],
)
def test_a_value_of_a_file_is_read_as_it_was_written(values, kind, expected):
    found = [row["x"] for row in rows(content(pa.table({"x": pa.array(values, kind)})))]
    assert found == (values if expected is ... else expected)


def test_a_date_that_python_lacks_is_a_fault_of_its_row():
    kind = pa.struct([("day", pa.date32())])
    file = content(pa.table({"x": pa.array([{"day": 2_932_897}, {"day": 0}], kind)}))
    found = to_rows(read_table(file, "parquet"))
    assert [row["x"] for row in found.rows] == [None, {"day": "1970-01-01"}]
    assert list(found.faults["x"]) == [0]


MONTHS = pd.period_range("2024-01", periods=2, freq="M")


@pytest.mark.parametrize(
    ("index", "first"),
    [
        (pd.RangeIndex(2), {}),
        (pd.Index(["x", "y"]), {}),
        (pd.Index(["x", "y"], name="id"), {"id": "x"}),
        (pd.RangeIndex(5, 9, 2, name="id"), {"id": 5}),
        (pd.MultiIndex.from_tuples([("x", 1), ("y", 2)]), {"level_0": "x", "level_1": 1}),
        (MONTHS.rename("month"), {"month": "2024-01"}),
    ],
    ids=str,
)
def test_the_levels_of_an_index_with_a_name_are_the_first_columns(index, first):
    found = rows(pd.DataFrame({"n": [1, 2], "m": MONTHS}, index=index).to_parquet())
    assert list(found[0].items()) == [*first.items(), ("n", 1), ("m", "2024-01")]


@pytest.mark.parametrize(
    "noted", ["x", "[]", '{"index_columns": ["gone"]}', '{"index_columns": [1, {}], "columns": 1}']
)
def test_a_note_of_pandas_that_is_wrong_is_not_read(noted):
    table = pa.table({"id": ["1"]}).replace_schema_metadata({"pandas": noted})
    assert rows(content(table)) == [{"id": "1"}]


def test_a_column_that_is_there_twice_is_refused_by_its_name():
    with pytest.raises(FrameError, match=r"columns named twice.*'id'"):
        rows(content(pa.table([["1"], ["2"]], names=["id", "id"])))


def arrow(values, kind):
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


COLUMNS = {
    "complex": (np.array([1 + 2j, 3]), '"(1+2j)"'),
    "long float": (np.array([0.5, 1], dtype="longdouble"), 0.5),
    "sparse": (pd.arrays.SparseArray([0, 5], fill_value=0), 0),
    "sparse objects": (pd.arrays.SparseArray(["a", None], dtype=pd.SparseDtype(object)), "a"),
    "mixed categories": (pd.Categorical(["a", 1]), "a"),
    "categories of periods": (pd.Categorical(MONTHS), '"2024-01"'),
    "categories of texts": (pd.Categorical(["a", None]), "a"),
    "half a character": (pd.Series(["\ud800", None], dtype=object), "\\ud800"),
    "half of it in Python": (pd.array(["\ud800", None], dtype="string[python]"), "\\ud800"),
    "list": (arrow([[1], None], pa.list_(pa.int64())), "[1]"),
    "struct": (arrow([{"a": "ä"}, None], pa.struct([("a", pa.string())])), '{"a": "ä"}'),
    "map": (arrow([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), '{"a": 1}'),
    "dictionary": (arrow(["a", None], pa.dictionary(pa.int32(), pa.string())), "a"),
    "bytes of one length": (arrow([b"ab", None], pa.binary(2)), "YWI="),
    "integers": (arrow([EXACT, None], pa.int64()), EXACT),
    "time": (arrow([time(1), None], pa.time64("us")), time(1)),
    "period": (MONTHS, pd.Period("2024-01", "M")),
    7: (pd.Series([{"a": 1}, None], dtype=object), '{"a": 1}'),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_is_written_so_that_pandas_reads_it(name, tmp_path):
    cells, expected = COLUMNS[name]
    frame = pd.DataFrame({name: cells})
    write_parquet(tmp_path / "out.parquet", [frame.iloc[:1], frame.iloc[1:]])
    assert pd.read_parquet(tmp_path / "out.parquet")[str(name)][0] == expected


def test_a_uuid_of_arrow_is_written_as_its_text(tmp_path):
    own = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(int=1).bytes], pa.binary(16)))
    frame = pa.table({"id": own}).to_pandas(types_mapper=pd.ArrowDtype)
    write_parquet(tmp_path / "out.parquet", [frame])
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found["id"].tolist() == ["00000000-0000-0000-0000-000000000001"]
