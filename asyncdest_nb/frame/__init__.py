"""DataFrames as rows and back: the only room that knows pandas.

    rows      the rows of a frame as plain values
    frames    frames made of outcomes and of stored rows
    cells     a column as plain values
    plain     one value as JSON can hold it

Other rooms identify a row by its position, since the labels of a frame may repeat.
"""

from typing import TypeAlias

import pandas as pd

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
    "column_values",
    "from_rows",
    "has_integer_labels",
    "numbered",
    "read_csv",
    "to_frame",
    "to_rows",
    "with_columns",
]
