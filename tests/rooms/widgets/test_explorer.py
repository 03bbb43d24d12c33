"""The explorer without a browser: its model, and its widgets driven by their labels.

Against real simulators; slow work is done at once, on the test's own thread.
"""

from __future__ import annotations

import getpass
import html
import json
import re
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import ipywidgets
import pandas as pd
import pytest
from pydantic import BaseModel, SecretBytes, SecretStr, field_validator

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer import Explorer, connect_panel, explore
from asyncdest_nb.widgets.explorer.choices import (
    Choices,
    FieldSource,
    arguments,
    as_keys,
    default_source,
    given,
    in_reach,
    parsed,
    texts_of,
)
from asyncdest_nb.widgets.explorer.code import (
    cell,
    literal,
    session_arguments,
    submit_call,
    taken_names,
)
from asyncdest_nb.widgets.explorer.fields_panel import FieldRow
from asyncdest_nb.widgets.explorer.offers import Offer, frames, name_of, offers, search
from asyncdest_nb.widgets.explorer.parts import SecretText
from asyncdest_nb.widgets.explorer.preview import faulty, preview_rows
from asyncdest_nb.widgets.explorer.preview_panel import whole_number
from asyncdest_nb.widgets.explorer.work import Problem, Work

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


@pytest.fixture
def session():
    with ad.Session() as session:
        yield session


@pytest.fixture
def demo():
    with ad.simulate(
        "example-async", duration_seconds=(0.02, 0.1), failing=0.3, api_key=SECRET
    ) as demo:
        yield demo


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


# ---- what is offered


def test_destinations_are_offered_real_and_simulated_and_those_of_the_notebook():
    own = ad.Destination(name="Own", slug="own", actions=EXAMPLE.actions)
    found = offers({"mine": own, "_": own, "same": EXAMPLE})
    assert [each.title for each in found] == [
        "example-async, simulated on this machine",
        "salesforce-bulk, simulated on this machine",
        "example-async",
        "salesforce-bulk",
        "own",
    ]
    assert found[-1].variable == "mine"


@pytest.mark.parametrize(
    ("text", "count"), [("", 4), ("SALES", 2), ("simulated sales", 1), ("upsert", 2), ("nope", 0)]
)
def test_a_search_looks_for_every_word_in_all_that_is_said(text, count):
    assert len(search(offers({}), text)) == count


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


def test_a_destination_that_a_cell_defines_later_is_offered_by_a_search(session):
    names: dict[str, Any] = {}
    clicks = Clicks(FRAME, session=session, names=names)
    assert len(clicks.find("Destinations").options) == 4
    names["mine"] = own_destination()
    clicks.put(**{"Search destinations": "own"})
    clicks.choose("own")
    clicks.click("Connect")
    assert "crm = session.connect(mine)" in clicks.explorer.code


def test_a_destination_that_was_defined_anew_is_not_asked_before_it_is_connected_to(session):
    names: dict[str, Any] = {"mine": own_destination()}
    frame = pd.DataFrame({"user_id": ["u1"]})
    clicks = Clicks(frame, session=session, names=names)
    clicks.choose("own")
    clicks.put(**{"Endpoint (optional)": "http://127.0.0.1:7"})
    clicks.click("Connect")
    names["mine"] = own_destination(slug="newer")
    clicks.click("Send 1 row")
    assert "mine was defined again in a cell: connect again" in clicks.text
    assert session.runs() == []
    clicks.click("Connect")
    assert clicks.explorer.connection.destination is names["mine"]
    assert 'endpoint="http://127.0.0.1:7"' in clicks.explorer.code
    assert clicks.find("Send 1 row")


def test_a_destination_that_asks_for_other_settings_now_has_another_form(session):
    class Settings(ad.Settings):
        token: str = ad.field("Token")

    names: dict[str, Any] = {"mine": own_destination()}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    names["mine"] = own_destination(settings=Settings)
    clicks.put(**{"Search destinations": "o"})
    assert clicks.find("Token (required)")
    del names["mine"]
    clicks.click("Connect")
    assert "mine is not a destination now: choose another one" in clicks.text


def test_frames_are_found_by_their_names():
    names = {"df": FRAME, "n": 1, "_12": FRAME}
    assert list(frames(names)) == ["df"]
    assert name_of(FRAME, names, "other") == "df"
    assert name_of(FRAME.copy(), names, "other") == "other"


# ---- what was chosen


def test_by_itself_a_field_is_filled_as_submit_would():
    fields = ACTION.fields
    assert default_source(fields["user_id"], ["userId"]) == 'default {"@path": "$.userId"}'
    assert default_source(fields["user_id"], ["user_id", "userId"]) == "column 'user_id'"
    assert default_source(fields["user_id"], ["x"]) == ""


def test_the_first_choice_of_a_field_says_its_default_once():
    def first(columns: list[str]) -> str:
        row = FieldRow(ACTION.fields["user_id"], columns, lambda: None)
        (how, *_) = (it for it in row.widget.children if isinstance(it, ipywidgets.Dropdown))
        return str(how.options[0][0])

    assert first(["userId"]) == 'default: {"@path": "$.userId"}'
    assert first(["user_id"]) == "default: column 'user_id'"
    assert first([]) == "default: nothing"


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({}, {}),
        ({"user_id": FieldSource("default")}, {}),
        ({"user_id": FieldSource("column", "user_id")}, {}),
        ({"user_id": FieldSource("column", "email")}, {"columns": {"user_id": "email"}}),
        ({"user_id": FieldSource("constant", "x")}, {"user_id": "x"}),
        (
            {"user_id": FieldSource("template", "{{x}}")},
            {"mapping": {"user_id": {"@template": "{{x}}"}}},
        ),
        ({"data": FieldSource("empty")}, {}),
        (
            {"data": FieldSource("constant", {"@path": "$.properties"})},
            {"mapping": {"data": {"@path": "$.properties"}}},
        ),
        (
            {"data": FieldSource("columns", ["email"])},
            {"mapping": {"data": {"email": {"@path": "$.email"}}}},
        ),
    ],
)
def test_only_what_differs_from_what_submit_does_by_itself_is_said(sources, expected):
    columns = ["user_id", "email", "x"]
    assert arguments(Choices("asyncOperation", sources), ACTION.fields, columns) == expected


