"""The time of the tests: the engine's runs fast, but where a test needs the machine's."""

from __future__ import annotations

import time

import pytest

import brisk_time
from asyncdest_nb.engine import engine


def test_the_time_of_the_engine_runs_fast():
    assert engine.Clock().steady is brisk_time.steady


@pytest.mark.real_time
def test_the_time_of_the_engine_is_the_machines_where_a_test_needs_it():
    assert engine.Clock().steady is time.monotonic
