"""Rows as they are packed for the browser: pure, without a widget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncdest_nb.widgets.columns import COLUMNS
from asyncdest_nb.widgets.packed import packed
from monitor_comm import read_packed, running
from scripted_run import planned


def test_a_thousand_changes_are_small():
    operations = [
        running(each, progress=float(each.number % 100), polls=3, message=f"step {each.number % 9}")
        for each in planned(100_000)[::100]
    ]
    names = ("status", "progress", "message", "polls")
    found = packed([each for each in COLUMNS if each.name in names], operations)
    assert sum(map(len, found.buffers)) < 8_300


def test_texts_that_all_differ_arrive_like_texts_that_are_shared():
    operations = [
        running(each, message=f"message {each.number}", error_code=f"E{each.number % 3}")
        for each in planned(1_000)
    ]
    sent = read_packed(packed(COLUMNS, operations))
    assert sent["message"] == {number: f"message {number}" for number in range(1_000)}
    assert sent["error"] == {number: f"E{number % 3}" for number in range(1_000)}


def test_a_megabyte_of_message_is_cut_before_it_is_sent():
    operation = running(planned(1)[0], message="x" * 1_000_000)
    assert sum(map(len, packed(COLUMNS, [operation]).buffers)) < 1_000


def test_half_an_emoji_does_not_stop_the_others():
    operations = [
        running(each, message=text) for each, text in zip(planned(2), ["\ud83d", "🙂"], strict=True)
    ]
    found = read_packed(packed(COLUMNS, operations))
    assert found["message"] == {0: "?", 1: "🙂"}


@pytest.mark.parametrize("polls", [255, 256, 65_535, 65_536])
def test_a_number_of_any_size_arrives_as_it_is(polls):
    found = packed(COLUMNS, [replace(planned(1)[0], polls=polls)])
    assert read_packed(found)["polls"] == {0: polls}
