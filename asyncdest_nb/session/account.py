"""What a connection shows: the settings of its account, and the actions of its destination."""

from __future__ import annotations

from collections.abc import Mapping

from ..destination import Destination, input_fields
from ..engine import Channel
from .field_sources import field_line


def settings_texts(channel: Channel, sources: Mapping[str, str]) -> dict[str, str]:
    """Return the settings by key, as text; of a secret only whether it is set.

    *sources* say by key where a setting is from that was not given.
    """
    shown = {}
    for key, field in input_fields(type(channel.settings)).items():
        value = getattr(channel.settings, key)
        if value is None:
            shown[key] = "not set"
        elif field.type == "password":
            shown[key] = "set"
        else:
            shown[key] = channel.mask(str(value))
    return {
        key: f"{text} (from {sources[key]})" if key in sources else text
        for key, text in shown.items()
    }


def described(destination: Destination, settings: Mapping[str, str]) -> str:
    """Return the name, the *settings*, and the actions with their fields, on some lines."""
    texts = ", ".join(f"{key}: {value}" for key, value in settings.items())
    lines = [f"{destination.name} ({texts})"]
    for slug, action in destination.actions.items():
        lines.append(f"  {slug}: {action.description or action.title}")
        lines.extend(f"    {field_line(field)}" for field in action.inputs.values())
    return "\n".join(lines)
