"""The registry of a session's runs: it starts, attaches, resumes and retries them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from ..engine import Channel, Engine, Execution
from ..errors import UsageError
from ..frame import RowSource
from ..portal import Portal, call, call_from_any_thread, portal, require_other_thread
from ..request import Hook
from ..schedule import ExpectedLag, Schedule
from ..store import Store, StoredRow, StoredRun
from .chains import chain, find_earlier, find_later, find_retry
from .comparison import Comparison, warn_attached
from .end_notices import EndNotices
from .entry import RunEntry
from .executions import Executions
from .home import Home
from .keyed import stored_keys
from .new_execution import new_execution
from .options import Options
from .retention import delete_old_runs
from .retry import keys_to_retry, positions_to_retry, rows_to_retry
from .run import Run
from .stored import Reopened, reopen
from .submission import Submission


class RunRegistry(Home):
    """The runs of one file, or of a session in memory.

    All sessions of one file in one process share it, and it alone makes runs.
    """

    def __init__(self, path: Path | None, options: Options) -> None:
        super().__init__(path)
        self._options = options
        # Two threads that submit the same rows at once, or connect, start a run once.
        self._starting = threading.Lock()
        runner = portal()
        self._executions = Executions(runner)
        self.engine = Engine(
            runner.loop,
            path=path,
            has_threads=isinstance(runner, Portal),
            keeps_payloads=options.keep_payloads,
        )
        self._notices = EndNotices(runner, self.engine)
        try:
            self._read()
        except BaseException:
            self.engine.store.close()
            raise

    def _read(self) -> None:
        """Read the runs of the file; those that are too old are deleted."""
        store = self.engine.store
        delete_old_runs(store, now=self.engine.wall, keep_days=self._options.keep_days)
        self._reopened = reopen(store, self)  # Those that no connection continues yet.
        self._runs = {each.entry: each.run for each in self._reopened}

    def refresh(self) -> None:
        """Take the file over if its holder has ended; else read its runs as they are now."""
        # On the store's thread, like all that uses it: SQLite crashes if one thread closes
        # what another reads. And of several threads that ask at once one takes it over.
        if self.engine.store.holder:
            call(self.engine.journal.use(self._take_over))

    def _take_over(self, store: Store) -> None:
        if store.holder:
            self.engine.take_over()
            self._read()

    @property
    def runs(self) -> list[Run]:
        """The runs, the oldest first; retries are runs too."""
        return list(self._runs.values())

    def runs_of(self, digest: str) -> list[Run]:
        """Return the runs that submitted what has *digest*."""
        return [run for entry, run in self._runs.items() if entry.record.digest == digest]

    def submit(
        self,
        record: StoredRun,
        submission: Submission,
        *,
        schedule: Schedule | None = None,
        again: bool = False,
        notify: Hook | None = None,
        execution: Execution | None = None,
    ) -> Run:
        """Start a run, or attach to the one that sends the same rows already, unless *again*.

        Without a digest in *record* it is compared once prepared. *execution* has its rows already.
        """
        with self._starting:
            if record.digest is None:
                return self._start_comparing(record, submission, schedule, again, notify)
            found = None if again else find_earlier(self._entries(), record, submission.compares)
            if found:
                warn_attached(self._runs[found])
                run = self._attach(found, submission)
                if execution is not None:
                    call_from_any_thread(self.engine.forget([record.id]))
            else:
                before = () if again else self._entries()
                execution = execution or new_execution(
                    self.engine, record, submission, schedule, before=before
                )
                run = self._start(record, submission, execution)
            if notify is not None:
                self._notices.add(found or self._entries()[-1], notify)
            return run

    def _start_comparing(
        self,
        record: StoredRun,
        submission: Submission,
        schedule: Schedule | None,
        again: bool,
        notify: Hook | None,
    ) -> Run:
        def decide(digest: str) -> StoredRun | None:
            # The lock is never held by one who waits for the engine.
            with self._starting:
                found, entry = self._compare(run, digest, submission, again=again)
                compared.set_result(self._runs[entry] if found else None)
                if notify is not None:
                    self._notices.add(entry, notify)
                return None if found else entry.record

        compared: Future[Run | None] = Future()
        before = () if again else self._entries()
        execution = new_execution(
            self.engine, record, submission, schedule, Comparison(submission, decide), before=before
        )
        run = self._start(record, submission, execution, compared=compared)
        return run

    def _compare(
        self, run: Run, digest: str, submission: Submission, *, again: bool
    ) -> tuple[bool, RunEntry]:
        """Return whether the rows of *run* were submitted before, and the run that sends them."""
        (own,) = (each for each, other in self._runs.items() if other is run)
        entries = [each for each in self._entries() if each is not own]
        record = replace(own.record, digest=digest)
        found = None if again else find_earlier(entries, record, submission.compares)
        if found is None:
            own.record = record
            return False, own
        self._attach(found, submission)
        self._runs = {each: other for each, other in self._runs.items() if each is not own}
        return True, found

    def _entries(self) -> list[RunEntry]:
        return list(self._runs)

    def _chain(self, entry: RunEntry) -> list[RunEntry]:
        return chain(self._entries(), entry)

    def _start(
        self,
        record: StoredRun,
        submission: Submission,
        execution: Execution,
        *,
        retry_of: RunEntry | None = None,
        compared: Future[Run | None] | None = None,
    ) -> Run:
        entry = RunEntry(
            record,
            frame=submission.frame,
            labels=execution.labels,
            ledger=execution.ledger,
            retry_of=retry_of,
            execution=execution,
            submission=submission,
        )
        retried = None if retry_of is None else self._runs[retry_of]
        run = self._runs[entry] = Run(entry, retry_of=retried, registry=self, compared=compared)
        self._executions.start(entry, execution)
        return run

    def _attach(self, entry: RunEntry, submission: Submission) -> Run:
        run = self._runs[entry]
        for each in self._chain(entry):
            each.replace_rows(submission)
        entry.note_attached()
        if (execution := entry.execution) is not None:
            execution.use(submission.channel, submission.action)
            # An interrupted submit may have stopped before it started its run.
            self._executions.start(entry, execution)
        if entry.ledger.has_failed:
            # An error of this side, such as a full disk, ended it early.
            source = (entry.submission or submission).at(entry.positions).source
            self._continue(entry, submission, channel=submission.channel, source=source)
        return run

    def resume(self, channel: Channel) -> None:
        """Continue the stored runs of the destination and settings of *channel*."""
        with self._starting:
            for reopened in [each for each in self._reopened if each.fits(channel)]:
                self._resume(reopened, channel)
                self._reopened.remove(reopened)

    def _resume(self, reopened: Reopened, channel: Channel) -> None:
        entry, own = reopened.entry, reopened.submission(channel)
        if entry.execution is not None:  # By a connect that was interrupted.
            entry.execution.use(channel, own.action)
            self._executions.start(entry, entry.execution)
            return
        whole = entry.retry_of.submission if entry.retry_of else own
        submission = None if reopened.is_blank else whole
        self._continue(entry, submission, channel=channel, source=own.source)

    def _continue(
        self,
        entry: RunEntry,
        submission: Submission | None,
        *,
        channel: Channel,
        source: RowSource,
    ) -> None:
        execution = self.engine.resumption(
            entry.record,
            source=source,
            action=channel.destination.action(entry.record.action),
            channel=channel,
            schedule=ExpectedLag(),
            ledger=entry.ledger,
        )
        entry.connect(execution, submission)
        if not entry.is_at_rest:
            self._executions.start(entry, execution)

    def retry(
        self, entry: RunEntry, *, batch_size: int | None = None, schedule: Schedule | None = None
    ) -> Run:
        """Start a run of the rows of *entry* that may be sent again.

        *batch_size* None = that of *entry*. Raises UsageError if there is none, or they were sent.
        """
        keys = keys_to_retry(self.engine, entry)
        # A button and a cell may ask on two threads at once: only one of them sends.
        with self._starting:
            if entry not in self._runs:
                raise UsageError("this run was forgotten: submit its rows again")
            if later := find_retry(self._entries(), entry) or find_later(self._entries(), entry):
                raise UsageError(f"its rows went again as {self._runs[later]}: retry that one")
            positions, submission = positions_to_retry(entry), rows_to_retry(entry)
            record = submission.record(
                batch_size=entry.record.batch_size if batch_size is None else int(batch_size),
                deadline_seconds=entry.record.deadline_seconds,
                retry_of=entry.id,
                positions=tuple(positions),
                key=entry.record.key,
            )
            part = replace(submission.at(positions), keys=stored_keys(record, keys, positions))
            execution = new_execution(self.engine, record, part, schedule)
            return self._start(record, submission, execution, retry_of=entry)

    def rows(self, run_id: str, positions: Sequence[int]) -> list[StoredRow]:
        """Return the stored rows of a run at *positions*, in the order of the frame."""
        self.require_open()
        return call(self.engine.rows(run_id, positions))

    def export(self, entry: RunEntry, path: Path) -> None:
        """Write a run, and the retries before and after it, to a file of their own."""
        self.require_open()
        call(self.engine.export([each.id for each in self._chain(entry)], path))

    def forget(self, run_id: str) -> None:
        """Delete a run, and the retries before and after it, here and in the file."""
        require_other_thread()
        entry = next(each for each in self._entries() if each.id == run_id)
        entries = self._chain(entry)
        if going := [self._runs[each] for each in entries if each.is_going]:
            raise UsageError(f"{going[0]} is still going: cancel it or wait for it first")
        call(self._executions.stop(entries))
        call(self.engine.forget([each.id for each in entries]))
        self._runs = {each: run for each, run in self._runs.items() if each not in entries}
        self._executions.drop(entries)
        self._reopened = [each for each in self._reopened if each.entry not in entries]

    def close(self) -> None:
        """Stop the runs as they are, then close the connections and the store."""
        # Not by call: an interrupted close would keep the file until this process ends.
        call_from_any_thread(self._aclose())

    async def _aclose(self) -> None:
        self.is_open = False
        await self._executions.stop_all()
        await self._notices.finish()
        await self.engine.aclose()
