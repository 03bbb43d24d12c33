"""Which runs of a file are too old to be kept."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from ..errors import StoreError, warn
from ..store import DAY_SECONDS, Store, StoreWarning


def delete_old_runs(store: Store, *, now: float, keep_days: float | None) -> None:
    """Delete the ended runs of *store* that are older than *keep_days*; None = keep them all.

    *now* is in Unix seconds. Warns of runs that are old only if the clock is right, and of
    what could not be deleted.
    """
    if store.holder:
        return
    days = math.inf if keep_days is None else keep_days
    try:
        believed = store.believed(now, keep_days=days)
        store.forget_older(believed - days * DAY_SECONDS)
        doubtful = store.older(now - days * DAY_SECONDS)
    except StoreError as error:
        # Runs that are still going must stay visible when the disk is full.
        warn(f"old runs could not be deleted: {error}", StoreWarning, stacklevel=5)
        return
    if doubtful:
        warn(_clock_leapt(doubtful, now, believed, days), StoreWarning, stacklevel=5)


def _clock_leapt(runs: Sequence[str], now: float, believed: float, keep_days: float) -> str:
    today, last = (time.strftime("%Y-%m-%d", time.localtime(each)) for each in (now, believed))
    return (
        f"not deleted, though older than {keep_days:g} days by this machine's clock: runs "
        f"{', '.join(runs)}. It says {today}, and this session was last open on {last}: if the "
        "clock is wrong, set it right. If it is right, they are deleted when the session is "
        "opened on another day, or by session.forget(run)"
    )
