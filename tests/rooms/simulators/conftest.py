"""Simulators that end with the test, and the clock that only a test moves."""

from contextlib import ExitStack

import pytest

from asyncdest_nb.simulators import simulate
from example_partner import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def simulated_example():
    """Start simulators of example-async that end with the test."""
    with ExitStack() as stack:
        yield lambda **knobs: stack.enter_context(simulate("example-async", **knobs))


@pytest.fixture
def simulated_salesforce():
    """Start simulators of Salesforce that end with the test."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0.05, "failing": 0, **knobs}
            return stack.enter_context(simulate("salesforce-bulk", **knobs))

        yield start
