"""The destinations that come with the package. Each has a file or folder, and a line here."""

from __future__ import annotations

from ..destination import Destination
from ..errors import UnknownName
from .example_async import example_async
from .salesforce_bulk import salesforce_bulk


class Catalogue(dict[str, Destination]):
    """Destinations by slug; its repr has a line for each."""

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        lines = [
            f"{slug:<{width}}  {each.description} ({', '.join(each.actions)})"
            for slug, each in self.items()
        ]
        return "\n".join(lines)


DESTINATIONS = Catalogue({each.slug: each for each in (example_async, salesforce_bulk)})


def find(slug: str) -> Destination:
    """Return the destination called *slug*; raises UnknownName."""
    if slug not in DESTINATIONS:
        raise UnknownName.of("destination", slug, DESTINATIONS)
    return DESTINATIONS[slug]
