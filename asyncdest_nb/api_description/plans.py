"""What the functions of one action share: its requests, and the values that all may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..destination import ActionData
from .exchange import RequestPlan
from .filters import text_of
from .model import ApiAction, ApiDescription
from .parts import ApiRequest
from .rows import RowWriter
from .scope import plain_settings
from .template import Placeholder, Render, compiled, placeholders_in

CANCELING = "canceling"  # The state that a cancel was asked for.
MAKER = "submission"  # The state that a submission made an operation.
STATE_OF_OURS = frozenset({CANCELING, MAKER})  # A description cannot use these names.
TOKEN = "oauth2 token"  # Where the state keeps what is used of the reply to a token request.


LINES = "plain lines"  # Where the state keeps of how many rows the lines are certain.


def keys_name(source: int) -> str:
    """Return the name under which the state keeps the keys of rows for a source."""
    return f"row keys {source}"


class Plans:
    """The requests of *action*, an action of *description*."""

    def __init__(self, description: ApiDescription, action: ApiAction) -> None:
        self.action = action
        self.rows = RowWriter(action)
        auth, self._answers = description.auth, description.answers
        self._has_token = auth is not None and auth.oauth2 is not None
        self._auth_query: Mapping[str, str] = (auth.query if auth else None) or {}
        names = ["authorization", *((auth.headers if auth else None) or {})]
        # Headers for a host that must not get the credentials.
        self.no_auth = {name.lower(): None for name in names}
        self._keys = [compiled(source.match.row) for source in action.results.sources]
        later = {each.name for each in _placeholders_after_submit(action)}
        # What only some descriptions use costs the others nothing with every request.
        self.keeps_batch = is_job(action) or any(name.startswith("batch.") for name in later)
        self._state = sorted(name[6:] for name in later if name.startswith("state."))

    def plan(self, rule: ApiRequest, place: str) -> RequestPlan:
        """Return the plan of one request, with the credentials that go into its query."""
        query = self._auth_query if getattr(rule, "send_auth", True) else {}
        return RequestPlan(rule, place, answers=self._answers, auth_query=query, rows=self.rows)

    def key(self, source: int) -> Render:
        """Return what makes the key of a row for a source of results."""
        return self._keys[source]

    def is_of_row(self, template: Any) -> bool:
        """Whether a template needs the values of a row, not only its place."""
        return any(each.name.split(".")[0] == "row" for _, each in placeholders_in(template))

    def note_canceling(self, data: ActionData[Any, Any], context: Mapping[str, Any]) -> None:
        """Note that the end of an operation is asked for."""
        data.state_context.set_response_context(self._canceling(context), True)

    def is_canceling(self, data: ActionData[Any, Any], context: Mapping[str, Any]) -> bool:
        """Whether the end of this operation was asked for."""
        return bool(data.state_context.get_request_context(self._canceling(context)))

    def _canceling(self, context: Mapping[str, Any]) -> str:
        # With its id: what is not in the state of a submission is looked for in that of others.
        return f"{CANCELING} {self.id_in(context)}"

    def note_maker(self, data: ActionData[Any, Any], context: Mapping[str, Any]) -> None:
        """Note that this submission made an operation, so that no other is taken to be it."""
        if self.action.find is not None and self.action.find.contents:
            data.state_context.set_response_context(self._maker(context), data.submission_id)

    def is_of_other(self, data: ActionData[Any, Any], context: Mapping[str, Any]) -> bool:
        """Whether another submission is known to have made an operation."""
        maker = data.state_context.get_request_context(self._maker(context))
        return maker not in (None, data.submission_id)

    def _maker(self, context: Mapping[str, Any]) -> str:
        return f"{MAKER} of {self.id_in(context)}"

    def id_in(self, context: Mapping[str, Any]) -> str:
        """Return the id of the operation in a context."""
        assert self.action.handle is not None
        return text_of(context.get(self.action.handle.name))

    def base(self, data: ActionData[Any, Any]) -> dict[str, Any]:
        """Return the names and values that all requests may use."""
        state = data.state_context
        token = state.get_request_context(TOKEN) if self._has_token else None
        found = plain_settings(data.settings, token)
        if self._state:
            found["state"] = {name: state.get_request_context(name) for name in self._state}
        return found


def is_job(action: ApiAction) -> bool:
    """Whether an operation is a whole batch."""
    return action.handle is not None and action.handle.per == "batch"


def _placeholders_after_submit(action: ApiAction) -> Iterator[Placeholder]:
    """Yield the placeholders in what is sent once a batch is submitted."""
    rules = (action.poll, action.cancel, *action.results.sources, *action.submit[1:])
    texts = action.poll.texts if action.poll else {}
    sent = [each.sent for each in rules if each is not None]
    yield from (each for _, each in placeholders_in([*sent, texts]))
