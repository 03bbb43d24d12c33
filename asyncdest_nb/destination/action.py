"""Actions: what a destination can be asked to do with rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import ValidationError

from ..errors import UnknownName, UsageError, check_bool, check_number
from .arguments import DATA, Function
from .beside import NAMES, beside_fields, read_sync_mode
from .checks import explain
from .data_payload import DataPayload, OpenPayload, read_data
from .functions import adapted
from .input_field import InputField, input_fields
from .models import Payload
from .translated import either_spelling, is_fields, model_of

Recovery = Literal["none", "natural", "key", "client_id", "search", "prepare_commit"]

# Three or four rows at fault among a thousand are found with so many.
ISOLATION_REQUESTS = 64


@either_spelling
@dataclass(frozen=True, kw_only=True, repr=False)
class Action:
    """Something a destination can be asked to do with rows.

    ``payload`` is a class of fields, or a dict of them as in the framework: label,
    description, type, required, choices, default. With ``{}`` payloads have whatever the mapping
    gives, unchecked. A function takes ``request`` and its
    data, or parts of the data by name: ``(request, *, settings, payload)``. All argument
    names may be in camelCase; ``fields`` is another name for ``payload``. Functions send
    by ``request`` alone: if one fails that may have sent something by other means, its rows
    are unknown.

    ``check`` gets all payloads of a run before anything is sent. It returns a list with
    the reason for each payload that does not fit, None for each that does.

    ``tokens`` is for rows that go to a language model. It gets all payloads, and returns
    ``{"input_tokens": 1200, "output_tokens": 8000, "how": "counted by … on 20 rows"}``:
    ``output_tokens`` is the most that may come back, None = no limit. It makes only requests
    that cost nothing.

    ``perform`` takes one row, ``perform_batch`` up to ``batch_size`` rows with at most
    ``batch_bytes`` bytes in total; one of the two functions is enough. ``row_bytes``
    returns the bytes of a payload; None = the length of its JSON. Rows with different
    values in the fields ``batch_keys`` go into different batches.

    ``steps`` are for a submission of several requests: they are called in order after
    ``perform_batch``, each with the same payloads and with the context that was stored
    before. The destination must apply nothing before the last step, and every step must
    be safe to repeat: then a lost reply has no consequences.

    A batch that is refused as a whole, by 400, 413 or 422 and so that provably nothing was
    applied, is halved and sent again until the row at fault stands alone, with its message.
    ``isolation_requests`` bounds what this may cost: so many more submissions for each batch;
    then what is left fails with the message of its batch. 0 = none. None = 64, or 0 with
    ``steps``: what is refused then is mostly the job, and not for a row. If a refusal names
    the rows at fault, return an AsyncActionResponse without contexts, whose ``rows`` have an
    outcome for each of them and None for the others: these are sent again at once, without
    them, within the same bound.

    ``recovery`` tells the engine what to do with a submission that may or may not have
    been applied (a lost reply, a killed kernel):

    - "none": nothing; it is held, and the user decides.
    - "natural": repeating it is harmless (an upsert, a member of a set), so it is
      sent again.
    - "key": the request has ``data.submission_id`` as its idempotency key, so it
      is sent again, up to ``key_seconds`` after the first time; then it is held.
    - "client_id": ``data.submission_id`` is the operation's own id. ``find`` looks it
      up; if the destination does not know it, it is sent again under the same id. If that
      is refused, nothing was applied once ``settle_seconds`` have passed.
    - "search": the request has ``data.submission_id`` in a field that can be searched.
      ``find`` searches for it; if it is not found after ``settle_seconds`` (a list may
      lag behind), it is sent again.
    - "prepare_commit": set automatically for an action with ``steps``.

    ``held_note`` is what the user reads who decides about a submission that is held: what is
    right to do with this API, and why nobody can find out.

    ``find`` gets the payloads, and returns what ``perform_batch`` would have returned, or
    None if the destination does not have the submission; raising a 404 means the same. It
    raises RetryableError if only the end of a job will tell, and is called again until then. It
    must store the state that ``poll`` reads again, since a process that was killed during
    the request may not have saved it.

    ``cancel`` asks the destination to cancel the operation of one context; ``poll`` finds
    out how the operation ended.

    ``operation_per`` is what one context stands for: a "row", or the whole "batch" (a job).
    ``operation_id`` is the key of the destination's id in a context. On disk the name of a
    setting replaces a secret in a context, and after a restart the present value of that
    setting is put in. Other secrets, such as the signature of a pre-signed URL, are not
    saved: a context should not need one.

    ``poll`` gets up to ``poll_batch_size`` contexts a call, all of one submission; 1 suits
    an API that needs one request for each. If ``poll`` raises, or returns results for other
    contexts, it is called again with smaller groups, so that one failing operation does not
    delay the others: ``poll`` need not catch errors. After a failed result with the code
    POLLING_ERROR the operation is polled again. Without results, an ``overall_status``
    "failed" fails all operations of the call; any other final status, also "completed",
    (``should_continue_polling`` False) leaves their outcome unknown. An operation that is not
    found (404, 410) for ``missing_seconds``, and for half a minute at least, is taken to be
    gone, and its outcome is unknown.

    ``result_columns`` are the keys of a row's result that become columns of the results;
    empty = the result is one column. ``spread`` is one of them whose value is an object with
    keys of the user's choice: each key becomes a column in its place.

    ``sync_mode`` are the modes that a submit may ask for, of "add", "update", "upsert", "delete"
    and "mirror": a list, or in Segment's form a dict of choices and default. With
    ``audience_membership`` True, rows say whether their user is in an audience. With either, the
    functions have ``data.sync_mode``, ``data.matching_key`` and ``data.audience_membership``.
    """

    title: str
    payload: type[Payload]
    description: str = ""
    check: Function | None = None
    tokens: Function | None = None
    perform: Function | None = None
    perform_batch: Function | None = None
    steps: Sequence[Function] = ()
    poll: Function | None = None
    cancel: Function | None = None
    recovery: Recovery = "none"
    find: Function | None = None
    held_note: str = ""
    key_seconds: float = 86_400.0
    settle_seconds: float = 30.0
    operation_per: Literal["row", "batch"] = "row"
    operation_id: str = "operation_id"
    batch_size: int = 1000
    batch_bytes: int = 5_000_000
    batch_keys: Sequence[str] = ()
    row_bytes: Callable[[Any], int] | None = None
    poll_batch_size: int = 10
    isolation_requests: int | None = None
    missing_seconds: float = 0.0
    result_columns: Sequence[str] = ()
    spread: str | None = None
    sync_mode: Any = None
    audience_membership: bool = False

    def __post_init__(self) -> None:
        self._require_functions()
        self._adapt_functions()
        self._check_payload()
        self._check_beside()
        if not isinstance(self.operation_id, str) or not self.operation_id:
            raise UsageError(
                f"action {self.title!r}: operation_id is {self.operation_id!r}; write the key of "
                "the id in a context, such as 'job_id'"
            )
        if self.isolation_requests is None:
            most = 0 if self.steps else ISOLATION_REQUESTS
            object.__setattr__(self, "isolation_requests", most)
        name = f"action {self.title!r}: isolation_requests"
        check_number(name, self.isolation_requests, whole=True, zero=True)
        for name in ("batch_size", "batch_bytes", "poll_batch_size"):
            check_number(f"action {self.title!r}: {name}", getattr(self, name), whole=True)
        check_number(f"action {self.title!r}: missing_seconds", self.missing_seconds, zero=True)
        if self.spread is not None and self.spread not in self.result_columns:
            raise UnknownName.of("result column", self.spread, self.result_columns)
        if self.operation_per not in ("row", "batch"):
            raise UnknownName.of("operation_per", self.operation_per, ("row", "batch"))
        for key in self.batch_keys:
            if key not in self.fields:
                raise UnknownName.of("field", key, self.fields, owner=f"action {self.title!r}")
        if self.steps and (self.operation_per != "batch" or not (self.perform_batch and self.poll)):
            raise UsageError(
                f"action {self.title!r} has steps: it needs perform_batch, poll and "
                "operation_per='batch'"
            )
        self._check_recovery()

    def _require_functions(self) -> None:
        if not self.can_send:
            raise UsageError(f"action {self.title!r} needs perform or perform_batch")

    def _adapt_functions(self) -> None:
        for name in ("check", "tokens", "perform", "perform_batch", "poll", "cancel", "find"):
            object.__setattr__(self, name, self._adapted(name, getattr(self, name)))
        steps = [self._adapted(f"steps[{at}]", step) for at, step in enumerate(self.steps)]
        object.__setattr__(self, "steps", tuple(steps))
        adapted(f"action {self.title!r}: row_bytes", self.row_bytes, "payload")

    def _adapted(self, name: str, function: Any) -> Any:
        what = f"action {self.title!r}: {name}"
        return adapted(what, function, "request", "data", names=DATA)

    def _check_payload(self) -> None:
        fields: Any = self.payload
        if is_fields(fields) or fields == {}:
            model = model_of(fields, Payload, f"action {self.title!r}")
            object.__setattr__(self, "payload", model)
        if not (isinstance(self.payload, type) and issubclass(self.payload, Payload)):
            raise UsageError(
                f"action {self.title!r}: payload is {self.payload!r}; write a class of its fields, "
                "class Contact(ad.Payload)"
            )
        for key, declared in self.fields.items():
            if declared.holds_secret:
                raise UsageError(
                    f"action {self.title!r}: field {key!r} is a secret, but payloads are shown and "
                    "kept in the session's file: make it a setting, or declare it as str"
                )

    def _check_beside(self) -> None:
        owner = f"action {self.title!r}"
        object.__setattr__(self, "sync_mode", read_sync_mode(self.sync_mode, owner))
        check_bool(f"{owner}: audience_membership", self.audience_membership)
        for name in NAMES if self.has_beside else ():
            if name in self.fields:
                raise UsageError(f"{owner} has {name} beside its fields: call that field otherwise")

    def _check_recovery(self) -> None:
        given = f"action {self.title!r}: recovery {self.recovery!r}"
        if self.recovery not in get_args(Recovery):
            raise UnknownName.of("recovery", self.recovery, get_args(Recovery))
        if self.steps and self.recovery == "none":
            object.__setattr__(self, "recovery", "prepare_commit")
        if bool(self.steps) != (self.recovery == "prepare_commit"):
            raise UsageError(f"{given}: steps and prepare_commit are only used together")
        if (self.find is not None) != (self.recovery in ("client_id", "search")):
            raise UsageError(f"{given}: client_id and search need find, the others cannot have it")

    def __repr__(self) -> str:
        return f"<Action {self.title}: {', '.join(self.fields)}>"

    @property
    def can_send(self) -> bool:
        """Whether it has a function that sends; one of Segment's metadata may have none."""
        return self.perform is not None or self.perform_batch is not None

    @property
    def is_open(self) -> bool:
        """Whether it declares no fields, so that payloads have whatever a mapping gives."""
        return issubclass(self.payload, OpenPayload)

    @property
    def has_beside(self) -> bool:
        """Whether its functions are given something beside payloads: a sync mode, for example."""
        return self.sync_mode is not None or self.audience_membership

    @property
    def has_poll_support(self) -> bool:
        """Whether the status of an operation can be polled."""
        return self.poll is not None

    def function_for(self, batch_size: int | None) -> tuple[Function, bool]:
        """Return the function that sends payloads, and whether it takes one, not a list of them.

        It is ``perform_batch`` if there is one, but ``perform`` if there is one and
        *batch_size* is 1.
        """
        alone = batch_size == 1 and self.perform is not None
        if self.perform_batch is not None and not alone:
            return self.perform_batch, False
        assert self.perform is not None  # An action has at least one of the two.
        return self.perform, True

    @property
    def fields(self) -> dict[str, InputField]:
        """Its fields by key, in the order of declaration."""
        return input_fields(self.payload)

    @property
    def inputs(self) -> dict[str, InputField]:
        """Its fields, and what a submit may state beside them, by key."""
        return self.fields | (beside_fields(self.sync_mode) if self.has_beside else {})

    def read(self, values: Mapping[str, Any]) -> Payload | str:
        """Return the payload of one row, or the reason why its *values* do not fit.

        A null (unless the field allows null) or an empty text counts as no value: a
        required field with one is missing.
        """
        if issubclass(self.payload, DataPayload):
            return read_data(self.payload, values, in_batch=self.perform_batch is not None)
        fields = self.fields
        given = {
            key: value
            for key, value in values.items()
            if (fields[key].allow_null if value is None else value != "")
        }
        try:
            return self.payload.model_validate(given)
        except ValidationError as error:
            return explain(error, fields)
