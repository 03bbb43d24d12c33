"""What a saved notebook and a plain interpreter show of the explorer."""

from __future__ import annotations

import json
from typing import Any

from IPython.core.formatters import HTMLFormatter, IPythonDisplayFormatter

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer import explore
from explorer_clicks import FRAME, SECRET, ready


def test_a_plain_interpreter_gets_an_explorer_with_a_plain_text(session, capsys):
    explorer = explore(FRAME, session=session)
    assert repr(explorer) == "<Explorer: not connected>"
    IPythonDisplayFormatter()(explorer)
    assert "nothing was sent" in capsys.readouterr().out


def test_a_saved_notebook_keeps_the_cell_and_the_record(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(30)
    saved = clicks.explorer.app.saved.current
    assert clicks.explorer.code in repr(saved)
    html = HTMLFormatter()(saved)
    assert "The same in Python" in html
    assert SECRET not in json.dumps([repr(saved), html])


def test_the_saved_cell_is_the_one_that_was_sent(demo, session, monkeypatch):
    clicks = ready(demo, session)
    submit = ad.Connection.submit

    def and_change(*arguments: Any, **options: Any) -> ad.Run:
        run = submit(*arguments, **options)
        clicks.put(**{"Constant for Operation Type": "process_data"})
        return run

    monkeypatch.setattr(ad.Connection, "submit", and_change)
    clicks.click("Send 4 rows")
    saved = repr(clicks.explorer.app.saved.current)
    assert 'operation_type="sync_profile"' in saved
    assert 'operation_type="process_data"' in clicks.explorer.code


def test_the_saved_cell_of_a_second_send_has_again(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(30)
    clicks.click("Send 4 rows")
    clicks.find("Send again what was sent before").value = True
    clicks.click("Send 4 rows")
    assert "again=True" in repr(clicks.explorer.app.saved.current)
