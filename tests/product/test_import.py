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

SCRIPT = """
import sys
from importlib.util import find_spec
import pandas as pd
import asyncdest_nb as ad

LATER = ("anywidget", "ipywidgets", "IPython", "narwhals")
NAMES = {f"asyncdest_nb.destinations.{slug.replace('-', '_')}" for slug in ad.destinations()}
OTHERS = {name for name in NAMES if find_spec(name)}  # Descriptions are no modules.

def loaded():
    return (OTHERS | {*LATER}) & sys.modules.keys()

assert not loaded(), f"import: {loaded()}"
assert ad.destinations()["example-async"].slug == "example-async"
assert not loaded(), loaded()
demo = ad.simulate("example-async", duration_seconds=0.1)
frame = pd.DataFrame({"user_id": ["u-1"]})
run = ad.connect(demo).submit(frame, "asyncOperation", operation_type="sync_profile")
assert run.wait() == "completed"
assert not loaded(), f"a run: {loaded()}"
assert ad.Run.show.__doc__.startswith("Display")
assert "anywidget" in sys.modules
assert all(each.slug == slug for slug, each in ad.destinations().items())
assert OTHERS <= loaded()
"""


def run_alone(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_explorer_and_the_simulators_are_loaded_when_they_are_used():
    run_alone(IMPORTED)


@pytest.mark.slow
def test_a_script_loads_its_own_destination_and_no_widgets():
    run_alone(SCRIPT)
