"""A run's widget beside other ipywidgets: runs against a simulator, without a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest
import traitlets

import asyncdest_nb as ad

SECONDS = 60  # At most, of a wait; the machine may be busy.


@pytest.fixture
def run(session: ad.Session) -> Iterator[ad.Run]:
    """Give a run of six rows: four complete, one fails, one is invalid."""
    frame = pd.DataFrame(
        {"user_id": ["a", "b", "c", "d", "e", None], "email": [*["a@b.de"] * 4, "none", "a@b.de"]}
    )
    with ad.simulate("example-async", duration_seconds=(0.2, 1.0), failing=0) as demo:
        yield session.connect(demo).submit(
            frame,
            "asyncOperation",
            mapping={"operation_type": "sync_profile", "data": {"email": {"@path": "$.email"}}},
        )


def when_done(widget: ipywidgets.Widget) -> threading.Event:
    """Return an event that is set when the trait ``done`` becomes true."""
    found = threading.Event()
    widget.observe(lambda change: found.set() if change["new"] else None, "done")
    if widget.done:
        found.set()
    return found


def test_its_traits_follow_the_run_until_it_is_done(run):
    widget = run.widget()
    seen: list[tuple[str, object]] = []
    widget.observe(lambda change: seen.append((change["name"], change["new"])), traitlets.All)
    assert when_done(widget).wait(SECONDS)
    run.wait(SECONDS)
    assert widget.status == run.status == "partial"
    assert widget.counts == run.counts
    assert (widget.counts["completed"], widget.counts["failed"]) == (4, 1)
    assert widget.progress == 100.0
    names = [name for name, _ in seen]
    assert names[-1] == "done", "what sees it done sees the rest as it ended"
    shares = [value for name, value in seen if name == "progress"]
    assert shares == sorted(shares)


def test_the_widget_of_a_run_that_is_done_says_so_at_once(run):
    run.wait(SECONDS)
    widget = run.widget()
    assert (widget.done, widget.progress, widget.status) == (True, 100.0, "partial")


def test_it_is_placed_as_any_widget_is(run):
    widget = run.widget()
    assert isinstance(widget, ipywidgets.DOMWidget)
    assert run.widget() is widget
    box, tab = ipywidgets.VBox([widget]), ipywidgets.Tab([widget])
    tab.set_title(0, "Run")  # As ipywidgets 7 takes it too.
    accordion = ipywidgets.Accordion([box, tab])
    assert widget in box.children
    assert accordion.get_state("children")["children"] == [
        f"IPY_MODEL_{each.model_id}" for each in (box, tab)
    ]


@pytest.mark.parametrize("name", ["status", "counts", "progress", "done"])
def test_its_traits_can_only_be_read(run, name):
    run.wait(SECONDS)
    widget = run.widget()
    before = getattr(widget, name)
    with pytest.raises(traitlets.TraitError):
        setattr(widget, name, before)
    # What a page links to it the other way round changes nothing either.
    widget.set_state({name: {"x": 1} if name == "counts" else 3})
    assert getattr(widget, name) == before
    assert name in widget.get_state()


def test_traits_link_to_other_widgets_in_python_and_on_the_page(run):
    widget, bar, label = run.widget(), ipywidgets.FloatProgress(), ipywidgets.Label()
    traitlets.dlink((widget, "progress"), (bar, "value"))
    traitlets.dlink((widget, "status"), (label, "value"))
    link = ipywidgets.jsdlink((widget, "progress"), (ipywidgets.FloatProgress(), "value"))
    assert when_done(widget).wait(SECONDS)
    assert (bar.value, label.value) == (100.0, "partial")
    assert link.source == (widget, "progress")


def test_an_observer_that_fails_stops_neither_the_run_nor_the_other_traits(run, caplog):
    widget = run.widget()

    def fail(change: object) -> None:
        raise ZeroDivisionError

    widget.observe(fail, ["counts", "progress", "status"])
    assert when_done(widget).wait(SECONDS)
    assert run.wait(SECONDS) == "partial"
    assert widget.counts == run.counts
    assert "an observer of status" in caplog.text


def test_a_closed_widget_leaves_the_run_and_a_new_one_follows_it(run):
    closed = run.widget()
    closed.close()
    widget = run.widget()
    assert widget is not closed
    assert when_done(widget).wait(SECONDS)
    assert not closed.done or run.is_at_rest
    assert all(each.comm is None for each in closed.children)


def test_columns_of_the_frame_are_beside_the_operations(run):
    assert run.widget(columns=["email"]) is run.widget(columns=["email"])
    with pytest.raises(ad.UsageError, match="columns must be a list"):
        run.widget(columns="email")
    with pytest.raises(ad.UnknownName, match="nothing"):
        run.widget(columns=["nothing"])


def test_an_explorer_is_placed_the_same_way(session):
    explorer = ad.explore(pd.DataFrame({"user_id": ["a"]}), session=session)
    widget = explorer.widget()
    assert isinstance(widget, ipywidgets.DOMWidget)
    assert explorer.widget() is widget
    assert ipywidgets.Tab([widget]).children == (widget,)
