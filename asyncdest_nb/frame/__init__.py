"""DataFrames as rows and back: the only room that knows pandas, Arrow and narwhals.

    foreign   frames of other libraries, as frames of pandas
    rows      the rows of a frame as plain values
    files     tables in files
    frames    frames made of outcomes and of stored rows
    dtypes    the type of a column of these
    cells     a column as plain values
    plain     one value as JSON can hold it

Other rooms identify a row by its position, since the labels of a frame may repeat.
"""

from typing import TypeAlias

import pandas as pd

from .dtypes import ValueKinds
from .files import read_table, table_bytes, write_parquet
from .foreign import as_pandas, is_frame
from .frames import from_rows, numbered, to_frame, with_columns
from .rows import (
    LABEL_LENGTH,
    Rows,
    column_values,
    has_integer_labels,
    read_csv,
    to_rows,
)

DataFrame: TypeAlias = pd.DataFrame

__all__ = [
    "LABEL_LENGTH",
    "DataFrame",
    "Rows",
    "ValueKinds",
    "as_pandas",
    "column_values",
    "from_rows",
    "has_integer_labels",
    "is_frame",
    "numbered",
    "read_csv",
    "read_table",
    "table_bytes",
    "to_frame",
    "to_rows",
    "with_columns",
    "write_parquet",
]
