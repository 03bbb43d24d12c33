"""Destinations and their actions, and what their functions are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, get_args

from pydantic import SecretStr, ValidationError
from pydantic.alias_generators import to_snake

from ..errors import SettingsError, UnknownName, UsageError, check_number
from ..responses import JSONObject
from .fields import InputField, Payload, Settings, explain, input_fields
from .functions import fitted
from .keyed import Keyed
from .translated import either_spelling, is_fields, model_of


class Request(Protocol):
    """How ``perform`` and ``poll`` talk to the destination: one call, one HTTP request."""

    def __call__(self, url: str, **options: Any) -> Awaitable[Any]: ...


class StateContext(Protocol):
    """Values that outlive a call, and a restart of a session with a file.

    What ``perform`` stores, ``poll`` of the same submission reads, whatever others store
    since; where a submission has stored none, it reads the latest of its connection.
    """

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Keep a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = as long as its run."""


SettingsT = TypeVar("SettingsT")
PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True)
class ActionData(Keyed, Generic[SettingsT, PayloadT]):
    """What a destination's function is given.

    ``payload`` is one payload for ``perform``, a list of them for
    ``perform_batch`` and its ``steps`` and for ``check``, None otherwise;
    ``async_contexts`` has 1..N contexts for ``poll``, one for a step and for
    ``cancel``, none otherwise. ``access_token`` is what ``refresh_access_token``
    returned, None = it was not asked. ``submission_id`` is a UUID that names one
    submission: the same however often that is sent, and another one for what a
    retry sends. An idempotency key, an id of our choice or a reference is made of it.
    """

    settings: SettingsT
    payload: PayloadT
    state_context: StateContext
    async_contexts: list[JSONObject] = dataclass_field(default_factory=list)
    access_token: SecretStr | None = None
    submission_id: str = ""

    if not TYPE_CHECKING:  # Or a misspelt name would be one of any type.

        def __getattr__(self, name: str) -> Any:
            """Return what the framework calls *name*: ``stateContext``, ``asyncContexts``, …"""
            if name in ("asyncContext", "async_context"):
                return self  # In its first version the contexts were one step further down.
            own = to_snake(name)
            if own != name and own in self.__dataclass_fields__:
                return getattr(self, own)
            known = ", ".join(self.__dataclass_fields__)
            raise AttributeError(
                f"data has no {name!r}, it has {known}; a field of the payload is at "
                "data.payload, a setting at data.settings"
            )


# What a function may take by name in place of its data.
DATA = (*(each.name for each in dataclass_fields(ActionData)), "async_context")

Function = Callable[[Any, Any], Any]

Recovery = Literal["none", "natural", "key", "client_id", "search", "prepare_commit"]


