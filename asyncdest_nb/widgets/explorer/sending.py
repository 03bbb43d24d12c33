"""Send, and watch the run."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ...errors import AlreadySubmitted, UsageError
from ...session import Run, Session
from ..run_widget import RunWidget
from ..watched import Watched
from . import markup, parts
from .look import Look
from .work import Problem, Start, Work, attempted

# A click may overtake what was changed right before it, so it waits for that.
SETTLE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Submission:
    """What a click sends; ``code`` is the cell that does the same.

    ``session`` is how a cell writes the session it is sent in; empty = no variable holds it.
    """

    submit: Callable[[], Run]
    code: str
    session: str


class Sending:
    """A button that says how many rows it sends, and the monitor of what was sent.

    ``run`` is the latest, None = nothing was sent. ``sent`` is called with each, and
    with each retry of it that is asked for in the monitor; then with all of them, and
    the cell that sends it. *submission* returns what sends the rows of a look, as is
    chosen at that moment.
    """

    def __init__(
        self,
        submission: Callable[[Look], Submission],
        changed: parts.Changed,
        *,
        session: Session,
        start: Start,
    ) -> None:
        self.run: Run | None = None
        self.sent: Callable[[Watched, Sequence[Watched], str], None] = lambda *_: None
        self._submission = submission
        self._session = session
        self._work: Work[tuple[Run, bool]] = Work(start, parts.TURN)
        self._is_going = False
        self._is_refused = False  # The last click, by what may be mended by now.
        self._look: Look | None = None
        self._monitor: RunWidget | None = None
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
        if look is not None and self._is_refused:
            self._status.value, self._is_refused = "", False
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
        submission = attempted(partial(self._submission, look))
        if isinstance(submission, Problem):
            self._status.value, self._is_refused = markup.problem(submission.text), True
            return
        self._is_going = True
        self._draw()
        self._status.value = markup.note("Sending …")
        self._work.do(
            lambda: self._submitted(submission, look),
            lambda outcome: self._done(outcome, submission),
        )

    def _submitted(self, submission: Submission, look: Look) -> tuple[Run, bool]:
        """Submit what *look* has seen, and return the run and whether it was there before."""
        time.sleep(SETTLE_SECONDS)
        if self._look is not look:
            raise UsageError(
                "something was changed as you clicked, so nothing was sent: look at the rows, "
                "then send"
            )
        # The page says it. Warnings are not caught, which would take them from whatever
        # cell is running; and the user's own filters may have come since the last time.
        warnings.filterwarnings("ignore", category=AlreadySubmitted, module=re.escape(__name__))
        known = {run.id for run in self._session.runs()}
        run = submission.submit()
        return run, run.id in known

    def _done(self, outcome: tuple[Run, bool] | Problem, submission: Submission) -> None:
        self._is_going = False
        if isinstance(outcome, Problem):
            self._status.value = markup.problem(outcome.text)
        else:
            self._show(*outcome, submission)
        self._draw()

    def _show(self, run: Run, is_old: bool, submission: Submission) -> None:
        words = f"Sent as run {run.id}."
        if is_old:
            words = (
                f"Nothing was sent: these rows were sent before, as run {run.id}, which is below."
            )
        if submission.session:
            words += f'\nIn a cell it is: run = {submission.session}.run("{run.id}")'
        self._status.value = markup.note(words)
        # Only asked for once it has turned out to be the question, and answered for one time.
        parts.show(self._again, is_old)
        self._again.value = False
        self.run = run
        previous, self._monitor = self._monitor, RunWidget(run)
        monitor = self._monitor
        monitor.on_retry(lambda again: self.sent(again, monitor.runs, submission.code))
        self._box.children = [monitor]
        if previous is not None:
            previous.close()
        self.sent(run, monitor.runs, submission.code)


def _label(look: Look) -> str:
    good, bad = len(look.preview.payloads), len(look.preview.invalid)
    if look.is_whole:
        return f"Send {markup.rows(good)}"
    return f"Send up to {markup.rows(look.total - bad)}"