def test_a_default_chosen_by_hand_is_not_said():
    chosen = {"data": FieldSource("constant", {"@path": "$.properties"})}
    assert arguments(Choices("asyncOperation", chosen), ACTION.fields, ["properties"]) == {}


def test_a_field_called_like_an_argument_of_submit_goes_into_the_mapping():
    class Payload(ad.Payload):
        action: str = ad.field("Action")
        lambda_: str | None = ad.field("Lambda")

    fields = ad.Action(title="T", payload=Payload, perform=print).fields
    chosen = {"action": FieldSource("constant", "x"), "lambda_": FieldSource("constant", "y")}
    said = arguments(Choices("T", chosen), fields, [])
    assert said == {"mapping": {"action": "x"}, "lambda_": "y"}


def test_columns_that_a_path_cannot_reach_are_known():
    assert in_reach(["a", "b c", "d.e", "f[0]", "g'h", "", "$"]) == ["a", "b c", "$"]


def test_columns_that_cannot_be_keys_of_an_object_are_known():
    assert as_keys(["a", "@path", "@id", "_metadata", "d.e", "b"]) == ["a", "b"]


def field(annotation: Any) -> Any:
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    return ad.Action(title="T", payload=model, perform=print).fields["x"]


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "007", "007"),
        (UUID, "12345678-1234-1234-1234-123456789abc", "12345678-1234-1234-1234-123456789abc"),
        (Decimal, "1.50", "1.50"),
        (int, "7", 7),
        (float, "1e3", 1000.0),
        (float, "nan", "nan"),
        (int, "seven", "seven"),
        (dict, '{"a": 1}', {"a": 1}),
        (list[str], '["a"]', ["a"]),
    ],
)
def test_what_is_typed_is_read_by_the_field(annotation, text, value):
    assert parsed(field(annotation), text) == value


class Plan(Enum):
    PRO = "pro"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (Any, "pro", "pro"),
        (Any, "17", 17),
        (dict[str, Any] | str, '{"a": 1}', {"a": 1}),
    ],
)
def test_a_field_that_takes_a_text_needs_no_json(annotation, text, value):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    assert texts_of(model) == {"x"}
    assert parsed(field(annotation), text, takes_text=True) == value


@pytest.mark.parametrize("annotation", [dict, dict[str, str], list[Any], Callable[[], int], int])
def test_a_field_that_takes_no_text_needs_json(annotation):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    assert texts_of(model) == frozenset()


def test_a_json_with_a_slip_is_no_text():
    with pytest.raises(ad.UsageError, match="x: no JSON"):
        parsed(field(Any), '{"a": 1', takes_text=True)


