"""Laws of duration: when operations end that were submitted at given times.

The first six are those of the facts about long-running operations; the others are what a
schedule has to cope with too.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from random import Random

LONGEST = 1800.0  # seconds

# From when operations were submitted, in seconds, to when they end.
Law = Callable[[Random, Sequence[float]], list[float]]


def _each(draw: Callable[[Random], float]) -> Law:
    return lambda random, starts: [at + min(LONGEST, draw(random)) for at in starts]


def _bimodal(random: Random) -> float:
    middle = 5.0 if random.random() < 0.8 else 120.0
    return middle * random.lognormvariate(0, 0.2)


def _queue(workers: int, draw: Callable[[Random], float]) -> Law:
    """Return the law of a server that has so many *workers*, first come, first served."""

    def law(random: Random, starts: Sequence[float]) -> list[float]:
        free = [0.0] * workers
        ends = []
        for at in starts:
            end = max(at, heapq.heappop(free)) + draw(random)
            heapq.heappush(free, end)
            ends.append(end)
        return ends

    return law


def _speed(draw: Callable[[Random], float], *, until: float, after: float) -> Law:
    """Return the law of a server whose speed is 1 *until* that time, and then that of *after*."""

    def end(at: float, work: float) -> float:
        before = max(0.0, until - at)
        return at + work if work <= before else max(at, until) + (work - before) / after

    return lambda random, starts: [end(at, min(LONGEST, draw(random))) for at in starts]


SIX: dict[str, Law] = {
    "lognormal": _each(lambda random: 30.0 * random.lognormvariate(0, 1.0)),
    "bimodal": _each(_bimodal),
    "pareto": _each(lambda random: 10.0 * random.paretovariate(1.3)),
    "narrow": _each(lambda random: 60.0 * random.lognormvariate(0, 0.15)),
    "queue": _queue(10, lambda random: 10.0 * random.lognormvariate(0, 0.5)),
    "slowdown": _speed(lambda random: 18.0 * random.lognormvariate(0, 0.8), until=30.0, after=0.25),
}
OTHERS: dict[str, Law] = {
    "uniform": _each(lambda random: random.uniform(5, 90)),
    "constant": _each(lambda random: 45.0),
    "weibull": _each(lambda random: random.weibullvariate(30, 0.7)),
    "heavy": _each(lambda random: 5.0 * random.paretovariate(0.8)),
    "trimodal": _each(lambda random: random.choice((3, 40, 300)) * random.lognormvariate(0, 0.2)),
    "exponential": _each(lambda random: random.expovariate(1 / 40)),
    "slow": _each(lambda random: 300.0 * random.lognormvariate(0, 1.0)),
    "fast": _each(lambda random: 3.0 * random.lognormvariate(0, 0.5)),
    "immediate": _each(lambda random: 0.02),
    "one worker": _queue(1, lambda random: 2.0),
    "batch at once": lambda random, starts: [starts[-1] + 50.0 for _ in starts],
    "speedup": _speed(lambda random: 30.0 * random.lognormvariate(0, 0.8), until=30.0, after=4.0),
    "hours": _each(lambda random: 1200.0 * random.lognormvariate(0, 0.3)),
}
