"""What a connection shows: the settings of its account, and the actions of its destination."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..destination import Destination, input_fields, secrets_of
from ..engine import Channel
from ..request import is_loopback
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


def exposure(channel: Channel) -> str:
    """Return that secrets go to another computer by HTTP without encryption; "" = they do not."""
    if not secrets_of(channel.settings):
        return ""
    urls = (text for text in channel.public_settings().values() if text.startswith("http://"))
    readable = [url for url in urls if not is_loopback(urlsplit(url).hostname or "")]
    if not readable:
        return ""
    return (
        f"{channel.destination.name}: {readable[0]} is not encrypted, so others on the way can "
        "read your key and your rows: use https://, if the host has it"
    )


def described(destination: Destination, settings: Mapping[str, str]) -> str:
    """Return the name, the *settings*, and the actions with their fields, on some lines."""
    texts = ", ".join(f"{key}: {value}" for key, value in settings.items())
    lines = [f"{destination.name} ({texts})"]
    for slug, action in destination.actions.items():
        lines.append(f"  {slug}: {action.description or action.title}")
        lines.extend(f"    {field_line(field)}" for field in action.inputs.values())
    return "\n".join(lines)
