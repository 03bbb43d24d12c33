"""No credentials of whoever runs the tests: no variable of theirs, and an empty keyring."""

from __future__ import annotations

import os

import pytest


def install(patch: pytest.MonkeyPatch) -> None:
    """Take them away, also from the processes that tests start."""
    for name in [each for each in os.environ if each.startswith("ASYNCDEST_")]:
        patch.delenv(name)
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
