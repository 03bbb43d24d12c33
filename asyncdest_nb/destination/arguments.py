"""What a destination's functions are given: a request to send with, and their data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import SecretStr
from pydantic.alias_generators import to_snake

from ..responses import JSONObject
from .keyed import Keyed
from .written import WrittenPayloads, texts_of


class Request(Protocol):
    """How ``perform`` and ``poll`` talk to the destination: one call, one HTTP request.

    ``await request("/jobs", method="POST", json={"a": 1})`` returns a response with ``status``,
    ``headers``, ``content`` (bytes), ``text``, ``data`` (the JSON) and ``location``. The
    options are ``method``, ``json``, ``content``, ``data``, ``files``, ``headers``, ``params``,
    ``username``, ``password``, ``timeout_seconds``, ``throw_http_errors`` and ``to_file``.

    ``content`` is a text, bytes, a path, a file in binary mode, or an iterator of texts or
    bytes. ``data={"purpose": "batch"}`` are the fields of a form, and
    ``files={"file": ("rows.jsonl", content, "application/jsonl")}`` makes it multipart; its
    parts have the order of ``data``, then of ``files``; a filename of None makes a field. Files
    and iterators are sent in pieces with their length, and again if the request is repeated.

    ``response.lines()``, ``jsonl()``, ``csv_rows()`` and ``files()`` (of a tar, or tar.gz) read a
    response in parts. With ``to_file=True`` its body is not in memory, but in a temporary file
    until the function has ended. Large bodies need ``timeout_seconds``.
    """

    def __call__(self, url: str, **options: Any) -> Awaitable[Any]: ...


class StateContext(Protocol):
    """Values that outlive a call, and also a restart if the session has a file.

    ``poll`` reads what ``perform`` of the same submission stored, even if other submissions
    stored the same key later. A submission that stored nothing under a key reads the
    latest value of its connection.
    """

    def get_request_context(self, key: str) -> Any:
        """Return the value of *key*, or None if there is none or it has expired."""

    def set_response_context(
        self, key: str, value: Any, ttl: Mapping[str, float] | None = None
    ) -> None:
        """Save a JSON *value* for *ttl*, e.g. ``{"hour": 24}``; None = as long as its run."""


SettingsT = TypeVar("SettingsT")
PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True)
class ActionData(Keyed, Generic[SettingsT, PayloadT]):
    """The data that a destination's function is given.

    ``payload`` is one payload for ``perform``, a list of them for
    ``perform_batch`` and its ``steps`` and for ``check``, None otherwise;
    ``async_contexts`` has 1..N contexts for ``poll``, one for a step and for
    ``cancel``, none otherwise. ``access_token`` is the token that ``refresh_access_token``
    returned, None = it was not called. ``submission_id`` is a UUID of the
    submission. It is the same each time the submission is sent, and a new one in a
    retry. Use it as an idempotency key, an operation id or a reference. ``age_seconds`` is for
    ``find``: how long ago the submission was first sent, None = that is not known.

    ``sync_mode`` says what to do with the rows ("add", "update", "upsert", "delete" or "mirror"),
    ``matching_key`` what finds a record at the destination, None = not stated by the submit.
    ``audience_membership`` says whether the user of a payload is in an audience, None = the row
    does not say it: one value for ``perform``, and for ``perform_batch`` a list in the order of
    ``payload``. All are None in an action that does not declare them.

    ``payload_texts`` has the payloads as JSON texts, in the same order. A body that is
    joined from them costs a tenth of one that is made of ``payload``, which is read when it
    is used: ``content="[" + ",".join(data.payload_texts) + "]"``.
    """

    settings: SettingsT
    payload: PayloadT
    state_context: StateContext
    async_contexts: list[JSONObject] = field(default_factory=list)
    access_token: SecretStr | None = None
    submission_id: str = ""
    sync_mode: str | None = None
    matching_key: str | None = None
    audience_membership: Any = None
    age_seconds: float | None = None

    _written: ClassVar[WrittenPayloads | None] = None  # The payloads, until they are read.

    def __post_init__(self) -> None:
        if not isinstance(self.payload, WrittenPayloads):
            return
        own = vars(self)
        # Without the attribute, __getattr__ is called when it is read.
        written = own["_written"] = own.pop("payload")
        if written.beside:
            own["sync_mode"] = written.stated("sync_mode")
            own["matching_key"] = written.stated("matching_key")
            own["audience_membership"] = written.memberships()

    @property
    def payload_texts(self) -> Sequence[str]:
        """The payloads as JSON texts, in the order of ``payload``."""
        return texts_of(self.payload) if self._written is None else self._written.texts

    if not TYPE_CHECKING:  # Otherwise mypy would accept misspelt names.

        def __getattr__(self, name: str) -> Any:
            """Return the attribute that the framework calls *name*: ``stateContext``, …"""
            if name == "payload" and self._written is not None:
                vars(self)["payload"] = self._written.values()
                return self.payload
            if name in ("asyncContext", "async_context"):
                return self  # The first version of the framework had the contexts one level deeper.
            own = to_snake(name)
            if own != name and own in DATA:
                return getattr(self, own)
            known = ", ".join(name for name in DATA if name != "async_context")
            raise AttributeError(
                f"data has no {name!r}, it has {known}; a field of the payload is at "
                "data.payload, a setting at data.settings"
            )


# What a function may take by name instead of its data.
DATA = (*(each.name for each in fields(ActionData)), "payload_texts", "async_context")

Function = Callable[[Any, Any], Any]
