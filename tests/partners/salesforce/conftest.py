"""Simulated organisations that end with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

import asyncdest_nb as ad
from documented_salesforce import Org
from salesforce_client import CLIENT, USER


@pytest.fixture
def documented_org() -> Iterator[Callable[..., Org]]:
    """Start organisations, each with a session of requests."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0, "failing": 0, **knobs}
            simulator = stack.enter_context(ad.simulate("salesforce-bulk", **knobs))
            return Org(simulator, stack.enter_context(requests.Session()))

        yield start


@pytest.fixture
def org_with_client() -> Iterator[Callable[..., ad.Simulator]]:
    """Start organisations that accept the CLIENT and the USER."""
    with ExitStack() as stack:

        def start(**knobs):
            knobs = {"duration_seconds": 0.05, "failing": 0, **CLIENT, **USER, **knobs}
            return stack.enter_context(ad.simulate("salesforce-bulk", **knobs))

        yield start
