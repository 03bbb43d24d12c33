"""What is shown where a page may not know the widgets of the kernel."""

from __future__ import annotations

import ipywidgets
import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.show import widget
from shown_shell import failed_run


@pytest.fixture
def old_widgets(comms, monkeypatch):
    """Let the kernel have ipywidgets 7."""
    monkeypatch.setattr(ipywidgets, "__version__", "7.8.5")


def drawn(module: ipywidgets.Widget) -> None:
    """Do what a page does when it has drawn *module*."""
    module.comm.receive({"what": "drawn"})


def record_of(run) -> str:
    return widget(run).saved()._repr_html_()


def test_an_old_kernel_shows_an_open_record_and_what_to_upgrade_until_a_page_has_drawn(old_widgets):
    run = failed_run(2)
    assert "this kernel has ipywidgets 7.8.5" in record_of(run)
    assert " open>" in record_of(run)
    assert "refused 1" in record_of(run)
    drawn(widget(run).children[0])
    assert "ipywidgets" not in record_of(run)
    assert " open>" not in record_of(run)


def test_a_kernel_of_today_gives_no_advice(monkeypatch):
    monkeypatch.setattr(ipywidgets, "__version__", "8.1.9")
    assert "ipywidgets" not in record_of(failed_run(2))


def test_an_explorer_in_an_old_kernel_says_what_to_upgrade_until_a_page_has_drawn(old_widgets):
    app = ad.explore().app
    assert "this kernel has ipywidgets 7.8.5" in app.saved.current._repr_html_()
    drawn(app.widget.children[0])
    assert "ipywidgets" not in app.saved.current._repr_html_()
