"""Static outputs that are updated, against a scripted run."""

from __future__ import annotations

import types
from dataclasses import replace

from asyncdest_nb.operation import State
from asyncdest_nb.widgets import show as show_module
from asyncdest_nb.widgets import static_outputs
from asyncdest_nb.widgets.record import Record
from asyncdest_nb.widgets.show import show
from asyncdest_nb.widgets.static_outputs import StaticOutputs, rarely
from scripted_run import ScriptedRun, planned
from shown_shell import shell


def test_a_run_that_is_shown_again_and_again_is_followed_once(monkeypatch):
    updates: list[object] = []
    handle = types.SimpleNamespace(update=lambda record, **options: updates.append(record))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", lambda shown, **options: handle)
    run = ScriptedRun(planned(1))
    show(run)
    followers = len(run.callbacks)
    for _ in range(50):
        show(run)
    assert len(run.callbacks) == followers
    run.cancel()
    assert 1 < len(updates) < 50, "every output that may still be there, and no more"


def test_the_record_of_a_run_that_ends_while_it_is_displayed_shows_how(monkeypatch):
    updates: list[object] = []
    handle = types.SimpleNamespace(update=lambda record, **options: updates.append(repr(record)))
    run = ScriptedRun(planned(1))

    def displayed(value: object, **options: object) -> object:
        if isinstance(value, Record):
            assert "pending" in repr(value)
            run.cancel()  # As it ends on the engine's thread.
        return handle

    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", displayed)
    show(run)
    assert updates
    assert "1 canceled" in updates[-1]


def test_a_record_is_updated_rarely_and_at_the_end():
    now, updates = [0.0], []
    changed = rarely(ScriptedRun([]), lambda done: updates.append(now[0]), clock=lambda: now[0])
    for at, done in [(1, False), (59, False), (61, False), (62, False), (63, True)]:
        now[0] = at
        changed([0], done)
    assert updates == [61, 63]


def test_pages_get_the_record_at_once_each_second_and_at_the_end():
    run, kept = ScriptedRun(planned(2)), []
    outputs = StaticOutputs(lambda: Record(run))
    outputs.add_keeper(kept.append)
    outputs.follow(run)
    run.change(replace(run.operations[0], state=State.COMPLETED))
    assert len(kept) == 1, "a change within the first second"
    run.cancel()
    first, last = kept
    assert outputs.metadata == {"asyncdest_nb": {"record": first["id"]}}
    assert first["id"] == last["id"]
    assert "2 pending" in first["data"]["text/plain"]
    for form in ("text/plain", "text/html"):
        assert "1 completed, 1 canceled" in last["data"][form]
    assert (first["is_final"], last["is_final"]) == (False, True)
    outputs.remove_keeper(kept.append)
    outputs.follow(run)
    assert len(kept) == 2


def test_a_record_that_cannot_be_updated_is_logged(caplog):
    changed = rarely(ScriptedRun([]), lambda done: 1 / 0)  # type: ignore[arg-type,return-value]
    changed([0], True)
    assert "the record of run run-1" in caplog.text
