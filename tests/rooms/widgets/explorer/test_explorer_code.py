"""The cell that the explorer writes."""

from __future__ import annotations

import getpass
from typing import Any

import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.code import (
    cell,
    literal,
    session_arguments,
    submit_call,
    taken_names,
)
from asyncdest_nb.widgets.explorer.offers import Offer
from explorer_clicks import EXAMPLE, FRAME, SECRET, Clicks, choose_simulated

DEEP = {"k" * 30: ["v" * 30, {"n'": ["x" * 90]}] * 3, "empty": {}}


@pytest.mark.parametrize(
    "value",
    ["it's", 'say "hi"', "both ' and \"", "\\", "ü🙂\u202e\n", "", 1, 1.5, True, None, [], DEEP],
)
def test_a_value_written_in_python_is_that_value(value):
    assert eval(literal(value)) == value


def test_a_long_call_has_a_line_for_each_argument():
    keywords = {"mapping": {"data": {f"column_{i}": {"@path": f"$.column_{i}"} for i in range(4)}}}
    text = submit_call("df.head(10)", "act", keywords)
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


def test_an_import_is_left_alone_unless_it_is_the_same():
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
