"""A destination with its settings: what these are, and single calls of its functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import Action, input_fields
from ..engine import Channel
from ..errors import check_number
from ..responses import AsyncActionResponse
from .executed import Executed
from .field_sources import field_line
from .registry import RunRegistry
from .single_call import SingleCalls


class Account:
    """A destination with its settings; its repr has its actions and fields, never a secret."""

    def __init__(self, channel: Channel, registry: RunRegistry, sources: Mapping[str, str]) -> None:
        self.destination = channel.destination
        self._sources = sources
        self._channel = channel
        self._registry = registry
        self._calls = SingleCalls(channel)

    def execute_action(self, action: str, payload: Mapping[str, Any]) -> Executed:
        """Call ``perform`` with one payload; its requests and its answer are shown.

        It is really sent, and belongs to no run. An error on the way is returned, as
        ``error``. Raises UnknownName or UsageError, before anything is sent, for an action
        or a payload that does not fit. If it is interrupted, nobody knows whether it was
        applied.
        """
        return self._calls.perform(self._action(action), payload)

    def execute_batch(self, action: str, payloads: Sequence[Mapping[str, Any]]) -> Executed:
        """Call ``perform_batch`` with some payloads, then the action's further steps.

        The requests of all calls are shown, and the answer of the first. They are really
        sent, as by ``execute_action``; all payloads must have the same batch keys.
        """
        return self._calls.perform_batch(self._action(action), payloads)

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

    def _action(self, slug: str, batch_size: int | None = None) -> Action:
        self._registry.require_open()
        check_number("batch_size", batch_size, whole=True)
        return self.destination.action(slug)

    def settings(self) -> dict[str, str]:
        """Return the settings by key, as text; of a secret only whether it is set.

        With one that was not given to ``connect`` it says where it is from.
        """
        shown = {}
        for key, field in input_fields(type(self._channel.settings)).items():
            value = getattr(self._channel.settings, key)
            if value is None:
                shown[key] = "not set"
            elif field.type == "password":
                shown[key] = "set"
            else:
                shown[key] = self._channel.mask(str(value))
        return {key: self._with_source(key, text) for key, text in shown.items()}

    def _with_source(self, key: str, text: str) -> str:
        return f"{text} (from {self._sources[key]})" if key in self._sources else text

    @property
    def sources(self) -> dict[str, str]:
        """Where those settings are from that ``connect`` was not given: words by key."""
        return dict(self._sources)

    def __repr__(self) -> str:
        settings = ", ".join(f"{key}: {value}" for key, value in self.settings().items())
        lines = [f"{self.destination.name} ({settings})"]
        for slug, action in self.destination.actions.items():
            lines.append(f"  {slug}: {action.description or action.title}")
            lines.extend(f"    {field_line(field)}" for field in action.fields.values())
        return "\n".join(lines)
