"""What the lives of sessions submit, and what it meets: strategies for hypothesis.

Of the rows of a frame one may not fit, and some may be bad.
"""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from ledger_jobs import BAD
from ledger_troubles import DOUBTS, ON_WRITE, REFUSALS

Frame = tuple[int, bool, tuple[int, ...]]

# Rows, whether the last does not fit, and which are refused with all that are sent with them.
frames = st.tuples(
    st.integers(1, 5), st.booleans(), st.sampled_from([(), (), (), (0,), (1,), (2,), (0, 3)])
)
troubles_on_write = st.lists(
    st.one_of(*[st.sampled_from(sorted(each)) for each in (DOUBTS, REFUSALS, ON_WRITE)]), max_size=5
)


def frame_of(number: int, given: Frame) -> pd.DataFrame:
    """Return the frame of the submit with this *number*; no other has its users."""
    rows, has_misfit, bad = given
    names: list[str | None] = [BAD if at in bad else "n" for at in range(rows)]
    if has_misfit:
        names[-1] = None
    users = [f"{number}.{each}" for each in range(rows)]
    return pd.DataFrame({"user_id": users, "name": names}, index=list("ababa"[:rows]))
