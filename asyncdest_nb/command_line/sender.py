"""Sends what an order asks for, waits, and writes the results."""

from __future__ import annotations

import signal
from contextlib import ExitStack

from ..destination import Destination
from ..errors import (
    AsyncDestError,
    DestinationError,
    MappingError,
    RetryableError,
    SettingsError,
    UsageError,
)
from ..frame import DataFrame
from ..numerals import counted
from ..operation import RowStatus, counts_text
from ..session import Connection, Run, Session
from ..simulators import Simulator, simulate
from . import codes
from .option_words import in_options
from .order import STANDARD, Order
from .output import is_terminal, show, tell
from .result_files import write_results
from .run_texts import summary

REPORT_SECONDS = 10.0  # Between two lines about the run, where no bar can be drawn.


_DECIDE = (
    "Rows are in doubt: their answer was lost, and they may have been applied. Look at the "
    "destination, then repeat the command with its --session and --resolve applied or not-applied"
)
_INVENTED = (
    "It is simulated on this computer: no row leaves it, and what becomes of rows is invented, "
    "also the reasons of those that fail; --knob failing=0 lets none fail by chance"
)
# If all rows are so, a submit of them sends them again.
_NOT_APPLIED = frozenset({RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED})
_IN_OPTIONS = (
    "In a command, columns= is --column FIELD=COLUMN; mapping= is --mapping FILE, or an option "
    "of the name of the field"
)


def send_order(order: Order) -> int:
    """Do what *order* asks for, and return the exit code.

    Raises AsyncDestError if nothing was sent.
    """
    frame = order.read()
    if not len(frame):
        raise UsageError(f"{order.file} has no rows")
    with ExitStack() as stack:
        # The session closes first, so that nothing polls a simulator that has stopped.
        slug = order.destination.slug
        simulator = (
            stack.enter_context(simulate(slug, **order.knobs)) if order.is_simulated else None
        )
        # A dry run leaves no file behind, but says what is unchanged in one that is there.
        in_memory = order.is_dry and not order.given["changed_only"]
        session = stack.enter_context(Session(None if in_memory else order.session))
        connection = _connected(order, session, simulator or order.destination)
        try:
            if order.is_dry:
                return _preview(order, connection, frame)
            tell(_to(connection))
            if simulator:
                tell(_INVENTED)
            _check_credentials(connection)
            if order.is_retry or order.is_applied is not None:
                _require_earlier(order, session, connection, frame)
            before = {run.id for run in session.runs()}
            run = _submitted(order, connection, frame)
        except MappingError as error:
            told = in_options(str(error))
            more = f"\n{_IN_OPTIONS}" if told == str(error) else ""
            raise MappingError(f"{told}{more}") from None
        is_old = run.id in before
        is_whole = order.given["subscribe"] is None
        what = counted(len(frame), "row") if is_whole else "the rows that match"
        tell(_attached(order, run) if is_old else f"Sending {what}: {_name(run)}")
        return _followed(order, run, is_old=is_old)


def _connected(order: Order, session: Session, target: Destination | Simulator) -> Connection:
    """Return a connection with the settings of the command; a mistake in them names its options."""
    try:
        return session.connect(
            target,
            requests_per_second=order.requests_per_second,
            env_file=order.env_file,
            **order.settings,
        )
    except SettingsError as error:
        options = ", ".join(order.setting_options)
        raise SettingsError(f"{error}\nIn a command, settings are options: {options}") from None


def _preview(order: Order, connection: Connection, frame: DataFrame) -> int:
    found = connection.preview(
        frame,
        order.action,
        batch_size=order.batch_size,
        **order.given,
    )
    show(repr(found))
    good = len(found.payloads) + len(found.unchanged)
    return codes.of_preview(valid=good, invalid=len(found.invalid))


def _to(connection: Connection) -> str:
    """Return where rows go, and from where the settings are; of a secret only that."""
    given = [(key, text) for key, text in connection.settings().items() if text != "not set"]
    return f"{connection.destination.name}, {', '.join(f'{key}: {text}' for key, text in given)}"


def _check_credentials(connection: Connection) -> None:
    """Raise UsageError if the destination refuses the credentials, before a row is sent.

    Any other trouble, such as an unreachable host, is one that a run waits for.
    """
    try:
        connection.test_authentication()
    except RetryableError:
        return
    except DestinationError as error:
        status = getattr(error, "status", 0)
        if status // 100 == 4 and status not in (408, 425, 429):
            raise UsageError(f"{connection.destination.name} refuses: {error}") from None
    except AsyncDestError:
        return