def test_a_plan_and_an_id_are_typed_as_they_are(session):
    class Settings(ad.Settings):
        plan: Plan = ad.field("Plan", default="pro")
        workspace: UUID | None = ad.field("Workspace", default=UUID(int=1))
        extra: dict[str, Any] | None = ad.field("Extra")

    names = {"mine": own_destination(settings=Settings, payload=ACTION.payload)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    assert clicks.find("Plan (optional)").value == "pro"
    assert clicks.find("Workspace (optional)").value == str(UUID(int=1))
    assert clicks.find("Extra (optional)").placeholder == '{"key": "value"}'
    clicks.put(**{"Extra (optional)": "x"})
    clicks.click("Connect")
    assert "Extra: no JSON" in clicks.text
    assert "@path" not in clicks.text
    clicks.put(**{"Extra (optional)": ""})
    clicks.click("Connect")
    assert "connect(mine)" in clicks.explorer.code


@pytest.mark.parametrize("text", ["{", "NaN", "1e999", "a, b"])
def test_what_is_no_json_is_refused_in_words(text):
    with pytest.raises(ad.UsageError, match="x: no JSON"):
        parsed(field(dict), text)


def test_settings_that_are_blank_or_as_by_default_are_not_given():
    fields = {
        key: each for key, each in Offer(ad.destinations()["salesforce-bulk"]).settings.items()
    }
    typed = {"instance_url": "https://a.example", "api_version": "59.0", "client_id": ""}
    assert given(fields, typed) == {"instance_url": "https://a.example"}
    assert given({"tag": field(str | None)}, {"tag": "None"}) == {"tag": "None"}


def test_the_fields_that_a_reason_names_are_known():
    read = ACTION.read({"operation_type": "nope", "data": 3})
    assert faulty(read, ACTION.fields) == {"user_id", "operation_type", "data"}
    assert faulty("", ACTION.fields) == frozenset()


# ---- the cell

DEEP = {"k" * 30: ["v" * 30, {"n'": ["x" * 90]}] * 3, "empty": {}}


@pytest.mark.parametrize(
    "value",
    ["it's", 'say "hi"', "both ' and \"", "\\", "ü🙂\u202e\n", "", 1, 1.5, True, None, [], DEEP],
)
def test_a_value_written_in_python_is_that_value(value):
    assert eval(literal(value)) == value


def test_a_long_call_has_a_line_for_each_argument():
    keywords = {"mapping": {"data": {f"column_{i}": {"@path": f"$.column_{i}"} for i in range(4)}}}
    text = submit_call("df", "act", keywords, rows=10)
    assert text.startswith(
        'crm.submit(\n    df.head(10),\n    "act",\n    mapping={\n        "data": {'
    )
    assert max(map(len, text.splitlines())) <= 88


def test_a_secret_is_asked_for_and_never_written():
    settings = {"endpoint": f"https://me:{SECRET}@a.example", "api_key": SecretStr(SECRET)}
    text = cell(Offer(EXAMPLE), settings)
    assert SECRET not in text
    assert 'api_key=getpass.getpass("API key")' in text
    assert 'endpoint=getpass.getpass("Endpoint")' in text
    assert text.startswith("import getpass\n\nimport asyncdest_nb as ad\n")


def test_a_simulated_destination_needs_no_settings():
    text = cell(Offer(EXAMPLE, is_simulated=True), {}, "crm.submit(df)")
    assert text == (
        'import asyncdest_nb as ad\n\ndemo = ad.simulate("example-async")\n'
        "crm = ad.connect(demo)\nrun = crm.submit(df)\nrun"
    )


def test_a_session_of_the_user_is_opened_by_the_cell(tmp_path):
    path = tmp_path / "here.sqlite"
    with ad.Session(path=path) as session:
        clicks = Clicks(FRAME, session=session)
        clicks.choose("example-async, simulated on this machine")
        clicks.click("Connect")
        assert f"session = ad.Session(path={literal(str(path))})" in clicks.explorer.code
        assert "crm = session.connect(demo)" in clicks.explorer.code


def choose_simulated(clicks: Clicks) -> Clicks:
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    clicks.fill(
        "Operation Type (required)", "constant", "sync_profile", "Constant for Operation Type"
    )
    return clicks


def test_a_frame_that_no_variable_holds_is_left_to_be_filled_in(session):
    names = {"df": FRAME, "rows": 1, "session": session}
    clicks = choose_simulated(Clicks(FRAME.head(2), session=session, names=names))
    lines = clicks.explorer.code.splitlines()
    assert lines[2] == "rows_2 = ...  # the frame you gave to ad.explore(…)"
    assert 'crm.submit(rows_2, "asyncOperation", operation_type="sync_profile")' in lines[-2]
    with pytest.raises(ad.FrameError, match="got a ellipsis"):
        exec(clicks.explorer.code, dict(names))
    assert session.runs() == []


@pytest.mark.parametrize("name", ["ad", "crm", "demo", "run", "session", "crm_2"])
def test_a_cell_leaves_the_variables_of_the_notebook_alone(name):
    names = {name: FRAME, "crm_3": 1}
    with ad.Session() as own:
        clicks = choose_simulated(Clicks(FRAME, session=own, names=names))
        exec(clicks.explorer.code.replace(".submit(", ".preview("), names)
        names["session_2" if name == "session" else "session"].close()
        assert len(names["run_2" if name == "run" else "run"].payloads) == 4
    assert names[name] is FRAME
    assert names["crm_3"] == 1


def test_what_was_imported_is_left_alone_unless_it_is_the_same():
    offer, secret = Offer(EXAMPLE), {"api_key": SecretStr(SECRET)}
    same = taken_names({"ad": ad, "getpass": getpass, "crm": 1})
    assert same == {"crm"}
    text = cell(offer, secret, taken=taken_names({"ad": 1, "getpass": getpass.getpass}))
    assert text.startswith("import getpass as getpass_2\n\nimport asyncdest_nb as ad_2\n")
    assert 'ad_2.connect("example-async", api_key=getpass_2.getpass("API key"))' in text


def test_a_destination_called_like_what_a_cell_makes_is_left_alone(session):
    own = ad.Destination(name="Own", slug="own", description="It", actions=EXAMPLE.actions)
    clicks = Clicks(FRAME, session=session, names={"crm": own, "session": session})
    clicks.choose("own")
    clicks.click("Connect")
    assert "crm_2 = session.connect(crm)" in clicks.explorer.code


def test_a_cell_that_has_run_is_not_written_with_other_names(session):
    names = {"df": FRAME, "session": session}
    clicks = choose_simulated(Clicks(FRAME, session=session, names=names))
    code = clicks.explorer.code
    names |= {"crm": 1, "run": 2, "demo": 3}
    clicks.put(**{"Only the first rows": "3"})
    assert clicks.explorer.code == code.replace("(df,", "(df.head(3),")


def test_the_session_that_the_notebook_has_is_the_one_of_the_cell(session):
    names = {"df": FRAME, "mine": session}
    clicks = choose_simulated(Clicks(FRAME, session=session, names=names))
    assert "crm = mine.connect(demo)" in clicks.explorer.code
    assert "Session(" not in clicks.explorer.code


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, ""),
        ({"keep_payloads": False}, ", keep_payloads=False"),
        ({"keep_days": None, "keep_payloads": True}, ", keep_days=None"),
    ],
)
def test_a_session_is_opened_with_the_options_it_has(options, written, tmp_path):
    path = tmp_path / "here.sqlite"
    with ad.Session(path=path, **options) as session:
        assert session_arguments(session) == f"path={literal(str(path))}{written}"
        names: dict[str, Any] = {}
        clicks = Clicks(FRAME, session=session, names=names)
        clicks.choose("example-async, simulated on this machine")
        clicks.click("Connect")
        exec(clicks.explorer.code, names)  # Else it is refused: it is open with others.
        names["session"].close()


# ---- what is seen before anything is sent


