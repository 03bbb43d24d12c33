"""JSON objects whose keys can be read as attributes, as in JavaScript."""

from __future__ import annotations

from typing import Any


class Attributes(dict[str, Any]):
    """A JSON object whose keys can be read as attributes too: ``answer.operation_id``.

    A missing key is None, as it is undefined in JavaScript. A name that a dict has itself,
    such as ``items``, is the dict's. Copies are plain dicts.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in self or not name.startswith("_"):
            return self.get(name)
        raise AttributeError(name)  # Libraries look for such names to find the type of a value.

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def with_attributes(value: Any) -> Any:
    """Return JSON *value* with every object in it as Attributes."""
    if isinstance(value, dict):
        found = Attributes(value)
        for name, each in value.items():
            if type(each) is not str:  # As ids are.
                found[name] = with_attributes(each)
        return found
    return [with_attributes(each) for each in value] if isinstance(value, list) else value
