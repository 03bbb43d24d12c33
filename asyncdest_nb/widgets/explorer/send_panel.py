"""The button that sends, and the monitor of what was sent."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ...errors import AlreadySubmitted, UsageError
from ...session import Run, Session
from ..run_view import RunView, shown_columns
from ..run_widget import RunWidget
from ..static_outputs import StaticOutputs
from . import markup, parts
from .preview import PreviewResult
from .work import Problem, Start, Work, attempted

_EVERY_ROW = ("every row", "")  # With None a dropdown shows nothing as chosen.
ASKED_ABOVE = 100  # Rows that go to something real.

# A click may arrive before a change that was made right before it, so it waits for that.
SETTLE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class PreparedSubmit:
    """What a click sends; ``code`` is the cell that does the same.

    ``session`` is how a cell writes the session it is sent in; empty = no variable holds it.
    ``place`` is where the rows really go, empty = to a simulator.
    """

    submit: Callable[[], Run]
    code: str
    session: str
    place: str


class SendPanel:
    """A button labelled with the number of rows that it sends, and the monitor of the run.

    Before many rows go to something real, it asks once whether to send them.
    ``run`` is the latest, None = nothing was sent. *prepared* returns what sends the rows
    of a preview, with what is chosen at that moment. *sent* is called with each run, and
    with each retry by a click in its monitor; its other arguments are the run with all its
    retries, and the cell that sends it. *record* is shown in place of the monitor in a
    saved notebook.
    """

    def __init__(
        self,
        prepared: Callable[[PreviewResult], PreparedSubmit],
        changed: parts.Changed,
        *,
        sent: Callable[[RunView, Sequence[RunView], str], None],
        record: StaticOutputs,
        session: Session,
        start: Start,
    ) -> None:
        self.run: Run | None = None
        self._sent = sent
        self._record = record
        self._prepared = prepared
        self._session = session
        self._work: Work[tuple[Run, bool]] = Work(start, parts.TURN)
        self._is_going = False
        self._is_refused = False  # The last click, for a reason that may be gone by now.
        self._result: PreviewResult | None = None
        self._monitor: RunWidget | None = None
        self._button = parts.button("Send", self.send, is_main=True)
        self._again = parts.checkbox("Send again what was sent before", changed)
        self._key = parts.dropdown("Rows to send", [_EVERY_ROW], changed, "")
        self._status = parts.status()
        self._yes = parts.button("Yes, send them", self._confirmed, is_main=True)
        self._no = parts.button("No", self._declined)
        self._answers = parts.line(self._yes, self._no)
        self._box = parts.column()
        self._asks = False
        parts.show(self._again, False)
        self.widget = parts.section(
            "Send", self._key, self._again, self._button, self._status, self._answers, self._box
        )
        self._draw()

    @property
    def again(self) -> bool:
        """Whether to send what was sent before."""
        return bool(self._again.value)

    @property
    def key(self) -> str | None:
        """The column by which only what has changed is sent, None = every row is."""
        return self._key.value or None

    def offer_keys(self, columns: Sequence[str]) -> None:
        """Offer to send only what has changed, by one of *columns*."""
        named = [(f"only rows that have changed, by {name}", name) for name in columns if name]
        chosen = self.key if self.key in columns else ""
        parts.refill(self._key, [_EVERY_ROW, *named], chosen)

    def allow(self, result: PreviewResult | None) -> None:
        """Allow to send the rows of *result*; None = nothing, until the next preview."""
        self._result = result
        if self._asks or (result is not None and self._is_refused):
            self._status.value, self._is_refused, self._asks = "", False, False
        self._draw()

    def _draw(self) -> None:
        result = self._result
        parts.show(self._button, not self._asks)
        parts.show(self._answers, self._asks)
        self._button.disabled = self._is_going or result is None or not result.preview.payloads
        if result is not None:
            self._button.description = _label(result)

    def send(self) -> None:
        """Send the rows, unless something has changed since their preview; many, ask first."""
        self._send(is_confirmed=False)

    def _confirmed(self) -> None:
        self._send(is_confirmed=True)

    def _declined(self) -> None:
        self._asks, self._status.value = False, markup.note("Nothing was sent.")
        self._draw()

    def _send(self, *, is_confirmed: bool) -> None:
        result = self._result
        if self._is_going or result is None:
            return
        prepared = attempted(partial(self._prepared, result))
        if isinstance(prepared, Problem):
            self._asks, self._is_refused = False, True
            self._status.value = markup.problem(prepared.text)
            self._draw()
            return
        self._asks = not is_confirmed and bool(prepared.place) and _count(result) > ASKED_ABOVE
        if self._asks:
            self._status.value = markup.question(
                f"Send {_words(result)} to {prepared.place}? This is no simulator, and what was "
                "sent cannot be called back."
            )
        else:
            self._go(prepared, result)
        self._draw()

    def _go(self, prepared: PreparedSubmit, result: PreviewResult) -> None:
        self._is_going = True
        self._status.value = markup.note("Sending …")
        self._work.do(
            lambda: self._submitted(prepared, result),
            lambda outcome: self._done(outcome, prepared),
        )

    def _submitted(self, prepared: PreparedSubmit, result: PreviewResult) -> tuple[Run, bool]:
        """Submit the rows of *result*, and return the run and whether it existed before."""
        time.sleep(SETTLE_SECONDS)
        if self._result is not result:
            raise UsageError(
                "something was changed as you clicked, so nothing was sent: look at the rows, "
                "then send"
            )
        # The page shows it. To catch the warning would also take warnings from the cell that
        # is running. It is filtered each time, since user code may reset the filters.
        warnings.filterwarnings("ignore", category=AlreadySubmitted, module=re.escape(__name__))
        known = {run.id for run in self._session.runs()}
        run = prepared.submit()
        run.wait_until_compared()
        return run, run.id in known

    def _done(self, outcome: tuple[Run, bool] | Problem, prepared: PreparedSubmit) -> None:
        self._is_going = False
        if isinstance(outcome, Problem):
            self._status.value = markup.problem(outcome.text)
        else:
            self._show(*outcome, prepared)
        self._draw()

    def _show(self, run: Run, is_old: bool, prepared: PreparedSubmit) -> None:
        words = f"Sent as run {run.id}."
        if is_old:
            words = (
                f"Nothing was sent: these rows were sent before, as run {run.id}, which is below."
            )
        if prepared.session:
            words += (
                f'\nIn a cell it is: run = {prepared.session}.run("{run.id}")\n'
                "To correct rows that fail: correct = run.failed(), change its cells, then look "
                "again at the top and choose correct: only these are sent, mapped as before."
            )
        self._status.value = markup.note(words)
        # It is offered only where rows were sent before, and holds for one click.
        parts.show(self._again, is_old)
        self._again.value = False
        self.run = run
        previous = self._monitor
        columns = shown_columns(run, None)
        self._monitor = RunWidget(run, columns, record=self._record)
        monitor = self._monitor
        monitor.on_retry(lambda retry: self._sent(retry, monitor.runs, prepared.code))
        self._box.children = [monitor]
        if previous is not None:
            previous.close()
        self._sent(run, monitor.runs, prepared.code)


def _count(result: PreviewResult) -> int:
    """Return how many rows would be sent, at most."""
    good, bad = len(result.preview.payloads), len(result.preview.invalid)
    left = result.rows - result.matched  # Known not to be sent.
    return good if result.is_whole else result.total - left - bad


def _words(result: PreviewResult) -> str:
    return f"{'' if result.is_whole else 'up to '}{markup.rows(_count(result))}"


def _label(result: PreviewResult) -> str:
    return f"Send {_words(result)}"
