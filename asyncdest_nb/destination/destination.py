"""Destinations: settings, actions, and how a request looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ..errors import SettingsError, UnknownName, UsageError
from .action import Action
from .arguments import DATA, Function
from .checks import explain
from .functions import adapted
from .input_field import input_fields
from .models import Settings
from .presets import Preset, presets_of
from .segment_metadata import actions_in, read_metadata, settings_in
from .translated import either_spelling, is_fields, model_of


@either_spelling
@dataclass(frozen=True, kw_only=True, repr=False)
class Destination:
    """A partner: its settings, its actions, and how a request to it looks.

    ``extend_request(data)`` returns the options of every request: ``base_url``,
    ``headers``, ``username``, ``password``, ``timeout_seconds``, and ``secrets``, the texts
    that must never be shown if these are not all of the credentials.
    ``refresh_access_token(request, data)`` returns a new access token for
    ``data.access_token``. It is called before the first request if ``extend_request``
    returns no authorization header; shortly before the token expires, if it returned an
    ``OAuthToken`` that says when; after a 401; and after a function raised
    InvalidAuthenticationError: then that function is called once more, unless requests
    other than the refused one may have been applied.
    ``test_authentication(request, data)`` raises if the credentials are not accepted.
    ``requests_per_second`` is the rate that the partner allows. ``presets`` are ready mappings
    for its actions, by name; they may be a list of dicts, as in Segment.
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
    presets: Mapping[str, Preset] = field(default_factory=dict)

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
            function = adapted(f"{self.name}: {name}", getattr(self, name), *given, names=DATA)
            object.__setattr__(self, name, function)
        object.__setattr__(self, "presets", presets_of(self.presets, self.name, actions))

    @classmethod
    def from_segment(
        cls,
        definition: Any,
        *,
        functions: Mapping[str, Mapping[str, Any]] = {},
        **more: Any,
    ) -> Destination:
        """Return the destination that the metadata *definition* of Segment describes.

        It is a dict, its JSON, or the path of a file with it: the ``metadata.json`` of a
        destination in Segment's repository. Its settings, actions, fields and presets are
        there, to be explored, mapped and previewed; its code is not. So ``submit`` raises
        UsageError unless *functions* has those of the action by its slug, as arguments of
        ``Action``: ``{"trackGoal": {"perform_batch": send, "poll": poll}}``. *more* are
        arguments of ``Destination``, such as ``extend_request``. A setting whose name is that
        of a credential is a password, whatever its type.

        Raises UsageError or UnknownName if a part of it cannot be used.
        """
        found = read_metadata(definition)
        name = str(found.get("name") or found.get("slug") or "Destination")
        own = {
            "name": name,
            "slug": str(found.get("slug") or name),
            "description": str(found.get("description") or ""),
            "actions": actions_in(found, functions),
            "settings": settings_in(found) or Settings,
            "presets": found.get("presets") or {},
        }
        return cls(**{**own, **more})

    def __repr__(self) -> str:
        return f"<Destination {self.slug}: {self.description} ({', '.join(self.actions)})>"

    def action(self, slug: str | None = None) -> Action:
        """Return the action called *slug*, None = the only one; raises UsageError."""
        if slug is None:
            return self._only_action()
        if not isinstance(slug, str) or slug not in self.actions:
            raise UnknownName.of("action", slug, self.actions, owner=self.name)
        return self.actions[slug]

    def _only_action(self) -> Action:
        if len(self.actions) != 1:
            names = ", ".join(map(repr, self.actions))
            raise UsageError(f"{self.name} has several actions; name one of them: {names}")
        return next(iter(self.actions.values()))

    def slug_of(self, action: Action) -> str:
        """Return the slug of *action*, which is one of its actions."""
        return next(slug for slug, each in self.actions.items() if each is action)

    def read_settings(self, values: Mapping[str, Any]) -> Settings:
        """Return *values* as settings; raises SettingsError, which shows no value."""
        fields = input_fields(self.settings)
        for key in values:
            if key not in fields:
                raise UnknownName.of("setting", key, fields, owner=self.name)
        try:
            return self.settings.model_validate(dict(values))
        except ValidationError as error:
            raise SettingsError(f"{self.name}: {explain(error, fields)}") from None


def _action(slug: object, given: Any) -> Any:
    """Return an action from a dict of its arguments; other values unchanged."""
    return Action(**{"title": str(slug), **given}) if isinstance(given, dict) else given
