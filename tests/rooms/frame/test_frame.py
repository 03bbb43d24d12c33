"""Frames as rows, and outcomes on the index of the frame; against pandas itself."""

import enum
import math
from datetime import datetime

import pandas as pd
import pytest

from asyncdest_nb.errors import FrameError
from asyncdest_nb.frame import LABEL_LENGTH, to_frame, to_rows, with_columns


class Word(enum.StrEnum):
    DONE = "done"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([{"a": 1}], r"got a list, not a DataFrame; pass pd\.DataFrame"),
        ("people.csv", r"got a str, not a DataFrame; pass pd\.read_csv\(path\)"),
        (None, "got a NoneType"),
        (pd.Series([1]), r"got a Series, .* \.to_frame\(\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "named twice .*: 'a'"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "named twice .*: '1'"),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
            r"2 levels.*flatten.*'_'\.join",
        ),
    ],
)
def test_other_objects_than_frames_with_unique_columns_are_refused(frame, message):
    with pytest.raises(FrameError, match=message):
        to_rows(frame)


def test_empty_frames_have_rows_too():
    assert to_rows(pd.DataFrame()).rows == []
    assert to_rows(pd.DataFrame({"a": []})).columns == ("a",)
    assert to_rows(pd.DataFrame(index=["x", "y"])).rows == [{}, {}]


def test_columns_are_named_by_the_text_of_their_labels():
    assert to_rows(pd.DataFrame([[1, 2]], columns=["a.b", 7])).rows == [{"a.b": 1, "7": 2}]


@pytest.mark.parametrize(
    ("index", "labels"),
    [
        (pd.RangeIndex(5, 7), ["5", "6"]),
        (pd.Index([1.0, None]), ["1", "(missing)"]),
        (pd.Index(["x" * 100, "😀"]), ["x" * (LABEL_LENGTH - 1) + "…", "😀"]),
        (pd.DatetimeIndex(["2024-02-01", None]), ["2024-02-01T00:00:00", "(missing)"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), ["a / 1", "b / 2"]),
        (pd.Index([math.inf, 1.5]), ["inf", "1.5"]),
        (pd.Index(["\ud83d", "a"], dtype=object), ["'\\ud83d'", "a"]),
    ],
)
def test_a_row_has_a_short_label_for_the_screen(index, labels):
    assert to_rows(pd.DataFrame({"a": [1, 2]}, index=index)).labels == labels


def test_the_dtypes_of_outcomes_do_not_depend_on_missing_values():
    known = to_frame(
        pd.RangeIndex(2),
        {
            "status": [Word.DONE, None],
            "error_code": [None, None],
            "progress": [None, 50],
            "retryable": [None, None],
            "polls": [1, 2],
            "share": [1, 0.5],
            "at": [datetime(2024, 2, 1), None],
            "result": [{"a": 1}, None],
        },
    )
    assert {name: str(dtype) for name, dtype in known.dtypes.items()} == {
        "status": "string",
        "error_code": "string",
        "progress": "float64",
        "retryable": "boolean",
        "polls": "Int64",
        "share": "float64",
        "at": str(pd.Series([datetime(2024, 2, 1)]).dtype),
        "result": "object",
    }
    assert known["error_code"].isna().all()
    assert type(known["status"].iloc[0]) is str
    assert known["result"].tolist() == [{"a": 1}, None]


def test_half_a_character_in_an_answer_does_not_break_the_outcomes():
    assert to_frame(pd.RangeIndex(1), {"message": ["half \ud83d"]})["message"][0] == "half ?"


def test_lists_of_equal_length_stay_cells():
    assert to_frame(pd.RangeIndex(2), {"r": [[1, 2], [3, 4]]})["r"].tolist() == [[1, 2], [3, 4]]


def test_a_frame_can_be_made_of_no_outcomes():
    assert to_frame(pd.Index([], name="k"), {"status": []}).index.name == "k"
    assert to_frame(pd.RangeIndex(2), {}).shape == (2, 0)


def test_added_columns_do_not_change_those_of_the_frame():
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None], dtype="Int64"),
            "plan": pd.Categorical(["a", "b"]),
            "status": ["x", "y"],
            "status_1": [1, 2],
        },
        index=["same", "same"],
    )
    frame.columns.name = "fields"
    picked = with_columns(frame, [1], {"status": ["failed"], "why": [None]})
    assert list(picked.columns) == ["id", "plan", "status", "status_1", "status_2", "why"]
    assert picked.columns.name == "fields"
    pd.testing.assert_series_equal(picked.dtypes[frame.columns], frame.dtypes)
    assert picked["status_2"].tolist() == ["failed"]
    assert with_columns(frame, [], {"why": []}).shape == (0, 5)


def test_a_frame_with_categorical_column_labels_can_be_added_to():
    frame = pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["a", "b"]))
    assert list(with_columns(frame, [0], {"why": ["x"]}).columns) == ["a", "b", "why"]
