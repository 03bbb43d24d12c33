"""A connection: a destination with its settings, ready to be asked."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar

from ..destination import Action, Function, InputField, input_fields
from ..engine import (
    CallResult,
    Channel,
    InputRows,
    Invalid,
    Prepared,
    batched,
    call_scope,
    polled_once,
    prepare,
    read_check,
)
from ..errors import (
    DestinationError,
    MappingError,
    UnknownName,
    UsageError,
    check_bool,
    check_number,
)
from ..frame import DataFrame, Rows, has_integer_labels, to_rows
from ..mapping import FieldMap, plan_fields
from ..portal import call
from ..request import Exchange
from ..responses import AsyncActionResponse, JSONObject
from ..schedule import Schedule
from .preview import Executed, Preview, contexts_of
from .progress import Told, followed, in_terminal
from .registry import RunRegistry
from .run import Run
from .submission import Submission, digest, field_plans


class Connection:
    """A destination with its settings. Its text names its actions and fields, never a secret."""

    # How a notebook shows how far something slow is; the package's face sets it.
    following: ClassVar[Callable[..., AbstractContextManager[Told]]] = staticmethod(in_terminal)

    def __init__(self, channel: Channel, registry: RunRegistry) -> None:
        self.destination = channel.destination
        self._channel = channel
        self._registry = registry

    def submit(
        self,
        frame: DataFrame,
        action: str,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        schedule: Schedule | None = None,
        deadline: float | None = None,
        again: bool = False,
        **constants: Any,
    ) -> Run:
        """Send the rows of *frame* in batches and return with the run once they are read.

        That is at once, or about a second for 100,000 rows; all else goes on by itself.
        A field is filled by *mapping* (directives or constants), else from the
        column that *columns* names for it, else from the column of its own name,
        else by its default. Any other keyword is an entry of *mapping* too:
        ``operation_type="sync_profile"``. A row that does not fit the action's
        fields, or fails the destination's own check, is not sent: its outcome is
        "invalid". *batch_size* None = as many rows a request as the action takes.
        Polling goes on in the background, when *schedule* says, of which a run uses a copy;
        None = at the start every second, then less and less often. What is not done
        *deadline* seconds after it was sent is marked overdue, and goes on; None = nothing
        is. The run of an empty frame is completed at once.

        The same payloads, all of them and in the same order, that were submitted before
        in this session, to the same action by the same settings (keys do not count), are
        not sent twice: the run that is there is returned, as it is and the latest of its
        retries, with an AlreadySubmitted warning; it goes on by the key and the ``poll``
        of this connection. They are sent if nothing of them was applied, or *again* is
        True. With one row more, or in another order, it is another submit: all of it is
        sent.

        Raises FrameError, MappingError, UnknownName, or UsageError for any other argument
        and a closed session, before anything is sent. A destination's refusal is not
        raised: it is the rows' status and message.
        """
        found = self._action(action, batch_size)
        check_number("deadline", deadline, unit="seconds")
        check_bool("again", again)
        if schedule is not None and not isinstance(schedule, Schedule):
            raise UsageError(f"schedule is {schedule!r}; it must have the methods of a Schedule")
        with self.following() as told:
            rows = to_rows(frame, told=partial(told, "reading"))
            fields = _fill(found, rows, columns=columns, mapping=_with(found, constants, mapping))
            submission = Submission(
                channel=self._channel,
                action=found,
                frame=frame.copy(),
                source=_source(rows, fields),
                fields=fields,
            )
            name = digest(submission, on_progress=partial(told, "comparing with earlier runs"))
        record = submission.record(
            # SQLite takes a number of numpy for bytes.
            batch_size=None if batch_size is None else int(batch_size),
            digest=name,
            deadline_seconds=None if deadline is None else float(deadline),
            has_integer_labels=has_integer_labels(frame),
        )
        return self._registry.submit(record, submission, schedule=schedule, again=again)

    def preview(
        self,
        frame: DataFrame,
        action: str,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        rows: int | None = None,
        **constants: Any,
    ) -> Preview:
        """Return what ``submit`` would send; sends no row, and raises what it would raise.

        *rows* is how many of the frame it looks at, from the first; None = all. Only the
        destination's own check may ask the destination something (what fields an object
        has, say); its error is raised.
        """
        found = self._action(action, batch_size)
        check_number("rows", rows, whole=True)
        with self.following() as told:
            some = to_rows(frame, slice(rows), told=partial(told, "reading"))
            fields = _fill(found, some, columns=columns, mapping=_with(found, constants, mapping))
            looked = prepare(_source(some, fields), action=found, fields=fields)
            read = list(followed(looked, told, "mapping and checking", rows=len(some.rows)))
        invalid = {row.position: row.reason for row in read if isinstance(row, Invalid)}
        good = [row for row in read if isinstance(row, Prepared)]
        invalid |= self._check(found, good)
        good = [row for row in good if row.position not in invalid]
        batches = list(batched(good, action=found, batch_size=batch_size))
        return Preview(
            payloads={row.position: row.payload.as_json() for row in good},
            invalid=dict(sorted(invalid.items())),
            batches=[len(batch) for batch in batches],
            sources=fields.sources,
            labels=some.labels,
            first_request=self._first_request(found, batches, batch_size),
        )

    def _check(self, action: Action, rows: Sequence[Prepared]) -> dict[int, str]:
        if action.check is None or not rows:
            return {}
        asked = call(self._channel.call(action.check, payload=[row.payload for row in rows]))
        if asked.error is not None:
            raise asked.error
        faults = read_check(asked.answer, [row.position for row in rows], mask=self._channel.mask)
        if not isinstance(faults, dict):
            raise DestinationError(faults.message)
        return faults

    def execute_action(self, action: str, payload: Mapping[str, Any]) -> Executed:
        """Call ``perform`` with one payload; its requests and its answer are shown.

        It is really sent, and belongs to no run. What goes wrong on the way is in
        ``error`` of what is returned. Raises UnknownName or UsageError, before anything is
        sent, for an action or a payload that does not fit; once it is interrupted,
        nobody knows whether it was applied.
        """
        found = self._action(action)
        function = _needed(found.perform, found, "perform")
        return self._execute(function, payload=_read(found, payload))

    def execute_batch(self, action: str, payloads: Sequence[Mapping[str, Any]]) -> Executed:
        """Call ``perform_batch`` with some payloads, and the steps that follow it.

        The requests of all are shown, and the answer of the first. Really sent, as by
        ``execute_action``; the payloads of a call have the same batch keys.
        """
        found = self._action(action)
        function = _needed(found.perform_batch, found, "perform_batch")
        if isinstance(payloads, str | Mapping) or not isinstance(payloads, Sequence):
            kind = type(payloads).__name__
            raise UsageError(f"payloads is a {kind}; write a list of dicts from field to value")
        read = [_read(found, each) for each in payloads]
        if len({repr([getattr(each, key) for key in found.batch_keys]) for each in read}) != 1:
            keys = ", ".join(found.batch_keys)
            same = f", all with the same {keys}" if keys else ""
            raise UsageError(f"{len(read)} payloads: give 1 or more{same}")
        call_id = str(uuid.uuid4())
        asked = call(self._ask(function, call_id, payload=read))
        for step in found.steps:
            if asked.error is None and _contexts(asked.answer)[0].get(found.operation_id):
                contexts = _contexts(asked.answer)
                then = call(self._ask(step, call_id, payload=read, contexts=contexts))
                asked = CallResult(asked.answer, then.error, [*asked.exchanges, *then.exchanges])
        return self._executed(asked, call_id)

    def execute_poll(
        self, action: str, contexts: Executed | AsyncActionResponse | Sequence[JSONObject]
    ) -> Executed:
        """Call ``poll`` once, for *contexts* or for those that an execute call returned.

        What goes wrong on the way is in ``error`` of what is returned. If it goes wrong for
        some of the contexts, these are asked about apart: their results are failed, with
        the code POLLING_ERROR, beside those of the others. Raises UsageError for what has
        no contexts.
        """
        found = self._action(action)
        function = _needed(found.poll, found, "poll")
        known = contexts.call_id if isinstance(contexts, Executed) else ""
        call_id = known or str(uuid.uuid4())

        def ask(some: Sequence[JSONObject]) -> Awaitable[CallResult]:
            return self._ask(function, call_id, contexts=some)

        polled = polled_once(_contexts(contexts), poll=ask, action=found, channel=self._channel)
        return self._executed(call(polled), call_id)

    def test_authentication(self) -> None:
        """Ask the destination whether it takes the credentials; raises what it says if not.

        A destination that declares no such test is not asked.
        """
        function = self.destination.test_authentication
        if function is not None and (error := self._execute(function).error) is not None:
            raise error

    def _execute(self, function: Function, **data: Any) -> Executed:
        call_id = str(uuid.uuid4())
        return self._executed(call(self._ask(function, call_id, **data)), call_id)

    def _executed(self, asked: CallResult, call_id: str) -> Executed:
        channel = self._channel
        return Executed(asked, call_id=call_id, mask=channel.mask, kept=channel.storable)

    def _ask(
        self, function: Function, call_id: str, **data: Any
    ) -> Coroutine[Any, Any, CallResult]:
        """Call a function for a single call: all that is asked for it are of one submission."""
        scope = call_scope(call_id)
        return self._channel.call(function, submission_id=call_id, scope=scope, **data)

    def _first_request(
        self, action: Action, batches: Sequence[Sequence[Prepared]], batch_size: int | None
    ) -> Exchange | None:
        if not batches:
            return None
        function, payload = action.call_for([row.payload for row in batches[0]], batch_size)
        exchanges = call(self._channel.rehearse(function, payload)).exchanges
        return exchanges[0] if exchanges else None

    def _action(self, slug: str, batch_size: int | None = None) -> Action:
        self._registry.require_open()
        check_number("batch_size", batch_size, whole=True)
        return self.destination.action(slug)

    def settings(self) -> dict[str, str]:
        """Return the settings by key, as text; of a secret only whether it is set."""
        shown = {}
        for key, field in input_fields(type(self._channel.settings)).items():
            value = getattr(self._channel.settings, key)
            if value is None:
                shown[key] = "not set"
            elif field.type == "password":
                shown[key] = "set"
            else:
                shown[key] = self._channel.mask(str(value))
        return shown

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}: {value}" for key, value in self.settings().items())
        lines = [f"{self.destination.name} ({settings})"]
        for slug, action in self.destination.actions.items():
            lines.append(f"  {slug}: {action.description or action.title}")
            lines.extend(f"    {_field_line(field)}" for field in action.fields.values())
        return "\n".join(lines)


def _field_line(field: InputField) -> str:
    kind = f"list of {field.type}" if field.multiple else field.type
    need = "required" if field.required else "optional"
    choices = f", one of {', '.join(map(str, field.choices))}" if field.choices else ""
    default = f", default {field.default}" if field.default is not None else ""
    about = f". {field.description}" if field.description else ""
    return f"{field.key}: {field.label} ({kind}, {need}{choices}{default}){about}"


def _fill(action: Action, rows: Rows, **sources: Mapping[str, Any] | None) -> FieldMap:
    return plan_fields(
        field_plans(action.fields), rows.columns, index_names=rows.index_names, **sources
    )


_OPTIONS = ("columns", "mapping", "batch_size", "schedule", "deadline", "again", "rows")


def _source(rows: Rows, fields: FieldMap) -> InputRows:
    # A cell that cannot be sent is no harm in a column that nothing reads.
    return InputRows(rows.rows, rows.faults_where(fields.reads), rows.labels)


def _with(
    action: Action, constants: Mapping[str, Any], mapping: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return *mapping* with *constants*; raises what would otherwise make every row invalid."""
    if not isinstance(mapping, Mapping | None):
        return mapping
    for name in constants:
        if name in (mapping or {}):
            raise MappingError(f"field {name!r} is a keyword and in mapping=: keep one of them")
        near = difflib.get_close_matches(name, _OPTIONS, n=1, cutoff=0.8)
        if name not in action.fields and near:
            raise UnknownName(f"no field or option {name!r}; did you mean {near[0]}=?")
    filled = {**(mapping or {}), **constants}
    for name, value in filled.items():
        choices = action.fields[name].choices if name in action.fields else None
        if choices and isinstance(value, (str, int, float)) and value not in choices:
            raise MappingError(f"{name}={value!r}: choose one of {', '.join(map(repr, choices))}")
    return filled


def _needed(function: Function | None, action: Action, name: str) -> Function:
    if function is None:
        raise UsageError(f"action {action.title!r} has no {name}")
    return function


def _read(action: Action, values: Mapping[str, Any]) -> Any:
    if not isinstance(values, Mapping):
        raise UsageError(
            f"the payload is a {type(values).__name__}; write a dict from field to value"
        )
    for key in values:
        if key not in action.fields:
            raise UnknownName.of("field", key, action.fields, owner=action.title)
    payload = action.read(values)
    if isinstance(payload, str):
        raise UsageError(payload)
    return payload


def _contexts(found: Executed | AsyncActionResponse | Sequence[JSONObject]) -> list[JSONObject]:
    return found.contexts if isinstance(found, Executed) else contexts_of(found)
