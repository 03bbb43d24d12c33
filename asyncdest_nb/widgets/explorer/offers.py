"""What can be chosen: destinations, simulated ones, and frames of the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...destination import Destination, InputField, input_fields
from ...destinations import DESTINATIONS
from ...frame import is_frame
from ...session import Connection
from ...simulators import SIMULATORS, Simulator


@dataclass(frozen=True, slots=True)
class Offer:
    """A destination that can be chosen.

    ``variable`` is the variable of a destination that was written in the notebook; None =
    it comes with the package.
    """

    destination: Destination
    is_simulated: bool = False
    variable: str | None = None

    @property
    def place(self) -> tuple[str, str, bool]:
        """Where it comes from: a destination that comes from the same place replaces it."""
        slug = "" if self.variable else self.destination.slug
        return self.variable or "", slug, self.is_simulated

    @property
    def settings(self) -> dict[str, InputField]:
        """Its settings; none if it is simulated."""
        return {} if self.is_simulated else input_fields(self.destination.settings)

    @property
    def title(self) -> str:
        """Its name in a list."""
        where = ", simulated on this machine" if self.is_simulated else ""
        return f"{self.destination.slug}{where}"

    @property
    def line(self) -> str:
        """Its name and its purpose."""
        about = "no account needed" if self.is_simulated else self.destination.description
        return f"{self.title}: {about}" if about else self.title

    @property
    def words(self) -> str:
        """All texts that a search looks at."""
        own = self.destination
        actions = [f"{slug} {action.title}" for slug, action in own.actions.items()]
        return " ".join([self.line, own.name, own.description, *actions]).casefold()


def offers(names: Mapping[str, Any]) -> list[Offer]:
    """Return the destinations of the package, simulated ones, and those defined in *names*."""
    packaged = [Offer(each) for each in DESTINATIONS.values()]
    played = [
        Offer(each, is_simulated=True) for slug, each in DESTINATIONS.items() if slug in SIMULATORS
    ]
    known = [id(each) for each in DESTINATIONS.values()]
    own = [
        Offer(each, variable=name)
        for name, each in _public(names)
        if isinstance(each, Destination) and id(each) not in known
    ]
    return [*played, *packaged, *own]


def real_place(connection: Connection) -> str:
    """Return where the rows of *connection* go, in words; empty = to a simulator of this process.

    Another address on loopback counts as real: a tunnel may begin there.
    """
    urls = [each for each in connection.settings().values() if "://" in each]
    if urls and all(url.rstrip("/") in Simulator.running for url in urls):
        return ""
    return " at ".join([connection.destination.name, *urls[:1]])


def search(found: Iterable[Offer], text: str) -> list[Offer]:
    """Return those that contain every word of *text*."""
    wanted = text.casefold().split()
    return [offer for offer in found if all(word in offer.words for word in wanted)]


def frames(names: Mapping[str, Any]) -> dict[str, object]:
    """Return the frames among the variables *names* whose rows are in memory."""
    return {name: each for name, each in _public(names) if is_frame(each, is_eager=True)}


def name_of(thing: object, names: Mapping[str, Any], otherwise: str) -> str:
    """Return the variable that holds *thing*."""
    return next((name for name, each in _public(names) if each is thing), otherwise)


def _public(names: Mapping[str, Any]) -> list[tuple[str, Any]]:
    # _, _12 and the like are the notebook's own, for the values of cells.
    return [(name, each) for name, each in list(names.items()) if not name.startswith("_")]
