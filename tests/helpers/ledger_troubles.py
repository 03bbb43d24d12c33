"""What goes wrong with a request to the ledger partner, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LATE_SECONDS = 3.0


# What goes wrong


@dataclass(frozen=True)
class Trouble:
    """What a request meets. ``how`` it ends:

    "unsent" before it left, "reset" or "hang" without an answer, "garbage" with a page
    of HTML, "refused" with ``status``; with any other word the answer is told as that
    says. ``is_applied``: it does its work, ``late`` seconds later than usual. A refusal
    takes ``slow`` seconds longer than an answer.
    """

    how: str
    status: int = 0
    retry_after: float | None = None
    is_applied: bool = False
    late: float = 0.0
    slow: float = 0.0


def _refused(status: int, **more: Any) -> Trouble:
    return Trouble("refused", status, **more)


REFUSALS = {
    "400": _refused(400),
    "401": _refused(401),
    "409": _refused(409),
    "429": _refused(429),
    "429 for 3 s": _refused(429, retry_after=3.0),
    "429 for 70 s": _refused(429, retry_after=70.0),
    "503 for 2 s": _refused(503, retry_after=2.0),
    "unsent": Trouble("unsent"),
}


DOUBTS = {
    f"{name}{', applied' * is_applied}{' late' * bool(late)}": Trouble(
        how, status, None, is_applied, late
    )
    for name, how, status in [
        ("408", "refused", 408),
        ("500", "refused", 500),
        ("503", "refused", 503),
        ("reset", "reset", 0),
        ("hang", "hang", 0),
        ("garbage", "garbage", 200),
    ]
    for is_applied, late in [(False, 0.0), (True, 0.0), (True, LATE_SECONDS)]
}


ODD_ANSWERS = {word: Trouble(word, is_applied=True) for word in ("short", "twins", "nameless")}
ON_WRITE = REFUSALS | DOUBTS | ODD_ANSWERS


_ON_READ = {
    "404": _refused(404),
    "500": _refused(500),
    "429 for 3 s": _refused(429, retry_after=3.0),
    "401": _refused(401),
    "unsent": Trouble("unsent"),
    "reset": Trouble("reset"),
    "hang": Trouble("hang"),
    "garbage": Trouble("garbage", 200),
}


_ODD_WORDS = ("pending", "odd", "null", "fewer", "strangers", "turned", "short rows")
_LAST_WORDS = ("no more", "forgets")
ON_POLL = _ON_READ | {word: Trouble(word) for word in _ODD_WORDS + _LAST_WORDS}
ON_FIND = {name: each for name, each in _ON_READ.items() if name != "404"}


ON_CANCEL = _ON_READ | {
    "409": _refused(409),
    "409 slowly": _refused(409, slow=LATE_SECONDS),
    "reset, applied": Trouble("reset", is_applied=True),
}