def test_a_look_shows_the_first_rows_and_the_first_faulty_ones(session):
    frame = pd.DataFrame({"user_id": ["a"] * 20, "operation_type": "sync_profile"})
    frame.loc[15:, "user_id"] = None
    with ad.simulate("example-async") as demo:
        found = preview_rows(session.connect(demo), frame, "asyncOperation", {}, limit=18)
        assert demo.requests == {}
    assert [each.label for each in found.lines] == ["0", "1", "2", "3", "4", "15", "16", "17"]
    assert [each.faulty for each in found.lines[4:6]] == [frozenset(), {"user_id"}]
    assert found.lines[-1].values["operation_type"] == "sync_profile"
    assert not found.is_whole


def test_a_look_at_some_rows_shows_them_as_they_will_be_sent(session, demo):
    ids = [*map(float, range(299)), None]
    frame = pd.DataFrame({"user_id": ids, "operation_type": "sync_profile"})
    for limit in (200, None):
        found = preview_rows(session.connect(demo), frame, "asyncOperation", {}, limit=limit)
        assert [each.values["user_id"] for each in found.lines[:2]] == ["0", "1"]


# ---- the page


def test_a_click_on_send_sends_what_was_seen(demo, session):
    clicks = ready(demo, session)
    assert "4 fit" in clicks.text
    assert demo.requests == {}
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is not None
    clicks.explorer.run.wait(30)
    assert [each["user_id"] for each in payloads(demo)] == ["u1", "u2", "u3", "u4"]


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


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_cell_gives_the_same_results_as_the_clicks(case, demo, session, monkeypatch):
    clicks = ready(demo, session, names={"customers": FRAME})
    for label, kind, value, control in case:
        clicks.fill(label, kind, value, control)
    clicks.put(**{"Rows per request": "2", "Only the first rows": "3"})
    clicks.click("Send 3 rows")
    clicked = clicks.explorer.run
    clicked.wait(30)
    sent = payloads(demo)
    # In a new notebook nothing is known of what was sent before.
    monkeypatch.setattr(getpass, "getpass", {"API key": SECRET}.__getitem__)
    monkeypatch.setattr(ad, "Session", lambda: session)
    names = {"customers": FRAME}
    exec(clicks.explorer.code.replace("batch_size=2", "batch_size=2, again=True"), names)
    pasted = names["run"]
    pasted.wait(30)
    assert payloads(demo) == [*sent, *sent]
    assert len(sent) == 3
    same = ["status", "error_code", "progress"]
    pd.testing.assert_frame_equal(pasted.results()[same], clicked.results()[same])


def test_a_change_of_choices_changes_the_cell(demo, session):
    clicks = ready(demo, session)
    assert 'operation_type="sync_profile"' in clicks.explorer.code
    assert "columns=" not in clicks.explorer.code
    clicks.fill("User ID (required)", "column", "customer_id", "Column for User ID")
    assert 'columns={"user_id": "customer_id"}' in clicks.explorer.code
    clicks.find("User ID (required)").value = "default"
    assert "columns=" not in clicks.explorer.code


def test_what_is_missing_is_said_in_place_and_nothing_can_be_sent(demo, session):
    clicks = open_connection(demo, session)
    assert "Still to do:</b> Operation Type: nothing fills it by default" in clicks.text
    assert "Problem" not in clicks.text
    assert clicks.find("Send").disabled
    clicks.find("Operation Type (required)").value = "column"
    assert "Operation Type: choose the column" in clicks.text


def test_a_misfit_is_marked_in_its_cell_with_the_reason(demo, session):
    frame = FRAME.assign(userId=["u1", None, "u3", "u4"])
    clicks = ready(demo, session, frame=frame)
    assert (
        '<td dir="auto" class="ade-bad"><span aria-label="invalid">✗</span> null</td>'
        in clicks.text
    )
    assert "User ID (user_id): is missing" in clicks.text
    assert clicks.find("Send 3 rows")


def test_a_cell_that_cannot_be_sent_is_marked_where_it_is_read(session, demo):
    frame = pd.DataFrame({"user_id": ["a", "b"], "score": [1.0, float("inf")], "x": [{1j}, 1]})
    chosen = {"operation_type": "sync_profile", "mapping": {"data": {"s": {"@path": "$.score"}}}}
    found = preview_rows(session.connect(demo), frame, "asyncOperation", chosen)
    assert [each.faulty for each in found.lines] == [frozenset(), {"data"}]
    assert "inf is infinite" in found.lines[1].reason


def test_columns_that_cannot_be_keys_of_an_object_are_named(demo, session):
    clicks = ready(demo, session)
    clicks.find("Operation Data (optional)").value = "columns"
    assert "we.ird" not in dict(clicks.find("Columns for Operation Data").options)
    assert "Left out, as dots" in clicks.text
    assert "in a mapping: &#x27;we.ird&#x27;. Rename them" in clicks.text
    assert "Hold Ctrl, or ⌘ on a Mac, to choose several" in clicks.text
    clicks = ready(demo, session, frame=FRAME.drop(columns="we.ird"))
    clicks.find("Operation Data (optional)").value = "columns"
    assert "Left out" not in clicks.text


