"""A connection: a destination with its settings, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from pydantic import SecretStr

from ..destination import Action
from ..engine import Channel
from ..errors import UsageError, check_bool, check_number
from ..frame import as_pandas, has_integer_labels
from ..portal import call
from ..request import Hook
from ..responses import AsyncActionResponse
from ..schedule import Schedule
from .account import described, exposure, settings_texts
from .comparison import QUICK_ROWS
from .executed import Executed
from .keyed import KeyChoice, key_names, new_submission
from .preview import Preview, preview
from .process_bound import ProcessBound
from .progress import ProgressCallback, show_in_terminal
from .registry import RunRegistry
from .run import Run
from .single_call import SingleCalls
from .spool import Spool, is_in_parts
from .submission import Submission, digest
from .subscription import matched_rows


class Connection(ProcessBound):
    """A destination with its settings; its repr has its actions and fields, never a secret."""

    # How a notebook shows the progress of a slow call; the package's face sets it.
    show_progress: ClassVar[Callable[..., AbstractContextManager[ProgressCallback]]]
    show_progress = staticmethod(show_in_terminal)

    def __init__(self, channel: Channel, registry: RunRegistry, sources: Mapping[str, str]) -> None:
        self.destination = channel.destination
        self.exposure = exposure(channel)  # Who else may read the key; "" = nobody.
        self._sources = sources
        self._channel = channel
        self._registry = registry
        self._calls = SingleCalls(channel)

    def submit(
        self,
        frame: object,
        action: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: Mapping[str, Any] | None = None,
        subscribe: str | None = None,
        key: str | Sequence[str] | None = None,
        changed_only: bool = False,
        batch_size: int | None = None,
        schedule: Schedule | None = None,
        deadline: float | None = None,
        again: bool = False,
        notify: str | SecretStr | None = None,
        **constants: Any,
    ) -> Run:
        """Send the rows of *frame* in batches; returns at once, and continues by itself.

        *action* None = the only one that the destination has.
        Later changes of *frame* are not sent. It is not copied if pandas copies what is
        written to, as from version 3 on; then do not change objects in its cells meanwhile.
        *frame* is of pandas, or of a library such as polars, pyarrow, duckdb and modin: of those
        that narwhals knows. The results of such a frame are on the positions of its rows, and
        a lazy one is computed once, now. Of an iterator of frames, such as
        ``pd.read_csv(path, chunksize=10_000)``, one after the other is in memory: this returns
        once all of them are read and their payloads are in the file of the session, and nothing
        is sent before, so a file that was sent already is not sent twice. All with rows need the
        same columns. ``results`` are on their labels, and ``failed`` has no columns of them; so
        for a frame of Dask. The workers of its cluster map and check the rows, and make the
        requests that send them, unless the connection has its own proxy, certificates or
        transport. A batch whose worker is lost is in doubt, as after a lost reply.
        A field is filled by *mapping* (directives or constants), else from the
        column that *columns* names for it, else from the column of its own name,
        else by its default. Any other keyword is an entry of *mapping* too:
        ``operation_type="sync_profile"``. A row that does not fit the action's
        fields, or fails the destination's own check, is not sent: its outcome is
        "invalid". *batch_size* None = as many rows per request as the action takes.
        Batches go at the same time, in no certain order: rows of one record may overtake each
        other, which *key* refuses.
        An action that declares a sync mode or an audience also takes ``sync_mode="mirror"``,
        ``matching_key="email"``, and ``audience_membership``, filled like a field, else by rows
        that are events of Segment.
        *subscribe* is a text such as ``type = "track" and properties.plan != "free"``, in
        Segment's language FQL: only rows that match it are sent and in the results, with their
        labels, and the title of the run says how many these are. None = all rows.
        Polling runs in the background, by a copy of *schedule*; None = one that learns how long
        operations take and polls when they have probably ended. An operation that is not done
        *deadline* seconds after it was sent is marked overdue, and continues; None = none is.
        The run of an empty frame is completed at once.

        The same payloads, all of them and in the same order, that were submitted before
        in this session, to the same action and base URL by the same settings (not API keys),
        are not sent twice: the earlier run, or the latest of its retries, is returned as it
        is, with an AlreadySubmitted warning; it continues by the key and the ``poll`` of
        this connection. They are sent if none of them was applied, or *again* is True. With
        one row more, or in another order, it is another submit, and all of it is sent. Of more
        than 20,000 rows all this is known once they are prepared: the run that was returned
        becomes the earlier one then, with its id, and a notice says so.

        *key* names what tells rows apart at the destination: a column, a level of the index, a
        filled field, or a list of these. A row without a key is invalid, and so are rows of the
        same key. With *changed_only* those rows are "unchanged", and not sent, whose payload
        equals the one that was completed last under their key, as text: in this session, by this
        action, settings and kind of key. A row that was sent since and is not completed (failed,
        canceled, unknown or on its way) is sent, also one in doubt: *key* states that a row
        replaces the one of its key. Of keys that are on their way twice at a time nothing is
        known until they are sent again. Submits with a *key* remember what they send; others do
        not, nor is it seen what somebody else changes or deletes at the destination, or which
        account an API key is of: use a session for each account, and for each mapping of the
        same keys. The file of a session keeps digests, longer than *keep_days*; one in memory
        forgets them at its end. ``changed_only=False`` and *again* send all. While the same
        rows are still on their way, *changed_only* attaches to their run, as above.

        When nothing more happens by itself, one JSON is posted to the URL *notify*, as Slack
        and Mattermost take it: ``{"text": "… 500 rows: 480 completed, 20 failed", "run",
        "title", "status", "counts"}``, without any value of a row. The URL is a secret and is
        not stored: after a restart the notice is posted if this submit is repeated, and at
        most once. If it cannot be posted, that is a notice of the run.

        Raises FrameError, MappingError, UnknownName, or UsageError for any other argument
        and a closed session, before anything is sent. A destination's refusal is not
        raised: it is in the rows' status and message.
        """
        found = self._action(action, batch_size)
        found.function_for(batch_size)
        check_number("deadline", deadline, unit="seconds")
        check_bool("again", again)
        check_bool("changed_only", changed_only)
        names = key_names(key, changed_only=changed_only)
        if schedule is not None and not isinstance(schedule, Schedule):
            raise UsageError(f"schedule is {schedule!r}; it must have the methods of a Schedule")
        hook = None if notify is None else Hook(notify)
        given: dict[str, Any] = {"columns": columns, "mapping": mapping, "constants": constants}
        values: dict[str, Any] = {  # SQLite takes a number of numpy for bytes.
            "batch_size": None if batch_size is None else int(batch_size),
            "deadline_seconds": None if deadline is None else float(deadline),
            "key": names,
        }
        if is_in_parts(frame):
            if names is not None:
                raise UsageError("key= needs all rows at once: pass one frame, not parts of it")
            spool = Spool(self._registry, self._channel, found, values=values, schedule=schedule)
            with self.show_progress() as on_progress:
                record, submission, execution = spool.filled(
                    frame, given, subscribe, on_progress=on_progress
                )
        else:
            chosen = matched_rows(as_pandas(frame), subscribe)
            keys, execution = KeyChoice(names, changed_only and not again), None
            submission = new_submission(self._channel, found, chosen.frame, given, keys)
            # Otherwise the digest is made while the rows are prepared.
            compares_now = len(chosen.frame) <= QUICK_ROWS and not again
            name = self._digest(submission) if compares_now else None
            labels = has_integer_labels(chosen.frame)
            record = submission.record(digest=name, has_integer_labels=labels, **values)
            record = replace(record, title=f"{record.title}{chosen.title}")
            submission = replace(submission, unmatched=chosen.unmatched)
        return self._registry.submit(
            record, submission, schedule=schedule, again=again, notify=hook, execution=execution
        )

    def earlier_runs(
        self,
        frame: object,
        action: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: Mapping[str, Any] | None = None,
        subscribe: str | None = None,
        key: str | Sequence[str] | None = None,
        changed_only: bool = False,
        **constants: Any,
    ) -> list[Run]:
        """Return the runs of the session that submitted the same, the oldest first.

        That is the same payloads in the same order to the same action by the same settings,
        *key* and *changed_only*. Nothing is sent. Retries are not among them. Raises what
        ``submit`` raises.
        """
        found, rows = self._action(action), matched_rows(as_pandas(frame), subscribe).frame
        given: dict[str, Any] = {"columns": columns, "mapping": mapping, "constants": constants}
        keys = KeyChoice(key_names(key, changed_only=changed_only), changed_only)
        submission = new_submission(self._channel, found, rows, given, keys)
        return self._registry.runs_of(self._digest(submission))

    def _digest(self, submission: Submission) -> str:
        with self.show_progress() as on_progress:
            compared = partial(on_progress, "comparing with earlier runs")
            return digest(submission, on_progress=compared)

    def preview(
        self,
        frame: object,
        action: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: Mapping[str, Any] | None = None,
        subscribe: str | None = None,
        key: str | Sequence[str] | None = None,
        changed_only: bool = False,
        batch_size: int | None = None,
        rows: int | None = None,
        **constants: Any,
    ) -> Preview:
        """Return what ``submit`` would send; sends no row, and raises what it would raise.

        It reads the first *rows* of the frame, None = all, and of these, those that match
        *subscribe*; positions are those among the rows that match. Only the destination's own check
        may make requests, such as for the fields of an object; its error is raised.
        """
        found = self._action(action, batch_size)
        check_number("rows", rows, whole=True)
        chosen = matched_rows(as_pandas(frame).iloc[slice(rows)], subscribe)
        given: dict[str, Any] = {"columns": columns, "mapping": mapping, "constants": constants}
        keys = KeyChoice(key_names(key, changed_only=changed_only), changed_only)
        submission = new_submission(self._channel, found, chosen.frame, given, keys)
        with self.show_progress() as on_progress:
            return preview(
                submission,
                batch_size=batch_size,
                known=lambda keys: call(self._registry.engine.known_payloads(keys)),
                matched=str(chosen),
                on_progress=on_progress,
            )

    def execute_action(self, action: str, payload: Mapping[str, Any], **beside: Any) -> Executed:
        """Call ``perform`` with one payload; its requests and its answer are shown.

        *beside* are ``sync_mode``, ``matching_key`` and ``audience_membership``, if it reads them.
        It is really sent, and belongs to no run. An error on the way is returned, as
        ``error``. Raises UnknownName or UsageError, before anything is sent, for an action
        or a payload that does not fit. If it is interrupted, nobody knows whether it was
        applied.
        """
        return self._calls.perform(self._action(action), payload, **beside)

    def execute_batch(
        self, action: str, payloads: Sequence[Mapping[str, Any]], **beside: Any
    ) -> Executed:
        """Call ``perform_batch`` with some payloads, then the action's further steps.

        The requests of all calls are shown, and the answer of the first. They are really
        sent, as by ``execute_action``; all payloads must have the same batch keys. Of
        ``audience_membership`` there is a list.
        """
        return self._calls.perform_batch(self._action(action), payloads, **beside)

    def execute_poll(
        self, action: str, contexts: Executed | AsyncActionResponse | Sequence[dict[str, Any]]
    ) -> Executed:
        """Call ``poll`` once, for *contexts* or for those that an execute call returned.

        An error on the way is returned, as ``error``. If it concerns some of the contexts
        only, these are polled apart: their results are failed, with the code POLLING_ERROR,
        beside those of the others. Raises UsageError if there are no contexts.
        """
        return self._calls.poll(self._action(action), contexts)

    def test_authentication(self) -> None:
        """Try the settings at the destination; raises its error if it refuses them.

        It makes the cheap request that the destination declares for this, and sends no row.
        A host that was down a moment ago is asked at once. Does nothing if the destination
        declares no such test. Raises NotSent or ReplyLost if no answer comes.
        """
        function = self.destination.test_authentication
        if function is not None and (error := self._calls.test(function).error) is not None:
            raise error

    def _action(self, slug: str | None, batch_size: int | None = None) -> Action:
        self._registry.require_open()
        check_number("batch_size", batch_size, whole=True)
        return self.destination.action(slug)

    def settings(self) -> dict[str, str]:
        """Return the settings by key, as text; of a secret only whether it is set.

        With one that was not given to ``connect`` it says where it is from.
        """
        return settings_texts(self._channel, self._sources)

    @property
    def sources(self) -> dict[str, str]:
        """Where those settings are from that ``connect`` was not given: words by key."""
        return dict(self._sources)

    def __repr__(self) -> str:
        return described(self.destination, self.settings())
