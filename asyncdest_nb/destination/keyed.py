"""Attributes that can be read as keys too, as JavaScript has it: ``payload["email"]``."""

from __future__ import annotations

from typing import Any


class Keyed:
    """Its attributes by key: ``payload["email"]``, ``settings.get("endpoint")``.

    What may be left out, and is, has the value None, and is not in it.
    """

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self, key)
        except (AttributeError, TypeError) as error:  # Another key, or one that is no text.
            raise KeyError(str(error)) from None

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value at *key*, or *default* if it has none there."""
        try:
            found = self[key]
        except KeyError:
            return default
        return default if found is None else found
