"""The choice of a destination, its settings, and the button that connects."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import SecretStr

from ...errors import UsageError
from ...session import Connection, Session
from ...simulators import Simulator, simulate
from . import markup, parts
from .choices import given, texts_of
from .inputs import Input, value_input
from .offers import Offer, offers, search
from .refusal import refusal
from .work import Problem, Start, Work, attempted

# A click may arrive before what was typed or chosen right before it: they are sent separately.
SLIP_SECONDS = 0.5


Tested: TypeAlias = tuple[Connection, Problem | None]  # None = it was not refused.


class ConnectPanel:
    """A list of destinations with a search, the settings of the chosen one, and a button.

    The button connects and tests the connection. A refusal stays in its place until the next
    connection; who wants to go on in spite of it can. Destinations among *names*, the
    variables of the notebook, are looked for again with every search and every click on the
    button. ``offer`` None = none is chosen, ``connection`` None = not connected;
    ``settings`` are those of the connection.
    """

    def __init__(
        self, names: Mapping[str, Any], session: Session, changed: parts.Changed, *, start: Start
    ) -> None:
        self.offer: Offer | None = None
        self.connection: Connection | None = None
        self.settings: dict[str, Any] = {}
        self._names = names
        self._offers = offers(names)
        self._session = session
        self._changed = changed
        self._work: Work[Tested] = Work(start, parts.TURN)
        self._refused: tuple[Connection, dict[str, Any]] | None = None
        self._clicked_at = -SLIP_SECONDS  # time.monotonic()
        self._simulators: dict[str, Simulator] = {}
        self._inputs: dict[str, Input] = {}
        self._make()

    def _make(self) -> None:
        hint = "a name, or what it does"
        self._search = parts.text("Search destinations", self._find, live=True, placeholder=hint)
        self._list = parts.listing("Destinations", self._options(self._offers), self._choose)
        self._about = parts.html()
        self._form = parts.column()
        self._connect = parts.button("Connect", self.connect, is_main=True)
        self._go_on = parts.button("Go on without a test", self.go_on)
        parts.show(self._go_on, False)
        self._status = parts.status()
        self.chooser = parts.section("Destination", self._search, self._list, self._about)
        self.form = parts.section("Settings", self._form, self._connect, self._status, self._go_on)
        parts.show(self.chooser)

    def _options(self, found: Sequence[Offer]) -> list[tuple[str, int]]:
        return [(offer.line, self._offers.index(offer)) for offer in found]

    def _find(self) -> None:
        """Offer what there is now; a destination that was defined again replaces the old one."""
        self._offers = offers(self._names)
        new = self._now()
        if new is not None and new != self.offer:
            self._select(new)
        found = search(self._offers, self._search.value)
        # A choice that a search hides stays chosen.
        chosen = self._offers.index(self.offer) if self.offer in found else None
        parts.refill(self._list, self._options(found), chosen)

    def _now(self) -> Offer | None:
        """Return what is offered now in the place of what was chosen."""
        place = self.offer and self.offer.place
        return next((each for each in offers(self._names) if each.place == place), None)

    def check(self) -> None:
        """Raise UsageError unless the notebook still has the destination that was chosen."""
        offer, new = self.offer, self._now()
        if offer is None or new == offer:
            return
        if new is None:
            raise UsageError(f"{offer.variable} is not a destination now: choose another one")
        raise UsageError(f"{offer.variable} was defined again in a cell: connect again")

    def _choose(self) -> None:
        at = self._list.value
        if at is None or self._offers[at] == self.offer:
            return
        self._select(self._offers[at])
        self._click_again()

    def _select(self, offer: Offer) -> None:
        had, self.offer = self.offer, offer
        self._forget()
        self._about.value = markup.note(offer.destination.description)
        # What was typed for a destination stays, if its settings are still the same.
        if had is None or (had.place, had.settings) != (offer.place, offer.settings):
            self._form.children = self._settings_form(offer)
        parts.show(self.form)
        self._changed()

    def _settings_form(self, offer: Offer) -> list[parts.Widget]:
        fields, texts = offer.settings, texts_of(offer.destination.settings)
        for each in self._inputs.values():
            each.close()
        self._inputs = {
            key: value_input(field, self._edited, takes_text=key in texts)
            for key, field in fields.items()
        }
        if not fields:
            return [parts.html(markup.note("Nothing to fill in: it is simulated on this machine."))]
        return [each.widget for each in self._inputs.values()]

    def _edited(self) -> None:
        had, shown = self.connection is not None, self._status.value if self._refused else ""
        self._forget()
        if had or shown:
            changed = markup.note("The settings have changed: connect again.")
            self._status.value = shown + changed
        self._click_again()
        self._changed()

    def _click_again(self) -> None:
        """Repeat the last click, if it was meant for what has arrived only now."""
        if time.monotonic() - self._clicked_at < SLIP_SECONDS:
            self._start()

    def _forget(self) -> None:
        self._work.forget()
        self.connection, self.settings = None, {}
        self._status.value = ""
        self._hold(None)

    def _hold(self, refused: tuple[Connection, dict[str, Any]] | None) -> None:
        self._refused = refused
        parts.show(self._go_on, refused is not None)

    def connect(self) -> None:
        """Connect with what is entered, and ask the destination whether it accepts that."""
        self._clicked_at = time.monotonic()
        self._start()

    def go_on(self) -> None:
        """Use the connection that was refused or could not be tested."""
        if self._refused is None:
            return
        connection, settings = self._refused
        self._hold(None)
        note = markup.note("You go on without a test: rows may meet the same problem.")
        self._use(connection, settings, self._status.value + note)

    def _start(self) -> None:
        self._find()
        offer = self.offer
        assert offer is not None  # Else there is no button to click.
        settings = attempted(self.entered)
        if isinstance(settings, Problem):
            self._status.value = markup.problem(settings.text)
            return
        self._hold(None)
        self._status.value = markup.note("Connecting …")
        self._work.do(
            lambda: self._tested(offer, settings),
            lambda outcome: self._done(outcome, offer, settings),
        )

    def entered(self) -> dict[str, Any]:
        """Return what is entered, without blanks and defaults; raises UsageError."""
        self.check()
        values = {key: each.read() for key, each in self._inputs.items()}
        return given({key: each.field for key, each in self._inputs.items()}, values)

    def _tested(self, offer: Offer, settings: Mapping[str, Any]) -> Tested:
        """Return a new connection, and why the destination refuses it."""
        target = self._simulator(offer) if offer.is_simulated else offer.destination
        plain: dict[str, Any] = {
            key: each.get_secret_value() if isinstance(each, SecretStr) else each
            for key, each in settings.items()
        }
        connection = self._session.connect(target, **plain)
        return connection, attempted(connection.test_authentication)

    def _simulator(self, offer: Offer) -> Simulator:
        slug = offer.destination.slug
        if slug not in self._simulators:
            self._simulators[slug] = simulate(slug)
        return self._simulators[slug]

    def _done(self, outcome: Tested | Problem, offer: Offer, settings: dict[str, Any]) -> None:
        if isinstance(outcome, Problem):
            self._status.value = markup.problem(outcome.text)
            return
        connection, refused = outcome
        if refused is None:
            found = "".join(f" {key} is from {at}." for key, at in connection.sources.items())
            self._use(connection, settings, markup.note(_welcome(offer) + found))
            return
        self._status.value = markup.problem(refusal(offer, settings, refused))
        self._hold((connection, settings))

    def _use(self, connection: Connection, settings: dict[str, Any], status: str) -> None:
        self.connection, self.settings = connection, settings
        exposed = markup.problem(connection.exposure) if connection.exposure else ""
        self._status.value = status + exposed
        self._changed()


def _welcome(offer: Offer) -> str:
    if offer.is_simulated:
        return f"Connected to {offer.title}. No row was sent."
    if offer.destination.test_authentication is None:
        return (
            f"Ready for {offer.title}. Not tested: this destination has no request that sends "
            "nothing."
        )
    return (
        f"Connected to {offer.title}: it answers, and does not refuse these settings. "
        "No row was sent."
    )
