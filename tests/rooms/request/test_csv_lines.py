"""Rows as CSV, read again by parsers that take a CR, an LF and both together for a line's end."""

from __future__ import annotations

import csv
import io

import pyarrow.csv
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncdest_nb.request import csv_lines

CELLS = st.text(st.sampled_from('a,"\r\n\t ;é\u2028'), max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_readers_find_the_rows_that_were_written(rows):
    text = "".join(csv_lines([("one", "two"), *rows]))
    assert list(csv.reader(io.StringIO(text, newline="")))[1:] == [list(each) for each in rows]
    options = {
        "parse_options": pyarrow.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types={"one": pyarrow.string(), "two": pyarrow.string()}
        ),
    }
    table = pyarrow.csv.read_csv(io.BytesIO(text.encode()), **options)
    assert [(each["one"], each["two"]) for each in table.to_pylist()] == rows


def test_only_what_needs_quotes_gets_them():
    rows = [["a b", "", "c,d"], ["x\ry", 'say "hi"', "ö"]]
    assert list(csv_lines(rows)) == ['a b,,"c,d"\n', '"x\ry","say ""hi""",ö\n']
