"""Simulated batch APIs of language models and their vendors' clients, which end with the test."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

import asyncdest_nb as ad
from example_partner import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def simulated(request, clock):
    """Start simulators of the module's SLUG, on a clock that only the test moves.

    A batch takes 10 s of it.
    """
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"clock": clock, "duration_seconds": 10, "failing": 0, **knobs}
            return stack.enter_context(ad.simulate(request.module.SLUG, **knobs))

        yield start


@pytest.fixture
def client_of(request):
    """Make a CLIENT of the module's vendor for a simulator."""
    with ExitStack() as stack:
        yield lambda simulator, **options: stack.enter_context(
            request.module.CLIENT(**{**simulator.settings, **options})
        )
