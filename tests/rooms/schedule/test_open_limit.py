"""How many operations may be open, on a clock that is a number."""

from __future__ import annotations

from asyncdest_nb.schedule import OpenLimit


def sent_to(workers: float, seconds: float, *, until: float) -> int:
    """Return how many are open at last at a server with so many *workers*, each for *seconds*.

    As many are submitted as may be, 20 a second.
    """
    limit, waiting, working, now = OpenLimit(), [], [], 0.0
    while now < until:
        for begun, at in [each for each in working if each[1] <= now]:
            working.remove((begun, at))
            limit.ended(now=now, seconds=now - begun)
        if len(waiting) + len(working) < limit.at(now, rate=20.0, per_request=1.0):
            waiting.append(now)
        while waiting and len(working) < workers:
            working.append((waiting.pop(0), now + seconds))
        now += 0.05
    return len(waiting) + len(working)


def test_a_server_that_works_off_one_after_the_other_is_not_buried():
    assert sent_to(workers=2, seconds=4.0, until=600.0) <= 1000


def test_a_server_that_works_on_all_at_once_gets_all_that_the_rate_allows():
    assert sent_to(workers=1e9, seconds=120.0, until=700.0) >= 0.9 * 20 * 120


def test_fewer_may_be_open_once_the_rate_is_lowered_and_more_if_a_request_submits_many():
    limit = OpenLimit()
    assert limit.at(0.0, rate=20.0, per_request=1.0) == 1000
    assert limit.at(0.0, rate=5.0, per_request=1.0) == 250
    assert limit.at(0.0, rate=20.0, per_request=500.0) == 500_000
