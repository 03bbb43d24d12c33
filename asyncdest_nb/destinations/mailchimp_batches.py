"""Mailchimp batch operations: described in ``mailchimp_batches_api.json``.

What a description cannot express is that the address of the API is in the API key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr, model_validator

from ..api_description import shipped

_described = shipped(Path(__file__).with_name("mailchimp_batches_api.json"))
_Settings: Any = _described.settings


class MailchimpSettings(_Settings):  # type: ignore[misc]  # It is made of the description.
    """The API key, and the address of the API if it is another than the key says."""

    @model_validator(mode="before")
    @classmethod
    def _find_data_center(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("base_url") or not given.get("api_key"):
            return given
        key = given["api_key"]
        text = key.get_secret_value() if isinstance(key, SecretStr) else str(key)
        _, dash, center = text.rpartition("-")
        if not dash or not center.isalnum():
            raise ValueError(
                "the API key has no data center at its end, such as -us1: copy it whole, or give "
                "base_url"
            )
        return {**given, "base_url": f"https://{center}.api.mailchimp.com/3.0"}


mailchimp_batches = replace(_described, settings=MailchimpSettings)
