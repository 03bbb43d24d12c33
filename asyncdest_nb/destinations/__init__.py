"""The destinations that come with the package: one file each, and its line here."""

from __future__ import annotations

from ..destination import Destination
from ..errors import UnknownName
from .example_async import example_async
from .salesforce_bulk import salesforce_bulk

DESTINATIONS: dict[str, Destination] = {
    each.slug: each for each in (example_async, salesforce_bulk)
}


def find(slug: str) -> Destination:
    """Return the destination called *slug*; raises UnknownName."""
    if slug not in DESTINATIONS:
        raise UnknownName.of("destination", slug, DESTINATIONS)
    return DESTINATIONS[slug]
