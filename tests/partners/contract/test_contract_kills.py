"""What every destination promises of a kernel that is killed between any two of its requests.

A process that sends several batches to a simulator, which says what it stored, is killed. Another
opens the file that is left, and submits the same rows again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import asyncdest_nb as ad
from contract_lives import Kill, Life, Lives, Sent, lives
from contract_partners import CONTRACTS, Contract, check_statuses, keys_arrived, keys_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]

ROWS, BATCH = 6, 2
NEVER = Kill(1_000)
AT_ONCE = 3  # Processes; each waits for most of its time.


@pytest.fixture(scope="module")
def processes() -> Iterator[Lives]:
    with lives() as found:
        yield found


def attempt(
    processes: Lives, contract: Contract, folder: Path, kills: Sequence[Kill]
) -> Sequence[Life]:
    """Send rows and die at each of *kills*, send them again, and check what became of them.

    Return what those who were to die have asked.
    """
    sent = Sent(contract.slug, ROWS, BATCH)
    path = folder / f"{kills}.sqlite"
    with ad.simulate(contract.slug, duration_seconds=0.02, failing=0.2) as simulator:
        killed = [processes.live(sent, path, simulator, kill) for kill in kills]
        end = processes.live(sent, path, simulator).end
        assert end is not None
        check_statuses(end.statuses, simulator)
        arrived = keys_arrived(simulator)
    assert end.is_at_rest
    assert end.runs == 1
    assert end.counts == Counter(end.statuses)
    unknown = {at for at, status in enumerate(end.statuses) if status == "unknown"}
    assert unknown == set(end.held)
    assert all(end.held.values())
    assert not unknown or contract.second == "held"
    assert not end.unsent or contract.is_blind
    known = [key for at, key in enumerate(keys_of(ROWS)) if at not in unknown | end.unsent]
    assert set(known) <= set(arrived)
    assert contract.second == "harmless" or set(arrived.values()) <= {1}, "a row is in two jobs"
    return killed


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.slug)
def test_a_kill_between_any_two_requests_loses_no_row_and_makes_no_second_job(
    tmp_path: Path, processes: Lives, contract: Contract
):
    """Each moment between two requests is tried, also between those that only read.

    All that a process leaves is what the partner has applied, and its file, which changes by
    commits alone. So from one request to the next there are as many kinds of moments as commits,
    and one: until the first commit it is as if it had died at the request before, which was
    applied and whose reply it never heard; from each commit on, as if it had died right after
    that commit. To die after the last is to die at the next request before it is applied.
    """
    tried = partial(attempt, processes, contract, tmp_path)
    [undisturbed] = tried([NEVER])
    assert undisturbed.end is not None
    numbers = range(1, len(undisturbed.methods) + 1)
    writes = [number for number in numbers if undisturbed.methods[number - 1] != "GET"]
    assert len(writes) >= ROWS // BATCH
    kills = [[Kill(number)] for number in numbers]
    kills += [[Kill(number, "commit")] for number in range(1, undisturbed.end.commits + 1)]
    # Those that follow it may die as well.
    kills += [[Kill(number), Kill(1)] for number in writes]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lived = [life for found in pool.map(tried, kills) for life in found]
    # How often is asked how far a job is may differ, so that some need fewer requests.
    assert sum(life.end is None for life in lived) > 0.7 * len(lived)
