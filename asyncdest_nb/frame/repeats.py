"""Which of many digests are equal: of millions, without an object for each."""

from __future__ import annotations

import numpy as np
import pandas as pd


def repeated(digests: bytes | bytearray, size: int) -> list[int]:
    """Return the places of digests that may be equal to others, in order.

    *digests* are joined, of *size* bytes each, a multiple of 8. All that are equal are found;
    others are only if their first 8 bytes are.
    """
    if not digests:
        return []
    heads = np.frombuffer(digests, dtype="<u8")[:: size // 8]
    places = np.flatnonzero(pd.Series(heads).duplicated(keep=False))
    return [int(each) for each in places]
