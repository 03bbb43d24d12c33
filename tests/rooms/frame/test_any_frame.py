"""Frames that Hypothesis makes: every row is JSON."""

import enum
import json
from datetime import UTC

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncdest_nb.frame import to_frame, to_rows, with_columns


class Plan(enum.Enum):
    PRO = "pro"


NAT64 = np.datetime64("NaT", "ns")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.decimals(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.complex_numbers(),
    st.sampled_from([pd.NaT, pd.NA, np.nan, NAT64, Plan.PRO, np.float32(1.5), np.int8(3)]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.none() | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPED = st.sampled_from(
    [
        (st.none() | st.integers(-(2**62), 2**62), "Int64"),
        (st.none() | st.booleans(), "boolean"),
        (st.floats(), "float64"),
        (st.none() | st.text(max_size=5), "string"),
        (st.none() | st.text(max_size=5), "category"),
        (st.none() | st.datetimes(), "datetime64[us]"),
    ]
)


@st.composite
def frames(draw):
    size = draw(st.integers(0, 6))
    columns = {}
    for name in draw(st.lists(st.text(max_size=4), max_size=4, unique=True)):
        column = np.empty(size, dtype=object)
        if draw(st.booleans()):
            column[:] = draw(st.lists(VALUES, min_size=size, max_size=size))
            columns[name] = pd.Series(column, dtype=object)
        else:
            values, dtype = draw(TYPED)
            column[:] = draw(st.lists(values, min_size=size, max_size=size))
            columns[name] = pd.Series(column, dtype=object).astype(dtype)
    return pd.DataFrame(columns, index=range(size))


def texts_in(value):
    if isinstance(value, dict):
        return {text for each in value.items() for part in each for text in texts_in(part)}
    if isinstance(value, list | tuple | set):
        return {text for each in value for text in texts_in(each)}
    return {value} if isinstance(value, str) else set()


@settings(deadline=None)
@given(frames())
def test_every_row_is_json_and_no_missing_value_became_text(frame):
    rows = to_rows(frame)
    assert len(rows.rows) == len(rows.labels) == len(frame)
    for position, row in enumerate(rows.rows):
        assert tuple(row) == rows.columns
        json.dumps(row, allow_nan=False).encode()
        own = texts_in(frame.iloc[position].tolist()) | set(rows.columns)
        made_up = {"nan", "NaN", "NaT", "None", "<NA>"} & texts_in(row)
        assert made_up <= own


INDEXES = st.integers(1, 8).flatmap(
    lambda size: st.one_of(
        st.permutations(range(size)).map(pd.Index),
        st.lists(st.sampled_from("ab"), min_size=size, max_size=size).map(pd.Index),
        st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(0, 1)), min_size=size, max_size=size
        ).map(lambda tuples: pd.MultiIndex.from_tuples(tuples, names=["k", "n"])),
    )
)


@given(INDEXES, st.data())
def test_rows_and_outcomes_are_aligned_by_position_for_any_labels(index, data):
    frame = pd.DataFrame({"n": range(len(index)), "status": "own"}, index=index)
    rows = to_rows(frame)
    assert [row["n"] for row in rows.rows] == list(range(len(index)))

    outcomes = to_frame(rows.index, {"n": [row["n"] for row in rows.rows]})
    pd.testing.assert_index_equal(outcomes.index, index)
    assert outcomes["n"].tolist() == frame["n"].tolist()

    positions = data.draw(st.lists(st.integers(0, len(index) - 1), max_size=5))
    picked = with_columns(frame, positions, {"status": [f"at {at}" for at in positions]})
    pd.testing.assert_frame_equal(picked[["n", "status"]], frame.iloc[positions])
    assert picked["status_1"].tolist() == [f"at {at}" for at in picked["n"]]
