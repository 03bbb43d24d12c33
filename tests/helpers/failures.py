"""Whether a test has failed, and what happens where a tool is missing."""

from __future__ import annotations

import os

import pytest

FAILED = pytest.StashKey[bool]()


def missing(what: str) -> None:
    """Skip where a developer lacks a tool; fail where the CI does."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is not installed")
