"""What a notebook shows for destinations, actions, connections and sessions: HTML as strings."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from asyncdest_nb.widgets.record import record_html
from asyncdest_nb.widgets.tables import (
    action_html,
    connection_html,
    destination_html,
    destinations_html,
    session_html,
)
from scripted_run import ScriptedRun, planned

SECRET = "sk_live_9Lm3Rk7Yx20b"
HOSTILE = "<img src=x onerror=alert(1)>"
EXAMPLE = ad.destinations()["example-async"]


class Texts(HTMLParser):
    """The texts of a fragment, and whether every element was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.roots: list[str] = []  # Their classes.
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        if not self.open:
            self.roots.append(dict(attrs).get("class", ""))
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text) -> None:
        self.texts.append(text)


def test_a_catalogue_has_a_line_for_each_destination():
    texts = Texts(destinations_html(ad.destinations())).texts
    assert [each for each in texts if each in ad.destinations()] == list(ad.destinations())


def test_an_action_is_shown_with_its_fields():
    texts = Texts(action_html(EXAMPLE.action("asyncOperation"))).texts
    assert "sync_profile, process_data, generate_report" in texts
    assert '{"@path": "$.userId"}' in texts


def test_a_destination_is_shown_with_its_actions_and_settings():
    texts = Texts(destination_html(EXAMPLE)).texts
    assert {"asyncOperation", "1,000 rows, 5,000,000 bytes a request", "API key"} <= set(texts)


def test_of_a_secret_only_whether_it_is_set_is_shown(session):
    with ad.simulate("example-async") as demo:
        crm = session.connect(demo, api_key=SECRET)
        html = connection_html(crm)
        texts = Texts(html).texts
    assert SECRET not in html
    assert texts[texts.index("api_key") + 1] == "set"
    assert demo.endpoint in texts


def test_a_session_shows_its_latest_runs_first(session):
    frame = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile"})
    with ad.simulate("example-async", duration_seconds=0.01, failing=0) as demo:
        crm = session.connect(demo)
        runs = [crm.submit(frame, "asyncOperation", again=True) for _ in range(21)]
        for run in runs:
            run.wait(30)
        texts = Texts(session_html(session)).texts
    shown = [each for each in texts if each in {run.id for run in runs}]
    assert shown == [run.id for run in reversed(runs[1:])]
    assert any("21 runs; the latest 20 are shown" in each for each in texts)
    assert "1 completed" in texts


def test_no_text_with_two_dollar_signs_is_typeset_as_mathematics(session):
    priced = ad.Action(title="$5 per seat and $10 per org", payload=ad.Payload, perform=print)
    own = ad.Destination(name="$1 and $2", slug="own", actions={"price": priced})
    run = ScriptedRun(
        [replace(each, state=State.FAILED, message="it costs $5 or $10") for each in planned(1)]
    )
    for html in (
        destinations_html({"own": own}),
        destination_html(own),
        action_html(priced),
        connection_html(session.connect(own)),
        session_html(session),
        record_html(run),
        record_html(run, folded=True),
    ):
        roots = Texts(html).roots
        assert roots
        assert all(each.endswith("tex2jax_ignore mathjax_ignore") for each in roots)


def test_nothing_of_a_destination_is_html(session):
    class Payload(ad.Payload):
        x: str = ad.field(HOSTILE, description=HOSTILE, default=HOSTILE, choices=[HOSTILE])

    action = ad.Action(title=HOSTILE, description=HOSTILE, payload=Payload, perform=print)
    own = ad.Destination(name=HOSTILE, slug="own", description=HOSTILE, actions={HOSTILE: action})
    crm = session.connect(own)
    for html in (
        destinations_html({HOSTILE: own}),
        destination_html(own),
        action_html(action),
        connection_html(crm),
    ):
        assert "img" not in Texts(html).tags
        assert HOSTILE in Texts(html).texts
