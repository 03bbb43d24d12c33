"""A fresh process imports the package: what is loaded, and what is there nevertheless."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORTED = """
import sys
import asyncdest_nb as ad
later = ("asyncdest_nb.widgets.explorer", "asyncdest_nb.simulators")
assert not set(later) & sys.modules.keys(), "loaded before it is used"
assert {*ad.__all__} <= {*dir(ad)}
assert all(hasattr(ad, name) for name in ad.__all__)
assert set(later) <= sys.modules.keys()
assert not hasattr(ad, "explorer_of_nothing")
"""


@pytest.mark.slow
def test_the_explorer_and_the_simulators_are_loaded_when_they_are_used():
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