@either_spelling
@dataclass(frozen=True, kw_only=True, repr=False)
class Action:
    """Something a destination can be asked to do with rows.

    ``payload`` is a class of fields, or a dict of them as the framework writes it: label,
    description, type, required, choices, default. A function is given ``request`` and its
    data, or, by name, what it takes of that: ``(request, *, settings, payload)``. The names
    of all arguments may be in camelCase; ``fields`` is ``payload``.

    ``check`` looks at all payloads of a run before anything is sent, and returns
    for each why it does not fit, None = it does.

    ``perform`` takes one row, ``perform_batch`` up to ``batch_size`` rows of
    together at most ``batch_bytes`` bytes; one of them is enough. ``row_bytes``
    says what a payload takes of those; None = its JSON. Rows that differ in the
    fields ``batch_keys`` go in different batches.

    ``steps`` are for a submission of several requests: they follow
    ``perform_batch`` one by one, each given the same payloads and the context
    stored before it is called. The destination must apply nothing before the last
    of them, and each must bear being repeated: so a lost reply costs nothing.

    ``recovery`` says what can be done about a submission of which nobody knows
    whether it was applied (a lost reply, a killed kernel):

    - "none": nothing; it is held, and the user decides.
    - "natural": repeating it is harmless (an upsert, a member of a set), so it is
      sent again.
    - "key": the request carries ``data.submission_id`` as its idempotency key, so it
      is sent again, up to ``key_seconds`` after the first time; then it is held.
    - "client_id": ``data.submission_id`` is the operation's own id. ``find`` asks for
      it; what the destination does not know is sent again under the same id. If that
      is refused, ``settle_seconds`` decide that nothing was applied.
    - "search": the request carries ``data.submission_id`` where it can be searched
      for. ``find`` does that; what is not there ``settle_seconds`` later (a list may
      lag behind) is sent again.
    - "prepare_commit": what ``steps`` make possible, and therefore never given.

    ``find`` gets the payloads, and returns what ``perform_batch`` would have, or None
    if the destination does not have the submission; raising a 404 says None too. What
    ``poll`` reads of the state it sets again, since a request that was cut off by the end
    of a process may have taken with it what was set before.

    ``cancel`` asks the destination to cancel the operation of one context; how that
    ended, ``poll`` says.

    ``operation_per`` says what one context stands for: a "row", or the whole
    "batch" (a job). ``operation_id`` is the key of the destination's id in a
    context; on disk a secret setting in a context is kept by its name, and after a
    restart it is what the setting is then; any other secret, such as the signature of a
    pre-signed URL, is not kept, so a context should not need one.

    ``poll`` is asked about up to ``poll_batch_size`` of them a call, all of one submission;
    1 suits an API that wants a request for each, since a call is over with its last
    request. Where it raises, or answers for others, they are asked about
    again in smaller groups, so that the trouble of one does not keep the others from
    their answers: ``poll`` may simply fail. A failed result with the code POLLING_ERROR
    is no answer either: the operation is asked about again. Where there are no results,
    an ``overall_status`` "failed" fails all that was asked about, and any other end
    (``should_continue_polling`` False) leaves its outcome unknown, "completed" too.
    ``result_columns`` are the keys of a row's result that become columns of the
    results; none = the result is one column.
    """

    title: str
    payload: type[Payload]
    description: str = ""
    check: Function | None = None
    perform: Function | None = None
    perform_batch: Function | None = None
    steps: Sequence[Function] = ()
    poll: Function | None = None
    cancel: Function | None = None
    recovery: Recovery = "none"
    find: Function | None = None
    key_seconds: float = 86_400.0
    settle_seconds: float = 30.0
    operation_per: Literal["row", "batch"] = "row"
    operation_id: str = "operation_id"
    batch_size: int = 1000
    batch_bytes: int = 5_000_000
    batch_keys: Sequence[str] = ()
    row_bytes: Callable[[Any], int] | None = None
    poll_batch_size: int = 10
    result_columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.perform is None and self.perform_batch is None:
            raise UsageError(f"action {self.title!r} needs perform or perform_batch")
        self._fit_functions()
        self._check_payload()
        if not isinstance(self.operation_id, str) or not self.operation_id:
            raise UsageError(
                f"action {self.title!r}: operation_id is {self.operation_id!r}; write the key of "
                "the id in a context, such as 'job_id'"
            )
        for name in ("batch_size", "batch_bytes", "poll_batch_size"):
            check_number(f"action {self.title!r}: {name}", getattr(self, name), whole=True)
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

    def _fit_functions(self) -> None:
        for name in ("check", "perform", "perform_batch", "poll", "cancel", "find"):
            object.__setattr__(self, name, self._fitted(name, getattr(self, name)))
        steps = [self._fitted(f"steps[{at}]", step) for at, step in enumerate(self.steps)]
        object.__setattr__(self, "steps", tuple(steps))
        fitted(f"action {self.title!r}: row_bytes", self.row_bytes, "payload")

    def _fitted(self, name: str, function: Any) -> Any:
        what = f"action {self.title!r}: {name}"
        return fitted(what, function, "request", "data", names=DATA)

    def _check_payload(self) -> None:
        if is_fields(self.payload):
            fields: Any = self.payload
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

    def _check_recovery(self) -> None:
        given = f"action {self.title!r}: recovery {self.recovery!r}"
        if self.recovery not in get_args(Recovery):
            raise UnknownName.of("recovery", self.recovery, get_args(Recovery))
        if self.steps and self.recovery == "none":
            object.__setattr__(self, "recovery", "prepare_commit")
        if bool(self.steps) != (self.recovery == "prepare_commit"):
            raise UsageError(f"{given}: steps are for prepare_commit, and the other way round")
        if (self.find is not None) != (self.recovery in ("client_id", "search")):
            raise UsageError(f"{given}: find is for client_id and search, and they need it")

    def __repr__(self) -> str:
        return f"<Action {self.title}: {', '.join(self.fields)}>"

    @property
    def has_poll_support(self) -> bool:
        """Whether it can be asked how an operation stands."""
        return self.poll is not None

    def call_for(self, payloads: list[Payload], batch_size: int | None) -> tuple[Function, Any]:
        """Return the function that sends *payloads*, and what to give it.

        ``perform_batch`` where there is one, but for single rows asked for by a
        *batch_size* of 1.
        """
        alone = batch_size == 1 and self.perform is not None
        if self.perform_batch is not None and not alone:
            return self.perform_batch, payloads
        assert self.perform is not None  # An action has one of the two.
        (payload,) = payloads
        return self.perform, payload

    @property
    def fields(self) -> dict[str, InputField]:
        """Its fields by key, in the order of declaration."""
        return input_fields(self.payload)

    def read(self, values: Mapping[str, Any]) -> Payload | str:
        """Return the payload of one row, or why its *values* do not fit.

        A null or an empty text is no value (unless the field allows null), so a
        required field that holds one is missing.
        """
        fields = self.fields
        given = {
            key: value
            for key, value in values.items()
            if value not in (None, "") or (value is None and fields[key].allow_null)
        }
        try:
            return self.payload.model_validate(given)
        except ValidationError as error:
            return explain(error, fields)


