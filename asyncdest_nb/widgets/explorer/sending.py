"""Send, and watch the run."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence

from ...errors import AlreadySubmitted, UsageError
from ...session import Run
from ..show import Screen
from ..watched import Watched
from . import markup, parts
from .look import Look
from .work import Problem, Start, Work, attempted

# A click may overtake what was changed right before it, so it waits for that.
SETTLE_SECONDS = 0.3


class Sending:
    """A button that says how many rows it sends, and the monitor of what was sent.

    ``run`` is the latest, None = nothing was sent. ``sent`` is called with each, and
    with each retry of it that is asked for in the monitor; then with all of them.
    *submission* returns what sends the rows as they are chosen at that moment.
    """

    def __init__(
        self,
        submission: Callable[[], Callable[[], Run]],
        changed: parts.Changed,
        *,
        start: Start,
    ) -> None:
        self.run: Run | None = None
        self.sent: Callable[[Watched, Sequence[Watched]], None] = lambda run, shown: None
        self._submission = submission
        self._work: Work[tuple[Run, bool]] = Work(start, parts.TURN)
        self._is_going = False
        self._look: Look | None = None
        self._screen: Screen | None = None
        self._button = parts.button("Send", self.send, is_main=True)
        self._again = parts.checkbox("Send again what was sent before", changed)
        self._status = parts.status()
        self._box = parts.column()
        parts.show(self._again, False)
        self.widget = parts.section("Send", self._again, self._button, self._status, self._box)

    @property
    def again(self) -> bool:
        """Whether to send what was sent before."""
        return bool(self._again.value)

    def allow(self, look: Look | None) -> None:
        """Allow to send what *look* has seen; None = nothing, until there is a look at it."""
        self._look = look
        self._draw()

    def _draw(self) -> None:
        look = self._look
        self._button.disabled = self._is_going or look is None or not look.preview.payloads
        if look is not None:
            self._button.description = _label(look)

    def send(self) -> None:
        """Send the rows, unless something has changed since they were looked at."""
        look = self._look
        if self._is_going or look is None:
            return
        submit = attempted(self._submission)
        if isinstance(submit, Problem):
            self._status.value = markup.problem(submit.text)
            return
        self._is_going = True
        self._draw()
        self._status.value = markup.note("Sending …")
        self._work.do(lambda: self._submitted(submit, look), self._done)

    def _submitted(self, submit: Callable[[], Run], look: Look) -> tuple[Run, bool]:
        """Submit what *look* has seen, and return the run and whether it was there before."""
        time.sleep(SETTLE_SECONDS)
        if self._look is not look:
            raise UsageError(
                "something was changed as you clicked, so nothing was sent: look at the rows, "
                "then send"
            )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", AlreadySubmitted)
            run = submit()
        return run, any(each.category is AlreadySubmitted for each in caught)

    def _done(self, outcome: tuple[Run, bool] | Problem) -> None:
        self._is_going = False
        if isinstance(outcome, Problem):
            self._status.value = markup.problem(outcome.text)
        else:
            self._show(*outcome)
        self._draw()

    def _show(self, run: Run, is_old: bool) -> None:
        words = f"Nothing was sent: these rows were sent before, as run {run.id}, which is below."
        self._status.value = markup.note(words if is_old else f"Sent as run {run.id}.")
        # Only asked for once it has turned out to be the question, and answered for one time.
        parts.show(self._again, is_old)
        self._again.value = False
        self.run = run
        previous, self._screen = self._screen, Screen(run)
        screen = self._screen
        screen.on_retry(lambda again: self.sent(again, screen.runs))
        self._box.children = [screen]
        if previous is not None:
            shown: list[parts.Widget] = [*previous.children, previous]
            for each in shown:
                each.close()
        self.sent(run, screen.runs)


def _label(look: Look) -> str:
    good, bad = len(look.preview.payloads), len(look.preview.invalid)
    if look.is_whole:
        return f"Send {_rows(good)}"
    return f"Send up to {_rows(look.total - bad)}"


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
