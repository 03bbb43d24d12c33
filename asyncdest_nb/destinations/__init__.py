"""The destinations that come with the package. Each has a file or folder, and its slug here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from ..destination import Destination
from ..errors import UnknownName

# A destination is loaded when it is looked up. Its name has underscores: it is the description
# klaviyo_profiles.json, or what is called salesforce_bulk in the module of that name.
_SLUGS = (
    "anthropic-batches",
    "example-async",
    "gemini-batches",
    "hubspot-imports",
    "klaviyo-profiles",
    "mailchimp-batches",
    "openai-batch",
    "salesforce-bulk",
    "sfmc-rows",
)


class Catalogue(Mapping[str, Destination]):
    """Destinations by slug; its repr has a line for each."""

    def __getitem__(self, slug: str) -> Destination:
        if slug not in _SLUGS:
            raise KeyError(slug)
        return _loaded(slug.replace("-", "_"))

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


@cache
def _loaded(name: str) -> Destination:
    file = Path(__file__).with_name(f"{name}.json")
    if file.exists():
        from ..api_description import shipped

        return shipped(file)
    found: Destination = getattr(import_module(f".{name}", __name__), name)
    return found


DESTINATIONS = Catalogue()


def find(slug: str) -> Destination:
    """Return the destination called *slug*; raises UnknownName."""
    if slug not in DESTINATIONS:
        raise UnknownName.of("destination", slug, DESTINATIONS)
    return DESTINATIONS[slug]
