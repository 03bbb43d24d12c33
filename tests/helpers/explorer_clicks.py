"""An explorer without a browser, and a person who knows its labels; slow work is done at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer import Explorer

SECRET = "sk_live_51Hx7Qpe9dZ"


EXAMPLE = ad.destinations()["example-async"]


ACTION = EXAMPLE.action("asyncOperation")


FRAME = pd.DataFrame(
    {
        "customer_id": ["a'1", 'b"2', "ü🙂3", "d\\4"],
        "first name": ["Zoë", "O'Neil", "<b>", "{{x}}"],
        "we.ird": [1, 2, 3, 4],
        "userId": ["u1", "u2", "u3", "u4"],
    },
    index=["w", "x", "y", "z"],
)


def at_once(work) -> None:
    work()


class HeldWork:
    """Does work at once, or collects it while ``is_held``."""

    def __init__(self) -> None:
        self.is_held = False
        self.held: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        if self.is_held:
            self.held.append(work)
        else:
            work()


class Clicks:
    """An explorer, and a person who knows its labels."""

    def __init__(self, frame=None, *, session, names=None, start=at_once) -> None:
        self.explorer = Explorer(frame, session=session, names=names, start=start)

    def all(self) -> list[Any]:
        found, left = [], [self.explorer.app.widget]
        while left:
            widget = left.pop(0)
            # Hidden is hidden with all that is in it.
            if widget.layout.display != "none":
                found.append(widget)
                left = [*getattr(widget, "children", ()), *left]
        return found

    def find(self, label: str) -> Any:
        labelled = {each.description: each for each in self.all() if hasattr(each, "description")}
        assert label in labelled, f"no {label!r} among {list(labelled)}"
        return labelled[label]

    def buttons(self, start: str) -> list[Any]:
        found = [each for each in self.all() if isinstance(each, ipywidgets.Button)]
        return [each for each in found if each.description.startswith(start)]

    def put(self, **values: Any) -> None:
        for label, value in values.items():
            self.find(label).value = value

    def click(self, label: str) -> None:
        button = self.find(label)
        assert not button.disabled, f"{label!r} is disabled"
        button.click()

    def choose(self, title: str) -> None:
        listing = self.find("Destinations")
        listing.value = next(at for line, at in listing.options if line.startswith(f"{title}:"))

    def enter(self, label: str, text: str) -> None:
        """Type into a box as a front end reports it."""
        self.find(label).set_state({"value": text})

    def fill(self, label: str, kind: str, value: Any, control: str) -> None:
        self.find(label).value = kind
        self.find(control).value = value

    @property
    def text(self) -> str:
        return "\n".join(each.value for each in self.all() if isinstance(each, ipywidgets.HTML))


def open_connection(demo, session, frame=FRAME, **options) -> Clicks:
    clicks = Clicks(frame, session=session, **options)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.enter("API key (optional)", SECRET)
    clicks.click("Connect")
    return clicks


def ready(demo, session, **options) -> Clicks:
    clicks = open_connection(demo, session, **options)
    clicks.fill(
        "Operation Type (required)", "constant", "sync_profile", "Constant for Operation Type"
    )
    return clicks


def payloads(demo) -> list[Any]:
    return [each["payload"] for each in demo.operations]


def own_destination(**options: Any) -> ad.Destination:
    """Return what a cell defines, another one each time it runs."""

    class Settings(ad.Settings):
        endpoint: str = ad.field("Endpoint", default="http://127.0.0.1:9")

    class Payload(ad.Payload):
        user_id: str = ad.field("User ID")

    async def perform(request: Any, data: Any) -> None:
        return None

    action = ad.Action(title="Up", payload=options.pop("payload", Payload), perform=perform)
    settings = options.pop("settings", Settings)
    given = {"name": "Own", "slug": "own", "description": "It", **options}
    return ad.Destination(settings=settings, actions={"up": action}, **given)


def choose_simulated(clicks: Clicks) -> Clicks:
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    clicks.fill(
        "Operation Type (required)", "constant", "sync_profile", "Constant for Operation Type"
    )
    return clicks


def field_of(annotation: Any) -> Any:
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    return ad.Action(title="T", payload=model, perform=print).fields["x"]


def sent_again(clicks: Clicks, demo: Any) -> list[Any]:
    before = len(demo.operations)
    clicks.buttons("Send")[0].click()
    if clicks.explorer.run is not None:
        clicks.explorer.run.wait(30)
    return [each["user_id"] for each in payloads(demo)[before:]]


CASES = {
    "by default": [],
    "column": [("User ID (required)", "column", "customer_id", "Column for User ID")],
    "odd column": [("User ID (required)", "column", "we.ird", "Column for User ID")],
    "template": [
        ("User ID (required)", "template", 'it\'s "{{first name}}" ü🙂', "Template for User ID")
    ],
    "constant": [("User ID (required)", "constant", "o'clock \\ \"", "Constant for User ID")],
    "json": [
        (
            "Operation Data (optional)",
            "constant",
            '{"a": [1, {"@path": "$.customer_id"}], "b": null, "ü": "\'"}',
            "Constant for Operation Data",
        )
    ],
    "columns": [
        (
            "Operation Data (optional)",
            "columns",
            ("first name", "customer_id"),
            "Columns for Operation Data",
        )
    ],
}
