"""The destinations that come with the package. Each has a file or folder, and its slug here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from ..destination import Destination
from ..errors import UnknownName

# A destination is loaded when it is looked up. It is in the module of the same name, and so
# called there: "example-async" is example_async.example_async.
_SLUGS = (
    "example-async",
    "salesforce-bulk",
)


class Catalogue(Mapping[str, Destination]):
    """Destinations by slug; its repr has a line for each."""

    def __getitem__(self, slug: str) -> Destination:
        if slug not in _SLUGS:
            raise KeyError(slug)
        name = slug.replace("-", "_")
        found: Destination = getattr(import_module(f".{name}", __name__), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_SLUGS)

    def __len__(self) -> int:
        return len(_SLUGS)

    def __repr__(self) -> str:
        width = max(map(len, self))
        lines = [
            f"{slug:<{width}}  {each.description} ({', '.join(each.actions)})"
            for slug, each in self.items()
        ]
        return "\n".join(lines)


DESTINATIONS = Catalogue()


def find(slug: str) -> Destination:
    """Return the destination called *slug*; raises UnknownName."""
    if slug not in DESTINATIONS:
        raise UnknownName.of("destination", slug, DESTINATIONS)
    return DESTINATIONS[slug]
