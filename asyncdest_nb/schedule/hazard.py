"""How likely operations are to end, by their age: learned from what polls found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from .scale import Scale

SCALE = Scale(first=0.1, ratio=1.15)  # Of ages, in seconds.
BINS = 115  # Up to 10 days; the last has no end.
EDGES = [*map(SCALE.edge_of, range(BINS - 1)), math.inf]
YOUNGEST = 2.0  # seconds; where nothing is known, the hazard is 1 / max(age, this).
PRIOR_WORTH = 2.0  # Operations that this belief counts for.
MEMORY = 30.0  # Operations that an earlier run counts for, at most.
FEW = 10.0  # Ends; up to so many a bin is half of its own, half of its neighbors'.
LIKELY = 0.02
LATE = 5.5  # seconds


def bin_of(age: float) -> int:
    """Return the bin that an operation of *age* seconds lives in from then on."""
    at = min(BINS - 1, SCALE.bin_of(age))
    return at + 1 if age >= EDGES[at] else at


class Hazard:
    """The hazard of ending by age, in ends per second, learned from intervals.

    What a poll finds is an interval: an operation went on from one age to another, or ended
    somewhere between them. ``events`` are ends by bin, ``exposure`` the seconds that were
    lived in it; an operation that goes on counts as exposure, so early ends do not mislead.
    """

    def __init__(self, events: Sequence[float] = (), exposure: Sequence[float] = ()) -> None:
        self._events = [*events, *[0.0] * (BINS - len(events))]
        self._exposure = [*exposure, *[0.0] * (BINS - len(exposure))]
        self._rates: list[float] = []  # Empty = they are to be computed again.

    @classmethod
    def remembered(cls, stored: object) -> Hazard:
        """Return what ``stored`` returned, at the weight of MEMORY operations at most.

        Anything that is no such value, as a damaged file may have, counts as no knowledge.
        """
        given = stored if isinstance(stored, Mapping) else {}
        events, exposure = (_numbers(given.get(name)) for name in ("events", "exposure"))
        if events is None or exposure is None:
            return cls()
        part = min(1.0, MEMORY / max(sum(events), 1.0))
        return cls([part * each for each in events], [part * each for each in exposure])

    def stored(self) -> dict[str, list[float]]:
        """Return what was learned, as JSON can hold it."""
        return {
            "events": [round(each, 3) for each in self._events],
            "exposure": [round(each, 3) for each in self._exposure],
        }

    @property
    def count(self) -> float:
        """How many ends were seen."""
        return sum(self._events)

    def went_on(self, since: float, until: float) -> None:
        """Learn that an operation went on from age *since* to *until*."""
        self._rates = []
        at = bin_of(since)
        while since < until:
            end = min(until, EDGES[at])
            self._exposure[at] += end - since
            since, at = end, at + 1

    def ended(self, since: float, until: float) -> None:
        """Learn that an operation that went on at age *since* had ended at *until*.

        Where in between is not known: it counts in each bin as much as was to be expected.
        """
        pieces = list(self._pieces(since, until))
        total = sum(chance for _, _, chance in pieces)
        self._rates = []
        left = 1.0
        for at, seconds, chance in pieces:
            part = chance / total if total else 1 / len(pieces)
            self._events[at] += part
            self._exposure[at] += seconds * (left - part / 2)
            left -= part

    def _pieces(self, since: float, until: float) -> Iterator[tuple[int, float, float]]:
        """Yield the bins between two ages: the seconds in each, and the chance of ending there."""
        rates, at, alive = self.rates(), bin_of(since), 1.0
        while True:
            end = min(until, EDGES[at])
            left = alive * math.exp(-rates[at] * (end - since))
            yield at, end - since, alive - left
            if end >= until:
                return
            since, at, alive = end, at + 1, left

    def quantile(self, share: float) -> float | None:
        """Return the age by which that *share* of operations has ended; None = none was seen."""
        if not self.count:
            return None
        left = -math.log(1 - share)
        for at, rate in enumerate(self.rates()):
            start = EDGES[at - 1] if at else 0.0
            if left <= rate * (EDGES[at] - start):
                return start + left / rate
            left -= rate * (EDGES[at] - start)
        return None

    def log_chance(self, since: float, until: float, *, ended: bool) -> float:
        """Return the logarithm of the chance to end, or not, between two ages."""
        rates, at, hazard = self.rates(), bin_of(since), 0.0
        while since < until:
            end = min(until, EDGES[at])
            hazard += rates[at] * (end - since)
            since, at = end, at + 1
        return math.log(max(1 - math.exp(-hazard), 1e-9)) if ended else -hazard

    def rates(self) -> list[float]:
        """Return the hazard of each bin, smoothed over its neighbors."""
        if not self._rates:
            # The more was seen, the less a bin has to borrow from its neighbors.
            part = 0.25 / math.sqrt(max(1.0, self.count / FEW))
            events, exposure = _smooth(self._events, part), _smooth(self._exposure, part)
            self._rates = [
                (ends + PRIOR_WORTH * width * prior) / (lived + PRIOR_WORTH * width)
                for ends, lived, (width, prior) in zip(events, exposure, _PRIORS, strict=True)
            ]
        return self._rates

    def gap(self, age: float, cost: float, longest: float, *, late: float = LATE) -> float:
        """Return after how many seconds a poll is worth its *cost*, at most *longest*.

        That is when the time for which an operation last seen at *age* is expected to have
        ended unnoticed reaches *cost* seconds, times the chance that the poll is in vain: one
        that finds the end had to be made anyway.
        """
        rates, at = self.rates(), bin_of(age)
        lag, alive, gone = 0.0, 1.0, 0.0
        while gone < longest:
            rate = rates[at]
            step = min(EDGES[at] - age - gone, longest - gone)
            left = alive * math.exp(-rate * step)
            more = lag + step - (alive - left) / rate
            if _is_due(more, left, cost, late):
                return gone + _solved(lag, alive, rate, cost, step, late)
            lag, alive, gone, at = more, left, gone + step, min(at + 1, BINS - 1)
        return longest


def _is_due(lag: float, alive: float, cost: float, late: float) -> bool:
    """Whether a poll is worth its *cost*, or an end that is likely enough would be known late."""
    ended = 1 - alive
    return lag >= cost * alive or (ended >= LIKELY and lag >= late * ended)


def _solved(lag: float, alive: float, rate: float, cost: float, step: float, late: float) -> float:
    """Return when within *step* seconds the expected lag reaches its cost, by bisection."""
    low, high = 0.0, step
    for _ in range(8):
        middle = (low + high) / 2
        left = alive * math.exp(-rate * middle)
        if _is_due(lag + middle - (alive - left) / rate, left, cost, late):
            high = middle
        else:
            low = middle
    return high


def _smooth(values: Sequence[float], part: float) -> list[float]:
    padded = [values[0], *values, values[-1]]
    return [
        part * before + (1 - 2 * part) * value + part * after
        for before, value, after in zip(padded, values, padded[2:], strict=False)
    ]


def _priors() -> list[tuple[float, float]]:
    """Return of each bin its width and the hazard where nothing is known."""
    starts = [0.0, *EDGES[:-1]]
    found = []
    for start, end in zip(starts, EDGES, strict=True):
        end = min(end, start * SCALE.ratio) if start else end
        found.append((end - start, 1 / max((start + end) / 2, YOUNGEST)))
    return found


_PRIORS = _priors()


def _numbers(value: object) -> list[float] | None:
    if not isinstance(value, list) or len(value) > BINS:
        return None
    found = [float(each) for each in value if isinstance(each, int | float) and each >= 0]
    return found if len(found) == len(value) and all(map(math.isfinite, found)) else None