def _submitted(order: Order, connection: Connection, frame: DataFrame) -> Run:
    """Return the run of the rows: a new one, or the one that has sent them before."""
    run = connection.submit(
        frame,
        order.action,
        batch_size=order.batch_size,
        again=order.is_again,
        **order.given,
    )
    run.wait_until_compared()
    return run


def _require_earlier(
    order: Order, session: Session, connection: Connection, frame: DataFrame
) -> None:
    """Raise UsageError if these rows were never sent, or a decision would send them again."""
    sent = connection.earlier_runs(frame, order.action, **order.given)
    if not sent:
        option = "--retry" if order.is_retry else "--resolve"
        raise UsageError(
            f"{option}: session {order.session} has not sent the {counted(len(frame), 'row')} of "
            f"this file, as they are now. Without {option} all of them are sent. To send only rows "
            "that you have corrected, put them into a file of their own"
        )
    latest = _latest_retry(sent[-1], session)
    if not order.is_retry and _NOT_APPLIED.issuperset(each.status for each in latest.outcomes()):
        raise UsageError(
            f"--resolve: nothing is in doubt: {counts_text(latest.counts)}. Without --resolve the "
            "rows are sent again"
        )


def _latest_retry(run: Run, session: Session) -> Run:
    """Return the last of the retries of *run*, or *run* if there is none."""
    for each in session.runs():  # The oldest first.
        if each.retry_of is run:
            run = each
    return run


def _name(run: Run) -> str:
    return f"{run.title}, run {run.id}"


def _attached(order: Order, run: Run) -> str:
    """Return what became of rows that were sent before, and how they are sent again."""
    state = "has ended" if run.is_at_rest else "goes on"
    text = f"These rows were sent before: run {run.id} {state}"
    if order.is_retry:
        return text
    retry = f"--retry sends {run.retryable:,} of them again, " if run.retryable else ""
    return f"{text}; {retry}--again sends all again"


def _followed(order: Order, run: Run, *, is_old: bool) -> int:
    """Wait for *run*, write its results, and return the exit code.

    *is_old*: an earlier command has sent it, and rows of it may be sent again.
    """
    try:
        # The user has looked for the rows of the earlier command, not for those sent now.
        code = _waited(order, run, is_applied=order.is_applied if is_old else None)
        if order.is_retry and code == codes.FAILED and run.retryable and is_old:
            tell(f"Sending {counted(run.retryable, 'row')} of run {run.id} again")
            run = run.retry(batch_size=order.batch_size)
            code = _waited(order, run, is_applied=None)
        elif order.is_retry and is_old and code in (codes.COMPLETED, codes.FAILED):
            hint = "; put corrected rows into a file of their own" * (code == codes.FAILED)
            tell(f"--retry: no row may be sent again as it is: {counts_text(run.counts)}{hint}")
        write_results(run, order.output)
    except AsyncDestError as error:  # Rows are sent already.
        tell(str(error))
        return codes.FAILED
    for line in summary(run):
        tell(in_options(line))
    if code == codes.WAITS:
        tell(_DECIDE)
    if order.output != STANDARD:
        tell(f"Results: {order.output}")
    return code


def _waited(order: Order, run: Run, *, is_applied: bool | None) -> int:
    """Wait for the run, and return the exit code; Ctrl-C ends the waiting.

    *is_applied* is the user's decision about rows in doubt, None = there is none.
    """
    try:
        _wait(run)
        if is_applied is not None and run.status == "pending":
            run.resolve(applied=is_applied)
            _wait(run)
        elif is_applied is not None:
            tell(f"--resolve: nothing is in doubt: {counts_text(run.counts)}")
    except KeyboardInterrupt:
        # Closing a session may take a moment: a second Ctrl-C does not wait for it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        tell(f"\nInterrupted: {counts_text(run.counts)}. {_way_on(order)}")
        return codes.INTERRUPTED
    return codes.of_run(run.status, run.outcomes())


def _wait(run: Run) -> None:
    """Wait for *run*: with a bar in a terminal, elsewhere with a line now and then."""
    if is_terminal():
        run.wait()
        return
    while run.wait(timeout=REPORT_SECONDS) == "pending" and not run.is_at_rest:
        tell("; ".join([f"{run.stats.seconds:.0f} s: {counts_text(run.counts)}", *run.notices]))


def _way_on(order: Order) -> str:
    if order.session is None:
        return (
            "Rows that were not sent will not be, and nothing asks about the others any more. "
            "With --session NAME the same command would go on"
        )
    return f"The same command goes on, with --session {order.session}; it sends nothing twice"
