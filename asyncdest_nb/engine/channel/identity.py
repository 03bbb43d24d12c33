"""Which destination a connection leads to: what tells it from another one of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from ...destination import Settings, input_fields
from ...request import Client

ADDRESS = "base URL"  # Its name among the settings; no setting is called so.


def settings_texts(settings: Settings, client: Client) -> dict[str, str]:
    """Return *settings* as text, without missing and secret ones; *client* masks secrets."""
    fields = input_fields(type(settings))
    values = {key: getattr(settings, key) for key in fields}
    return {
        key: client.mask_whole(str(value))
        for key, value in values.items()
        if value is not None and fields[key].type != "password"
    }


def address(options: Mapping[str, Any], texts: Mapping[str, str], client: Client) -> dict[str, str]:
    """Return the base URL in *options* by its name, without secrets; {} = it tells nothing.

    It tells nothing if it is a secret as a whole, or one of the settings, as *texts*.
    """
    given = options.get("base_url")
    if given is None or isinstance(given, SecretStr):
        return {}
    found = client.mask_whole(str(given)).rstrip("/")
    return {} if found in {each.rstrip("/") for each in texts.values()} else {ADDRESS: found}