@either_spelling
@dataclass(frozen=True, kw_only=True, repr=False)
class Destination:
    """A partner: its settings, its actions, and how a request to it looks.

    ``extend_request(data)`` returns the options of every request (``base_url``,
    ``headers``, ``username``, ``password``, ``timeout_seconds``, and ``secrets``: what
    must never be shown, if that is not all of the credentials).
    ``refresh_access_token(request, data)`` returns a new access token for
    ``data.access_token``: it is asked before the first request if
    ``extend_request`` gives no authorization header, and once more for a request
    that is answered 401, or a function that raises InvalidAuthenticationError: that is
    called again, unless more than the refused request may have been applied.
    ``test_authentication(request, data)`` raises when credentials are not accepted.
    ``requests_per_second`` is the rate the partner allows.
    """

    name: str
    slug: str
    actions: Mapping[str, Action]
    settings: type[Settings] = Settings
    description: str = ""
    extend_request: Callable[[Any], Mapping[str, Any]] | None = None
    refresh_access_token: Function | None = None
    test_authentication: Function | None = None
    requests_per_second: float = 20.0

    def __post_init__(self) -> None:
        actions = self.actions
        if isinstance(actions, Mapping) and any(
            isinstance(each, dict) for each in actions.values()
        ):
            actions = {slug: _action(slug, each) for slug, each in actions.items()}
            object.__setattr__(self, "actions", actions)
        if is_fields(self.settings):
            fields: Any = self.settings
            object.__setattr__(self, "settings", model_of(fields, Settings, self.name))
        if not isinstance(actions, Mapping) or not all(
            isinstance(each, Action) for each in actions.values()
        ):
            raise UsageError(f"{self.name}: actions is {actions!r}; write a dict of slug to Action")
        if not (isinstance(self.settings, type) and issubclass(self.settings, Settings)):
            raise UsageError(
                f"{self.name}: settings is {self.settings!r}; write a class of its fields, "
                "class Keys(ad.Settings), and give the values to connect"
            )
        for name in ("extend_request", "refresh_access_token", "test_authentication"):
            given = ("data",) if name == "extend_request" else ("request", "data")
            function = fitted(f"{self.name}: {name}", getattr(self, name), *given, names=DATA)
            object.__setattr__(self, name, function)

    def __repr__(self) -> str:
        return f"<Destination {self.slug}: {self.description} ({', '.join(self.actions)})>"

    def action(self, slug: str) -> Action:
        """Return the action called *slug*; raises UnknownName."""
        if not isinstance(slug, str) or slug not in self.actions:
            raise UnknownName.of("action", slug, self.actions, owner=self.name)
        return self.actions[slug]

    def slug_of(self, action: Action) -> str:
        """Return the slug of one of its actions."""
        return next(slug for slug, each in self.actions.items() if each is action)

    def read_settings(self, values: Mapping[str, Any]) -> Settings:
        """Return *values* as settings; raises SettingsError, naming no value."""
        fields = input_fields(self.settings)
        for key in values:
            if key not in fields:
                raise UnknownName.of("setting", key, fields, owner=self.name)
        try:
            return self.settings.model_validate(dict(values))
        except ValidationError as error:
            raise SettingsError(f"{self.name}: {explain(error, fields)}") from None


def _action(slug: object, given: Any) -> Any:
    """Return the action that is *given* as a dict of its arguments; anything else as it is."""
    return Action(**{"title": str(slug), **given}) if isinstance(given, dict) else given
