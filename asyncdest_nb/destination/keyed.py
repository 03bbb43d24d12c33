"""Attributes that can be read as keys too, as in JavaScript: ``payload["email"]``."""

from __future__ import annotations

from typing import Any


class Keyed:
    """Attributes by key: ``payload["email"]``, ``settings.get("endpoint")``.

    An optional attribute that was not given is None; ``in`` is False for it.
    """

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self, key)
        except (AttributeError, TypeError) as error:  # An unknown key, or one that is not a text.
            raise KeyError(str(error)) from None

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of *key*, or *default* if it has none."""
        try:
            found = self[key]
        except KeyError:
            return default
        return default if found is None else found
