"""Tables in files: what is read from CSV, Parquet and JSON lines, and what is refused."""

from __future__ import annotations

import json

import pytest

from asyncdest_nb.errors import FrameError, UsageError
from asyncdest_nb.frame import DataFrame, read_table, table_bytes, to_rows


def rows(content: bytes, format: str, **options: str) -> list[dict[str, object]]:
    return to_rows(read_table(content, format, **options)).rows


def test_a_cell_of_a_csv_stays_the_text_it_is():
    found = rows(b"id,zip,name\n1001,00501,Null\n,1e5,\n9007199254740993,-0,NA\n", "csv")
    assert found == [
        {"id": "1001", "zip": "00501", "name": "Null"},
        {"id": None, "zip": "1e5", "name": None},
        {"id": "9007199254740993", "zip": "-0", "name": "NA"},
    ]


def test_a_cell_below_a_name_of_digits_stays_the_text_it_is():
    assert rows(b"2026\n007\n1e5\n", "csv") == [{"2026": "007"}, {"2026": "1e5"}]


def test_a_row_of_a_csv_has_the_number_that_a_spreadsheet_shows():
    frame = read_table(b'a,b\n"two\nlines",1\n\n,\n2,2\n', "csv")
    assert list(frame.index) == [2, 5]
    assert frame.index.name == "row"


def test_a_byte_order_mark_and_a_trailing_comma_are_no_part_of_the_names():
    assert rows("\ufeffid,näme,\n1,é,\n".encode(), "csv") == [{"id": "1", "näme": "é"}]
    assert rows('\ufeff{"id": 1}\n'.encode(), "jsonl") == [{"id": 1}]


def test_a_line_separator_inside_a_text_of_json_lines_ends_no_line():
    assert rows('{"id": "a\u2028b"}\n'.encode(), "jsonl") == [{"id": "a\u2028b"}]


def test_other_encodings_and_delimiters_are_read_when_they_are_named():
    assert rows("id;n\n1;Groß\n".encode("cp1252"), "csv", encoding="cp1252", delimiter=";") == [
        {"id": "1", "n": "Groß"}
    ]
    assert rows("id\tn\n1\tGroß\n".encode("utf-16"), "csv", encoding="utf-16", delimiter="\t") == [
        {"id": "1", "n": "Groß"}
    ]


@pytest.mark.parametrize("note", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_a_first_line_that_names_the_delimiter_for_excel_is_no_row(note: str):
    frame = read_table(f"{note}id;n\n007;1,5\n".encode(), "csv")
    assert to_rows(frame).rows == [{"id": "007", "n": "1,5"}]
    assert list(frame.index) == [2]


def test_a_value_of_json_lines_keeps_its_type_also_where_others_are_missing():
    content = b'{"id": 9007199254740993, "n": "007"}\n\n{"n": "1", "tags": ["a"]}\n'
    frame = read_table(content, "jsonl")
    assert to_rows(frame).rows == [
        {"id": 9007199254740993, "n": "007", "tags": None},
        {"id": None, "n": "1", "tags": ["a"]},
    ]
    assert list(frame.index) == [1, 3]


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
def test_what_is_written_is_read_again(format: str):
    frame = DataFrame({"id": ["007", "8"], "n": [1, 2], "x": [{"a": 1}, None]})
    found = rows(table_bytes(frame, format), format)
    objects = [each.pop("x") for each in found]
    assert [each | {"index": 0} for each in found] == [
        {"index": 0, "id": "007", "n": 1},
        {"index": 0, "id": "8", "n": 2},
    ]
    first = objects[0]
    assert (json.loads(first) if format == "parquet" else first) == {"a": 1}  # type: ignore[arg-type]
    assert objects[1] is None


def test_a_parquet_file_keeps_its_index_and_its_types():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": pandas.array([1, None], "Int64")}, index=["a", "b"])
    frame.index.name = "id"
    assert rows(frame.to_parquet(), "parquet") == [{"id": "a", "n": 1}, {"id": "b", "n": None}]


@pytest.mark.parametrize(
    ("content", "format", "message"),
    [
        (b"", "csv", "it is empty: a CSV begins with a line of column names"),
        (b"\n \n", "csv", "it is empty: a CSV begins with a line of column names"),
        (b"\r\n\nid\n1\n", "csv", "its first line is blank: a CSV begins with"),
        (b"a,b\n1,2,3\n", "csv", "Expected 2 fields in line 2, saw 3"),
        (b'a\n"1\n', "csv", "it is not a CSV: .*EOF inside string"),
        (b"a,\n1,2\n", "csv", "column 2 has values and no name"),
        (b"a;b\n1;2\n", "csv", "it has one column, 'a;b'; give the delimiter ';'"),
        # With a comma in a decimal number the second line has more columns than the first.
        (b"a;b\r\n1,5;2\r\n", "csv", "it has one column, 'a;b'; give the delimiter ';'"),
        (b"a\tb\n1\t2\n", "csv", "give the delimiter tab"),
        (b"id,n\n1,K\xe4the\n", "csv", "line 2 is not utf-8: .*0xe4.*such as cp1252"),
        ("id,n\n".encode("utf-16"), "csv", "line 1 is not utf-8: .*such as utf-16"),
        (b"", "jsonl", "it is empty"),
        (b'{"a": 1}\n{"a": }\n', "jsonl", "line 2 is not JSON"),
        (b"[1]\n", "jsonl", r"line 1 is not a JSON object: \[1\]"),
        (
            b'{"a": 1}\n{"b": {"a": 1, "a": 2}}\n',
            "jsonl",
            "line 2 has the name 'a' twice in an obj",
        ),
        (b"id\n1\n", "parquet", "it is not Parquet"),
    ],
)
def test_the_message_of_a_file_that_cannot_be_read_has_the_place_and_the_way_out(
    content: bytes, format: str, message: str
):
    with pytest.raises(FrameError, match=message):
        read_table(content, format)


def test_a_column_that_is_there_twice_is_refused_as_in_any_frame():
    with pytest.raises(FrameError, match=r"columns named twice.*'a'"):
        to_rows(read_table(b"a,b,a\n1,2,3\n", "csv"))


def test_an_unknown_encoding_is_named():
    with pytest.raises(UsageError, match="no encoding 'latin-99'"):
        read_table(b"a\n1\n", "csv", encoding="latin-99")


def test_a_csv_without_a_row_has_its_columns():
    frame = read_table(b"id,name\n", "csv")
    assert list(frame.columns) == ["id", "name"]
    assert len(frame) == 0