def test_bad_settings_are_explained_in_place(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", "no url")
    clicks.click("Connect")
    assert (
        "Endpoint (endpoint): Input should be a valid URL, with its scheme: https://…"
        in clicks.text
    )
    assert clicks.explorer.connection is None


def test_a_number_is_also_read_as_the_page_writes_it(demo, session):
    clicks = ready(demo, session)
    clicks.put(**{"Rows per request": " 1,000 ", "Only the first rows": "2"})
    assert clicks.find("Send 2 rows")
    assert "batch_size=1000" in clicks.explorer.code


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1,00", ",100", "1,,000", "9" * 5000])
def test_a_number_that_is_none_is_refused(text):
    with pytest.raises(ad.UsageError, match="write a whole number of 1 or more"):
        whole_number("Rows", text)


def test_a_number_that_is_none_is_explained_in_place(demo, session):
    clicks = ready(demo, session)
    clicks.put(**{"Rows per request": "many"})
    assert "Problem:</b> Rows per request: &#x27;many&#x27;; write a whole" in clicks.text
    assert all(
        each.disabled
        for each in clicks.all()
        if getattr(each, "description", "").startswith("Send")
    )


def test_a_test_of_the_connection_says_what_the_destination_says(demo, session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Connect")
    assert "Ready for example-async; nothing has been sent" in clicks.text
    assert not demo.requests
    clicks.click("Test connection")
    assert "it wants an API key (401)" in clicks.text
    clicks.enter("API key (optional)", "wr0ng-key-9f8e7d")
    clicks.click("Test connection")
    assert "the API key is not accepted (401)" in clicks.text
    clicks.enter("API key (optional)", SECRET)
    clicks.click("Test connection")
    assert "accepts these credentials" in clicks.text
    assert set(demo.requests) == {"GET /operations/{id}"}


def test_changed_settings_need_a_new_connection(demo, session, monkeypatch):
    clicks = ready(demo, session)
    monkeypatch.setattr(connect_panel, "SLIP_SECONDS", 0)
    clicks.enter("Endpoint (required)", "http://127.0.0.1:9")
    assert clicks.explorer.connection is None
    assert "connect again" in clicks.text
    assert clicks.buttons("Send") == []


def test_what_was_chosen_for_the_fields_outlives_a_new_connection(demo, session):
    clicks = ready(demo, session)
    for label, kind, value, control in [each for case in CASES.values() for each in case]:
        clicks.fill(label, kind, value, control)
    code = clicks.explorer.code
    clicks.enter("API key (optional)", "an0ther-key-5c4d")
    clicks.click("Connect")
    assert clicks.explorer.code == code
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert clicks.find("Constant for Operation Type").value == "sync_profile"


def test_what_was_chosen_outlives_a_new_frame_as_far_as_its_columns_do(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame)
    clicks.fill("User ID (required)", "column", "we.ird", "Column for User ID")
    clicks.fill("Operation Data (optional)", "columns", ("userId",), "Columns for Operation Data")
    frame["more"] = 1
    clicks.click("Look again")
    assert clicks.find("Column for User ID").value == "we.ird"
    assert clicks.find("Columns for Operation Data").value == ("userId",)
    del frame["we.ird"]
    clicks.click("Look again")
    assert "User ID: choose the column that fills it" in clicks.text
    assert clicks.find("Constant for Operation Type").value == "sync_profile"


def test_the_action_that_was_chosen_outlives_a_new_connection(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    clicks.put(Actions="upsert")
    clicks.choose("example-async, simulated on this machine")
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    assert clicks.find("Actions").value == "upsert"


def test_a_key_that_comes_after_the_click_that_followed_it_counts(demo, session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Test connection")
    assert "it wants an API key (401)" in clicks.text
    clicks.enter("API key (optional)", SECRET)
    assert "accepts these credentials" in clicks.text


def test_nothing_is_sent_if_a_change_comes_after_the_click_that_followed_it(demo, session):
    work = HeldWork()
    clicks = ready(demo, session, start=work)
    work.is_held = True
    clicks.click("Send 4 rows")
    work.is_held = False
    clicks.fill("User ID (required)", "column", "customer_id", "Column for User ID")
    work.held.pop()()
    assert clicks.explorer.run is None
    assert "something was changed as you clicked" in clicks.text
    assert demo.requests == {}
    assert clicks.find("Send 4 rows")


def test_what_was_sent_is_found_in_a_cell(demo, session):
    clicks = ready(demo, session, names={"crm_sync": session})
    clicks.click("Send 4 rows")
    run = clicks.explorer.run
    assert f'In a cell it is: run = crm_sync.run("{run.id}")' in html.unescape(clicks.text)
    assert session.run(run.id) is run


def test_what_was_sent_in_the_session_of_those_who_made_none_is_found_too(demo):
    clicks = ready(demo, None)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(20)
    [found] = re.findall(
        r'run = ad\.default_session\(\)\.run\("(\w+)"\)', html.unescape(clicks.text)
    )
    assert ad.default_session().run(found) is clicks.explorer.run


def test_rows_that_were_sent_before_are_not_sent_twice_unless_asked_for(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    first = clicks.explorer.run
    first.wait(30)
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is first
    assert "these rows were sent before" in clicks.text
    clicks.find("Send again what was sent before").value = True
    assert "again=True" in clicks.explorer.code
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is not first
    clicks.explorer.run.wait(30)
    assert len(demo.operations) == 8
    assert "again=True" not in clicks.explorer.code


def test_warnings_of_a_cell_that_runs_during_a_send_are_the_cells_own(demo, session, monkeypatch):
    clicks = ready(demo, session)
    sent_again(clicks, demo)
    submit = ad.Connection.submit

    def while_a_cell_warns(*arguments: Any, **options: Any) -> ad.Run:
        warnings.warn("mine", stacklevel=1)
        return submit(*arguments, **options)

    monkeypatch.setattr(ad.Connection, "submit", while_a_cell_warns)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clicks.click("Send 4 rows")
    assert [str(each.message) for each in caught if each.category is UserWarning] == ["mine"]
    assert "these rows were sent before" in clicks.text


def test_a_search_narrows_the_list_and_keeps_the_choice(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("salesforce-bulk")
    form = [each.description for each in clicks.all() if hasattr(each, "description")]
    clicks.put(**{"Search destinations": "example"})
    assert len(clicks.find("Destinations").options) == 2
    clicks.put(**{"Search destinations": ""})
    assert clicks.find("Destinations").value == 3
    assert [each.description for each in clicks.all() if hasattr(each, "description")] == form


def test_without_a_frame_one_of_the_notebook_is_chosen(demo, session):
    names: dict[str, Any] = {}
    clicks = Clicks(session=session, names=names)
    assert "None yet" in clicks.text
    names |= {"customers": FRAME, "twice": pd.DataFrame([[1, 2]], columns=["a", "a"])}
    clicks.click("Look again")
    clicks.put(**{"DataFrame of this notebook": "twice"})
    assert "columns named twice" in clicks.text
    clicks.put(**{"DataFrame of this notebook": "customers"})
    assert "customers: 4 rows, 4 columns." in clicks.text
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert "crm.submit(customers" not in clicks.explorer.code
    clicks.fill(
        "Operation Type (required)", "constant", "sync_profile", "Constant for Operation Type"
    )
    assert "crm.submit(customers" in clicks.explorer.code


def test_an_action_that_is_chosen_before_the_rows_says_how_to_go_on(session):
    names: dict[str, Any] = {"people": FRAME}
    clicks = Clicks(session=session, names=names)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert ACTION.description in clicks.text
    assert "To go on, choose the rows at the top." in clicks.text
    clicks.put(**{"DataFrame of this notebook": "people"})
    assert "To go on" not in clicks.text


def test_a_frame_called_df_is_chosen_at_first(session):
    clicks = Clicks(session=session, names={"customers": FRAME, "df": FRAME.head(2)})
    assert clicks.find("DataFrame of this notebook").value == "df"
    assert "df: 2 rows, 4 columns." in clicks.text


def sent_again(clicks: Clicks, demo: Any) -> list[Any]:
    before = len(demo.operations)
    clicks.buttons("Send")[0].click()
    if clicks.explorer.run is not None:
        clicks.explorer.run.wait(30)
    return [each["user_id"] for each in payloads(demo)[before:]]


@pytest.mark.parametrize("is_given", [True, False])
def test_a_frame_that_was_made_anew_is_not_sent_before_it_was_looked_at(is_given, demo, session):
    names = {"df": FRAME}
    clicks = ready(demo, session, frame=FRAME if is_given else None, names=names)
    names["df"] = FRAME.assign(userId="new").head(2)
    assert sent_again(clicks, demo) == []
    assert "df was made anew in a cell, or is gone: look again" in clicks.text
    clicks.put(**{"Only the first rows": "1"})
    assert clicks.find("Send 4 rows").disabled
    clicks.click("Look again")
    assert "df: 2 rows, 4 columns." in clicks.text
    assert "made anew" not in clicks.text


def test_what_is_sent_is_what_was_looked_at_also_if_the_frame_was_changed_since(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame, names={"df": frame})
    frame.loc["w", "userId"] = "never seen"
    assert sent_again(clicks, demo) == ["u1", "u2", "u3", "u4"]


def test_columns_that_were_added_are_offered_after_another_look(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame)
    frame["plan"] = "pro"
    assert sent_again(clicks, demo) == []
    assert "the frame has other columns than it had: look again" in clicks.text
    clicks.click("Look again")
    clicks.fill("User ID (required)", "column", "plan", "Column for User ID")


@pytest.mark.parametrize("is_given", [True, False])
def test_a_frame_that_is_gone_cannot_be_sent(is_given, demo, session):
    names = {"df": FRAME}
    clicks = ready(demo, session, frame=FRAME if is_given else None, names=names)
    del names["df"]
    assert sent_again(clicks, demo) == []
    clicks.click("Look again")
    assert clicks.buttons("Send") == []
    assert ("df is not a frame now" if is_given else "None yet") in clicks.text


def test_more_rows_than_are_looked_at_live_can_all_be_checked(session):
    frame = pd.DataFrame({"user_id": ["a"] * 299 + [None], "operation_type": "sync_profile"})
    clicks = Clicks(frame, session=session)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert "the first 200 of 300 rows" in clicks.text
    assert clicks.find("Send up to 300 rows")
    clicks.click("Check all 300 rows")
    assert clicks.find("Send 299 rows")


def test_salesforce_is_asked_for_its_fields_only_by_its_own_check(session):
    frame = pd.DataFrame({"LastName": ["Neu"], "Email": ["a@b.example"]})
    clicks = Clicks(frame, session=session, names={"df": frame})
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    clicks.put(Actions="insert")
    clicks.fill("Object (required)", "constant", "Contact", "Constant for Object")
    assert clicks.find("Send 1 row")
    assert 'run = crm.submit(df, "insert", object="Contact")' in clicks.explorer.code


def test_a_column_without_a_name_can_be_chosen(demo, session):
    frame = pd.DataFrame([["u9", "x"]], columns=["", "b.c"])
    clicks = ready(demo, session, frame=frame)
    clicks.fill("User ID (required)", "column", "", "Column for User ID")
    assert clicks.find("Send 1 row")
    assert 'columns={"user_id": ""}' in clicks.explorer.code
    clicks.find("User ID (required)").value = "template"
    assert clicks.find("Template for User ID").placeholder == "any text around it"


def test_fields_called_like_arguments_of_submit_can_be_looked_at(session):
    class Payload(ad.Payload):
        columns: str = ad.field("Columns")
        mapping: str = ad.field("Mapping")

    names = {"mine": own_destination(payload=Payload)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    clicks.click("Connect")
    clicks.fill("Columns (required)", "column", "userId", "Column for Columns")
    clicks.fill("Mapping (required)", "constant", "v", "Constant for Mapping")
    assert clicks.find("Send 4 rows")
    assert "<td>u1</td>" in clicks.text.replace(' dir="auto"', "").replace("&quot;", "")


def test_a_setting_whose_default_is_none_of_its_choices_is_left_to_be_chosen(session):
    class Settings(ad.Settings):
        region: Literal["eu", "us"] = ad.field("Region", default="EU")

    names = {"mine": own_destination(settings=Settings)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    assert clicks.find("Region (optional)").value is None


@pytest.mark.parametrize("kind", [bool, str, dict, Literal["a"]])
def test_a_constant_that_was_not_given_is_asked_for(kind, session):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": kind | None}})
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination(payload=model)})
    clicks.choose("own")
    clicks.click("Connect")
    clicks.find("x (optional)").value = "constant"
    assert "x: write its value, or choose one" in clicks.text
    assert clicks.find("Send 4 rows").disabled


def test_a_null_that_was_given_is_one(session):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": dict | None}})
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination(payload=model)})
    clicks.choose("own")
    clicks.click("Connect")
    clicks.fill("x (optional)", "constant", "null", "Constant for x")
    assert clicks.find("Send 4 rows")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (0, "There are no rows, so there is nothing to send.</div>"),
        (1, "Looked at all rows: 1 fit. 1 request of 1 row.</div>"),
        (300, "Looked at the first 200 of 300 rows: 200 fit.</div>"),
    ],
)
def test_batches_are_only_named_when_all_rows_are_known(rows, words, session):
    frame = pd.DataFrame({"user_id": ["a"] * rows, "operation_type": "sync_profile"})
    work = HeldWork()
    clicks = Clicks(frame, session=session, start=work)
    clicks.choose("example-async, simulated on this machine")
    work.is_held = True
    clicks.click("Connect")
    work.held.pop()()
    assert f"Looking at {min(rows, 200)} row{'s' * (rows != 1)} …" in clicks.text
    work.held.pop()()
    assert words in clicks.text


def test_hostile_names_are_text(session):
    hostile = "<img src=x onerror=alert(1)>"
    frame = pd.DataFrame({hostile: [hostile], "userId": [hostile]}, index=[hostile])
    clicks = Clicks(frame, session=session, names={})
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    clicks.fill("User ID (required)", "column", hostile, "Column for User ID")
    clicks.fill("Operation Type (required)", "column", hostile, "Column for Operation Type")
    assert "&lt;img src=x" in clicks.text
    assert "<img" not in clicks.text


HALF = '{"half": "\\ud83d"}'


@pytest.mark.parametrize(
    "filling",
    [
        ("User ID (required)", "template", "{{name[0]}}", "Template for User ID"),
        ("Operation Data (optional)", "constant", HALF, "Constant for Operation Data"),
    ],
)
def test_half_a_character_does_not_stop_the_page(filling, demo, session):
    half = pd.Index(["\ud83d"], dtype=object)
    columns = pd.Index(["\ud83d", "userId", "name"], dtype=object)
    frame = pd.DataFrame([["\ud83d", "u1", "🙂 Zoe"]], half, columns, dtype=object)
    clicks = ready(demo, session, frame=frame)
    clicks.fill(*filling)
    state = [each.get_state() for each in clicks.all()]
    json.dumps(state, ensure_ascii=False, default=repr).encode()
    assert "Looking at" not in clicks.text


# ---- secrets


def test_a_secret_is_in_no_trait_no_message_and_no_text(demo, session, monkeypatch):
    said: list[Any] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, buffers=None: said.append(message)
    )
    clicks = ready(demo, session)
    clicks.click("Test connection")
    state = {each.model_id: each.get_state() for each in clicks.all()}
    assert SECRET not in repr(state)
    assert SECRET not in repr(said)
    assert SECRET not in clicks.explorer.code
    assert SECRET not in repr(clicks.explorer)
    assert "accepts these credentials" in clicks.text


def test_a_secret_box_is_emptied_when_it_was_read():
    told: list[str] = []
    box = SecretText(lambda: told.append("changed"))
    sent: list[Any] = []
    box.send_state = lambda key=None: sent.append((key, box.value))
    box.set_state({"value": SECRET})
    assert box.secret.get_secret_value() == SECRET
    assert ("value", "") in sent
    assert told == ["changed"]


class Login(BaseModel):
    token: SecretStr


class SecretSettings(ad.Settings):
    raw: SecretBytes | None = ad.field("Raw")
    login: Login | None = ad.field("Login")
    keys: list[SecretStr] | None = ad.field("Keys")


SECRETS = {
    "Raw (optional)": f"{SECRET}-raw",
    "Login (optional)": json.dumps({"token": f"{SECRET}-login"}),
    "Keys (optional)": json.dumps([f"{SECRET}-key"]),
}


def test_a_secret_inside_a_setting_is_a_secret_too(session, monkeypatch):
    said: list[Any] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, buffers=None: said.append(message)
    )
    received: list[Any] = []

    async def take(request: Any, data: Any) -> None:
        received.append(data.settings)

    mine = own_destination(settings=SecretSettings, test_authentication=take)
    names: dict[str, Any] = {"mine": mine}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    for label, text in SECRETS.items():
        clicks.enter(label, text)
    clicks.click("Connect")
    code = clicks.explorer.code
    assert SECRET not in repr([each.get_state() for each in clicks.all()]) + repr(said) + code
    asked = {label.removesuffix(" (optional)"): text for label, text in SECRETS.items()}
    monkeypatch.setattr(getpass, "getpass", asked.__getitem__)
    names["session"] = session
    exec(code, names)
    for connection in (names["crm"], clicks.explorer.connection):
        connection.test_authentication()
        found = received.pop()
        assert found.raw.get_secret_value() == f"{SECRET}-raw".encode()
        assert found.login.token.get_secret_value() == f"{SECRET}-login"
        assert [each.get_secret_value() for each in found.keys] == [f"{SECRET}-key"]


