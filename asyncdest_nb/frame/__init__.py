"""DataFrames as rows and back: the only room that knows pandas, Arrow and narwhals.

    foreign   frames of other libraries, as frames of pandas
    rows      the rows of a frame as plain values
    slices    the same in slices of columns, which are read only where needed
    files     tables in files; parquet_files has those of Parquet
    frames    frames made of outcomes and of stored rows
    dtypes    the type of a column of these
    cells     a column as plain values
    plain     one value as JSON can hold it
    repeats   which of many digests are equal

Other rooms identify a row by its position, since the labels of a frame may repeat.
"""

from typing import TypeAlias

import pandas as pd

from .dtypes import ValueKinds
from .files import read_table, table_bytes
from .foreign import as_pandas, is_frame
from .frames import from_rows, labelled, numbered, to_frame, with_columns, with_levels, without_rows
from .parquet_files import write_parquet
from .repeats import repeated
from .rows import (
    LABEL_LENGTH,
    Rows,
    column_names,
    column_values,
    has_integer_labels,
    has_integers,
    index_names,
    read_csv,
    to_rows,
)
from .slices import FrameRows, Labels, RowSlice, RowSource, protected

DataFrame: TypeAlias = pd.DataFrame
Index: TypeAlias = pd.Index

__all__ = [
    "LABEL_LENGTH",
    "DataFrame",
    "FrameRows",
    "Index",
    "Labels",
    "RowSlice",
    "RowSource",
    "Rows",
    "ValueKinds",
    "as_pandas",
    "column_names",
    "column_values",
    "from_rows",
    "has_integer_labels",
    "has_integers",
    "index_names",
    "is_frame",
    "labelled",
    "numbered",
    "protected",
    "read_csv",
    "read_table",
    "repeated",
    "table_bytes",
    "to_frame",
    "to_rows",
    "with_columns",
    "with_levels",
    "without_rows",
    "write_parquet",
]