def test_a_secret_that_is_no_json_is_explained_without_it(session):
    names = {"mine": own_destination(settings=SecretSettings)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    clicks.enter("Login (optional)", SECRET)
    clicks.click("Connect")
    assert "Login: no JSON" in clicks.text
    assert SECRET not in clicks.text


def test_a_secret_that_need_not_be_can_be_removed(demo, session):
    clicks = open_connection(demo, session)
    clicks.click("Remove API key")
    clicks.click("Connect")
    assert "getpass" not in clicks.explorer.code
    assert clicks.find("API key (optional)").placeholder == ""
    assert clicks.buttons("Remove") == []


# ---- slow things


def test_slow_work_does_not_hold_up_and_only_the_latest_counts():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    seen: list[Any] = []
    done: list[int] = []
    for number in range(3):
        work.do(lambda number=number: done.append(number) or number, seen.append)
    assert len(works) == 1
    works.pop()()
    assert done == [2]
    assert seen == [2]


def test_work_that_is_forgotten_is_not_shown():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    seen: list[Any] = []
    work.do(lambda: 1, seen.append)
    work.forget()
    works.pop()()
    work.do(lambda: 2, seen.append)
    works.pop()()
    assert seen == [2]


def test_work_is_not_wanted_any_more_once_something_else_was_asked_for():
    works: list[Any] = []
    work: Work[int] = Work(works.append, nullcontext())
    wanted: list[bool] = []

    def busy() -> int:
        wanted.append(work.is_wanted)
        work.forget()
        wanted.append(work.is_wanted)
        return 1

    work.do(busy, lambda outcome: None)
    works.pop()()
    assert wanted == [True, False]


class SlowPayload(ad.Payload):
    user_id: str = ad.field("User ID")

    @field_validator("user_id")
    @classmethod
    def slow(cls, value: str) -> str:
        time.sleep(0.3)
        return value


def test_a_look_that_takes_long_says_how_far_it_is(session):
    names = {"slow": own_destination(payload=SlowPayload, settings=ad.Settings)}
    works: list[Any] = []
    frame = pd.DataFrame({"user_id": list("abcdefgh")})
    clicks = Clicks(frame, session=session, names=names, start=works.append)
    clicks.choose("own")
    clicks.click("Connect")
    works.pop()()
    said: list[str] = []
    for each in clicks.all():
        if isinstance(each, ipywidgets.HTML):
            each.observe(lambda change: said.append(change["new"]), "value")
    works.pop()()
    assert any("Looking at 8 rows, mapping and checking: 5 …" in each for each in said)
    assert "Looked at all rows: 8 fit." in clicks.text


def test_an_error_nobody_foresaw_is_a_sentence_and_is_logged(caplog):
    seen: list[Any] = []
    Work(at_once, nullcontext()).do(lambda: {}["missing"], seen.append)
    assert seen == [Problem("KeyError: 'missing'")]
    assert "Traceback" in caplog.text


def test_a_slow_test_of_the_connection_says_that_it_goes_on(session):
    waiting: list[Any] = []
    clicks = Clicks(FRAME, session=session, start=waiting.append)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Test connection")
    assert "Asking the destination …" in clicks.text
    worker = threading.Thread(target=waiting.pop())
    worker.start()
    worker.join(20)
    assert "accepts these credentials" in clicks.text


# ---- outside a notebook


def test_a_frame_that_is_none_is_refused_at_once(session):
    with pytest.raises(ad.FrameError, match="got a list"):
        explore([1], session=session)  # type: ignore[arg-type]


def test_a_plain_interpreter_gets_an_explorer_with_a_plain_text(session, capsys):
    explorer = explore(FRAME, session=session)
    assert repr(explorer) == "<Explorer: not connected>"
    explorer._ipython_display_()
    assert "nothing was sent" in capsys.readouterr().out


def test_a_saved_notebook_keeps_the_cell_and_the_record(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(30)
    kept = clicks.explorer.app.saved.current
    assert clicks.explorer.code in repr(kept)
    assert "The same in Python" in kept._repr_html_()
    assert SECRET not in json.dumps([repr(kept), kept._repr_html_()])


def test_the_cell_that_is_kept_is_the_one_that_was_sent(demo, session, monkeypatch):
    clicks = ready(demo, session)
    submit = ad.Connection.submit

    def and_change(*arguments: Any, **options: Any) -> ad.Run:
        run = submit(*arguments, **options)
        clicks.put(**{"Constant for Operation Type": "process_data"})
        return run

    monkeypatch.setattr(ad.Connection, "submit", and_change)
    clicks.click("Send 4 rows")
    kept = repr(clicks.explorer.app.saved.current)
    assert 'operation_type="sync_profile"' in kept
    assert 'operation_type="process_data"' in clicks.explorer.code


def test_the_cell_that_is_kept_of_a_second_send_says_that_it_is_one(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(30)
    clicks.click("Send 4 rows")
    clicks.find("Send again what was sent before").value = True
    clicks.click("Send 4 rows")
    assert "again=True" in repr(clicks.explorer.app.saved.current)
